"""Larger batches: does the learning rate have to grow with them, and does a warm-up help?"""

from __future__ import annotations

import functools
from dataclasses import replace

from cifarlib.models import speednet
from cifarlib.recipes import Recipe
from cifarlib.zoo.experiments.experiment import Experiment
from cifarlib.zoo.trainings import Training

_NETWORK = functools.partial(
    speednet, widths=(32, 64, 128), patch_size=4, stride=2, components=24, bn_momentum=0.8
)
_run = functools.partial(Training, _NETWORK, images=10_000)

# The best of 0.01, 0.02, 0.05, 0.1 and 0.2 on 2,000 held-out images of these 10,000
_SMALL = Recipe(
    epochs=10, batch_size=64, optimizer="sgd", learning_rate=0.1, momentum=0.9, schedule="cosine"
)


def _batch(size: int, factor: float, warmup: float = 0.0) -> Training:
    """Batches of ``size``, the rate times ``factor``, a warm-up from the small batch's rate."""
    rate = factor * _SMALL.learning_rate
    recipe = replace(_SMALL, batch_size=size, learning_rate=rate)
    if warmup:
        recipe = replace(recipe, warmup=warmup, start=1 / factor)
    return _run(recipe)


LARGE_BATCH = Experiment(
    "What learning rate does a larger batch need?",
    {
        "64": _run(_SMALL),
        "512": _batch(512, 1),
        "512, rate x 2.8": _batch(512, 2.8),
        "512, rate x 8": _batch(512, 8),
        "512, rate x 8, warm-up": _batch(512, 8, 0.2),
        "2,000": _batch(2_000, 1),
        "2,000, rate x 31": _batch(2_000, 31),
        "2,000, rate x 31, warm-up": _batch(2_000, 31, 0.2),
    },
)
