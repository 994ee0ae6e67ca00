"""Who takes part in a training, and at which address: what TF_CONFIG says."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cifarlib import _checks as checks


@dataclass(frozen=True)
class Cluster:
    """The workers of one training, as one of them sees it.

    Attributes:
        addresses: ``host:port`` of each worker, in an order that all of them share.
        rank: which of them this process is, from 0; worker 0, the chief, keeps the checkpoint.

    Raises:
        ValueError: an address is no host and port, or there is no worker of that rank.
    """

    addresses: tuple[str, ...] = ("127.0.0.1:0",)
    rank: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.addresses, list | tuple) or not self.addresses:
            raise ValueError(
                f"addresses must be a list of host:port, one or more, got {self.addresses!r}"
            )
        for address in self.addresses:
            if not isinstance(address, str):
                raise ValueError(f"addresses must be texts, host:port, got {address!r}")
            try:
                split(address)
            except ValueError as error:
                raise ValueError(f"addresses must be host:port each: {error}") from error
        object.__setattr__(self, "addresses", tuple(self.addresses))
        last = len(self.addresses) - 1
        object.__setattr__(self, "rank", checks.whole("rank", self.rank, 0, last))

    @property
    def workers(self) -> int:
        """How many take part."""
        return len(self.addresses)

    def config(self) -> str:
        """The text that TensorFlow expects in the environment variable ``TF_CONFIG``."""
        task = {"type": "worker", "index": self.rank}
        return json.dumps({"cluster": {"worker": list(self.addresses)}, "task": task})

    def silent(self) -> list[int]:
        """The other workers at whose address nobody listens at this moment."""
        return [
            rank
            for rank, address in enumerate(self.addresses)
            if rank != self.rank and not _answers(address)
        ]


@contextlib.contextmanager
def listening(cluster: Cluster) -> Iterator[socket.socket]:
    """A socket that listens at this worker's own address, inside a ``with`` block.

    Raises:
        OSError: another program has the port, or the host is no address of this machine.
    """
    host, port = split(cluster.addresses[cluster.rank])
    with contextlib.closing(socket.socket()) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            own.bind((host, port))
            own.listen(64)
        except OSError as error:
            why = {
                errno.EADDRINUSE: "another program has that port",
                errno.EADDRNOTAVAIL: "this machine has no such address",
            }.get(error.errno, error.strerror)
            here = f"worker {cluster.rank} cannot listen at {host}:{port}: {why}"
            raise OSError(error.errno, here) from error
        yield own


def from_environment(environment: Mapping[str, str] = os.environ) -> Cluster | None:
    """The cluster that the environment variable ``TF_CONFIG`` describes; None without it.

    Raises:
        ValueError: the text is no such description (the message shows one that is), there is no
            worker of that rank, or two have one address.

    >>> config = {"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"index": 1}}
    >>> from_environment({"TF_CONFIG": json.dumps(config)})
    Cluster(addresses=('a:2222', 'b:2222'), rank=1)
    """
    text = environment.get("TF_CONFIG", "")
    if not text:
        return None
    try:
        config = json.loads(text)
        if set(config["cluster"]) > {"worker"} or config["task"].get("type", "worker") != "worker":
            raise ValueError("all tasks must be workers; the first worker is the chief")
        addresses = tuple(str(address) for address in config["cluster"]["worker"])
        rank = int(config["task"]["index"])
        for address in addresses:
            split(address)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        example = Cluster(("10.0.0.1:2222", "10.0.0.2:2222")).config()
        raise ValueError(f"TF_CONFIG is wrong ({error!r}); it must look like {example}") from error
    if not 0 <= rank < len(addresses):
        raise ValueError(f"TF_CONFIG has {len(addresses)} workers, there is no worker {rank}")
    if len(set(addresses)) < len(addresses):
        raise ValueError(f"TF_CONFIG gives two workers one address: {', '.join(addresses)}")
    return Cluster(addresses, rank)


def on_this_machine(workers: int) -> list[Cluster]:
    """A cluster of this machine's own processes, at ports that the system chooses.

    Args:
        workers: how many, from 1 to 64.

    Returns:
        What each of them must be told.

    Raises:
        ValueError: it is not such a number.
    """
    workers = checks.whole("workers", workers, 1, 64)
    with contextlib.ExitStack() as stack:  # all open at once, so that no port comes twice
        sockets = [stack.enter_context(socket.socket()) for _ in range(workers)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        addresses = tuple(f"127.0.0.1:{one.getsockname()[1]}" for one in sockets)
    return [Cluster(addresses, rank) for rank in range(workers)]


def split(address: str) -> tuple[str, int]:
    """Host and port of ``host:port``; ValueError if it is none."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 0 <= int(port) < 65536:
        raise ValueError(f"{address!r} is not host:port")
    return host, int(port)


def _answers(address: str) -> bool:
    try:
        socket.create_connection(split(address), timeout=1).close()
    except OSError:
        return False
    return True
