"""Receive a file over HTTP: bounded in size and time, and going on where an earlier try broke off.

``urllib`` takes proxies (HTTPS_PROXY, ALL_PROXY, NO_PROXY) and certificates (SSL_CERT_FILE) from
the environment.
"""

import contextlib
import re
import urllib.request
from http.client import HTTPException

from cifarlib._files import write_atomically
from cifarlib.data.bounds import plain_file
from cifarlib.data.connection import Connection
from cifarlib.data.job import Job

TRIES = 5  # in a row, as long as each brings something
VERSION = re.compile(r"[\x20-\x7e]{1,500}")  # what may stand in a header, and is not kept in vain
NO_SUCH_REST = (400, 412, 416, 431)  # answers to a wrong version or place rather than to a request


class Download:
    """A file on its way.

    Attributes:
        version: the server's mark of it, an ETag or a date.
        joined: whether it consists of parts, which might not belong together.
    """

    def __init__(self, url: str, job: Job):
        self.url, self.job, self.version, self.content = url, job, "", bytearray()
        self.joined, self.kept = False, job.folder / f"cifar10.{job.source}.partial"
        with contextlib.suppress(OSError):  # the version, a line break, the bytes that came
            file = plain_file(self.kept, job.wanted.limit + 1000)
            version, _, content = file.read_bytes().partition(b"\n")
            if VERSION.fullmatch(version.decode("latin-1")):
                self.version, self.content = version.decode("latin-1"), bytearray(content)
        with contextlib.suppress(OSError):
            self.kept.unlink()

    def run(self) -> bytearray:
        """Receive the file; else keep what came of it and raise what stopped it."""
        try:
            for rest in reversed(range(TRIES)):
                before = len(self.content)
                try:
                    self.receive()
                    return self.content
                except (OSError, HTTPException, ValueError) as error:
                    wrong = isinstance(error, ValueError) or error_code(error) in NO_SUCH_REST
                    if wrong and before:  # start over, once: then there is nothing to go on from
                        self.version, self.content = "", bytearray()
                    elif not self.version or len(self.content) <= before:
                        raise
                    if not rest:
                        raise
        except BaseException:
            parts = self.version.encode("latin-1"), b"\n", self.content
            if all(parts):
                with contextlib.suppress(OSError):  # the disk may be full, or not ours
                    write_atomically(self.kept, lambda file: file.writelines(parts))
            raise

    def receive(self) -> None:
        """Ask once: for the whole file, or for its rest if the version is still the same."""
        limit = self.job.wanted.limit
        request = urllib.request.Request(self.url, headers={"User-Agent": "cifarlib"})
        start = max(len(self.content) - 1, 0)  # one byte again: a rest is never empty
        if start:
            request.headers |= {"Range": f"bytes={start}-", "If-range": self.version}
        with Connection(self.job.limits.seconds) as connection:
            response = connection.open(request)
            version = response.headers.get("ETag") or response.headers.get("Last-Modified", "")
            self.version = version if VERSION.fullmatch(version) else ""
            self.joined = response.status == 206
            if not self.joined:  # all of it, not its rest
                start, self.content = 0, bytearray()
            total = start + response.length if response.length else 0  # 0: it does not say
            self.job.marks.clear()  # the pace of this connection: the last one fell silent
            self.job.at(len(self.content), total)
            del self.content[start:]
            size = total
            while size <= limit and (block := connection.within(response.read1, 1 << 16)):
                self.content += block
                self.job.at(len(self.content), total)
                size = max(total, len(self.content))
            response.close()
        if size > limit:
            self.version = ""  # nothing to go on with
            raise OSError(f"it sends {size} bytes or more, {limit} at most are honest")
        if len(self.content) < total:
            raise OSError(f"the connection broke after {len(self.content)} of {total} bytes")


def error_code(error: Exception) -> int:
    """The status of an HTTP error; 0 for any other."""
    return getattr(error, "code", 0)
