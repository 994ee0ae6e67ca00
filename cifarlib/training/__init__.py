"""Train a model by a recipe, and all that this takes; importing it loads saved models' layers, too.

``train`` is :mod:`cifarlib.training.loop`'s; around it stand the images, batch by batch, the
optimizer and its schedule, and the checkpoints by which a stopped training goes on.
"""

from cifarlib.training.batches import Batches
from cifarlib.training.fingerprints import fingerprint
from cifarlib.training.lookahead import Lookahead
from cifarlib.training.loop import Run, train
from cifarlib.training.optimizers import build_optimizer
from cifarlib.training.schedules import Schedule

__all__ = [
    "Batches", "Lookahead", "Run", "Schedule", "build_optimizer", "fingerprint", "train",
]  # fmt: skip
