"""Run an application: a socket that listens, and a server that ends when it is told to."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
import weakref

import uvicorn
from fastapi import FastAPI

from cifarlib import _checks as checks


def listening(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A socket that listens at ``host`` and ``port``.

    Args:
        host: the address of this machine to listen at; ``127.0.0.1`` hears only this machine's own
            programs.
        port: from 1 to 65535, or 0 for any that is free.

    Raises:
        ValueError: the port is no such number, or the host no text.
        OSError: another program has the port, the host is no address of this machine, or the
            system does not allow it; the message says so.
    """
    if not isinstance(host, str) or not host:
        raise ValueError(f"host must be the name or address of this machine, got {host!r}")
    port = checks.whole("port", port, 0, 65535)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise OSError(f"the host {host!r} is unknown: {error.strerror or error}") from error
    server = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # on Windows it would let two programs have one port
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(address)
        server.listen(128)
    except OSError as error:
        server.close()
        why = {
            errno.EADDRINUSE: "another program has that port: name another one, or 0 for any",
            errno.EACCES: "the system does not allow it: take a port above 1023",
            errno.EADDRNOTAVAIL: "this machine has no such address",
        }
        reason = why.get(error.errno, error.strerror)
        raise OSError(f"cannot listen at {host}:{port}: {reason}") from error
    return server


def address_of(host: str, listener: socket.socket) -> str:
    """What a browser takes; an address of IPv6 stands in brackets there."""
    name = f"[{host}]" if listener.family == socket.AF_INET6 and ":" in host else host
    return f"http://{name}:{listener.getsockname()[1]}"


def server_of(app: FastAPI) -> uvicorn.Server:
    """A server with the settings that this package's services have."""
    return uvicorn.Server(
        uvicorn.Config(
            app, log_level="warning", timeout_keep_alive=5, timeout_graceful_shutdown=5,
            limit_concurrency=200, server_header=False,
        )
    )  # fmt: skip


class BackgroundServer:
    """A server in a thread of this process: it ends with the process, or earlier by ``stop``.

    Args:
        app: what answers.
        host: see :func:`listening`.
        port: see :func:`listening`; by default any that is free.

    Attributes:
        address: where it is, such as ``http://127.0.0.1:49152``.

    It may be used as a context manager. One that nothing refers to any more is stopped as well, so
    a notebook's cell that is run again leaves no second server behind.

    Raises:
        ValueError: ``app`` is no application of FastAPI, or as for :func:`listening`.
        OSError: it cannot listen there.
        RuntimeError: the application did not start.
    """

    def __init__(self, app: FastAPI, host: str = "127.0.0.1", port: int = 0) -> None:
        checks.instance("app", app, FastAPI, "create_app(model)")
        listener = listening(host, port)
        server = server_of(app)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="service", daemon=True
        )
        self.address = address_of(host, listener)
        self.stop = weakref.finalize(self, _stop, server, thread, listener)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        if not server.started:
            self.stop()
            raise RuntimeError("the application did not start; its error is above")

    @property
    def running(self) -> bool:
        """Whether it still answers."""
        return self.stop.alive

    def __enter__(self) -> BackgroundServer:
        return self

    def __exit__(self, *error) -> None:
        self.stop()


def _stop(server: uvicorn.Server, thread: threading.Thread, listener: socket.socket) -> None:
    """Answer what has been asked, then end."""
    server.should_exit = True
    if thread.ident is not None and thread is not threading.current_thread():
        thread.join(timeout=15)
    listener.close()
