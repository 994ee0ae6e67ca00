"""All models of the zoo on corrupted test pictures: which answers are right, image by image."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from cifarlib import _checks as checks
from cifarlib import zoo
from cifarlib._files import alone, check_writable
from cifarlib.data import Cifar10
from cifarlib.evaluation import logits
from cifarlib.images import CORRUPTIONS, corrupt
from cifarlib.machine import hardware, versions
from cifarlib.zoo import store

FILE = Path(__file__).parent / "corruptions.json"
COUNT, SEED = 500, 0
SEVERITIES = (3,)


@dataclass
class CorruptionRecord:
    """Which corrupted test images each model gets right.

    Attributes:
        command: what repeats it.
        images: how many test images, the first ones.
        seed: of the corruptions.
        severities: those that were tried.
        strengths: of each corruption, as in ``cifarlib.images.CORRUPTIONS``.
        change: by how much a corruption changes a pixel on average, 0..255, for each corruption and
            severity. A test fails when strengths or changes are no longer those of the code.
        runs: one entry a model: its name, SHA-256 of its ``weights``, ``seconds`` (wall time, other
            work on the machine included) and ``cpu_seconds`` of its answers, ``hardware``,
            ``versions``, and ``right``: for the clean pictures and each corruption and severity one
            bit an image, in base64.
    """

    command: str
    images: int
    seed: int
    severities: list[int]
    strengths: dict[str, list]
    change: dict[str, float] = field(default_factory=dict)
    runs: list[dict] = field(default_factory=list)

    @property
    def models(self) -> list[str]:
        """The names of the models, in the order of the runs."""
        return [run["model"] for run in self.runs]

    def right(self, model: str, corruption: str | None = None, severity: int = 0) -> np.ndarray:
        """Which images a model gets right, ``bool (images,)``.

        Args:
            model: one of :attr:`models`.
            corruption: one of :attr:`strengths`; None for the clean pictures.
            severity: one of :attr:`severities`.

        Raises:
            ValueError: there is no such model, corruption or severity in the record.
        """
        runs = [run for run in self.runs if run["model"] == model]
        if not runs:
            raise ValueError(f"no model {model!r} in the record; it has {', '.join(self.models)}")
        cell = _cell(corruption, checks.whole("severity", severity, 0))
        if cell not in runs[0]["right"]:
            raise ValueError(
                f"no {cell!r} in the record; it has the corruptions {', '.join(self.strengths)} "
                f"with the severities {', '.join(map(str, self.severities))}"
            )
        packed = np.frombuffer(base64.b64decode(runs[0]["right"][cell]), np.uint8)
        return np.unpackbits(packed, count=self.images).astype(bool)

    def accuracy(self, model: str, corruption: str | None = None, severity: int = 0) -> float:
        """The share that a model gets right, 0..1. The arguments are those of :meth:`right`."""
        return float(self.right(model, corruption, severity).mean())

    def mean_right(self, model: str) -> np.ndarray:
        """For each image, the share of its corrupted versions that a model gets right, 0..1."""
        cells = [(name, severity) for name in self.strengths for severity in self.severities]
        return np.mean([self.right(model, *cell) for cell in cells], axis=0)


def new_record() -> CorruptionRecord:
    """A record without runs, of the code as it is now."""
    strengths = {name: list(kind.strengths) for name, kind in CORRUPTIONS.items()}
    plain = json.loads(json.dumps(strengths))  # tuples are lists in a file
    command = "python -m cifarlib.zoo.evaluations"
    return CorruptionRecord(command, COUNT, SEED, list(SEVERITIES), plain)


def read(path: Path = FILE) -> CorruptionRecord:
    """The record.

    Args:
        path: its file; by default, the package's own.

    Raises:
        OSError: the file is missing or damaged.
    """
    return store.read(path, CorruptionRecord)


def run(path: Path, data: Cifar10, models: list[str] | None = None) -> CorruptionRecord:
    """Evaluate the models that the record in a file still lacks.

    Args:
        path: the file; what is in it stays, and each model is in it as soon as it is done.
        data: has the test images.
        models: their names; by default, all that the zoo has weights of.

    Raises:
        ValueError: the file holds results of other code.
        OSError: it cannot be written; found out before the first model.
    """
    path = checks.path("path", path)
    checks.instance("data", data, Cifar10, "load_cifar10()")
    if models is not None:
        for model in checks.texts("models", models):
            zoo.record(model)  # a name that the zoo lacks is found out before the work
    check_writable(path)
    record = read(path) if path.is_file() else new_record()
    wanted = asdict(new_record())
    for name in ("images", "seed", "severities", "strengths"):
        if getattr(record, name) != wanted[name]:
            raise ValueError(f"{path} has other {name} than the code now: remove it to start anew")
    pictures = {_cell(): data.x_test[:COUNT]}
    for model in zoo.names() if models is None else models:
        if model in record.models:
            continue
        if len(pictures) == 1:
            for name in CORRUPTIONS:
                for severity in SEVERITIES:
                    changed = corrupt(data.x_test[:COUNT], name, severity, SEED)
                    pictures[_cell(name, severity)] = changed
        entry = _evaluated(model, pictures, data.y_test[:COUNT])
        with alone(path):
            record = read(path) if path.is_file() else record
            record.change = {cell: change(pictures[_cell()], new) for cell, new in pictures.items()}
            if model not in record.models:
                record.runs.append(entry)
            store.write(path, record)
        print(f"{model}: {entry['seconds']:.0f} s", flush=True)
    return record


def change(before: np.ndarray, after: np.ndarray) -> float:
    """The mean absolute difference of two stacks of pictures, rounded to a hundredth."""
    return round(float(np.abs(after.astype(np.float32) - before).mean()), 2)


def _evaluated(model: str, pictures: dict[str, np.ndarray], labels: np.ndarray) -> dict:
    """What a record keeps of one model."""
    network = zoo.load(model)
    start, cpu = time.perf_counter(), time.process_time()
    right = {}
    for cell, images in pictures.items():
        bits = np.packbits(logits(network, images, batch_size=125).argmax(axis=1) == labels)
        right[cell] = base64.b64encode(bits.tobytes()).decode()
    return {
        "model": model,
        "weights": zoo.record(model).files["weights.npz"],
        "seconds": round(time.perf_counter() - start, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "hardware": hardware(),
        "versions": versions(),
        "right": right,
    }


def _cell(corruption: str | None = None, severity: int = 0) -> str:
    return "clean" if corruption is None else f"{corruption} {severity}"
