"""What each ingredient of a training is worth: take it away, and see."""

from __future__ import annotations

import functools
from dataclasses import replace

from cifarlib.images import Augmentation
from cifarlib.models import vgg
from cifarlib.recipes import Recipe
from cifarlib.zoo.experiments.experiment import Experiment
from cifarlib.zoo.trainings import Training

_NET = functools.partial(vgg, 11, width=16)
# He et al.'s settings (see cifarlib.recipes.RESNET), short, on the images that the package carries
_ALL = Recipe(
    epochs=30, batch_size=128, optimizer="sgd", learning_rate=0.05, momentum=0.9,
    weight_decay=5e-3, schedule="cosine", warmup=0.1,
    augmentation=Augmentation(crop=4, flip="random"),
)  # fmt: skip
_run = functools.partial(Training, images=10_000, precision="fastest")

ABLATION = Experiment(
    "What is each ingredient of a training worth?",
    {
        "everything": _run(_NET, _ALL),
        "no batch normalization": _run(functools.partial(_NET, batch_norm=False), _ALL),
        "no augmentation": _run(_NET, replace(_ALL, augmentation=Augmentation())),
        "no weight decay": _run(_NET, replace(_ALL, weight_decay=0.0)),
        "no schedule": _run(_NET, replace(_ALL, schedule="constant", warmup=0.0)),
        "no momentum": _run(_NET, replace(_ALL, momentum=0.0)),
        "with dropout": _run(functools.partial(_NET, dropout=0.5), _ALL),
        "small initial weights": _run(
            functools.partial(_NET, batch_norm=False, initializer="small"), _ALL
        ),
        "small initial weights, normalized": _run(
            functools.partial(_NET, initializer="small"), _ALL
        ),
    },
)
