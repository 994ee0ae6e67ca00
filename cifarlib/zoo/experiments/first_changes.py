"""What the three changes do that the book's first page proposes, one line each."""

from __future__ import annotations

import functools
from dataclasses import replace

from cifarlib.models import simple_cnn
from cifarlib.recipes import SIMPLE_CNN
from cifarlib.zoo.experiments.variants import Experiment, Variant

# The page trains on the first 9,000 images; the test set is looked at once, at the end
_IMAGES = 9_000
_AS_IT_IS = replace(SIMPLE_CNN, validate_on_test=False)

FIRST_CHANGES = Experiment(
    "What does one changed line do to the first network?",
    {
        "as it is": Variant(simple_cnn, _AS_IT_IS, _IMAGES),
        "dropout 0": Variant(functools.partial(simple_cnn, dropout=0.0), _AS_IT_IS, _IMAGES),
        "30 epochs": Variant(simple_cnn, replace(_AS_IT_IS, epochs=30), _IMAGES),
        "optimizer sgd": Variant(
            simple_cnn, replace(_AS_IT_IS, optimizer="sgd", learning_rate=0.01), _IMAGES
        ),
    },
)
