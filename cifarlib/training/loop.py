"""Train a model by a recipe: ``compile`` and ``fit``, with a progress bar and exact resume."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from cifarlib import _checks as checks
from cifarlib.data.arrays import checked_pair
from cifarlib.recipes import Recipe
from cifarlib.training import checkpoints
from cifarlib.training.adversarial import against_attacks
from cifarlib.training.batches import Batches
from cifarlib.training.callbacks import Bar, Follower
from cifarlib.training.checkpoints import Progress
from cifarlib.training.distillation import Distillation, label_accuracy, with_teacher
from cifarlib.training.identity import identity
from cifarlib.training.lookahead import Lookahead
from cifarlib.training.optimizers import build_optimizer


@dataclass(frozen=True)
class Run:
    """What one training run did.

    Attributes:
        seed: the seed of shuffling and dropout.
        epochs: the passes made over the training images.
        seconds: wall time of the finished epochs, the validation included; the writing of
            checkpoints, an epoch that was cut off and pauses are not.
        cpu_seconds: the time that the cores of the CPU spent on it, added up: what remains the same
            when other work slows the machine down.
        curves: a value per epoch for ``loss`` and ``accuracy`` (means over the epoch, dropout on),
            and, with validation data, ``val_loss`` and ``val_accuracy`` (at the epoch's end).
        stretches: an entry for each part between two interruptions: its first and last of the
            ``epochs``, counted from 1, the ``hardware``, ``versions`` and ``precision`` that it
            was computed with, its ``seconds`` and ``cpu_seconds``.
    """

    seed: int
    epochs: int
    seconds: float
    cpu_seconds: float
    curves: dict[str, list[float]]
    stretches: list[dict] = field(default_factory=list)


def train(
    model: keras.Model,
    data: tuple[np.ndarray, np.ndarray],
    recipe: Recipe,
    *,
    validation_data: tuple[np.ndarray, np.ndarray] | None = None,
    teacher_logits: np.ndarray | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    epochs: int | None = None,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    verbose: bool = True,
) -> Run:
    """Train ``model`` in place. An optimizer, loss and metrics that it has are replaced.

    Args:
        model: takes raw images ``(n, 32, 32, 3)``, 0..255, and gives logits ``(n, classes)``.
        data: training images ``(n, 32, 32, 3)`` and labels, ``(n,)``, ``(n, 1)`` or one-hot.
        recipe: optimizer, batch size and the rest.
        validation_data: images and labels to evaluate after each epoch.
        teacher_logits: ``(n, classes)``, what a trained network says of the training images, where
            the recipe has a ``teacher_share``.
        callbacks: further callbacks of Keras, as for ``fit``. One may end the training early. What
            they keep to themselves is not in the checkpoint.
        epochs: overrides the recipe's; the schedule is stretched or shrunk to fit.
        seed: of shuffling and dropout, from 0 to 2**32 - 1. It does not touch the weights that
            ``model`` has already: call ``keras.utils.set_random_seed`` before building it. Python's
            and Keras' generators are set to it, NumPy's is left as it is.
        checkpoint: a file to keep the state in after each epoch. If it exists, training goes on
            from it, exactly as if it had never stopped. It is left in place at the end. While
            the training lasts, no other may use the file.
        verbose: whether to show a progress bar (on standard error).

    Returns:
        The :class:`Run`.

    Raises:
        ValueError: images or labels have the wrong shape or range (see
            :func:`cifarlib.data.arrays.check_images`), the model gives no logits ``(n, classes)``,
            there is a teacher but no share for it, or the other way round, or the checkpoint is
            damaged, has more epochs than asked for, or is of another training; the message says
            in what they differ.
        OSError: the checkpoint cannot be written, or another training has it; found out before the
            first step.
        FloatingPointError: the loss, another curve or a weight became NaN or infinite; the message
            says when.
        TypeError: ``callbacks`` are no callbacks of Keras.
        NotImplementedError: the recipe has an ``adversarial_epsilon``, and Keras runs on another
            backend than TensorFlow.

    >>> from cifarlib import load_cifar10
    >>> from cifarlib.models import simple_cnn
    >>> from cifarlib.recipes import SIMPLE_CNN
    >>> x, y = load_cifar10().train
    >>> run = train(simple_cnn(), (x[:640], y[:640]), SIMPLE_CNN, epochs=2, verbose=False)
    >>> run.epochs, sorted(run.curves)
    (2, ['accuracy', 'loss'])
    """
    checks.model(model)
    checks.instance("recipe", recipe, Recipe, "cifarlib.recipes.SIMPLE_CNN")
    seed = checks.whole("seed", seed, 0, 2**32 - 1)
    classes = _classes(model)
    x, y = _checked(data, "training", recipe, classes)
    validation = None
    if validation_data is not None:
        validation = _checked(validation_data, "validation", recipe, classes)
    y = with_teacher(y, teacher_logits, recipe)
    _check_callbacks(callbacks)
    path = None if checkpoint is None else checks.path("checkpoint", checkpoint)
    if epochs is not None:
        epochs = checks.whole("epochs", epochs, 1)
        shortened = dataclasses.replace(recipe, epochs=epochs)
        recipe = shortened if recipe.length_matters else recipe
    epochs = epochs or recipe.epochs
    batches = Batches(x, y, recipe.batch_size, seed, recipe.augmentation)
    model.compile(
        build_optimizer(recipe, model, epochs * len(batches)),
        loss=_loss(recipe),
        metrics=[_accuracy(recipe)],
        auto_scale_loss=True,  # float16 alone needs it
    )
    model.optimizer.build(model.trainable_variables)  # or TensorFlow traces the first step twice
    reseed(model, seed)
    progress = Progress()
    fit = functools.partial(_fit, model, batches, validation, recipe, epochs, callbacks, verbose)
    attacks = functools.partial(against_attacks, model, recipe.adversarial_epsilon, seed)
    if path is None:
        with attacks():
            fit(progress, lambda: None)
    else:
        with checkpoints.held(path, model), attacks():
            what = identity(model, recipe, seed, (x, y), validation)
            progress = checkpoints.restore(path, model, what, epochs, bool(recipe.lookahead))
            fit(progress, functools.partial(checkpoints.save, path, model, what, progress))
    return Run(seed, *(getattr(progress, name) for name in _OF_PROGRESS))


_OF_PROGRESS = ("epochs", "seconds", "cpu_seconds", "curves", "stretches")


def _fit(
    model: keras.Model,
    batches: Batches,
    validation: tuple[np.ndarray, np.ndarray] | None,
    recipe: Recipe,
    epochs: int,
    further: Sequence[keras.callbacks.Callback],
    verbose: bool,
    progress: Progress,
    save: Callable[[], None],
) -> None:
    """Make the epochs that are left."""
    done, steps = progress.epochs, len(batches)
    if done == epochs:
        return
    callbacks = []
    if recipe.lookahead:
        passed = done * steps
        callbacks.append(Lookahead(recipe.lookahead, epochs * steps, passed, progress.slow))
    callbacks += further  # before the state is saved, which they may change
    callbacks.append(Follower(batches, progress, save))
    if verbose:
        callbacks.append(Bar(epochs, steps, done))
    model.fit(
        batches,
        epochs=epochs,
        initial_epoch=done,
        shuffle=False,  # Batches shuffles by itself, in an order that can be repeated
        validation_data=None if validation is None else Batches(*validation, 500, shuffle=False),
        callbacks=callbacks,
        verbose=0,
    )


def _loss(recipe: Recipe) -> keras.losses.Loss:
    if recipe.teacher_share:
        return Distillation(recipe.temperature, recipe.teacher_share)
    if recipe.soft_labels:
        return keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=recipe.label_smoothing
        )
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _accuracy(recipe: Recipe) -> keras.metrics.Metric:
    """Named as by ``metrics=["accuracy"]``, but its variables are there before the first step."""
    if recipe.teacher_share:
        return keras.metrics.MeanMetricWrapper(label_accuracy, "accuracy")
    if recipe.soft_labels:
        return keras.metrics.CategoricalAccuracy("accuracy")
    return keras.metrics.SparseCategoricalAccuracy("accuracy")


def _checked(
    data: tuple[np.ndarray, np.ndarray], what: str, recipe: Recipe, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    x, y = checked_pair(data, what, classes)
    if recipe.soft_labels:
        y = np.eye(classes, dtype=np.float32)[y]
    return x, y


def _classes(model: keras.Model) -> int:
    """How many classes the model tells apart."""
    shape = checks.output_shape(model)
    if not isinstance(shape, tuple) or len(shape) != 2 or not isinstance(shape[1], int):
        raise ValueError(
            f"the model must give logits of the shape (n, classes), {model.name!r} gives {shape}"
        )
    return shape[1]


def _check_callbacks(callbacks: Sequence[keras.callbacks.Callback]) -> None:
    if not isinstance(callbacks, list | tuple):
        raise TypeError(f"callbacks must be a list of callbacks, got {callbacks!r}")
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(f"callbacks must be callbacks of Keras, got {callback!r} among them")


def reseed(model: keras.Model, seed: int) -> None:
    """Set Keras' generators and the state of every seed generator (dropout and its like).

    A model built earlier drew those states when it was built; without this, the same call could
    train in two ways.
    """
    before = np.random.get_state()  # noqa: NPY002 (the reader's, which Keras would set, too)
    keras.utils.set_random_seed(seed)
    np.random.set_state(before)  # noqa: NPY002
    states = [v for v in model.non_trainable_variables if v.path.endswith("seed_generator_state")]
    for number, state in enumerate(states):
        state.assign(np.array([seed, number], dtype=state.dtype))
