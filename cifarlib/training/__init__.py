"""Train a model by a recipe, and all that this takes.

``train`` is :mod:`cifarlib.training.loop`'s; around it stand the images, batch by batch, the
optimizer and its schedule, and the checkpoints by which a stopped training goes on. Importing it
lets Keras load whatever models of this package were saved, trained or not.
"""

import cifarlib.layers  # noqa: F401  (a saved model names them, and Keras must know them)
from cifarlib.training.batches import Batches
from cifarlib.training.fingerprints import fingerprint
from cifarlib.training.lookahead import Lookahead
from cifarlib.training.loop import Run, train
from cifarlib.training.optimizers import build_optimizer
from cifarlib.training.schedules import Schedule

__all__ = [
    "Batches", "Lookahead", "Run", "Schedule", "build_optimizer", "fingerprint", "train",
]  # fmt: skip
