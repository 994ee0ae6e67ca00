"""What the three changes do that the book's first page proposes, one line each."""

from __future__ import annotations

import functools
from dataclasses import replace

from cifarlib.models import simple_cnn
from cifarlib.recipes import SIMPLE_CNN
from cifarlib.zoo.experiments.experiment import Experiment
from cifarlib.zoo.trainings import Training

# The page trains on the first 9,000 images; the test set is looked at once, at the end
_run = functools.partial(Training, images=9_000)

FIRST_CHANGES = Experiment(
    "What does one changed line do to the first network?",
    {
        "as it is": _run(simple_cnn, SIMPLE_CNN),
        "dropout 0": _run(functools.partial(simple_cnn, dropout=0.0), SIMPLE_CNN),
        "30 epochs": _run(simple_cnn, replace(SIMPLE_CNN, epochs=30)),
        "optimizer sgd": _run(simple_cnn, replace(SIMPLE_CNN, optimizer="sgd", learning_rate=0.01)),
    },
)
