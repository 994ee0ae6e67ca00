"""The workers meet before TensorFlow starts, which would wait for a missing one without end."""

from __future__ import annotations

import contextlib
import json
import socket
import time

from cifarlib.training.distributed.cluster import Cluster, listening, split


def meet(cluster: Cluster, word: str, seconds: float) -> list[str]:
    """Wait until all workers of a cluster are there, and tell each what all have to say.

    The others report to worker 0, at the address where it will listen afterwards. TensorFlow itself
    would wait inside of its own code, where nothing in Python can end it.

    Args:
        cluster: who takes part.
        word: what this worker says, one line.
        seconds: how long to wait.

    Returns:
        The words of all workers, in order.

    Raises:
        TimeoutError: somebody did not come in that time; the message says who.
        OSError: this worker's own port is taken, or its host is not an address of this machine.
    """
    if cluster.workers == 1:
        return [word]
    end = time.monotonic() + seconds
    with listening(cluster) as own:
        answer = _wait_for_all(cluster, word, own, end) if cluster.rank == 0 else None
    answer = answer or _report(cluster, word, end)
    if answer.get("missing"):
        missing = " and ".join(f"worker {r} at {cluster.addresses[r]}" for r in answer["missing"])
        raise TimeoutError(
            f"worker {cluster.rank} waited {seconds:g} s for all {cluster.workers} workers; "
            f"nobody came as {missing}"
        )
    return answer["words"]


def _wait_for_all(cluster: Cluster, word: str, own: socket.socket, end: float) -> dict:
    """What worker 0 does: collect a word from each, and give all of them to everybody."""
    words = {0: word}
    with contextlib.ExitStack() as stack:
        guests = []
        while len(words) < cluster.workers and (left := end - time.monotonic()) > 0:
            own.settimeout(left)
            try:
                guest = stack.enter_context(own.accept()[0])
                guest.settimeout(max(0.1, min(10, end - time.monotonic())))
                told = _hear(guest)
                rank, said = int(told["rank"]), str(told["word"])
            except (OSError, ValueError, TypeError, KeyError):  # too late, or a stranger
                continue
            if 0 < rank < cluster.workers:
                words[rank] = said
                guests.append(guest)
        missing = [rank for rank in range(cluster.workers) if rank not in words]
        answer = {"missing": missing, "words": [words[rank] for rank in sorted(words)]}
        for guest in guests:
            with contextlib.suppress(OSError):  # it has left meanwhile
                guest.sendall(json.dumps(answer).encode() + b"\n")
    return answer


def _report(cluster: Cluster, word: str, end: float) -> dict:
    """What the others do: go to worker 0 until it answers."""
    report = json.dumps({"rank": cluster.rank, "word": word}).encode() + b"\n"
    while (left := end - time.monotonic()) > 0:
        try:
            with socket.create_connection(split(cluster.addresses[0]), timeout=left) as host:
                host.sendall(report)
                host.settimeout(left + 5)  # it may have begun to wait a little later
                return _hear(host)
        except (OSError, ValueError):  # not there yet, or gone again
            time.sleep(min(0.1, max(0, end - time.monotonic())))
    return {"missing": [0]}


def _hear(connection: socket.socket) -> dict:
    """One line of JSON."""
    with connection.makefile("rb") as file:
        told = json.loads(file.readline(1_000_000))
    if not isinstance(told, dict):
        raise ValueError(f"{told!r} is not what a worker says")
    return told
