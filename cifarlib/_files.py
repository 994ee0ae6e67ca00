"""Write files whole or not at all, one writer at a time, and know beforehand whether one can."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Call ``write(file)`` on a file beside ``path``, then rename it; make its folder if need be.

    Whoever reads ``path`` meanwhile sees the old content or the new, never a part; if ``write``
    fails, the old content stays and nothing else is left behind. Any number of threads, processes
    and machines may do so at once: the last one wins.

    Raises:
        OSError: the folder cannot be written; or whatever ``write`` raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = _beside(path)
    file = partial.open("xb")  # never a file that is there, nor where a planted link points to
    try:
        with file:
            write(file)
            file.flush()
            _to_disk(file.fileno())
        partial.replace(path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    _folder_to_disk(path.parent)


def check_writable(path: Path, size: int = 0) -> None:
    """Find out whether ``path`` can be written, before hours of work are spent on its content.

    A file is written and removed again where ``path`` will be, or in the nearest folder above that
    is there already; nothing is left behind.

    Args:
        path: a file that may be there or not; missing folders above it are no obstacle.
        size: how many bytes will be needed, as far as that is known.

    Raises:
        OSError: it cannot be written; the message says why.
    """
    path = path.absolute()
    if path.is_dir():
        raise IsADirectoryError(f"{path} cannot be written: it is a folder, not a file")
    folder = path.parent
    while not os.path.lexists(folder):
        folder = folder.parent
    if not folder.is_dir():
        raise NotADirectoryError(f"{path} cannot be written: {folder} is not a folder")
    probe = _beside(folder / path.name)
    try:
        probe.open("xb").close()
        probe.unlink()
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error.strerror} in {folder}") from error
    free = shutil.disk_usage(folder).free
    if size > free:
        raise OSError(
            f"{path} cannot be written: it needs {size / 1e6:.1f} MB, and {folder} has only "
            f"{free / 1e6:.1f} MB left"
        )


@contextlib.contextmanager
def alone(path: Path, seconds: float = 60) -> Iterator[None]:
    """Have ``path`` to oneself inside a ``with`` block, of all threads, processes and machines.

    What is locked is the file ``path.lock`` beside it, which is gone afterwards. The lock of a
    process that dies is free at once.

    Args:
        path: a file that may be there or not; its folder is made if it is missing.
        seconds: how long to wait for another holder.

    Raises:
        BlockingIOError: another one has had it all that time.
        OSError: the folder cannot be written.
    """
    from filelock import FileLock, Timeout  # here, so that ``import cifarlib`` stays fast

    path.parent.mkdir(parents=True, exist_ok=True)
    place = path.absolute().with_name(f"{path.name}.lock")
    lock = FileLock(place)
    try:
        lock.acquire(timeout=seconds)
        while _removed(lock):
            lock.release()
            lock.acquire(timeout=seconds)
    except Timeout:
        raise BlockingIOError(
            f"{path} is in use by another process, which holds {place}: wait until that is done, "
            "or name another file"
        ) from None
    except NotImplementedError:  # a file system without locks
        with contextlib.suppress(OSError, ValueError):  # stderr is closed or full
            print(f"{path} cannot be locked: let no other process write there", file=sys.stderr)
    try:
        yield
    finally:
        # Removed while it is held: afterwards it may be another's. Windows does so by itself.
        if os.name != "nt":
            place.unlink(missing_ok=True)
        lock.release()


def _removed(lock) -> bool:
    """Whether the last holder removed the file that we opened before: then it locks nothing.

    Recent versions of filelock look by themselves.
    """
    handle = getattr(getattr(lock, "_context", None), "lock_file_fd", None)
    return os.name != "nt" and isinstance(handle, int) and os.fstat(handle).st_nlink == 0


def _beside(path: Path) -> Path:
    """A name that nobody else has. Numbers of processes repeat in containers and in threads."""
    return path.with_name(f"{path.name}.{secrets.token_hex(8)}.partial")


def _to_disk(handle: int) -> None:
    """Wait until the content is on the disk.

    Otherwise, the new name may get there first, and a power cut leaves an empty file under it; and
    a network disk that is full may say so only now.
    """
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):  # it cannot wait
            raise


def _folder_to_disk(folder: Path) -> None:
    """Wait until the new name is on the disk: what it replaces elsewhere may be removed next."""
    with contextlib.suppress(OSError):  # Windows opens no folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
