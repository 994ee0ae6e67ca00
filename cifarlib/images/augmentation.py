"""What is done to the training images of a batch, one change after another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cifarlib import _checks as checks
from cifarlib.images.mixing import cutmix, cutout, mixup
from cifarlib.images.moves import FLIPS, shift
from cifarlib.images.policies import OPERATIONS, rand_augment


@dataclass(frozen=True)
class Augmentation:
    """What is done to the images of a batch, in this order.

    Attributes:
        operations, magnitude: of :func:`cifarlib.images.rand_augment`, 0 to 14 and 0 to 30; 0
            operations leave it out.
        crop: the largest shift of :func:`shift`, 0 to 16 pixels.
        flip: ``"none"``; ``"random"``, each image mirrored with probability 1/2; or
            ``"alternating"``, as in :func:`mirrored`.
        cutout: the side of the square of :func:`cutout`, 0 to 32 pixels; 0 leaves it out.
        mixup: the parameter of :func:`mixup`; 0 leaves it out.
        cutmix: the parameter of :func:`cutmix`; 0 leaves it out. With both, each batch gets one of
            the two, by the toss of a coin.

    Raises:
        ValueError: a setting is outside its range.
    """

    operations: int = 0
    magnitude: int = 0
    crop: int = 0
    flip: str = "none"
    cutout: int = 0
    mixup: float = 0.0
    cutmix: float = 0.0

    def __post_init__(self) -> None:
        limits = {"operations": len(OPERATIONS), "magnitude": 30, "crop": 16, "cutout": 32}
        for name, most in limits.items():
            # Python's own numbers, which can be written as JSON
            object.__setattr__(self, name, checks.whole(name, getattr(self, name), 0, most))
        checks.choice("flip", self.flip, FLIPS)
        for name in ("mixup", "cutmix"):
            object.__setattr__(self, name, checks.not_negative(name, getattr(self, name)))


def augment(
    images: np.ndarray,
    labels: np.ndarray,
    settings: Augmentation,
    mirror: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Apply ``settings`` to a batch.

    Args:
        images: ``uint8 (n, 32, 32, 3)``.
        labels: classes ``(n,)``, or, for mixup and CutMix, their shares ``(n, 10)``.
        settings: what to do.
        mirror: which images to flip, ``bool (n,)``; see :func:`mirrored`.
        rng: draws the rest.

    Returns:
        New images, and labels. Images are ``float32`` if the settings have mixup, whatever the coin
        says, and else of the type given; labels are new, and ``float32``, if the settings mix, and
        else those given.

    Raises:
        ValueError: an argument has another shape or type.
    """
    checks.instance("settings", settings, Augmentation)
    images = checks.pictures("images", images)
    mirror = checks.array("mirror", mirror)
    if mirror.shape != (len(images),) or mirror.dtype != bool:
        raise ValueError(
            f"mirror must be one True or False per image, bool ({len(images)},), got "
            f"{mirror.dtype} {mirror.shape}"
        )
    if settings.operations:
        images = rand_augment(images, settings.operations, settings.magnitude, rng)
    images = shift(images, settings.crop, rng) if settings.crop else images.copy()
    images[mirror] = images[mirror, :, ::-1]
    if settings.cutout:
        images = cutout(images, settings.cutout, rng)
    if settings.mixup:  # TensorFlow casts all batches to the type of the first one
        images = images.astype(np.float32)
    mix = settings.mixup > 0 and (settings.cutmix == 0 or rng.random() < 0.5)
    if mix:
        return mixup(images, labels, settings.mixup, rng)
    if settings.cutmix:
        return cutmix(images, labels, settings.cutmix, rng)
    return images, labels
