"""A child process that ends with what it was started for, all of its own children included."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

# A shell waits for a word before it becomes the command: if Python dies first, it ends instead.
_GATE = 'read -r _ && exec "$@" </dev/null'
# Another one waits for the end of its input, which comes when Python lets go of it in whatever way
# it dies, and then ends the group of processes that it is given.
_WATCH = 'read -r _; kill -s KILL -- "-$0"'


class Child:
    """A command that runs in a ``with`` block and not a moment longer.

    On Windows its children end with it as well; but nothing ends them if Python itself is killed.

    Args:
        command: the program and its arguments; it reads nothing.
        folder: where it runs; None for the current one.
        errors: a file for what it says on stderr.
        output: where its output goes; by default, it is dropped.
        environment: its variables; by default, those of this process.
    """

    def __init__(
        self,
        command: list[str],
        folder: str | Path | None,
        errors: BinaryIO,
        output: int = subprocess.DEVNULL,
        environment: Mapping[str, str] | None = None,
    ):
        null, self.watch = subprocess.DEVNULL, None
        if os.name != "posix":
            streams = {"stdin": null, "stdout": output, "stderr": errors, "env": environment}
            self.process = subprocess.Popen(command, cwd=folder, **streams)
            return
        # A group of its own, so that all of it can be ended
        more = {"stdin": subprocess.PIPE, "start_new_session": True}
        gate = ["/bin/sh", "-c", _GATE, "sh", *command]
        streams = {"stdout": output, "stderr": errors, "env": environment}
        self.process = subprocess.Popen(gate, cwd=folder, **streams, **more)
        watch = ["/bin/sh", "-c", _WATCH, str(self.process.pid)]
        self.watch = subprocess.Popen(watch, stdout=null, stderr=null, **more)
        with contextlib.suppress(OSError), self.process.stdin as word:
            word.write(b"\n")

    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self.process.poll()

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        with contextlib.suppress(OSError):  # all of it may have ended by itself
            if os.name == "posix":
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                tree = ["taskkill", "/F", "/T", "/PID", str(self.process.pid)]
                subprocess.run(tree, capture_output=True, check=False)
                self.process.kill()
        for process in filter(None, (self.watch, self.process)):
            process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):  # a hanging disk stops even this
                process.wait(10)
        if self.watch:
            self.watch.stdin.close()
