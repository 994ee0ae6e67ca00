"""No server, archive, cache or child process makes a call hang, grow without bound, or lose data.

What took for ever in an earlier version ends here with a failure after :data:`PATIENCE` seconds.
"""

import contextlib
import gzip
import io
import os
import pickle
import shutil
import struct
import sys
import tarfile
import threading
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock, Timeout
from servers import (
    IMPATIENT,
    LAST,
    QUICK,
    binary_members,
    describe,
    make_stand_in,
    npm_members,
    pickled_members,
    same,
    tar_gz,
)

from cifarlib.data import cache, cache_folder, sources
from cifarlib.data.archives import read_archive
from cifarlib.data.job import Job
from cifarlib.data.npm import BYTES

PATIENCE = 120
posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes with a name, shell scripts")


@pytest.fixture(scope="module")
def small():
    return make_stand_in()


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    (tmp_path / "cache").mkdir()
    monkeypatch.setenv("CIFARLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.delenv("CIFARLIB_SOURCES", raising=False)


def within(call, *arguments):
    """What ``call(*arguments)`` gives or raises, if it ends."""
    result = []

    def run():
        try:
            result.append((call(*arguments), None))
        except BaseException as error:
            result.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), f"it is not back after {PATIENCE} s"
    value, error = result[0]
    if error is not None:
        raise error
    return value


# Archives: nothing of them is known to be honest before its hash


def header(name="cifar-10-batches-bin/x.bin", size=b"%011o\0" % 0, kind=b"0"):
    """A header of a .tar with any size."""
    content = bytearray(tarfile.TarInfo(name).tobuf(tarfile.USTAR_FORMAT))
    content[124:136], content[156:157] = size, kind
    content[148:156] = b"%06o\0 " % (sum(content[:148]) + 8 * 32 + sum(content[156:]))
    return bytes(content)


def negative(size):
    """A size as GNU's tar writes what has no place in octal digits."""
    return b"\xff" + struct.pack(">q", size).rjust(11, b"\xff")


@pytest.mark.parametrize(
    "size", [negative(-512), negative(-1024), b"-0000001000\0", b"-512".ljust(12)]
)
def test_a_member_of_less_than_nothing_does_not_send_the_reader_back(small, size):
    body = gzip.compress(header() * 3 + header(size=size) + bytes(1024))
    with pytest.raises(ValueError, match="begins no member that could be CIFAR-10"):
        within(read_archive, body, describe(small))


@pytest.mark.parametrize("kind", [b"x", b"g"])
def test_digits_without_an_end_are_not_searched(small, kind):
    """A record that replaces sizes and names: ``tarfile`` searches it for a number, from each."""
    digits = b"1" * 2**20
    body = header("pax", b"%011o\0" % len(digits), kind) + digits
    with pytest.raises(ValueError, match="no batches of CIFAR-10"):
        within(read_archive, gzip.compress(body), describe(small))


def test_records_that_are_not_honored_are_passed_over(small):
    """As a packer writes them that notes fractions of a second."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for name, content in binary_members(small).items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1234567890.5
            info.pax_headers = {"comment": "x" * 600}
            tar.addfile(info, io.BytesIO(content))
    assert same(read_archive(buffer.getvalue(), describe(small)), small)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_are_those_that_tarfile_finds(small, form):
    from cifarlib.data.archives import plain_members

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for number, (name, content) in enumerate(binary_members(small).items()):
            info = tarfile.TarInfo(name)
            info.size, info.type = len(content) - number, tarfile.AREGTYPE if number % 2 else b"0"
            tar.addfile(info, io.BytesIO(content))
    with tarfile.open(fileobj=io.BytesIO(buffer.getvalue())) as tar:
        expected = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}
    assert {k: bytes(v) for k, v in plain_members(buffer.getvalue()).items()} == expected


@pytest.mark.parametrize("cut", [300, 511, 700])
def test_archive_that_ends_within_a_member_is_refused(small, cut):
    body = header(size=b"%011o\0" % 300) + bytes(512)
    with pytest.raises(ValueError, match=r"ends within a member|begins no member"):
        read_archive(gzip.compress(body[: len(body) - cut]), describe(small))


@pytest.mark.parametrize("opcode", [b"I", b"L"])
def test_a_number_of_a_million_digits_is_not_computed(small, opcode, monkeypatch):
    """Python limits such digits, unless it is told not to or is an older 3.10."""
    if hasattr(sys, "set_int_max_str_digits"):
        before = sys.get_int_max_str_digits()
        sys.set_int_max_str_digits(0)
    try:
        members = pickled_members(small)
        digits = b"7" * 300_000
        members["cifar-10-batches-py/data_batch_1"] = b"\x80\x02" + opcode + digits + b"\n"
        with pytest.raises(ValueError, match="newline"):
            within(read_archive, tar_gz(members), describe(small))
        members = npm_members(small)
        members["package/train_lables.json"] = b"[" + digits + b"]"
        with pytest.raises((ValueError, OverflowError)):
            within(read_archive, tar_gz(members), describe(small))
    finally:
        if hasattr(sys, "set_int_max_str_digits"):
            sys.set_int_max_str_digits(before)


def test_a_pickle_of_opcodes_alone_is_not_listed_to_its_end(small, monkeypatch):
    import pickletools

    listed = []
    real = pickletools.genops
    monkeypatch.setattr(
        pickletools, "genops", lambda file: (listed.append(1) or step for step in real(file))
    )
    members = pickled_members(small)
    members["cifar-10-batches-py/data_batch_1"] = b"\x80\x02" + b"0" * 200_000 + b"."
    with pytest.raises(ValueError, match="no batch of 20 images"):
        read_archive(tar_gz(members), describe(small))
    assert len(listed) < 5_000  # an honest one has some hundred


# Caches: other programs write there, too


def test_cache_that_unpacks_to_too_much_is_refused_unread(small):
    """A .npz may be packed: 64 MB of zeros in 64 kB."""
    with zipfile.ZipFile(cache_folder() / "cifar10.npz", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in vars(small):
            buffer = io.BytesIO()
            np.save(buffer, np.zeros(2**24, np.uint8))
            packed.writestr(f"{name}.npy", buffer.getvalue())
    tracemalloc.start()
    try:
        with pytest.raises(OSError, match=r"cache: cifar10.npz unpacks to 67\d{6} bytes"):
            sources.fetch(describe(small), {"cache": sources.SOURCES["cache"]})
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


@posix
@pytest.mark.parametrize("place", ["cache/cifar10.npz", "keras/datasets/cifar-10-x", "batches"])
def test_a_pipe_in_place_of_a_file_is_not_waited_for(small, tmp_path, place):
    if place == "batches":
        folder = tmp_path / "keras" / "datasets" / "cifar-10-batches-py"
        folder.mkdir(parents=True)
        for name in pickled_members(small):
            os.mkfifo(folder / Path(name).name)
    else:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(tmp_path / place)
    named = {name: sources.SOURCES[name] for name in ("cache", "keras")}
    with pytest.raises(OSError, match="is not a plain file"):
        within(sources.fetch, describe(small), named)
    assert within(sources.at_hand, describe(small)) is None


def test_a_large_file_in_a_cache_is_not_read(small, tmp_path):
    """A whole disk may lie there; here it has holes, and takes no room."""
    named = {name: sources.SOURCES[name] for name in ("cache", "keras")}
    (tmp_path / "keras" / "datasets").mkdir(parents=True)
    places = [tmp_path / "cache" / "cifar10.npz", tmp_path / "keras" / "datasets" / "cifar-10-x"]
    for path in places:
        with path.open("wb") as file:
            file.truncate(2**30)
    tracemalloc.start()
    try:
        with pytest.raises(OSError, match=r"(?s)cache: .*at most are honest.*keras: .*honest"):
            within(sources.fetch, describe(small), named)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


# The lock


def test_who_holds_the_lock_for_ever_is_not_waited_for_for_ever(capsys):
    with FileLock(cache_folder() / "cifar10.lock"), cache.locked(cache_folder(), seconds=0.2):
        pass
    said = capsys.readouterr().err
    assert "waiting for it" in said
    assert "without waiting any longer" in said


def test_who_cannot_say_so_waits_nevertheless(monkeypatch):
    """Stderr is full: once that meant a download beside the other one's."""
    lock = FileLock(cache_folder() / "cifar10.lock", thread_local=False)
    lock.acquire()

    class Full:
        def write(self, text):
            lock.release()
            raise OSError(28, "No space left on device")

        def flush(self):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())
    with cache.locked(cache_folder()), pytest.raises(Timeout):
        FileLock(cache_folder() / "cifar10.lock").acquire(timeout=0)


# npm and its children


@pytest.fixture
def fake_npm(tmp_path, monkeypatch):
    """``fake_npm(shell lines)``: an npm whose processes hold the pipe ``alive`` open."""
    if sys.platform == "win32":
        pytest.skip("a shell script stands for npm")
    (tmp_path / "bin").mkdir()
    os.mkfifo(tmp_path / "alive")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    alive = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(alive, True)

    def install(script):
        npm = tmp_path / "bin" / "npm"
        npm.write_text(f'#!/bin/sh\nPATH=/usr/bin:/bin\nexec 7>"{tmp_path}/alive"\n{script}\n')
        npm.chmod(0o755)
        return lambda: within(os.read, alive, 1)  # b"" when the last of them has ended

    yield install
    os.close(alive)


def from_npm(small, paces, **more):
    return sources.fetch(describe(small), {"npm": sources.SOURCES["npm"], **more}, paces)


def test_npm_that_hangs_is_left_though_it_is_the_last(fake_npm, small):
    """A mute registry: npm itself waits for it for ten minutes, and once it was waited for."""
    ended = fake_npm("exec sleep 600")
    with pytest.raises(OSError, match=r"npm: it sent only 0.0 kB/s"):
        within(from_npm, small, [QUICK, IMPATIENT])
    assert ended() == b""
    assert sorted(path.name for path in cache_folder().iterdir()) == ["cifar10.lock"]


def test_npm_that_writes_and_removes_for_ever_is_left(fake_npm, small):
    ended = fake_npm("while :; do head -c 100000 /dev/zero > a; rm a; sleep 0.1; done")
    with pytest.raises(OSError, match=r"npm: it sent only"):
        within(from_npm, small, [QUICK, IMPATIENT])
    assert ended() == b""


@pytest.mark.parametrize("place", ["in its folder", "to stderr"])
def test_npm_that_fills_the_disk_is_stopped(fake_npm, small, monkeypatch, place):
    monkeypatch.setattr("cifarlib.data.npm.BYTES", 50_000)
    assert BYTES > 10**8
    where = "> big" if place == "in its folder" else ">&2"
    ended = fake_npm(f"head -c 10000000 /dev/zero {where}; exec sleep 600")
    with pytest.raises(OSError, match=r"npm: npm wrote \d+ bytes, 100000 at most are honest"):
        within(from_npm, small, [LAST])
    assert ended() == b""


@pytest.mark.parametrize("end", ["exit 3", "exit 0", "exec sleep 600"])
def test_what_npm_has_started_ends_with_it(fake_npm, small, end):
    """``npm`` may be a script of a version manager, or look for updates meanwhile."""
    ended = fake_npm(f"sleep 600 & {end}")
    with pytest.raises(OSError, match=r"npm: "):
        within(from_npm, small, [IMPATIENT])
    assert ended() == b""


# Words and bars


class Broken:
    """A stderr that fails at everything."""

    encoding = "utf-8"

    def write(self, text):
        raise OSError(28, "No space left on device")

    flush = isatty = fileno = write


@pytest.mark.parametrize("stderr", [None, Broken()], ids=["none", "broken"])
def test_bar_and_words_never_cost_a_download(small, monkeypatch, stderr, tmp_path):
    def source(job):
        for count in range(0, 4000, 1000):
            job.at(count, 4000)
        return small

    shutil.rmtree(tmp_path / "cache")
    (tmp_path / "cache").write_text("so that nothing can be kept, which is said")
    monkeypatch.setattr(sys, "stderr", stderr)
    name, data = sources.fetch(describe(small), {"talks": source})
    assert (name, same(data, small)) == ("talks", True)


@pytest.fixture
def notebook(monkeypatch):
    """The bars of a notebook; those drawn are listed."""
    pytest.importorskip("ipywidgets")
    from tqdm import auto
    from tqdm import notebook as widgets

    drawn = []

    class Bar(widgets.tqdm):
        def __init__(self, *arguments, **settings):
            super().__init__(*arguments, **settings)
            drawn.append(self)

    monkeypatch.setattr(widgets, "display", lambda *shown: None)
    monkeypatch.setattr(auto, "tqdm", Bar)
    return drawn


def test_bar_in_a_notebook_is_as_full_as_the_download(notebook, small, tmp_path):
    job = Job("somewhere", describe(small), tmp_path, LAST)
    for count in (0, 10**6, 5 * 10**6):
        job.at(count, 10**7)
    (bar,) = notebook
    widget = bar.container.children[1]
    bar.refresh()
    assert (widget.value, widget.max) == (5 * 10**6, 10**7)
    job.close()


def test_bar_learns_of_another_length(notebook, small, tmp_path):
    job = Job("somewhere", describe(small), tmp_path, LAST)
    job.at(10**6, 0)  # it does not say
    job.at(2 * 10**6, 10**7)
    assert [bar.total for bar in notebook] == [None, 10**7]
    assert notebook[-1].n == 2 * 10**6
    job.close()


def test_host_that_sends_nothing_draws_no_bar(notebook, small, tmp_path):
    with contextlib.closing(Job("nowhere", describe(small), tmp_path, LAST)) as job:
        job.at(0, 10**7)
    assert notebook == []


def test_pickled_stand_in_is_a_fair_one(small):
    """So that the limits above are those of honest files."""
    content = next(iter(pickled_members(small).values()))
    assert len(pickle.loads(content, encoding="bytes")[b"labels"]) == 20
