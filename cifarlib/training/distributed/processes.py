"""Processes that train together on this machine: start them, watch them, leave none behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from cifarlib import _checks as checks
from cifarlib.data.child import Child
from cifarlib.training.distributed.cluster import on_this_machine

PORT_TAKEN = 75  # the status of a worker whose port another program was quicker to take
# What TensorFlow says at every start
_CHATTER = ("I0000", "WARNING: All log messages before absl")
_ROOT = str(Path(__file__).parents[3])  # where the workers find this very package


class WorkerFailed(RuntimeError):
    """A worker ended too early or did not end; the others have been stopped.

    Attributes:
        rank: which one; None if the time was over.
        status: its exit status, negative for a signal.
        reports: what all workers had said until then.
    """

    def __init__(self, message: str, rank: int | None, status: int | None, reports: list) -> None:
        super().__init__(message)
        self.rank, self.status, self.reports = rank, status, reports


class Workers:
    """Processes that train together on this machine, as a context manager.

    They compute on the CPU. Each runs the same command and finds in ``TF_CONFIG`` which one it is.
    When the block is left, or this process ends in whatever way (on Windows, unless it is killed),
    they end too, with all that they have started.

    Args:
        command: the program and its arguments.
        count: how many processes, from 1 to 64.
        threads: how many threads each computes with; by default the cores are shared out.
        separate: gives further arguments for each rank.

    Attributes:
        reports: for each worker the lines of JSON that it has printed, as dictionaries.

    Raises:
        ValueError: a setting is outside its range.
    """

    def __init__(
        self,
        command: Sequence[str],
        count: int,
        *,
        threads: int | None = None,
        separate: Callable[[int], list[str]] = lambda rank: [],
    ) -> None:
        self.count = checks.whole("count", count, 1, 64)
        threads = max(1, (os.cpu_count() or 1) // count) if threads is None else threads
        self.threads = checks.whole("threads", threads, 1)
        checks.function("separate", separate, none=False)
        if not isinstance(command, list | tuple) or not command:
            raise ValueError(
                f"command must be a list, a program and its arguments, got {command!r}"
            )
        self.command, self.separate = [str(part) for part in command], separate
        self.stack, self.news = ExitStack(), threading.Condition()
        self._start()

    def _start(self) -> None:
        self.children, self.reports, self.errors, self.readers = [], [], [], []
        path = os.pathsep.join(filter(None, [_ROOT, os.environ.get("PYTHONPATH")]))
        try:
            for one in on_this_machine(self.count):
                number = str(self.threads)
                more = {"TF_CONFIG": one.config(), "PYTHONPATH": path, "CUDA_VISIBLE_DEVICES": ""}
                more |= {"TF_NUM_INTRAOP_THREADS": number, "OMP_NUM_THREADS": number}
                more |= {"TF_NUM_INTEROP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
                said = self.stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
                command = [*self.command, *self.separate(one.rank)]
                child = Child(command, None, said, subprocess.PIPE, os.environ | more)
                self.children.append(self.stack.enter_context(child))
                self.errors.append(said)
                self.reports.append([])
            for rank in range(self.count):
                reader = threading.Thread(target=self._read, args=(rank,), daemon=True)
                reader.start()
                self.readers.append(reader)
        except BaseException:
            self.stop()
            raise

    def _read(self, rank: int) -> None:
        reports, process = self.reports[rank], self.children[rank].process
        with process.stdout as lines:
            for line in lines:
                try:
                    report = json.loads(line)
                except ValueError:
                    continue
                if isinstance(report, dict):
                    with self.news:
                        reports.append(report)
                        self.news.notify_all()
        process.wait()
        with self.news:
            self.news.notify_all()

    @property
    def pids(self) -> list[int]:
        """The number of each process."""
        return [child.process.pid for child in self.children]

    def wait_for(self, step: int, seconds: float = 60) -> None:
        """Wait until worker 0 has reported that so many steps are done.

        Raises:
            WorkerFailed: a worker failed, or the time is over; all have been stopped.
        """
        self._until(lambda: _steps(self.reports[0]) >= step, seconds, f"step {step}")

    def wait(self, seconds: float = 600) -> list[list[dict]]:
        """Wait until all have ended well.

        Returns:
            The reports of each worker.

        Raises:
            WorkerFailed: a worker failed, or the time is over; all have been stopped.
        """
        self._until(lambda: all(s == 0 for s in self._statuses()), seconds, "the end")
        for reader in self.readers:
            reader.join(seconds)
        self.stop()
        return self.reports

    def kill(self, rank: int) -> None:
        """End one worker at once, as a power cut would."""
        self.children[rank].process.kill()

    def stop(self) -> None:
        """End all of them, and all that they have started."""
        self.stack.close()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error) -> None:
        self.stop()

    def _statuses(self) -> list[int | None]:
        return [child.status() for child in self.children]

    def _until(
        self, reached: Callable[[], bool], seconds: float, what: str, tries: int = 3
    ) -> None:
        end = time.monotonic() + seconds
        while True:
            with self.news:
                statuses = self._statuses()
                bad = [rank for rank, status in enumerate(statuses) if status]
                if reached():
                    return
                if not bad and time.monotonic() < end:
                    # a reader tells of an end, too; the time is for a grandchild with its output
                    self.news.wait(min(0.5, max(0.01, end - time.monotonic())))
                    continue
            early = not any(self.reports)
            if bad and early and tries and PORT_TAKEN in statuses:
                self.stop()
                self.stack, tries = ExitStack(), tries - 1
                self._start()
                continue
            self._fail(bad, statuses, seconds, what)

    def _fail(self, bad: list[int], statuses: list, seconds: float, what: str) -> None:
        done = ", ".join(f"worker {r} {_steps(told)}" for r, told in enumerate(self.reports))
        if not bad:
            self.stop()
            message = f"not at {what} after {seconds:g} s (steps done: {done}); all were stopped"
            raise WorkerFailed(message, None, None, self.reports)
        rank = bad[0]
        self.errors[rank].seek(0)
        said = self.errors[rank].read().decode(errors="replace").strip()
        self.stop()
        for reader in self.readers:  # what they said until then
            reader.join(10)
        status = statuses[rank]
        how = f"ended with status {status}"
        if status < 0:
            how = f"was ended by the signal {signal.Signals(-status).name}"
        message = f"worker {rank} {how} (steps done: {done}); the others were stopped"
        words = [line for line in said.splitlines() if not line.startswith(_CHATTER)]
        if status > 0 and words:
            message += "; its last words: " + "\n".join(words[-5:])
        raise WorkerFailed(message, rank, status, self.reports)


def _steps(reports: list[dict]) -> int:
    """How many steps a worker has reported; 0 before any."""
    return max((report.get("step", report.get("first", 0)) for report in reports), default=0)
