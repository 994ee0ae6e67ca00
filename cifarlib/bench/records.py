"""What a benchmark found, run by run, as a JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from cifarlib import _checks as checks
from cifarlib._files import write_atomically

FOLDER = Path(__file__).parent / "records"  # those that the book's tables are made from
HERE = Path("cifarlib-bench")  # in the current folder: there people find what they have made
KINDS = ("training", "pace")


@dataclass
class Bench:
    """One benchmark, as it is kept.

    Attributes:
        kind: ``"training"``, from data in memory to a known accuracy, or ``"pace"``, the seconds of
            a training step.
        date: when it began, in UTC: ``"2026-11-30T01:49:25Z"``.
        command: what was typed.
        hardware: the device that Keras computed on.
        versions: of Python, Keras, its backend and NumPy.
        quick: whether it was but a test with 1,000 images; no table is made from that.
        runs: an entry for each, in the order in which they were made. All have ``contender``,
            ``precision``, ``seed``, ``hardware``, ``versions``, ``epochs`` (of the whole recipe),
            ``batch_size``, ``seconds`` and ``cpu_seconds``; a training has ``training``, the part
            of the seconds spent in it, and ``accuracy``, 0..1; a pace has ``step_seconds``, one
            for each whole batch after the first three, and ``images``, how many these saw; its
            ``seconds`` and ``cpu_seconds`` are theirs alone. ``torch`` has ``threads``, too.
    """

    kind: str
    date: str
    command: str
    hardware: str
    versions: dict[str, str]
    quick: bool = False
    runs: list[dict] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}")

    def of(self) -> dict[tuple[str, str], list[dict]]:
        """The runs of each contender and precision, in the order of their first run."""
        found: dict[tuple[str, str], list[dict]] = {}
        for run in self.runs:
            found.setdefault((run["contender"], run["precision"]), []).append(run)
        return found


def new_record(kind: str, command: str, quick: bool = False) -> Bench:
    """A record without runs, of this machine and this moment."""
    from cifarlib.machine import hardware, versions

    date = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Bench(kind, date, command, hardware(), versions(), quick)


def usual_place(record: Bench) -> Path:
    """A file in the current folder, named after kind and time, so that none replaces another."""
    return HERE / f"{record.kind}-{record.date.replace(':', '')}.json"


def read(path: str | Path) -> Bench:
    """Read a record.

    Raises:
        OSError: the file is missing or is no such record.
        ValueError: ``path`` is no path.
    """
    path = checks.path("path", path)
    if not path.is_file():
        raise FileNotFoundError(f"path must be the file of a record, {path} is not there")
    try:
        return Bench(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise OSError(f"{path} is no record of a benchmark: {error}") from error


def write(path: Path, record: Bench) -> None:
    """Write a record, whole or not at all."""
    text = json.dumps(asdict(record), indent=1) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))
