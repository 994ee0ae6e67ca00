"""Models trained beforehand on all 50,000 images: their weights, records and test logits.

``python -m cifarlib.zoo train NAME`` makes an entry, and ``load(NAME, folder=...)`` reads it. Each
is a folder of three files:

* ``weights.npz``: the weights of seed 0, as float16;
* ``logits.npy``: that model's logits on the 10,000 test images, ``float16 (10000, 10)``;
* ``record.json``: what was run and what came out, for every seed.

Of the models that a GPU trained, the package has logits and record alone: it is to stay small.
"""

from __future__ import annotations

import io
import math
from pathlib import Path

import keras
import numpy as np

from cifarlib import _checks as checks
from cifarlib.training import fingerprint
from cifarlib.zoo.leaderboard import Leaderboard, Row
from cifarlib.zoo.records import Record
from cifarlib.zoo.registry import TRAININGS, Registered, training
from cifarlib.zoo.runs import with_epochs
from cifarlib.zoo.store import checked_bytes, read
from cifarlib.zoo.trainings import Training

FOLDER = Path(__file__).parent

__all__ = [
    "TRAININGS", "Leaderboard", "Record", "Registered", "Row", "Training", "leaderboard", "load",
    "logits", "names", "record", "training",
]  # fmt: skip


def names() -> list[str]:
    """The models that :func:`load` has, in alphabetical order."""
    return _with("weights.npz")


def record(name: str, folder: str | Path | None = None) -> Record:
    """What was run for the model ``name`` and what came out, for every seed.

    Args:
        name: the model.
        folder: where ``python -m cifarlib.zoo train`` wrote it; by default, the package's own.

    Raises:
        ValueError: there is no such model; the message lists those there are.
        OSError: its record is damaged.
    """
    return read(_entry(name, folder) / "record.json", Record)


def load(name: str, folder: str | Path | None = None) -> keras.Model:
    """Build the model ``name`` and give it the trained weights of seed 0.

    Args:
        name: the model.
        folder: where ``python -m cifarlib.zoo train`` wrote it; by default, the package's own.

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to logits ``(n, 10)``.

    Raises:
        ValueError: there is no such model; the message lists those there are.
        OSError: its weights are damaged, belong to another version of the model, or are not in the
            package.
    """
    path = _entry(name, folder) / "weights.npz"
    if not path.is_file():
        advice = "install cifarlib again"
        if folder is not None:
            advice = "the training of seed 0 failed, as its record says, or someone removed them"
        elif training(name).for_a_gpu:
            advice = f"train the model with python -m cifarlib.zoo train {name} --output FOLDER"
        where = "in the package" if folder is None else "there"
        raise FileNotFoundError(f"{path} is not {where}: {advice}")
    content = checked_bytes(path.parent, path.name, _advice(folder))
    with np.load(io.BytesIO(content), allow_pickle=False) as saved:
        weights = [saved[key].astype(np.float32) for key in saved.files]
    model = training(name).model()
    if folder is not None:  # of the package's own, a test knows it
        _check_version(name, path.parent, model)
    wanted, found = [w.shape for w in model.get_weights()], [w.shape for w in weights]
    if wanted != found:
        raise OSError(
            f"the weights of {name!r} do not fit this version of the model: it has weights of the "
            f"shapes {wanted}, the file has {found}"
        )
    model.set_weights(weights)
    return model


def logits(name: str, folder: str | Path | None = None) -> np.ndarray:
    """The logits of the model ``name`` (seed 0) on the 10,000 test images, ``float32 (10000, 10)``.

    Args:
        name: the model.
        folder: where ``python -m cifarlib.zoo train`` wrote it; by default, the package's own.

    Raises:
        ValueError: there is no such model; the message lists those there are.
        OSError: the file is damaged.
    """
    content = checked_bytes(_entry(name, folder), "logits.npy", _advice(folder))
    return np.load(io.BytesIO(content), allow_pickle=False).astype(np.float32)


def leaderboard() -> Leaderboard:
    """Every training of the registry, the best first; print it for a table.

    Models that no one has trained yet stand at the end.
    """
    recorded = _with("record.json")
    trained = [Row(name, record(name)) for name in recorded]
    rest = [Row(name) for name in TRAININGS if name not in recorded]
    return Leaderboard(
        sorted(trained, key=lambda row: -row.best if row.accuracies else math.inf) + rest
    )


def _with(file: str) -> list[str]:
    """The entries that have this file."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{file}"))


def _entry(name: str, folder: str | Path | None = None) -> Path:
    """The folder of an entry: one of the package's, or another one that holds this model."""
    if not isinstance(name, str):
        raise ValueError(f"the zoo has no model called {name!r}")
    if folder is None:
        if name not in (known := _with("record.json")):
            raise ValueError(f"the zoo has no model called {name!r}; it has {', '.join(known)}")
        return FOLDER / name
    folder = checks.path("folder", folder)
    if not (folder / "record.json").is_file():
        raise FileNotFoundError(
            f"{folder} has no record.json: name the folder that "
            f"python -m cifarlib.zoo train {name} wrote to"
        )
    if (found := read(folder / "record.json", Record).name) != name:
        raise ValueError(f"{folder} holds the model {found!r}, not {name!r}")
    return folder


def _advice(folder: str | Path | None) -> str:
    """What to do about a damaged file."""
    if folder is None:
        return "Install cifarlib again, or check the file out again."
    return "Copy it there again, or remove the folder and train the model again."


def _check_version(name: str, folder: Path, model: keras.Model) -> None:
    """Refuse weights that another version of the model was trained with, though they may fit."""
    trained = read(folder / "record.json", Record)
    how = with_epochs(training(name), trained.recipe["epochs"])  # train --epochs
    if fingerprint(model, how) != trained.fingerprint:
        raise OSError(
            f"{folder} holds {name!r} of another version of cifarlib, whose model or recipe was "
            "another: load it with that version, or train it again"
        )
