"""A connection that nobody waits for longer than wanted, and that can be cut meanwhile.

A socket's timeout bounds neither the search for an address, nor a host with many, nor headers or
lengths of chunks that come letter by letter. So a thread asks, and who waits for it can hang up.
"""

import contextlib
import socket
import urllib.request
from collections.abc import Callable
from http.client import HTTPResponse
from multiprocessing.pool import ThreadPool
from urllib.parse import urlsplit


class Connection:
    """A request and its answer, inside a ``with`` block; each step may take ``seconds``."""

    def __init__(self, seconds: float):
        self.seconds, self.over, self.sockets = seconds, False, []
        self.pool = ThreadPool(1)  # its thread does not keep Python from ending

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        """Hang up, whatever the thread is waiting for: it gets its end at once, and goes."""
        self.over = True
        for handle in self.sockets:
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)
            handle.close()
        self.pool.terminate()

    def open(self, request: urllib.request.Request) -> HTTPResponse:
        """Send a request; the answer's headers have come, its content has not."""
        # A new opener asks the environment for proxies and certificates now, not once and for all
        proxies = urllib.request.ProxyHandler(proxies_for(request.full_url))
        opener = urllib.request.build_opener(proxies, _HTTP(self), _HTTPS(self))
        return self.within(opener.open, request, None, self.seconds)

    def within(self, call: Callable, *arguments):
        """What ``call(*arguments)`` gives, or TimeoutError."""
        answer = self.pool.apply_async(call, arguments)
        answer.wait(self.seconds)
        if not answer.ready():
            raise TimeoutError(f"timed out: no answer within {self.seconds:g} s")
        return answer.get()

    def note(self, new: socket.socket) -> socket.socket:
        """Keep a second handle of a socket: TLS takes the first one over."""
        self.sockets.append(new.dup())
        if self.over:
            new.close()
        return new


class _Noting:
    """Let a handler of urllib note each socket that its connections open."""

    def __init__(self, connection: Connection):
        super().__init__()
        self.connection = connection

    def do_open(self, kind, request, **settings):
        def connect(*arguments, **more):
            made = kind(*arguments, **more)
            create = made._create_connection
            made._create_connection = lambda *args: self.connection.note(create(*args))
            return made

        return super().do_open(connect, request, **settings)


class _HTTP(_Noting, urllib.request.HTTPHandler):
    pass


class _HTTPS(_Noting, urllib.request.HTTPSHandler):
    pass


def proxies_for(url: str) -> dict[str, str]:
    """The proxies of the environment by scheme, ``ALL_PROXY`` included, which urllib overlooks.

    Raises:
        OSError: the address would have to be asked through a SOCKS proxy, which urllib cannot do.
            Going around it in silence would not be what was asked for.
    """
    found, parts = urllib.request.getproxies(), urlsplit(url)
    every = found.get("all")
    proxies = ({"http": every, "https": every} if every else {}) | found
    proxy = proxies.get(parts.scheme, "")
    if proxy.lower().startswith("socks") and not urllib.request.proxy_bypass(parts.netloc):
        name = f"{parts.scheme if found.get(parts.scheme) else 'all'}_proxy".upper()
        raise OSError(
            f"{name} names a SOCKS proxy, which this download cannot use: name an HTTP proxy, or "
            f"{parts.hostname} in NO_PROXY to go without"
        )
    return proxies
