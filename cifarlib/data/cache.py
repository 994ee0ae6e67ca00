"""The cache folder: one file of verified arrays, a lock, and what unfinished downloads left."""

import contextlib
import os
import shutil
import sys
from pathlib import Path

import numpy as np

from cifarlib._files import write_atomically
from cifarlib.data.arrays import Cifar10


def cache_folder() -> Path:
    """The folder for downloads and checkpoints; ``CIFARLIB_CACHE`` in the environment moves it."""
    if folder := os.environ.get("CIFARLIB_CACHE"):
        return Path(folder).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("cifarlib", appauthor=False))


def clear_cache(pattern: str = "cifar10.*") -> list[Path]:
    """Remove all 60,000 images and unfinished downloads of them; checkpoints stay.

    Returns the paths that were removed.
    """
    found = sorted(cache_folder().glob(pattern))
    for path in found:
        with contextlib.suppress(OSError):  # another process may be quicker
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return found


def read(folder: Path) -> Cifar10:
    """The arrays in the cache, not verified."""
    with np.load(folder / "cifar10.npz", allow_pickle=False) as arrays:
        return Cifar10(**arrays)


def keep(data: Cifar10, folder: Path) -> None:
    """Write the arrays to the cache, whole or not at all; say so if that is impossible."""
    clear_cache("cifar10.*.partial")
    try:
        write_atomically(folder / "cifar10.npz", lambda file: np.savez(file, **vars(data)))
    except (OSError, ValueError) as error:  # ValueError: zipfile's, on a full disk
        print(f"CIFAR-10 is loaded, but could not be kept in {folder}: {error}", file=sys.stderr)


def locked(folder: Path) -> contextlib.AbstractContextManager:
    """Let one process at a time fetch; where nothing can be written, go on without a lock."""
    from filelock import FileLock, Timeout

    with contextlib.suppress(OSError, NotImplementedError):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "cifar10.lock")
        try:
            return lock.acquire(timeout=1)
        except Timeout:
            print("Another process is fetching CIFAR-10: waiting for it.", file=sys.stderr)
            return lock.acquire()
    return contextlib.nullcontext()
