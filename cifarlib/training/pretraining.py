"""Train without labels: the loop of ``train``, for a loss that looks at images alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import keras
import numpy as np

from cifarlib import _checks as checks
from cifarlib.recipes import Recipe
from cifarlib.training import checkpoints
from cifarlib.training.callbacks import Bar, Follower
from cifarlib.training.checkpoints import Progress
from cifarlib.training.identity import identity
from cifarlib.training.loop import Run, reseed
from cifarlib.training.optimizers import build_optimizer


class Unlabeled(Protocol):
    """A ``keras.utils.PyDataset`` that makes its own targets from images ``x``."""

    x: np.ndarray
    seed: int
    batch_size: int

    def start_epoch(self, epoch: int) -> None:
        """Draw what epoch number ``epoch`` leaves to chance."""

    def settings(self) -> dict:
        """What decides about a batch besides images, size and seed."""

    def __len__(self) -> int: ...


def pretrain(
    model: keras.Model,
    batches: Unlabeled,
    loss: keras.losses.Loss,
    recipe: Recipe,
    *,
    metrics: Sequence[keras.metrics.Metric] = (),
    checkpoint: str | Path | None = None,
    verbose: bool = True,
) -> Run:
    """Train ``model`` in place on images without labels.

    Args:
        model: gives what ``loss`` wants, such as :func:`cifarlib.training.with_projection` with
            :class:`cifarlib.training.NTXent`.
        batches: inputs and targets, such as :class:`cifarlib.training.ViewPairs`. Its ``seed`` is
            that of the training.
        loss: of targets and outputs.
        recipe: epochs, optimizer and schedule. Its ``batch_size`` must be that of ``batches``; what
            it says of labels, augmentation, lookahead, teachers or attacks must be left at its
            default.
        metrics: further curves.
        checkpoint: a file to keep the state in after each epoch. If it exists, training goes on
            from it. It is left in place at the end.
        verbose: whether to show a progress bar (on standard error).

    Returns:
        The :class:`cifarlib.training.Run`.

    Raises:
        ValueError: the recipe does not fit, or the checkpoint is damaged or of another training.
        OSError: the checkpoint cannot be written, or another training has it; found out before the
            first step.
        FloatingPointError: the loss, another curve or a weight became NaN or infinite; the message
            says when.

    >>> from cifarlib import load_cifar10
    >>> from cifarlib.models import speednet
    >>> from cifarlib.training import NTXent, ViewPairs, with_projection
    >>> encoder = speednet(widths=(8, 8, 8), stride=2, classes=None)
    >>> batches = ViewPairs(load_cifar10().x_train[:64], batch_size=32)
    >>> recipe = Recipe(epochs=2, batch_size=32, optimizer="adamw", learning_rate=1e-3)
    >>> run = pretrain(with_projection(encoder), batches, NTXent(), recipe, verbose=False)
    >>> run.epochs, list(run.curves)
    (2, ['loss'])
    """
    checks.model(model)
    checks.instance("recipe", recipe, Recipe)
    if not isinstance(batches, keras.utils.PyDataset) or not hasattr(batches, "start_epoch"):
        raise ValueError(f"batches must be batches such as ViewPairs, got {type(batches).__name__}")
    if isinstance(loss, type) or not (isinstance(loss, str) or callable(loss)):
        raise ValueError(f"loss must be a loss of Keras, such as NTXent(), got {loss!r}")
    if not isinstance(metrics, list | tuple) or not all(
        isinstance(metric, str) or callable(metric) for metric in metrics
    ):
        raise ValueError(f"metrics must be a list of metrics of Keras, got {metrics!r}")
    path = None if checkpoint is None else checks.path("checkpoint", checkpoint)
    _check_recipe(recipe, batches)
    seed = checks.whole("seed", batches.seed, 0, 2**32 - 1)
    steps = len(batches)
    optimizer = build_optimizer(recipe, model, recipe.epochs * steps)
    model.compile(optimizer, loss=loss, metrics=list(metrics), auto_scale_loss=True)
    model.optimizer.build(model.trainable_variables)
    reseed(model, seed)

    def fit(progress: Progress, save) -> Progress:
        if progress.epochs < recipe.epochs:
            callbacks = [Follower(batches, progress, save)]
            callbacks += [Bar(recipe.epochs, steps, progress.epochs)] if verbose else []
            model.fit(
                batches,
                epochs=recipe.epochs,
                initial_epoch=progress.epochs,
                shuffle=False,  # the batches shuffle by themselves
                callbacks=callbacks,
                verbose=0,
            )
        return progress

    if path is None:
        done = fit(Progress(), lambda: None)
    else:
        with checkpoints.held(path, model):
            what = identity(model, recipe, seed, (batches.x,), None)
            what |= {"objective": _objective(loss, batches)}
            progress = checkpoints.restore(path, model, what, recipe.epochs)
            done = fit(progress, lambda: checkpoints.save(path, model, what, progress))
    return Run(seed, done.epochs, done.seconds, done.cpu_seconds, done.curves, done.stretches)


def _objective(loss: str | Callable, batches: Unlabeled) -> str:
    """The loss and the settings of the batches, which decide how a training goes on."""
    if isinstance(loss, keras.losses.Loss):
        told = loss.get_config()
    else:
        told = getattr(loss, "__name__", str(loss))
    return json.dumps([told, batches.settings()], sort_keys=True, default=str)


_FOR_LABELS = {
    "adversarial_epsilon", "augmentation", "label_smoothing", "lookahead", "teacher_share",
    "temperature",
}  # fmt: skip


def _check_recipe(recipe: Recipe, batches: Unlabeled) -> None:
    if recipe.batch_size != batches.batch_size:
        raise ValueError(
            f"the recipe's batch_size is {recipe.batch_size}, that of the batches is "
            f"{batches.batch_size}: give both the same"
        )
    if given := sorted(_FOR_LABELS & set(recipe.settings())):
        raise ValueError(
            f"a training without labels has no use for the recipe's {', '.join(given)}: leave "
            "that out; views and temperature are settings of the batches and the loss"
        )
