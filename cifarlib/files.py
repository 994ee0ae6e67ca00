"""Write files whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Call ``write(file)`` on a file beside ``path``, then rename it; make its folder if need be.

    Whoever reads ``path`` meanwhile sees the old content or the new, never a part; if ``write``
    fails, the old content stays and nothing else is left behind.

    Raises:
        OSError: the folder cannot be written; or whatever ``write`` raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            write(file)
        partial.replace(path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
