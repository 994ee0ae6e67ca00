"""Records on the disk: open, read, add to and write them, several processes at a time."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from cifarlib import _checks as checks
from cifarlib._files import alone, write_atomically
from cifarlib.data import cache_folder
from cifarlib.zoo.records import Record, Results

Stored = TypeVar("Stored")  # a dataclass of what a JSON file holds
Kind = TypeVar("Kind", bound=Results)


def read(path: Path, kind: type[Stored]) -> Stored:
    """Read a record.

    Args:
        path: its file.
        kind: its dataclass, such as :class:`cifarlib.zoo.records.Record`.

    Raises:
        OSError: the file is missing or damaged.
    """
    path = checks.path("path", path)
    try:
        return kind(**json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise OSError(error.errno, f"cannot be read: {error.strerror}", str(path)) from error
    except (ValueError, TypeError) as error:
        raise OSError(f"{path} is damaged: {error}") from error


def write(path: Path, record: object) -> None:
    """Write a record, an instance of a dataclass, whole or not at all."""
    text = json.dumps(asdict(record), indent=1) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def current(path: Path, new: Kind) -> Kind:
    """The record in ``path``, or, without such a file, a copy of ``new``.

    Args:
        path: the file, there or not.
        new: a record without runs, of the code as it is now.

    Raises:
        ValueError: the file holds results of other code, which are not to be mixed with new ones.
        OSError: it is damaged.
    """
    if not path.is_file():
        return copy.deepcopy(new)
    return read(path, type(new)).taken_up(new, path)


def add(
    path: Path, new: Kind, entry: dict, finish: Callable[[Kind], object] = lambda record: None
) -> Kind:
    """Add a run to the record as it is by now: another process may have added some meanwhile.

    Args:
        path: the record's file.
        new: a record without runs, of the code as it is now.
        entry: the run. If one of this seed and variant is there already, that one stays.
        finish: what else to do with the record once the run is in it, before it is written.

    Returns:
        The record as it is now in the file.
    """
    with alone(path):
        record = current(path, new)
        if not record.has(entry["seed"], entry.get("variant")):
            record.runs.append(entry)
            finish(record)
            write(path, record)
    return record


def unfinished(name: str, fingerprint: str, seed: int) -> Path:
    """Where the training of one seed is kept until it is in a record."""
    return cache_folder() / "training" / f"{name}-{fingerprint[:12]}-seed{seed}.npz"


def checked_bytes(folder: Path, file: str, advice: str) -> bytes:
    """The content of a file of the zoo, if it has the SHA-256 that its record names.

    Args:
        folder: an entry.
        file: the file's name in it.
        advice: what to do about damage.

    Raises:
        OSError: the file is missing, or its content is not what the record says.
    """
    path = folder / file
    content, expected = path.read_bytes(), read(folder / "record.json", Record).files.get(file)
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise OSError(
            f"{path} is damaged: its SHA-256 is {found}, the record says {expected}. {advice}"
        )
    return content
