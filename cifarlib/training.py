"""Train a model by a recipe: ``compile`` and ``fit``, with a progress bar and exact resume."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from cifarlib.batches import Batches
from cifarlib.data.arrays import check_images, check_labels
from cifarlib.recipes import Recipe


@dataclass(frozen=True)
class Run:
    """What one training run did.

    Attributes:
        seed: the seed of shuffling and dropout.
        epochs: the passes made over the training images.
        seconds: wall time spent in training, its pauses after an interruption not counted.
        curves: a value per epoch for ``loss`` and ``accuracy`` (means over the epoch, dropout on),
            and, with validation data, ``val_loss`` and ``val_accuracy`` (at the epoch's end).
    """

    seed: int
    epochs: int
    seconds: float
    curves: dict[str, list[float]]


def train(
    model: keras.Model,
    data: tuple[np.ndarray, np.ndarray],
    recipe: Recipe,
    *,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    epochs: int | None = None,
    seed: int = 0,
    checkpoint: Path | None = None,
    verbose: bool = True,
) -> Run:
    """Train ``model`` in place.

    Args:
        model: takes raw images ``(n, 32, 32, 3)``, 0..255, and gives logits ``(n, 10)``.
        data: training images and labels, ``(n, 32, 32, 3)`` and ``(n,)``.
        recipe: optimizer, batch size and the rest.
        validation: images and labels to evaluate after each epoch.
        epochs: overrides the recipe's.
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
    x, y = _checked(data, "training")
    if validation is not None:
        validation = _checked(validation, "validation")
    epochs = recipe.epochs if epochs is None else epochs
    batches = Batches(x, y, recipe.batch_size, seed)
    optimizer = keras.optimizers.get(recipe.optimizer)
    optimizer.learning_rate = recipe.learning_rate
    model.compile(
        optimizer,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    keras.utils.set_random_seed(seed)
    _reseed(model, seed)
    progress = _Progress(batches, checkpoint, f"{seed=} {recipe.settings()} {len(x)} images")
    done = progress.resume(model)
    callbacks = [progress]
    if verbose:
        callbacks.append(_Bar(epochs, len(batches), done))
    if done < epochs:
        model.fit(
            batches,
            epochs=epochs,
            initial_epoch=done,
            shuffle=False,  # Batches shuffles by itself, in an order that can be repeated
            validation_data=validation,
            validation_batch_size=500,
            callbacks=callbacks,
            verbose=0,
        )
    return Run(seed, progress.epochs, progress.seconds, progress.curves)


def _checked(data: tuple[np.ndarray, np.ndarray], what: str) -> tuple[np.ndarray, np.ndarray]:
    x, y = data
    x = check_images(x, f"{what} images")
    return x, check_labels(y, len(x), f"{what} labels")


def _reseed(model: keras.Model, seed: int) -> None:
    """Set the state of every seed generator (dropout and its like) from ``seed``.

    A model built earlier drew those states when it was built; without this, the same call could
    train in two ways.
    """
    states = [v for v in model.non_trainable_variables if v.path.endswith("seed_generator_state")]
    for number, state in enumerate(states):
        state.assign(np.array([seed, number], dtype=state.dtype))


class _Progress(keras.callbacks.Callback):
    """Follows the curves and the clock, stops at NaN, keeps the state after each epoch."""

    def __init__(self, batches: Batches, checkpoint: Path | None, identity: str) -> None:
        super().__init__()
        self.batches, self.checkpoint, self.identity = batches, checkpoint, identity
        self.epochs, self.seconds, self.curves = 0, 0.0, {}

    def resume(self, model: keras.Model) -> int:
        """Restore the checkpoint, if there is one; return the number of epochs done."""
        if self.checkpoint is None or not self.checkpoint.is_file():
            return 0
        with np.load(self.checkpoint, allow_pickle=False) as saved:
            variables = self._variables(model)
            arrays = [saved[key] for key in saved.files if key.startswith("variable")]
            shapes = [tuple(variable.shape) for variable in variables]
            same_model = shapes == [array.shape for array in arrays]
            if str(saved["identity"]) != self.identity or not same_model:
                raise ValueError(
                    f"the checkpoint {self.checkpoint} is of another training "
                    f"({saved['identity']}, {len(arrays)} variables) than this one "
                    f"({self.identity}, {len(variables)} variables): delete it to start afresh"
                )
            for variable, array in zip(variables, arrays, strict=True):
                variable.assign(array)
            self.epochs, self.seconds = int(saved["epochs"]), float(saved["seconds"])
            self.curves = {
                key.removeprefix("curve "): saved[key].tolist()
                for key in saved.files
                if key.startswith("curve ")
            }
        return self.epochs

    @staticmethod
    def _variables(model: keras.Model) -> list[keras.Variable]:
        """All state of a training: weights, statistics, seed generators, optimizer moments."""
        model.optimizer.build(model.trainable_variables)
        state = model.trainable_variables + model.non_trainable_variables
        return state + model.optimizer.variables

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        self.batches.start_epoch(epoch)
        self.started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            step = self.epochs * len(self.batches) + batch + 1
            raise FloatingPointError(
                f"the loss became {loss} at step {step} (epoch {self.epochs + 1}, batch "
                f"{batch + 1}); try a smaller learning rate, or look for bad values in the images"
            )

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        self.epochs = epoch + 1
        self.seconds += time.perf_counter() - self.started
        for name, value in (logs or {}).items():
            self.curves.setdefault(name, []).append(float(value))
        if self.checkpoint is not None:
            self._save()

    def _save(self) -> None:
        state = {
            f"variable {i:04}": np.asarray(v) for i, v in enumerate(self._variables(self.model))
        }
        state |= {f"curve {name}": np.array(values) for name, values in self.curves.items()}
        self.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(
            self.checkpoint,
            lambda file: np.savez(
                file, **state, identity=self.identity, epochs=self.epochs, seconds=self.seconds
            ),
        )


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


def write_atomically(path: Path, write: Callable) -> None:
    """Call ``write(file)`` on a file beside ``path``, then rename it: whole or not at all."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            write(file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
