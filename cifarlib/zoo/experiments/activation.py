"""What did AlexNet's ReLU bring, and what its local response normalization?"""

from __future__ import annotations

import functools
from dataclasses import replace

from cifarlib.models import alexnet
from cifarlib.recipes import ALEXNET
from cifarlib.zoo.experiments.experiment import Experiment
from cifarlib.zoo.trainings import Training

_RECIPE = replace(ALEXNET, epochs=30, warmup=0.1)
_run = functools.partial(Training, images=10_000, precision="fastest")
_SMALLER = replace(_RECIPE, learning_rate=0.015)
# Its own initialization suits tanh. Both activations get two rates, so that neither is judged by
# one that suits the other
_TANH = functools.partial(alexnet, activation="tanh", initializer="glorot_uniform")

ACTIVATION = Experiment(
    "What did AlexNet's ReLU bring, and what its local response normalization?",
    {
        "ReLU": _run(alexnet, _RECIPE),
        "ReLU, smaller rate": _run(alexnet, _SMALLER),
        "tanh": _run(_TANH, _RECIPE),
        "tanh, smaller rate": _run(_TANH, _SMALLER),
        "local response normalization": _run(functools.partial(alexnet, norm="response"), _RECIPE),
        "batch normalization": _run(functools.partial(alexnet, norm="batch"), _RECIPE),
    },
)
