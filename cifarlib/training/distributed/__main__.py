"""``python -m cifarlib.training.distributed``: one worker of a training, or all on this machine.

With ``TF_CONFIG`` in the environment it is the worker that TF_CONFIG names. With ``--workers N``
it starts N workers here and waits for them. With neither it trains alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import errno
import json
import os
import sys
from pathlib import Path

from cifarlib.training.distributed import cluster, launcher, processes
from cifarlib.training.distributed.job import Job

# The statuses of a worker that could not do its part
FAILED, PORT_TAKEN = 1, processes.PORT_TAKEN


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        job = job_of(options)
        me = cluster.from_environment()
        if me and options.workers:
            raise ValueError("TF_CONFIG names the workers: leave --workers out, or unset TF_CONFIG")
        if options.workers and options.keep:
            raise ValueError("--keep is for one worker: with --workers, name a --checkpoint")
        if options.workers is not None:
            outcome = launcher.train_on_workers(job, options.workers, seconds=options.seconds)
            last = f"loss {outcome.losses[-1]:.4f}" if outcome.losses else "all made before"
            print(f"{options.workers} workers, {job.steps} steps, {last}")
            return 0
        from cifarlib.training.distributed.worker import work  # TensorFlow takes seconds

        work(job, me, patience=options.patience, tell=tell, keep=options.keep)
    except (ValueError, OSError, RuntimeError, FloatingPointError) as error:
        print(f"python -m cifarlib.training.distributed: {error}", file=sys.stderr, flush=True)
        return PORT_TAKEN if getattr(error, "errno", None) == errno.EADDRINUSE else FAILED
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    about = {"prog": "python -m cifarlib.training.distributed", "description": __doc__}
    parser = argparse.ArgumentParser(**about)
    parser.add_argument("--job", help="all settings as JSON, instead of one option each")
    for one in dataclasses.fields(Job):
        if one.name != "model_settings":
            kind = {"int": int, "float": float}.get(str(one.type).split(" ")[0], str)
            parser.add_argument(f"--{one.name.replace('_', '-')}", type=kind)
    parser.add_argument("--model-settings", type=json.loads, help="of the model, as JSON")
    parser.add_argument("--workers", type=int, help="start so many on this machine")
    parser.add_argument("--seconds", type=float, default=3600, help="how long they may take")
    patience = "seconds that a worker waits for the others (not with --workers)"
    parser.add_argument("--patience", type=float, default=300, help=patience)
    parser.add_argument("--keep", type=Path, help="a file for the final weights, .npz")
    return parser.parse_args(arguments)


def job_of(options: argparse.Namespace) -> Job:
    """The job that the options describe.

    Raises:
        ValueError: a setting is outside its range, or unknown.
    """
    try:
        given = json.loads(options.job) if options.job else {}
        for one in dataclasses.fields(Job):
            if (value := getattr(options, one.name)) is not None:
                given[one.name] = value
        return Job(**given)
    except TypeError as error:
        raise ValueError(f"no such job: {error}") from error


def tell(**facts) -> None:
    """Say a fact on stdout, as the process that started this one reads it."""
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # TensorFlow's threads, which talk to workers that are gone, would keep Python from ending
    os._exit(status)
