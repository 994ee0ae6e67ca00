"""Records of full runs, and the hashes of the files beside them."""

from __future__ import annotations

import hashlib
import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path

from cifarlib.files import write_atomically


@dataclass
class Record:
    """What was run for one model, and what came out.

    Attributes:
        name: the model's name in ``cifarlib.models``.
        command: what repeats it.
        fingerprint: SHA-256 of model and recipe, from :mod:`cifarlib.fingerprint`. A test
            fails when the code no longer gives it, so a record cannot go stale in silence.
        recipe: the recipe's settings.
        parameters: the model's number of parameters.
        images: how many training images it saw in an epoch.
        runs: one entry a seed, failures too: ``seed``, ``hardware``, ``versions``, ``precision``
            (of the training; without it, float32), and either ``seconds`` (wall time, other work on
            the machine included), ``cpu_seconds`` (of all cores, only this work), ``curves`` and
            ``accuracy`` (0..1, all 10,000 test images, weights rounded to float16 as they are
            shipped, computed in float32), or ``error`` where the run failed. ``accuracy_tta`` is
            that with test-time augmentation, where the recipe asks for it. Of a run that was
            interrupted, ``stretches`` lists what each part ran on
            (:class:`cifarlib.training.Run`), and ``hardware`` names each machine in turn.
        files: SHA-256 of the files beside the record, by name.
        macs: the model's multiply-accumulates for one image.
    """

    name: str
    command: str
    fingerprint: str
    recipe: dict
    parameters: int
    images: int
    runs: list[dict] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    macs: int = 0

    @property
    def finished(self) -> list[dict]:
        """The runs that did not fail, in the order of the seeds."""
        return [run for run in self.runs if "accuracy" in run]

    @property
    def accuracies(self) -> list[float]:
        """The test accuracy of each seed that finished, 0..1, in the order of the seeds."""
        return [run["accuracy"] for run in self.finished]

    @property
    def mean(self) -> float:
        """The mean of :attr:`accuracies`."""
        return statistics.fmean(self.accuracies)

    def expected_range(self) -> tuple[float, float]:
        """Where one more run should land, 19 times out of 20: the 95 % prediction interval.

        Mean +- t x deviation x sqrt(1 + 1/n), for accuracies scattered normally around their mean.

        Raises:
            ValueError: fewer than two seeds finished, so their scatter is unknown.
        """
        values = self.accuracies
        if len(values) < 2:
            raise ValueError(
                f"two finished seeds of {self.name!r} are needed to know their scatter, there "
                f"are {len(values)}"
            )
        half = _T95[min(len(values) - 1, len(_T95)) - 1] * statistics.stdev(values)
        half *= (1 + 1 / len(values)) ** 0.5
        return self.mean - half, self.mean + half


# Student's t, two-sided 95 %, for 1, 2, 3, ... degrees of freedom
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


def write_record(folder: Path, record: Record) -> None:
    """Write ``record.json``, whole or not at all."""
    text = json.dumps(asdict(record), indent=1) + "\n"
    write_atomically(folder / "record.json", lambda file: file.write(text.encode()))


def has_seed(runs: list[dict], seed: int, variant: str | None = None) -> bool:
    """Whether a run with this seed, and of this variant if there are some, is in a record."""
    return any((run["seed"], run.get("variant")) == (seed, variant) for run in runs)


def read_record(folder: Path) -> Record:
    """Read ``record.json``.

    Raises:
        OSError: the file is missing or damaged.
    """
    path = folder / "record.json"
    try:
        return Record(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise OSError(f"{path} is damaged: {error}") from error


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
    content, expected = path.read_bytes(), read_record(folder).files.get(file)
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise OSError(
            f"{path} is damaged: its SHA-256 is {found}, the record says {expected}. {advice}"
        )
    return content
