"""How the learning rate changes over a training."""

from __future__ import annotations

import math

import keras
from keras import ops

from cifarlib import _checks as checks
from cifarlib.recipes import SHAPES


@keras.saving.register_keras_serializable("cifarlib")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """A linear warm-up to ``peak``, then a descent towards ``peak * final``.

    Args:
        shape: of the descent: ``"constant"`` (none), ``"cosine"``, ``"linear"`` (with a warm-up:
            triangular), or ``"step"``: divided by 10 after a half and after three quarters of all
            steps.
        peak: the largest rate.
        steps: optimizer steps in all.
        warmup: the share of the steps that the warm-up takes, 0 <= w < 1.
        start: the rate at the first step of a warm-up, as a share of ``peak``.
        final: where a cosine or linear descent ends, after the last step, as a share of ``peak``.

    Raises:
        ValueError: a setting is outside its range.

    Source:
        Warm-up: Goyal et al. (2017), arXiv 1706.02677; cosine: Loshchilov and Hutter (2017),
        arXiv 1608.03983; step: He et al. (2016), arXiv 1512.03385, section 4.2.

    >>> schedule = Schedule("linear", 1.0, steps=100, warmup=0.2, start=0.5)
    >>> [round(float(schedule(step)), 3) for step in (0, 10, 20, 60, 100)]
    [0.5, 0.75, 1.0, 0.5, 0.0]
    """

    def __init__(
        self,
        shape: str,
        peak: float,
        *,
        steps: int,
        warmup: float = 0.0,
        start: float = 0.0,
        final: float = 0.0,
    ) -> None:
        super().__init__()
        checks.choice("shape", shape, SHAPES)
        peak = checks.positive("peak", peak)
        steps = checks.whole("steps", steps, 1)
        warmup = checks.fraction("warmup", warmup)
        start, final = checks.not_negative("start", start), checks.not_negative("final", final)
        self.shape, self.peak, self.steps = shape, peak, steps
        self.warmup, self.start, self.final = warmup, start, final

    def __call__(self, step):
        done = ops.cast(step, "float32") / self.steps  # 0..1
        rest = 1 - self.warmup
        descent = ops.clip((done - self.warmup) / rest, 0, 1)
        if self.shape == "cosine":
            share = self.final + (1 - self.final) * (1 + ops.cos(math.pi * descent)) / 2
        elif self.shape == "linear":
            share = 1 + (self.final - 1) * descent
        elif self.shape == "step":
            share = 1.0 - 0.9 * ops.cast(done >= 0.5, "float32")
            share = share - 0.09 * ops.cast(done >= 0.75, "float32")
        else:
            share = ops.ones_like(done)
        if self.warmup:
            rise = self.start + (1 - self.start) * done / self.warmup
            share = ops.where(done < self.warmup, rise, share)
        return self.peak * share

    def get_config(self) -> dict:
        names = ("shape", "peak", "steps", "warmup", "start", "final")
        return {name: getattr(self, name) for name in names}
