"""Receive a file over HTTP: bounded in size and time, and going on where an earlier try broke off.

``urllib`` takes proxies (HTTPS_PROXY, NO_PROXY) and certificates (SSL_CERT_FILE) from the
environment.
"""

import contextlib
import urllib.request
from http.client import HTTPException
from multiprocessing.pool import ThreadPool

from cifarlib._files import write_atomically
from cifarlib.data.job import Job

TRIES = 5  # in a row, as long as each brings something


class Download:
    """A file on its way; ``version`` is the server's mark of it, an ETag or a date."""

    def __init__(self, url: str, job: Job):
        self.url, self.job, self.version, self.content = url, job, "", bytearray()
        self.kept = job.folder / f"cifar10.{job.source}.partial"
        with contextlib.suppress(OSError):  # the version, a line break, the bytes that came
            version, _, self.content[:] = self.kept.read_bytes().partition(b"\n")
            self.version = version.decode("latin-1")
            self.kept.unlink()
        job.bar.initial = job.bar.n = len(self.content)

    def run(self) -> bytearray:
        """Receive the file; else keep what came of it and raise OSError or TooSlow."""
        try:
            for rest in reversed(range(TRIES)):
                before = len(self.content)
                try:
                    self.receive()
                    return self.content
                except (OSError, HTTPException):
                    if not rest or not self.version or len(self.content) <= before:
                        raise
        except BaseException as error:
            parts = self.version.encode("latin-1"), b"\n", self.content
            if all(parts) and getattr(error, "code", 0) != 416:  # 416: it has no such rest
                with contextlib.suppress(OSError):  # the disk may be full, or not ours
                    write_atomically(self.kept, lambda file: file.writelines(parts))
            raise

    def receive(self) -> None:
        """Ask once: for the whole file, or for its rest if the version is still the same."""
        seconds, limit = self.job.limits.seconds, self.job.wanted.limit
        request = urllib.request.Request(self.url, headers={"User-Agent": "cifarlib"})
        start = max(len(self.content) - 1, 0)  # one byte again: a rest is never empty
        if start:
            request.headers |= {"Range": f"bytes={start}-", "If-range": self.version}
        opener = urllib.request.build_opener()  # asks the environment now, not once and for all
        # A socket's timeout bounds neither the search for an address, nor a host with many, nor
        # headers that come drop by drop. The pool does, and does not wait for a thread that hangs.
        with ThreadPool(1) as pool:
            answer = pool.apply_async(opener.open, (request, None, seconds))
            answer.wait(seconds)
        if not answer.ready():
            raise TimeoutError(f"no answer within {seconds:g} s")
        with answer.get() as response:
            self.version = response.headers.get("ETag") or response.headers.get("Last-Modified", "")
            if response.status != 206:  # all of it, not its rest
                start, self.content = 0, bytearray()
            total = start + int(response.headers.get("Content-Length") or 0)
            self.job.at(len(self.content), total)
            del self.content[start:]
            while total <= limit and (block := response.read1(1 << 16)):
                self.content += block
                self.job.at(len(self.content), total)
                total = max(total, len(self.content))
        if total > limit:
            self.version = ""  # nothing to go on with
            raise OSError(f"it sends {total} bytes or more, {limit} at most are honest")
        if len(self.content) < total:
            raise OSError(f"the connection broke after {len(self.content)} of {total} bytes")
