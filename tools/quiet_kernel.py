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
_STAMP = (
    rb"(?:(?P<severity>[IWE])\d{4} [\d:.]+\s+\d+ (?P<file>[\w./-]+):\d+\] "
    rb"|[\d-]{10} [\d:.]+: (?P<severity2>[IWE]) (?P<file2>[\w./-]+):\d+\] )"
)
_STAMPED = re.compile(_STAMP)
# An error is dropped only if it says that there is no graphics card: known file by known file
_NO_CARD = re.compile(rb"(?:^|/)(?:cuda_\w+|cudart_stub|cuda_platform|gpu_device|rocm_\w+)\.cc$")
_ANNOUNCED = (
    b"WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    b"To enable the following instructions: ",
    b"Skipping registering GPU devices",
)
PATIENCE = 0.2  # seconds until an unfinished line is let through


def is_noise(line: bytes) -> bool:
    """Whether a line is one of TensorFlow's that tell a reader nothing."""
    if line.startswith(_ANNOUNCED):
        return True
    stamp = _STAMPED.match(line)
    if not stamp:
        return False
    severity, file = stamp["severity"] or stamp["severity2"], stamp["file"] or stamp["file2"]
    return severity in b"IW" or bool(_NO_CARD.search(file))


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

    # The rest of what is only information; whoever set the variable wants to see it
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    app = IPKernelApp.instance()
    app.initialize()
    if os.name == "posix":  # elsewhere pipes cannot be waited for like this
        install_filter()  # after the kernel's own redirection into the notebook
    app.start()


if __name__ == "__main__":
    main()
