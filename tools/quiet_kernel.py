"""A Python kernel that keeps TensorFlow's greetings out of the notebook.

TensorFlow and what it brings along write to file descriptor 2 about processors, graphics cards and
logs, the first lines before any setting is read, and a notebook shows them in red like an error.
This starts the usual kernel with a filter in front of that descriptor. Only lines that are known
are dropped: what a program prints to stderr, warnings and tracebacks are all let through.

Started by JupyterLab, by the kernel that tools/lab.py describes.
"""

from __future__ import annotations

import os
import re
import select
import threading

# "I0000 00:00:1795886663.48  11292 port.cc:153] ..." or "2026-11-28 17:24:33.4: I tensorflow/..."
_STAMPED = re.compile(
    rb"(?:(?P<new>[IWE])\d{4} [\d:.]+\s+\d+ |[\d-]{10} [\d:.]+: (?P<old>[IWE]) )"
    rb"[\w./-]+:\d+\] (?P<message>.*)"
)
# Warnings and errors that say no more than: there is no graphics card, or nothing to use one with
_NO_CARD = re.compile(
    rb"failed call to cuInit|Unable to register cu\w+ factory|Could not find (?:cuda|TensorRT)"
    rb"|computation placer already registered|Cannot dlopen some GPU libraries"
)
_UNSTAMPED = (
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    b"To enable the following instructions: ",
    b"Skipping registering GPU devices...",
)
PATIENCE = 0.2  # seconds until an unfinished line is let through


def is_noise(line: bytes) -> bool:
    """Whether a line is one of TensorFlow's that tell a reader nothing."""
    if line.startswith(_UNSTAMPED):
        return True
    stamped = _STAMPED.match(line)
    if not stamped:
        return False
    severity = stamped["new"] or stamped["old"]
    return severity == b"I" or bool(_NO_CARD.search(stamped["message"]))


def relay(source: int, target: int) -> None:
    """Pass on what comes from one descriptor to another, without the noise, until it is closed."""
    pending = b""
    while True:
        ready = select.select([source], [], [], PATIENCE if pending else None)[0]
        if not ready:  # half a line, perhaps a question: do not keep it back
            os.write(target, pending)
            pending = b""
            continue
        chunk = os.read(source, 65536)
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            if not is_noise(line):
                os.write(target, line + b"\n")
        if not chunk:
            os.write(target, pending)
            return


def install_filter() -> None:
    """Put the filter in front of file descriptor 2 of this process."""
    behind = os.dup(2)
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    threading.Thread(target=relay, args=(reading, behind), daemon=True).start()


def main() -> None:
    from ipykernel.kernelapp import IPKernelApp

    # Information has lines without a stamp, too: ask for none. Whoever set it wants to see them
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    app = IPKernelApp.instance()
    app.initialize()
    if os.name == "posix":  # elsewhere pipes cannot be waited for like this
        install_filter()  # after the kernel's own redirection into the notebook
    app.start()


if __name__ == "__main__":
    main()
