"""Train a model by a recipe: ``compile`` and ``fit``, with a progress bar and exact resume."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from cifarlib import checkpoints
from cifarlib.batches import Batches
from cifarlib.checkpoints import Progress
from cifarlib.data.arrays import CLASS_NAMES, check_images, check_labels
from cifarlib.fingerprint import fingerprint
from cifarlib.lookahead import Lookahead
from cifarlib.optimizers import build_optimizer
from cifarlib.recipes import Recipe


@dataclass(frozen=True)
class Run:
    """What one training run did.

    Attributes:
        seed: the seed of shuffling and dropout.
        epochs: the passes made over the training images.
        seconds: wall time spent in training, its pauses after an interruption not counted.
        cpu_seconds: the time that the cores of the CPU spent on it, added up: what remains the same
            when other work slows the machine down.
        curves: a value per epoch for ``loss`` and ``accuracy`` (means over the epoch, dropout on),
            and, with validation data, ``val_loss`` and ``val_accuracy`` (at the epoch's end).
    """

    seed: int
    epochs: int
    seconds: float
    cpu_seconds: float
    curves: dict[str, list[float]]


def train(
    model: keras.Model,
    data: tuple[np.ndarray, np.ndarray],
    recipe: Recipe,
    *,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    epochs: int | None = None,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    verbose: bool = True,
) -> Run:
    """Train ``model`` in place.

    Args:
        model: takes raw images ``(n, 32, 32, 3)``, 0..255, and gives logits ``(n, 10)``.
        data: training images and labels, ``(n, 32, 32, 3)`` and ``(n,)``.
        recipe: optimizer, batch size and the rest.
        validation: images and labels to evaluate after each epoch.
        epochs: overrides the recipe's; the schedule is stretched or shrunk to fit.
        seed: of shuffling and dropout. It does not touch the weights that ``model`` has already:
            call ``keras.utils.set_random_seed`` before building it.
        checkpoint: a file to keep the state in after each epoch. If it exists, training goes on
            from it, exactly as if it had never stopped. It is left in place at the end.
        verbose: whether to show a progress bar (on standard error).

    Returns:
        The :class:`Run`.

    Raises:
        ValueError: images or labels have the wrong shape or range (see
            :func:`cifarlib.data.arrays.check_images`), or the checkpoint is of another training.
        FloatingPointError: the loss became NaN or infinite; the message names the step.

    >>> from cifarlib import load_cifar10
    >>> from cifarlib.models import simple_cnn
    >>> from cifarlib.recipes import SIMPLE_CNN
    >>> x, y = load_cifar10().train
    >>> run = train(simple_cnn(), (x[:640], y[:640]), SIMPLE_CNN, epochs=2, verbose=False)
    >>> run.epochs, sorted(run.curves)
    (2, ['accuracy', 'loss'])
    """
    x, y = _checked(data, "training", recipe)
    if validation is not None:
        validation = Batches(*_checked(validation, "validation", recipe), 500, shuffle=False)
    if epochs is not None:
        shortened = dataclasses.replace(recipe, epochs=epochs)
        recipe = shortened if recipe.length_matters else recipe
    epochs = epochs or recipe.epochs
    batches = Batches(x, y, recipe.batch_size, seed, recipe.augmentation)
    steps = epochs * len(batches)
    model.compile(
        build_optimizer(recipe, model, steps),
        loss=_loss(recipe),
        metrics=[_accuracy(recipe)],
        auto_scale_loss=True,  # float16 alone needs it
    )
    model.optimizer.build(model.trainable_variables)  # or TensorFlow traces the first step twice
    keras.utils.set_random_seed(seed)
    _reseed(model, seed)
    progress, save = Progress(), lambda: None
    if checkpoint is not None:
        path, identity = Path(checkpoint), _identity(model, x, y, recipe, seed)
        progress = checkpoints.restore(path, model, identity, epochs)
        save = functools.partial(checkpoints.save, path, model, identity, progress)
    done = progress.epochs
    callbacks = []
    if recipe.lookahead:
        passed = done * len(batches)
        callbacks.append(Lookahead(recipe.lookahead, steps, passed, progress.slow))
    callbacks.append(_Follower(batches, progress, save))
    if done < epochs:
        if verbose:
            callbacks.append(_Bar(epochs, len(batches), done))
        model.fit(
            batches,
            epochs=epochs,
            initial_epoch=done,
            shuffle=False,  # Batches shuffles by itself, in an order that can be repeated
            validation_data=validation,
            callbacks=callbacks,
            verbose=0,
        )
    if not all(np.isfinite(np.asarray(weight)).all() for weight in model.trainable_variables):
        raise FloatingPointError(
            f"the weights became NaN or infinite in the last step (epoch {progress.epochs}, batch "
            f"{len(batches)}); {_ADVICE}"
        )
    return Run(seed, progress.epochs, progress.seconds, progress.cpu_seconds, progress.curves)


def _loss(recipe: Recipe) -> keras.losses.Loss:
    if recipe.soft_labels:
        return keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=recipe.label_smoothing
        )
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _accuracy(recipe: Recipe) -> keras.metrics.Metric:
    """Named as by ``metrics=["accuracy"]``, but its variables are there before the first step."""
    if recipe.soft_labels:
        return keras.metrics.CategoricalAccuracy("accuracy")
    return keras.metrics.SparseCategoricalAccuracy("accuracy")


_ADVICE = "try a smaller learning rate, or look for bad values in the images"


def _identity(model: keras.Model, x: np.ndarray, y: np.ndarray, recipe: Recipe, seed: int) -> str:
    """What a checkpoint belongs to, for people and for comparison."""
    images = hashlib.sha256(np.ascontiguousarray(x))
    images.update(np.ascontiguousarray(y))
    return (
        f"model and recipe {fingerprint(model, recipe)[:12]}, seed {seed}, "
        f"{len(x)} images {images.hexdigest()[:12]}"
    )


def _checked(
    data: tuple[np.ndarray, np.ndarray], what: str, recipe: Recipe
) -> tuple[np.ndarray, np.ndarray]:
    x, y = data
    x = check_images(x, f"{what} images")
    y = check_labels(y, len(x), f"{what} labels")
    if recipe.soft_labels:
        y = np.eye(len(CLASS_NAMES), dtype=np.float32)[y]
    return x, y


def _reseed(model: keras.Model, seed: int) -> None:
    """Set the state of every seed generator (dropout and its like) from ``seed``.

    A model built earlier drew those states when it was built; without this, the same call could
    train in two ways.
    """
    states = [v for v in model.non_trainable_variables if v.path.endswith("seed_generator_state")]
    for number, state in enumerate(states):
        state.assign(np.array([seed, number], dtype=state.dtype))


class _Follower(keras.callbacks.Callback):
    """Follows the curves and the clock, stops at NaN, calls ``save`` after each epoch."""

    def __init__(self, batches: Batches, progress: Progress, save: Callable[[], None]) -> None:
        super().__init__()
        self.batches, self.progress, self.save = batches, progress, save

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        self.batches.start_epoch(epoch)
        self.started = time.perf_counter(), time.process_time()

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            step = self.progress.epochs * len(self.batches) + batch + 1
            raise FloatingPointError(
                f"the loss became {loss} at step {step} (epoch {self.progress.epochs + 1}, batch "
                f"{batch + 1}); {_ADVICE}"
            )

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        for name, value in (logs or {}).items():
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"{name} became {value} after epoch {epoch + 1}; {_ADVICE}"
                )
        self.progress.epochs = epoch + 1
        self.progress.seconds += time.perf_counter() - self.started[0]
        self.progress.cpu_seconds += time.process_time() - self.started[1]
        for name, value in (logs or {}).items():
            self.progress.curves.setdefault(name, []).append(float(value))
        self.save()


class _Bar(keras.callbacks.Callback):
    """One progress bar over all epochs, with the time left."""

    def __init__(self, epochs: int, steps: int, done: int) -> None:
        super().__init__()
        self.bar = tqdm(total=epochs * steps, initial=done * steps, unit="step", mininterval=1)

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        self.bar.update()

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        self.bar.set_postfix({name: f"{value:.3f}" for name, value in (logs or {}).items()})

    def on_train_end(self, logs=None) -> None:
        self.bar.close()
