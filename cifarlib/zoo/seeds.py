"""One training with one seed, and its test: what zoo and experiments are made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from cifarlib.evaluation import accuracy, logits
from cifarlib.explain import pgd
from cifarlib.machine import hardware, precision, versions
from cifarlib.training import Run, train
from cifarlib.training.checkpoints import Progress
from cifarlib.zoo.trainings import Training

ATTACKED = 1000  # test images, the first ones: an attack takes as long as a training epoch


@dataclass(frozen=True)
class Result:
    """What came out.

    Attributes:
        entry: of the record: ``seed``, ``hardware``, ``versions``, ``precision``, and either
            ``accuracy``, ``seconds``, ``cpu_seconds`` and ``curves``, or ``error``; ``stretches``
            if the training was interrupted; ``attacked`` where ``how`` has attacks: the accuracy
            on the first 1,000 test images under each, by a title such as ``"4, 10 steps"``.
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
    teacher_logits: np.ndarray | None = None,
    verbose: bool = True,
) -> Result:
    """Build a model, train it, and test it.

    Args:
        how: the model, its recipe, how it is computed and tested.
        data: training images and labels, of which ``how`` says how many to take.
        test: test images and labels; looked at once, at the end, unless the curves follow it. Not
            looked at where ``how`` holds training images out for it.
        seed: of the weights, the order and all else that is left to chance.
        checkpoint: where an unfinished training is kept; the caller removes it.
        label: what the run is called where progress is shown.
        teacher_logits: what the teacher says of the training images, if ``how`` names one.
        verbose: whether to show progress.

    Returns:
        The :class:`Result`. The test is made with the weights rounded to ``float16``, as they are
        shipped, and computed in ``float32``.

    Raises:
        ValueError: there are too few images to hold some out.
    """
    if how.held_out and how.images_needed > len(data[0]):
        raise ValueError(
            f"{how.images} images to train on and {how.held_out} to test on are more than the "
            f"{len(data[0])} given"
        )
    x, y = (array[: how.images] for array in data)
    if how.held_out:
        test = tuple(array[-how.held_out :] for array in data)
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
            teacher_logits=teacher_logits,
            seed=seed,
            checkpoint=checkpoint,
            verbose=verbose,
        )
    except FloatingPointError as error:  # a result too: the recipe fails with this seed
        return Result(entry | {"error": str(error)})
    entry |= stretches_of(entry, run.stretches)
    rounded = in_float16(model)  # too large for float16 becomes infinite, and is noticed below
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
    if how.attacks:
        entry["attacked"] = _attacked(model, tuple(a[:ATTACKED] for a in test), how.attacks)
        more += f", attacked {entry['attacked']}"
    if verbose:
        print(f"{label}, seed {seed}: {result}{more}, {run.seconds:.0f} s", flush=True)
    return Result(entry | measured(run), rounded, outputs)


def in_float16(model: keras.Model) -> list[np.ndarray]:
    """The weights as they are shipped; what is too large for ``float16`` becomes infinite."""
    with np.errstate(over="ignore"):
        return [np.asarray(weight, dtype=np.float16) for weight in model.get_weights()]


def measured(run: Run | Progress) -> dict:
    """What an entry says of a training that has ended: its seconds and curves, rounded."""
    curves = {key: [round(v, 5) for v in values] for key, values in run.curves.items()}
    times = {key: round(getattr(run, key), 1) for key in ("seconds", "cpu_seconds")}
    return times | {"curves": curves}


def _attacked(model: keras.Model, test, attacks) -> dict[str, float]:
    """The accuracy under each attack, 0..1."""
    found = {}
    for epsilon, steps in attacks:
        images = pgd(model, *test, epsilon, steps=steps)
        title = f"{epsilon:g}, {steps} step{'s' * (steps > 1)}"
        found[title] = accuracy(logits(model, images), test[1]).value
    return found


def stretches_of(entry: dict, stretches: list[dict]) -> dict:
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
