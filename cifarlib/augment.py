"""Change training images in ways that leave their meaning alone, each image by itself.

Every function takes a batch, ``uint8 (n, 32, 32, 3)``, and gives a new one of the same shape and
type, but for mixup, which needs fractions; what is left to chance is drawn from the generator
given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cifarlib import checks
from cifarlib.rand_augment import OPERATIONS, rand_augment

FLIPS = ("none", "random", "alternating")
# What cutout fills with: the mean color of the training images, which normalization turns into 0
MEAN_COLOR = np.array([125, 123, 114], np.uint8)


@dataclass(frozen=True)
class Augmentation:
    """What is done to the images of a batch, in this order.

    Attributes:
        operations, magnitude: of :func:`cifarlib.rand_augment.rand_augment`; 0 operations leave
            it out.
        crop: the largest shift of :func:`shift`, in pixels.
        flip: ``"none"``; ``"random"``, each image mirrored with probability 1/2; or
            ``"alternating"``, as in :func:`mirrored`.
        cutout: the side of the square of :func:`cutout`, in pixels; 0 leaves it out.
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
            checks.whole(name, getattr(self, name), 0, most)
        checks.choice("flip", self.flip, FLIPS)
        for name in ("mixup", "cutmix"):
            checks.not_negative(name, getattr(self, name))


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
        New images and labels. Images are ``float32`` if the settings have mixup, whatever the coin
        says, and else of the type given; labels are ``float32`` if the settings mix.
    """
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


def shift(images: np.ndarray, pixels: int, rng: np.random.Generator) -> np.ndarray:
    """Move each image by up to ``pixels`` each way, and mirror it at its borders to fill up.

    That is: pad by reflection, then crop 32 x 32 at random, each image elsewhere.
    """
    around = ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0))
    padded = np.pad(images, around, mode="reflect" if pixels else "edge")
    count, height, width, _ = images.shape
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
    rows, columns = rng.integers(0, 2 * pixels + 1, (2, count))
    chosen = windows[np.arange(count), rows, columns]  # (n, 3, 32, 32)
    return np.ascontiguousarray(np.moveaxis(chosen, 1, -1))


def mirrored(count: int, flip: str, seed: int, epoch: int) -> np.ndarray:
    """Which of ``count`` images to mirror in an epoch, counted from 0: ``bool (count,)``.

    ``"random"`` draws anew for every epoch. ``"alternating"`` draws once and turns every image over
    in each later epoch, so that two epochs in a row show both sides of each.

    Raises:
        ValueError: there is no such ``flip``.

    Source:
        Alternating flip: Jordan (2024), arXiv 2404.00498, section 3.5.
    """
    checks.choice("flip", flip, FLIPS)
    if flip == "none":
        return np.zeros(count, bool)
    drawn_in = epoch if flip == "random" else 0
    drawn = np.random.default_rng([seed, drawn_in, 1]).random(count) < 0.5
    return drawn if flip == "random" or epoch % 2 == 0 else ~drawn


def cutout(images: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """Cover a square of each image with the mean color; it may reach over the border.

    Source:
        DeVries and Taylor (2017), arXiv 1708.04552.
    """
    inside = _boxes(images.shape, np.full(len(images), side), rng)
    return np.where(inside[..., None], MEAN_COLOR, images)


def mixup(
    images: np.ndarray, shares: np.ndarray, alpha: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Average each image with another of the batch, and their labels with the same weights.

    Args:
        images: ``(n, 32, 32, 3)``.
        shares: of the classes, ``float (n, 10)``.
        alpha: the weights are drawn from Beta(alpha, alpha), for each image.
        rng: draws weights and partners.

    Returns:
        ``float32 (n, 32, 32, 3)`` and ``float32 (n, 10)``.

    Raises:
        ValueError: ``shares`` are classes, not shares of the classes.

    Source:
        Zhang et al. (2017), arXiv 1710.09412.
    """
    check_shares(shares)
    weights = rng.beta(alpha, alpha, len(images)).astype(np.float32)
    partners = rng.permutation(len(images))
    mixed = [
        weight * values + (1 - weight) * values[partners]
        for weight, values in (
            (weights[:, None, None, None], images.astype(np.float32)),
            (weights[:, None], shares.astype(np.float32)),
        )
    ]
    return mixed[0], mixed[1]


def cutmix(
    images: np.ndarray, shares: np.ndarray, alpha: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Put a rectangle of another image of the batch into each, and mix the labels by area.

    Args:
        images: ``(n, 32, 32, 3)``.
        shares: of the classes, ``float (n, 10)``.
        alpha: the share of the area is drawn from Beta(alpha, alpha), for each image.
        rng: draws areas, places and partners.

    Returns:
        Images of the type given, and ``float32 (n, 10)``.

    Raises:
        ValueError: ``shares`` are classes, not shares of the classes.

    Source:
        Yun et al. (2019), arXiv 1905.04899.
    """
    check_shares(shares)
    sides = np.sqrt(rng.beta(alpha, alpha, len(images))) * images.shape[1]
    partners = rng.permutation(len(images))
    inside = _boxes(images.shape, sides.round().astype(int), rng)
    kept = 1 - inside.mean(axis=(1, 2), dtype=np.float32)[:, None]  # the borders cut boxes off
    mixed = np.where(inside[..., None], images[partners], images)
    shares = shares.astype(np.float32)
    return mixed, kept * shares + (1 - kept) * shares[partners]


def check_shares(shares: np.ndarray) -> None:
    """Refuse labels that cannot be mixed."""
    if shares.ndim != 2:
        raise ValueError(
            f"labels must be shares of the classes (n, 10) to be mixed, got shape {shares.shape}"
        )


def _boxes(shape: tuple, sides: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Which pixels lie in a square around a random pixel of each image: ``bool (n, h, w)``."""
    count, height, width, _ = shape
    inside = np.ones((count, height, width), bool)
    for axis, size in ((1, height), (2, width)):
        first = rng.integers(0, size, count) - sides // 2
        place = np.arange(size)[None]
        hit = (place >= first[:, None]) & (place < (first + sides)[:, None])
        inside &= np.expand_dims(hit, 3 - axis)
    return inside
