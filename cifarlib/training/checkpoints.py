"""The whole state of a training in one file, so that a stopped run goes on as if it had not."""

from __future__ import annotations

import contextlib
import glob
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from cifarlib._files import alone, check_writable, write_atomically
from cifarlib.training.identity import differences
from cifarlib.training.lookahead import averaged


@dataclass
class Progress:
    """How far a training has come.

    Attributes:
        epochs: the passes made over the training images.
        seconds: wall time spent so far.
        cpu_seconds: the time of all CPU cores spent so far.
        curves: a value an epoch for each quantity, by name.
        stretches: what each part between two interruptions ran on, as in
            :class:`cifarlib.training.Run`.
        slow: the slow weights of lookahead, if there are any.
    """

    epochs: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    curves: dict[str, list[float]] = field(default_factory=dict)
    stretches: list[dict] = field(default_factory=list)
    slow: list[np.ndarray] = field(default_factory=list)


@contextlib.contextmanager
def held(path: Path, model: keras.Model) -> Iterator[None]:
    """Keep the file ``path`` to one training, inside a ``with`` block.

    Args:
        path: the file that :func:`save` will write.
        model: the compiled model; its size tells how much room is needed.

    Raises:
        BlockingIOError: another training has it.
        OSError: it cannot be written, for want of room or for another reason.
    """
    check_writable(path, sum(np.asarray(variable).nbytes for variable in _state(model)))
    with alone(path, seconds=0):
        for left in path.parent.glob(f"{glob.escape(path.name)}.*.partial"):
            left.unlink(missing_ok=True)  # of a process that was killed while it wrote
        yield


def save(path: Path, model: keras.Model, identity: dict[str, str], progress: Progress) -> None:
    """Write all state of a compiled model's training to ``path``, whole or not at all.

    Args:
        path: the file; its folder is made if it is missing.
        model: a compiled model.
        identity: what is being trained (:func:`cifarlib.training.identity.identity`);
            :func:`restore` refuses a file with another one.
        progress: how far the training is.
    """
    arrays = {f"variable {n:04}": np.asarray(v) for n, v in enumerate(_state(model))}
    arrays |= {f"curve {name}": np.array(values) for name, values in progress.curves.items()}
    arrays |= {f"slow {n:04}": array for n, array in enumerate(progress.slow)}
    arrays |= {"identity": json.dumps(identity), "epochs": progress.epochs}
    arrays |= {"seconds": progress.seconds, "cpu_seconds": progress.cpu_seconds}
    arrays |= {"stretches": json.dumps(progress.stretches)}
    write_atomically(path, lambda file: np.savez(file, **arrays))


def restore(
    path: Path,
    model: keras.Model,
    identity: dict[str, str],
    epochs: int,
    lookahead: bool = False,
    unit: str = "epochs",
) -> Progress:
    """Give a compiled model the state saved in ``path``; without such a file, change nothing.

    Args:
        path: the file that :func:`save` wrote.
        model: the model as it was when that training began, compiled.
        identity: what is being trained.
        epochs: how many epochs are wanted in the end.
        lookahead: whether there are slow weights.
        unit: what is counted as epochs here, for messages.

    Returns:
        How far the training was; nowhere, without a file.

    Raises:
        ValueError: the file is damaged, of another training, or has more epochs than wanted. The
            model is left as it was.
        OSError: the file cannot be read.
    """
    if not path.is_file():
        return Progress()
    what_to_do = "delete it to start afresh, or name another file"
    content, state = path.read_bytes(), _state(model)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            saved = dict(file)
        found = str(saved["identity"])
        found = json.loads(found) if found.startswith("{") else None
        progress = Progress(
            int(saved["epochs"]),
            float(saved["seconds"]),
            float(saved["cpu_seconds"]),
            {key[6:]: saved[key].tolist() for key in saved if key.startswith("curve ")},
            json.loads(str(saved["stretches"])) if found else [],
        )
    except Exception as error:  # damage shows in any way: zipfile's, NumPy's, a size without end
        raise ValueError(f"the checkpoint {path} is damaged ({error!r}): {what_to_do}") from error
    if found is None:
        raise ValueError(
            f"the checkpoint {path} was written by an earlier version of cifarlib, which noted "
            f"neither precision nor backend: {what_to_do}"
        )
    if different := differences(found, identity):
        raise ValueError(f"the checkpoint {path} is of another training: {different}; {what_to_do}")
    if progress.epochs > epochs:
        raise ValueError(
            f"the checkpoint {path} has {progress.epochs} {unit} already, more than the {epochs} "
            f"{unit} asked for: {what_to_do}"
        )
    try:
        _check(progress)
        arrays = _arrays(saved, "variable", state)
        progress.slow = _arrays(saved, "slow", averaged(model) if lookahead else [])
    except ValueError as error:
        raise ValueError(f"the checkpoint {path} is damaged ({error}): {what_to_do}") from error
    for variable, array in zip(state, arrays, strict=True):  # nothing was assigned until now
        variable.assign(array)
    return progress


def _check(progress: Progress) -> None:
    """Raise ValueError where the numbers of a checkpoint cannot be those of a training."""
    if progress.epochs < 1:
        raise ValueError(f"it has {progress.epochs} epochs")
    for name in ("seconds", "cpu_seconds"):
        if not 0 <= getattr(progress, name) < np.inf:
            raise ValueError(f"{name} are {getattr(progress, name)}")
    if "loss" not in progress.curves:
        raise ValueError(f"it has the curves {sorted(progress.curves)} alone")
    for name, values in progress.curves.items():
        if np.shape(values) != (progress.epochs,) or not np.isfinite(values).all():
            raise ValueError(f"the curve {name} is {values} after {progress.epochs} epochs")


def _arrays(saved: dict[str, np.ndarray], kind: str, wanted: list) -> list[np.ndarray]:
    """The arrays of one kind, in order, if each is what its variable can hold, and a number.

    Raises:
        ValueError: there are others than wanted, one has another shape or type, or has NaN.
    """
    names = [f"{kind} {number:04}" for number in range(len(wanted))]
    found = sorted(key for key in saved if key.startswith(f"{kind} "))
    if found != names:
        raise ValueError(
            f"{len(wanted)} arrays called {kind!r} are wanted, it has {len(found)}: "
            f"{', '.join(sorted(set(found) ^ set(names)))} differ"
        )
    arrays = []
    for name, variable in zip(names, wanted, strict=True):
        array, here = saved[name], np.asarray(variable)
        if array.dtype.kind == "V" and array.dtype.itemsize == here.dtype.itemsize:
            array = array.view(here.dtype)  # NumPy's files do not know bfloat16
        if (array.shape, array.dtype) != (here.shape, here.dtype):
            raise ValueError(
                f"{name}, {variable.path}, is {array.dtype} {array.shape}; this model has "
                f"{here.dtype} {here.shape}"
            )
        if np.isnan(np.asarray(array, np.float64)).any():
            raise ValueError(f"{name}, {variable.path}, has NaN")
        arrays.append(array)
    return arrays


def _state(model: keras.Model) -> list[keras.Variable]:
    """Weights, statistics, the states of seed generators, and the optimizer's moments.

    Keras' own weight files leave the seed generators out, and dropout would go on differently.
    """
    model.optimizer.build(model.trainable_variables)
    state = model.trainable_variables + model.non_trainable_variables
    return state + model.optimizer.variables
