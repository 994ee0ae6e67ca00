"""Files: whole or not at all, for any number of writers, and refused before the work is done."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cifarlib import _files as files
from cifarlib._files import write_atomically

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has neither modes nor such links")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# Any number of writers


def test_two_threads_that_write_the_same_file_do_not_meet(tmp_path):
    both_open, errors = threading.Barrier(2, timeout=30), []

    def write(content):
        def slowly(file):
            file.write(content[:3])
            both_open.wait()
            file.write(content[3:])

        try:
            write_atomically(tmp_path / "file", slowly)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(text,)) for text in (b"aaaaaa", b"bbbbbb")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (tmp_path / "file").read_bytes() in (b"aaaaaa", b"bbbbbb")
    assert names(tmp_path) == ["file"]


def test_two_containers_whose_processes_have_the_same_number_do_not_meet(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: 1)

    def outer(file):
        file.write(b"first, ")
        write_atomically(tmp_path / "file", lambda inner: inner.write(b"other"))  # meanwhile
        assert (tmp_path / "file").read_bytes() == b"other"
        file.write(b"whole")

    write_atomically(tmp_path / "file", outer)
    assert (tmp_path / "file").read_bytes() == b"first, whole"
    assert names(tmp_path) == ["file"]


@POSIX
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_new_file_has_the_mode_that_the_umask_leaves(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "file", lambda file: file.write(b"x"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~mask


@POSIX
def test_planted_link_is_not_followed(tmp_path, monkeypatch):
    (tmp_path / "secret").write_bytes(b"untouched")
    monkeypatch.setattr(os, "getpid", lambda: 1)
    if hasattr(files, "secrets"):
        monkeypatch.setattr(files.secrets, "token_hex", lambda count: "1")
    (tmp_path / "file.1.partial").symlink_to(tmp_path / "secret")
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "file", lambda file: file.write(b"x"))
    assert (tmp_path / "secret").read_bytes() == b"untouched"
    assert names(tmp_path) == ["file.1.partial", "secret"]  # it is not ours to remove


def test_content_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    happened = []
    real_sync, real_replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (happened.append("sync"), real_sync(fd)))
    monkeypatch.setattr(
        Path, "replace", lambda *paths: (happened.append("rename"), real_replace(*paths))
    )
    write_atomically(tmp_path / "file", lambda file: file.write(b"x"))
    assert happened[:2] == ["sync", "rename"]


def test_disk_that_is_full_only_at_the_end_is_noticed(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "file", lambda file: file.write(b"new"))
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


# Known beforehand


def test_what_can_be_written_passes_and_nothing_is_left_behind(tmp_path):
    (tmp_path / "there").write_bytes(b"old")
    files.check_writable(tmp_path / "there", 3)
    files.check_writable(tmp_path / "a" / "b" / "new", 3)
    assert names(tmp_path) == ["there"]
    assert (tmp_path / "there").read_bytes() == b"old"


def test_what_cannot_be_written_is_refused_with_the_reason(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match=r"cannot be written: .*file is not a folder"):
        files.check_writable(tmp_path / "file" / "deeper" / "record.json")
    with pytest.raises(OSError, match="cannot be written: it is a folder"):
        files.check_writable(tmp_path)
    with pytest.raises(OSError, match="cannot be written: File name too long"):
        files.check_writable(tmp_path / ("x" * 250))
    usage = type("Usage", (), {"free": 2_000_000})
    monkeypatch.setattr(files.shutil, "disk_usage", lambda folder: usage)
    files.check_writable(tmp_path / "new", 2_000_000)
    with pytest.raises(OSError, match=r"needs 3\.0 MB, and .* has only 2\.0 MB left"):
        files.check_writable(tmp_path / "new", 3_000_000)
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no folder that nobody can write")
def test_folder_that_nobody_can_write_is_refused():
    with pytest.raises(OSError, match=r"/proc/new/record\.json cannot be written: .* in /proc"):
        files.check_writable(Path("/proc/new/record.json"))


# Alone

HOLDER = """
import sys
from pathlib import Path
from cifarlib._files import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def holder(path):
    """Another process that holds ``path`` until it is told to stop."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "held\n"
    return process


def release(process):
    process.stdin.write("\n")
    process.stdin.flush()


def test_second_process_is_told_which_file_is_in_use_and_waits_if_it_likes(tmp_path):
    path = tmp_path / "new" / "state.npz"
    with holder(path) as process:
        said = pytest.raises(BlockingIOError, match=r"state\.npz is in use .*state\.npz\.lock")
        with said, files.alone(path, 0):
            pytest.fail("two have it")
        threading.Timer(0.3, release, [process]).start()
        with files.alone(path, 30):
            assert names(path.parent) == ["state.npz.lock"]
    assert names(path.parent) == []


def test_lock_of_a_killed_process_is_free(tmp_path):
    with holder(tmp_path / "state.npz") as process:
        process.kill()
        process.wait()
    with files.alone(tmp_path / "state.npz", 5):
        pass
    assert names(tmp_path) == []


def test_two_threads_are_not_alone_either_and_an_error_frees_the_lock(tmp_path):
    with pytest.raises(KeyError), files.alone(tmp_path / "a"):
        raise KeyError
    with files.alone(tmp_path / "a"):
        found = []

        def second():
            try:
                with files.alone(tmp_path / "a", 0):
                    found.append("two have it")
            except BlockingIOError as error:
                found.append(type(error))

        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert found == [BlockingIOError]


COUNTER = """
import sys
from pathlib import Path
from cifarlib._files import alone
path = Path(sys.argv[1])
for _ in range(50):
    with alone(path):
        path.write_text(str(int(path.read_text()) + 1))
"""


def test_removing_the_lock_s_file_lets_no_two_in(tmp_path):
    (tmp_path / "count").write_text("0")
    command = [sys.executable, "-c", COUNTER, str(tmp_path / "count")]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert (tmp_path / "count").read_text() == "150"
