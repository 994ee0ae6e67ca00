"""The whole state of a training in one file, so that a stopped run goes on as if it had not."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from cifarlib.files import write_atomically


@dataclass
class Progress:
    """How far a training has come.

    Attributes:
        epochs: the passes made over the training images.
        seconds: wall time spent so far.
        cpu_seconds: the time of all CPU cores spent so far.
        curves: a value an epoch for each quantity, by name.
        slow: the slow weights of lookahead, if there are any.
    """

    epochs: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    curves: dict[str, list[float]] = field(default_factory=dict)
    slow: list[np.ndarray] = field(default_factory=list)


def save(path: Path, model: keras.Model, identity: str, progress: Progress) -> None:
    """Write all state of a compiled model's training to ``path``, whole or not at all.

    Args:
        path: the file; its folder is made if it is missing.
        model: a compiled model.
        identity: what is being trained; :func:`restore` refuses a file with another one.
        progress: how far the training is.
    """
    arrays = {f"variable {n:04}": np.asarray(v) for n, v in enumerate(_state(model))}
    arrays |= {f"curve {name}": np.array(values) for name, values in progress.curves.items()}
    arrays |= {f"slow {n:04}": array for n, array in enumerate(progress.slow)}
    arrays |= {"identity": identity, "epochs": progress.epochs}
    arrays |= {"seconds": progress.seconds, "cpu_seconds": progress.cpu_seconds}
    write_atomically(path, lambda file: np.savez(file, **arrays))


def restore(path: Path, model: keras.Model, identity: str, epochs: int) -> Progress:
    """Give a compiled model the state saved in ``path``; without such a file, change nothing.

    Args:
        path: the file that :func:`save` wrote.
        model: the model as it was when that training began, compiled.
        identity: what is being trained.
        epochs: how many epochs are wanted in the end.

    Returns:
        How far the training was; nowhere, without a file.

    Raises:
        ValueError: the file is damaged, of another training, or has more epochs than wanted. The
            model is left as it was.
    """
    if not path.is_file():
        return Progress()
    what_to_do = "delete it to start afresh"
    try:
        with np.load(path, allow_pickle=False) as file:
            saved = dict(file)
        found, done = str(saved["identity"]), int(saved["epochs"])
        seconds = float(saved["seconds"]), float(saved["cpu_seconds"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"the checkpoint {path} is damaged ({error}): {what_to_do}") from error
    if found != identity:
        raise ValueError(
            f"the checkpoint {path} is of another training ({found}) than this one ({identity}): "
            f"{what_to_do}"
        )
    if done > epochs:
        raise ValueError(
            f"the checkpoint {path} has {done} epochs already, more than the {epochs} epochs asked "
            f"for: {what_to_do}"
        )
    arrays = [saved[key] for key in sorted(saved) if key.startswith("variable ")]
    for variable, array in zip(_state(model), arrays, strict=True):
        variable.assign(array)
    curves = {key[6:]: saved[key].tolist() for key in saved if key.startswith("curve ")}
    slow = [saved[key] for key in sorted(saved) if key.startswith("slow ")]
    return Progress(done, *seconds, curves, slow)


def _state(model: keras.Model) -> list[keras.Variable]:
    """Weights, statistics, the states of seed generators, and the optimizer's moments.

    Keras' own weight files leave the seed generators out, and dropout would go on differently.
    """
    model.optimizer.build(model.trainable_variables)
    state = model.trainable_variables + model.non_trainable_variables
    return state + model.optimizer.variables
