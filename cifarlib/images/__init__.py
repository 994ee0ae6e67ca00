"""Augmentation: pictures in, pictures out, each changed in ways that leave its meaning alone.

Every function takes a batch, ``uint8 (n, 32, 32, 3)``, and gives a new one of the same shape and
type, but for mixup, which needs fractions; what is left to chance is drawn from the generator
given. NumPy and Pillow alone.
"""

from cifarlib.images.augmentation import Augmentation, augment
from cifarlib.images.mixing import check_shares, cutmix, cutout, mixup
from cifarlib.images.moves import FLIPS, mirrored, shift
from cifarlib.images.policies import OPERATIONS, rand_augment

__all__ = [
    "FLIPS", "OPERATIONS", "Augmentation", "augment", "check_shares", "cutmix", "cutout",
    "mirrored", "mixup", "rand_augment", "shift",
]  # fmt: skip
