"""The cache folder: one file of verified arrays, a lock, and what unfinished downloads left."""

import contextlib
import os
import shutil
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from cifarlib._files import write_atomically
from cifarlib.data.arrays import CIFAR10, Cifar10
from cifarlib.data.bounds import plain_file
from cifarlib.data.progress import say


def cache_folder() -> Path:
    """The folder for downloads and checkpoints; ``CIFARLIB_CACHE`` in the environment moves it.

    Without a home folder, as in some containers, it is one among the temporary files.

    Raises:
        OSError: ``CIFARLIB_CACHE`` begins at a home folder, and there is none.
    """
    if folder := os.environ.get("CIFARLIB_CACHE"):
        try:
            return Path(folder).expanduser()
        except RuntimeError:
            raise FileNotFoundError(
                f"CIFARLIB_CACHE is {folder}, but there is no such home folder: name another folder"
            ) from None
    import platformdirs

    # Without a home, it raises an error in newer versions; in older ones, the name still begins
    # with ~ and would mean the current folder
    with contextlib.suppress(RuntimeError):
        found = Path(platformdirs.user_cache_dir("cifarlib", appauthor=False))
        if found.is_absolute():
            return found
    return Path(tempfile.gettempdir()) / f"cifarlib-{os.getuid()}"


def clear_cache(pattern: str = "cifar10.*") -> list[Path]:
    """Remove all 60,000 images and unfinished downloads of them; checkpoints stay.

    Args:
        pattern: of whole names in the cache folder, with ``*`` and ``?``, as for ``Path.glob``.

    Returns:
        The paths that were removed.

    Raises:
        ValueError: ``pattern`` is no text, is empty, or leads to another folder.
    """
    no_names = not isinstance(pattern, str) or pattern in ("", ".", "..")
    if no_names or any(part in pattern for part in ("/", "\\", "**")):  # ** takes all folders
        raise ValueError(
            "pattern must be that of names in the cache folder, such as 'cifar10.*', got "
            f"{pattern!r}"
        )
    found = sorted(cache_folder().glob(pattern))
    for path in found:
        with contextlib.suppress(OSError):  # another process may be quicker
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return [path for path in found if not os.path.lexists(path)]


def read(folder: Path, limit: int = CIFAR10.limit) -> Cifar10:
    """The arrays in the cache, not verified; a file with more than ``limit`` bytes is refused."""
    with plain_file(folder / "cifar10.npz", limit).open("rb") as file:
        with zipfile.ZipFile(file) as packed:
            unpacked = sum(member.file_size for member in packed.infolist())
        if unpacked > limit:
            raise ValueError(f"cifar10.npz unpacks to {unpacked} bytes, {limit} at most are honest")
        file.seek(0)
        with np.load(file, allow_pickle=False) as arrays:
            return Cifar10(**arrays)


def keep(data: Cifar10, folder: Path) -> None:
    """Write the arrays to the cache, whole or not at all; say so if that is impossible."""
    try:
        clear_cache("cifar10.*.partial")
        write_atomically(folder / "cifar10.npz", lambda file: np.savez(file, **vars(data)))
    except (OSError, ValueError) as error:  # ValueError: zipfile's, on a full disk
        say(f"CIFAR-10 is loaded, but could not be kept in {folder}: {error}")


def locked(folder: Path, seconds: float = 1800) -> contextlib.AbstractContextManager:
    """Let one process at a time fetch; where nothing can be written, go on without a lock.

    So does who has waited for ``seconds``: the other process may be stopped or hang, and the worst
    that comes of two at once is a second download.
    """
    from filelock import FileLock, Timeout

    with contextlib.suppress(OSError, NotImplementedError):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "cifar10.lock")
        for wait, words in (
            (min(1, seconds), "Another process is fetching CIFAR-10: waiting for it."),
            (seconds, "It is not done yet: fetching CIFAR-10 without waiting any longer."),
        ):
            try:
                return lock.acquire(timeout=wait)
            except Timeout:
                say(words)
    return contextlib.nullcontext()
