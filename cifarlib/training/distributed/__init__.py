"""Train with several worker processes, on this machine or on several ones, by data parallelism.

Each worker computes the gradient of its share of every batch; the gradients are added up in a ring,
and all take the same step. ``python -m cifarlib.training.distributed`` is such a worker.
"""

from cifarlib.training.distributed.cluster import Cluster
from cifarlib.training.distributed.job import Job
from cifarlib.training.distributed.launcher import Outcome, start, train_on_workers
from cifarlib.training.distributed.processes import WorkerFailed, Workers
from cifarlib.training.distributed.ring import RingStep, ring_all_reduce, ring_bytes, ring_steps

__all__ = [
    "Cluster", "Job", "Outcome", "RingStep", "WorkerFailed", "Workers", "ring_all_reduce",
    "ring_bytes", "ring_steps", "start", "train_on_workers",
]  # fmt: skip
