"""Ring all-reduce in NumPy: how machines add up their gradients without a center."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cifarlib import _checks as checks


@dataclass(frozen=True)
class RingStep:
    """What lies where after one round, in which every worker sends one chunk to the next one.

    Attributes:
        phase: ``"start"``, ``"add"`` (what arrives is added to what is there) or ``"copy"`` (what
            arrives takes its place).
        sent: for each worker, the number of the chunk that it has just sent; empty at the start.
        chunks: for each worker its chunks, in order, as arrays.
    """

    phase: str
    sent: tuple[int, ...]
    chunks: tuple[tuple[np.ndarray, ...], ...]


def ring_steps(arrays: Sequence[np.ndarray]) -> list[RingStep]:
    """Each round of a ring all-reduce, from the start to where all workers have the sum.

    ``n`` workers stand in a ring, and each cuts its array into ``n`` chunks. In each of ``n - 1``
    rounds every worker sends one chunk to the next worker, which adds it to its own; then each
    worker has one chunk complete. In ``n - 1`` more rounds the complete chunks travel on.

    Args:
        arrays: one per worker, all ``(k,)`` with the same ``k``; their dtype is kept.

    Returns:
        ``2 * n - 1`` states, the first of them before any round.

    Raises:
        ValueError: there are no arrays, or they differ in shape or are not one-dimensional.

    Source:
        Patarasuk and Yuan (2009), doi 10.1016/j.jpdc.2008.09.002, section 3.

    >>> steps = ring_steps([np.array([1, 2]), np.array([10, 20])])
    >>> [step.phase for step in steps]
    ['start', 'add', 'copy']
    >>> [np.concatenate(chunks).tolist() for chunks in steps[1].chunks]
    [[1, 22], [11, 20]]
    """
    if not isinstance(arrays, list | tuple | np.ndarray):
        raise ValueError(f"arrays must be a list, one array per worker, got {arrays!r}")
    arrays = [checks.numbers("the workers' arrays", array, finite=False) for array in arrays]
    if not arrays or any(a.ndim != 1 or a.shape != arrays[0].shape for a in arrays):
        shapes = [array.shape for array in arrays]
        raise ValueError(f"the workers need arrays (k,) of one length, got the shapes {shapes}")
    count = len(arrays)
    chunks = [np.array_split(array.copy(), count) for array in arrays]
    steps = [_state("start", (), chunks)]
    for number in range(2 * (count - 1)):
        adds = number < count - 1
        # a worker passes on what it has just completed a bit further, so one chunk back each round
        first = 0 if adds else 1
        sent = tuple((rank + first - number % (count - 1)) % count for rank in range(count))
        moving = [chunks[rank][chunk].copy() for rank, chunk in enumerate(sent)]  # all at once
        for rank, chunk in enumerate(sent):
            there = chunks[(rank + 1) % count]
            there[chunk] = there[chunk] + moving[rank] if adds else moving[rank]
        steps.append(_state("add" if adds else "copy", sent, chunks))
    return steps


def ring_all_reduce(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The sum of all workers' arrays, as each of them has it after a ring all-reduce.

    The arguments and errors are those of :func:`ring_steps`.

    Returns:
        One array per worker, all equal.

    >>> ring_all_reduce([np.array([1, 2, 3]), np.array([10, 20, 30])])
    [array([11, 22, 33]), array([11, 22, 33])]
    """
    return [np.concatenate(chunks) for chunks in ring_steps(arrays)[-1].chunks]


def ring_bytes(size: float, workers: int) -> float:
    """How many bytes each worker sends when arrays of ``size`` bytes are added up in a ring.

    That is ``2 * size * (workers - 1) / workers``: less than twice the array, however many take
    part.

    Raises:
        ValueError: the size is negative, or there is no worker.

    >>> ring_bytes(1_000_000, 2), ring_bytes(1_000_000, 1000)
    (1000000.0, 1998000.0)
    """
    size = checks.not_negative("size", size)
    workers = checks.whole("workers", workers, 1)
    return 2 * size * (workers - 1) / workers


def _state(phase: str, sent: tuple[int, ...], chunks: list[list[np.ndarray]]) -> RingStep:
    return RingStep(phase, sent, tuple(tuple(c.copy() for c in worker) for worker in chunks))
