"""One training with one seed, and its test: what zoo and experiments are made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from cifarlib.evaluation import accuracy, logits
from cifarlib.machine import hardware, precision, versions
from cifarlib.training import train
from cifarlib.zoo.trainings import Training


@dataclass(frozen=True)
class Result:
    """What came out.

    Attributes:
        entry: of the record: ``seed``, ``hardware``, ``versions``, ``precision``, and either
            ``accuracy``, ``seconds``, ``cpu_seconds`` and ``curves``, or ``error``; ``stretches``
            if the training was interrupted.
        weights: the trained weights as ``float16``; None where the run failed.
        logits: of those weights on the test images, ``float32 (n, 10)``; None where it failed.
    """

    entry: dict
    weights: list[np.ndarray] | None = None
    logits: np.ndarray | None = None


def train_seed(
    how: Training,
    data: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    *,
    seed: int,
    checkpoint: Path,
    label: str,
    verbose: bool = True,
) -> Result:
    """Build a model, train it, and test it.

    Args:
        how: the model, its recipe, how it is computed and tested.
        data: training images and labels, of which ``how`` says how many to take.
        test: test images and labels; looked at once, at the end, unless the curves follow it.
        seed: of the weights, the order and all else that is left to chance.
        checkpoint: where an unfinished training is kept; the caller removes it.
        label: what the run is called where progress is shown.
        verbose: whether to show progress.

    Returns:
        The :class:`Result`. The test is made with the weights rounded to ``float16``, as they are
        shipped, and computed in ``float32``.
    """
    x, y = (array[: how.images] for array in data)
    keras.utils.set_random_seed(seed)
    with precision(how.precision) as policy:
        model = how.model()
    entry = {"seed": seed, "hardware": hardware(), "versions": versions(), "precision": policy}
    if verbose:
        print(f"{label}, seed {seed}: {how.recipe.epochs} epochs of {len(x)} images", flush=True)
    try:
        run = train(
            model,
            (x, y),
            how.recipe,
            validation_data=test if how.validate_on_test else None,
            seed=seed,
            checkpoint=checkpoint,
            verbose=verbose,
        )
    except FloatingPointError as error:  # a result too: the recipe fails with this seed
        return Result(entry | {"error": str(error)})
    entry |= _stretches(entry, run.stretches)
    with np.errstate(over="ignore"):  # too large for float16 becomes infinite, and is noticed below
        rounded = [np.asarray(weight, dtype=np.float16) for weight in model.get_weights()]
    if policy != "float32":
        model = how.model()  # what readers load computes in float32
    model.set_weights([weight.astype(np.float32) for weight in rounded])
    outputs = logits(model, test[0])
    if not np.isfinite(outputs).all():
        error = "the weights are too large for float16: the logits overflow"
        return Result(entry | {"error": error})
    result = accuracy(outputs, test[1])
    entry["accuracy"] = result.value
    more = ""
    if how.test_time_augmentation:
        views = logits(model, test[0], test_time_augmentation=True)
        entry["accuracy_tta"] = accuracy(views, test[1]).value
        more = f", {entry['accuracy_tta']:.2%} with test-time augmentation"
    if verbose:
        print(f"{label}, seed {seed}: {result}{more}, {run.seconds:.0f} s", flush=True)
    entry["seconds"] = round(run.seconds, 1)
    entry["cpu_seconds"] = round(run.cpu_seconds, 1)
    entry["curves"] = {key: [round(v, 5) for v in values] for key, values in run.curves.items()}
    return Result(entry, rounded, outputs)


def _stretches(entry: dict, stretches: list[dict]) -> dict:
    """What an entry says of a training that was interrupted, perhaps to go on on another machine.

    Nothing of one that ran through where it was tested.
    """
    one = len(stretches) == 1 and all(stretches[0][k] == entry[k] for k in ("hardware", "versions"))
    if one or not stretches:
        return {}
    machines = dict.fromkeys(stretch["hardware"] for stretch in stretches)
    times = ("seconds", "cpu_seconds")
    rounded = [stretch | {key: round(stretch[key], 1) for key in times} for stretch in stretches]
    return {"hardware": ", then ".join(machines), "stretches": rounded}
