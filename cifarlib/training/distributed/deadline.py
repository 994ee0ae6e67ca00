"""A worker that waits for others in vain ends itself, with a sentence that says why."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

EXIT = 70  # the status of a process that waited in vain


class Deadline:
    """End this process if the ``with`` block takes longer than some seconds.

    TensorFlow waits for the others inside of its own code, where no exception of Python's can reach
    it. So there is no cleaning up: what must not be lost has to be on the disk before.

    Args:
        seconds: how long it may take.
        why: gives the sentence to print on stderr; it is asked when the time is over.
    """

    def __init__(self, seconds: float, why: Callable[[], str]) -> None:
        self.why = why
        self.timer = threading.Timer(seconds, self._end)
        self.timer.daemon = True

    def __enter__(self) -> Deadline:
        self.timer.start()
        return self

    def __exit__(self, *error) -> None:
        self.timer.cancel()

    def _end(self) -> None:
        try:
            print(self.why(), file=sys.stderr, flush=True)
        finally:
            os._exit(EXIT)
