"""What did AlexNet's ReLU bring, and what its local response normalization?"""

from __future__ import annotations

import functools
from dataclasses import replace

from cifarlib.models import alexnet
from cifarlib.recipes import ALEXNET
from cifarlib.zoo.experiments.variants import Experiment, Variant

_RECIPE = replace(ALEXNET, epochs=30, warmup=0.1)
_SMALLER = replace(_RECIPE, learning_rate=0.015)
# Its own initialization suits tanh. Both activations get two rates, so that neither is judged by
# one that suits the other
_TANH = functools.partial(alexnet, activation="tanh", initializer="glorot_uniform")

ACTIVATION = Experiment(
    "What did AlexNet's ReLU bring, and what its local response normalization?",
    {
        "ReLU": Variant(alexnet, _RECIPE),
        "ReLU, smaller rate": Variant(alexnet, _SMALLER),
        "tanh": Variant(_TANH, _RECIPE),
        "tanh, smaller rate": Variant(_TANH, _SMALLER),
        "local response normalization": Variant(
            functools.partial(alexnet, norm="response"), _RECIPE
        ),
        "batch normalization": Variant(functools.partial(alexnet, norm="batch"), _RECIPE),
    },
)
