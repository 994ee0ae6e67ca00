"""Lookahead: every few steps, go back part of the way."""

from __future__ import annotations

import keras
import numpy as np

from cifarlib import _checks as checks


class Lookahead(keras.callbacks.Callback):
    """Keep slow weights, and every ``every`` steps set the model to their mix with its own.

    The share of the slow weights rises: ``0.95 ** every * (step / steps) ** 3``. There is a mix
    after the last step, too. Moving statistics of batch normalization are weights here as well.

    Args:
        every: optimizer steps between two mixes.
        steps: optimizer steps of the whole training.
        done: steps made before, where a training goes on.
        slow: a list of the slow weights of that time; if it is empty, they are the model's own at
            the start. The list is kept up to date, for checkpoints.

    Raises:
        ValueError: a setting is outside its range.

    Source:
        Zhang et al. (2019), arXiv 1907.08610, with the rising share of Jordan (2024),
        arXiv 2404.00498, section 3.4.
    """

    def __init__(
        self, every: int, steps: int, done: int = 0, slow: list[np.ndarray] | None = None
    ) -> None:
        super().__init__()
        self.every, self.steps = checks.whole("every", every, 1), checks.whole("steps", steps, 1)
        self.step = checks.whole("done", done, 0)
        self.slow = [] if slow is None else slow

    def on_train_begin(self, logs=None) -> None:
        if not self.slow:
            self.slow += [_copy(variable) for variable in averaged(self.model)]

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        self.step += 1
        if self.step % self.every and self.step != self.steps:
            return
        if keras.backend.backend() == "jax":  # the weights are elsewhere while JAX trains
            self.model.jax_state_sync()
        share = 0.95**self.every * (self.step / self.steps) ** 3
        for number, variable in enumerate(averaged(self.model)):
            self.slow[number] = share * self.slow[number] + (1 - share) * _copy(variable)
            variable.assign(self.slow[number])


def _copy(variable: keras.Variable) -> np.ndarray:
    return np.array(keras.ops.convert_to_numpy(variable))


def averaged(model: keras.Model) -> list[keras.Variable]:
    """The weights that training changes: trainable ones and moving statistics."""
    moving = [v for v in model.non_trainable_variables if "moving" in v.path]
    return model.trainable_variables + moving
