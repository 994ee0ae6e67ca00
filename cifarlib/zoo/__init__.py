"""Models trained beforehand on all 50,000 images: their weights, records and test logits.

``python -m cifarlib.zoo train NAME`` makes an entry. Each is a folder of three files:

* ``weights.npz``: the weights of seed 0, as float16;
* ``logits.npy``: that model's logits on the 10,000 test images, ``float16 (10000, 10)``;
* ``record.json``: what was run and what came out, for every seed.

Of the models that a GPU trained, the package has logits and record alone: it is to stay small.
"""

from __future__ import annotations

import io
from pathlib import Path

import keras
import numpy as np

from cifarlib.models import build
from cifarlib.recipes import FOR_A_GPU, RECIPES
from cifarlib.zoo.leaderboard import Leaderboard, Row
from cifarlib.zoo.records import Record, checked_bytes, read_record

FOLDER = Path(__file__).parent

__all__ = ["Leaderboard", "Record", "Row", "leaderboard", "load", "logits", "names", "record"]


def names() -> list[str]:
    """The models that :func:`load` has, in alphabetical order."""
    return _with("weights.npz")


def record(name: str) -> Record:
    """What was run for the model ``name`` and what came out, for every seed.

    Raises:
        ValueError: there is no such model; the message lists those there are.
        OSError: its record is damaged.
    """
    return read_record(_entry(name))


def load(name: str) -> keras.Model:
    """Build the model ``name`` and give it the trained weights of seed 0.

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to logits ``(n, 10)``.

    Raises:
        ValueError: there is no such model; the message lists those there are.
        OSError: its weights are damaged, belong to another version of the model, or are not in the
            package.
    """
    if not (path := _entry(name) / "weights.npz").is_file():
        advice = "install cifarlib again"
        if name in FOR_A_GPU:
            advice = f"train the model with python -m cifarlib.zoo train {name} --output FOLDER"
        raise FileNotFoundError(f"{path} is not in the package: {advice}")
    content = checked_bytes(path.parent, path.name)
    with np.load(io.BytesIO(content), allow_pickle=False) as saved:
        weights = [saved[key].astype(np.float32) for key in saved.files]
    model = build(name)
    wanted, found = [w.shape for w in model.get_weights()], [w.shape for w in weights]
    if wanted != found:
        raise OSError(
            f"the weights of {name!r} do not fit this version of the model: it has weights of the "
            f"shapes {wanted}, the file has {found}"
        )
    model.set_weights(weights)
    return model


def logits(name: str) -> np.ndarray:
    """The logits of the model ``name`` (seed 0) on the 10,000 test images, ``float32 (10000, 10)``.

    Raises:
        ValueError: there is no such model; the message lists those there are.
        OSError: the file is damaged.
    """
    content = checked_bytes(_entry(name), "logits.npy")
    return np.load(io.BytesIO(content), allow_pickle=False).astype(np.float32)


def leaderboard() -> Leaderboard:
    """Every model that has a recipe, the best first; print it for a table.

    Models that no one has trained yet stand at the end.
    """
    recorded = _with("record.json")
    trained = [Row(name, record(name)) for name in recorded]
    rest = [Row(name) for name in RECIPES if name not in recorded]
    return Leaderboard(sorted(trained, key=lambda row: -row.best) + rest)


def _with(file: str) -> list[str]:
    """The entries that have this file."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{file}"))


def _entry(name: str) -> Path:
    if name not in (known := _with("record.json")):
        raise ValueError(f"the zoo has no model called {name!r}; it has {', '.join(known)}")
    return FOLDER / name
