"""Nothing is opened that could block, nor read that could fill the memory."""

import stat
from pathlib import Path


def plain_file(path: Path, limit: int) -> Path:
    """Return ``path`` if it is a file of at most ``limit`` bytes: no pipe, which would block.

    Raises:
        OSError: it is missing, something else, or too large.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"{path} is not a plain file")
    if found.st_size > limit:
        raise OSError(f"{path} has {found.st_size} bytes, {limit} at most are honest")
    return path
