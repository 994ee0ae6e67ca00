"""Augmentation: pictures in, pictures out, each changed in ways that leave its meaning alone.

Corruptions, on the other hand, make pictures worse: not for training, but to see what a network
can bear. What changes pictures takes a batch, ``uint8 (n, 32, 32, 3)``, and gives a new one of the
same shape and type, but for mixup, which needs fractions; what is left to chance is drawn from the
generator or seed given. NumPy and Pillow alone.
"""

from cifarlib.images.augmentation import Augmentation, augment
from cifarlib.images.corruptions import CORRUPTIONS, SEVERITIES, Corruption, corrupt
from cifarlib.images.mixing import check_shares, cutmix, cutout, mixup
from cifarlib.images.moves import FLIPS, mirrored, shift
from cifarlib.images.policies import OPERATIONS, rand_augment
from cifarlib.images.views import random_views

__all__ = [
    "CORRUPTIONS", "FLIPS", "OPERATIONS", "SEVERITIES", "Augmentation", "Corruption", "augment",
    "check_shares", "corrupt", "cutmix", "cutout", "mirrored", "mixup", "rand_augment",
    "random_views", "shift",
]  # fmt: skip
