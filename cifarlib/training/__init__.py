"""Train a model by a recipe, and all that this takes.

``train`` is :mod:`cifarlib.training.loop`'s; around it stand the images, batch by batch, the
optimizer and its schedule, and the checkpoints by which a stopped training goes on. Importing it
lets Keras load whatever models of this package were saved, trained or not.
"""

import cifarlib.layers  # noqa: F401  (a saved model names them, and Keras must know them)
from cifarlib.training.adversarial import against_attacks
from cifarlib.training.batches import Batches
from cifarlib.training.contrastive import NTXent, ViewPairs, partner_found, with_projection
from cifarlib.training.distillation import Distillation, softened, taught
from cifarlib.training.fingerprints import fingerprint
from cifarlib.training.lookahead import Lookahead
from cifarlib.training.loop import Run, train
from cifarlib.training.masked import (
    HiddenPatches,
    MaskedImages,
    from_patches,
    random_masking,
    to_patches,
)
from cifarlib.training.optimizers import build_optimizer
from cifarlib.training.pretraining import pretrain
from cifarlib.training.schedules import Schedule

__all__ = [
    "Batches", "Distillation", "HiddenPatches", "Lookahead", "MaskedImages", "NTXent", "Run",
    "Schedule", "ViewPairs", "against_attacks", "build_optimizer", "fingerprint", "from_patches",
    "partner_found", "pretrain", "random_masking", "softened", "taught", "to_patches", "train",
    "with_projection",
]  # fmt: skip
