"""Do a job by several worker processes on this machine."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cifarlib import _checks as checks
from cifarlib.training.distributed.job import Job
from cifarlib.training.distributed.processes import Workers


@dataclass(frozen=True)
class Outcome:
    """What a training by several workers did.

    Attributes:
        first: how many steps the checkpoint had already.
        losses: of the whole batch in each step since then.
        seconds: of each of these steps, as worker 0 measured them.
        weights: for each worker, its final weights.
    """

    first: int
    losses: list[float]
    seconds: list[float]
    weights: list[list[np.ndarray]]


def start(job: Job, workers: int, *, threads: int | None = None, patience: float = 300) -> Workers:
    """Start the workers of a job on this machine, and do not wait for them.

    Args:
        job: what they train.
        workers: how many, from 1 to 64.
        threads: how many threads each computes with; by default the cores are shared out.
        patience: seconds that a worker waits for the others before it gives up.

    Raises:
        ValueError: a batch cannot be split evenly among so many, or a setting is outside its range.
    """
    threads = _checked(job, workers, threads)
    command = [sys.executable, "-m", "cifarlib.training.distributed", "--job", job.text()]
    command += ["--patience", str(checks.positive("patience", patience))]
    return Workers(command, workers, threads=threads)


def train_on_workers(
    job: Job, workers: int, *, threads: int | None = None, seconds: float = 600
) -> Outcome:
    """Do a job by several worker processes on this machine.

    Args:
        job: what they train.
        workers: how many, from 1 to 64.
        threads: how many threads each computes with; by default the cores are shared out.
        seconds: how long it may take.

    Raises:
        ValueError: a batch cannot be split evenly among so many, or a setting is outside its range.
        WorkerFailed: a worker failed, or the time was over. None is left, and the checkpoint has
            the steps up to the last multiple of ``job.every``.
    """
    threads = _checked(job, workers, threads)
    seconds = checks.positive("seconds", seconds)
    command = [sys.executable, "-m", "cifarlib.training.distributed", "--job", job.text()]
    with tempfile.TemporaryDirectory() as folder:

        def keep(rank: int) -> list[str]:
            return ["--keep", str(Path(folder, f"{rank}.npz"))]

        with Workers(command, workers, threads=threads, separate=keep) as running:
            reports = running.wait(seconds)
        weights = []
        for rank in range(workers):
            with np.load(Path(folder, f"{rank}.npz")) as file:
                weights.append([file[name] for name in file.files])
    steps = [report for report in reports[0] if "step" in report]
    return Outcome(
        reports[0][0]["first"],
        [report["loss"] for report in steps],
        [report["seconds"] for report in steps],
        weights,
    )


def _checked(job: Job, workers: int, threads: int | None) -> int | None:
    """Refuse a job or a number that no workers could do; give back the number of threads."""
    checks.instance("job", job, Job)
    job.check_shares(checks.whole("workers", workers, 1, 64))
    return None if threads is None else checks.whole("threads", threads, 1)
