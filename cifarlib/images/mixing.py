"""Cover a part of each image, or mix it with another one and their labels with it."""

from __future__ import annotations

import numpy as np

from cifarlib import _checks as checks

# What cutout fills with: the mean color of the training images, which normalization turns into 0
MEAN_COLOR = np.array([125, 123, 114], np.uint8)


def cutout(images: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """Cover a square of each image with the mean color; it may reach over the border.

    Images are on the scale of 0..255, of any type; on another scale the color is wrong.

    Raises:
        ValueError: images have another shape, or ``side`` is no whole number from 0 on.

    Source:
        DeVries and Taylor (2017), arXiv 1708.04552.
    """
    images, side = checks.pictures("images", images), checks.whole("side", side, 0)
    checks.generator("rng", rng)
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
        rng: draws weights and partners; an image may become its own.

    Returns:
        ``float32 (n, 32, 32, 3)`` and ``float32 (n, 10)``.

    Raises:
        ValueError: ``shares`` are classes, not shares of the classes; or an argument has another
            shape or is outside its range.

    Source:
        Zhang et al. (2018), arXiv 1710.09412.
    """
    images, shares = _checked(images, shares, rng)
    alpha = checks.positive("alpha", alpha)
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
        alpha: the share of the area is drawn from Beta(alpha, alpha), for each image; what lies
            beyond the border is cut off, and the labels are mixed by what is left.
        rng: draws areas, places and partners; an image may become its own.

    Returns:
        Images of the type given, and ``float32 (n, 10)``.

    Raises:
        ValueError: ``shares`` are classes, not shares of the classes; or an argument has another
            shape or is outside its range.

    Source:
        Yun et al. (2019), arXiv 1905.04899.
    """
    images, shares = _checked(images, shares, rng)
    alpha = checks.positive("alpha", alpha)
    sides = np.sqrt(rng.beta(alpha, alpha, len(images))) * images.shape[1]
    partners = rng.permutation(len(images))
    inside = _boxes(images.shape, sides.round().astype(int), rng)
    kept = 1 - inside.mean(axis=(1, 2), dtype=np.float32)[:, None]  # the borders cut boxes off
    mixed = np.where(inside[..., None], images[partners], images)
    shares = shares.astype(np.float32)
    return mixed, kept * shares + (1 - kept) * shares[partners]


def check_shares(shares: np.ndarray) -> None:
    """Refuse labels that cannot be mixed.

    Raises:
        ValueError: they are no shares of the classes.
    """
    found = checks.array("labels", shares)
    numbers = found.dtype.kind in "iufb"
    if found.ndim != 2 or found.shape[1] < 2 or not numbers or not np.isfinite(found).all():
        raise ValueError(
            "labels must be shares of the classes (n, 10) to be mixed, got "
            f"shape {found.shape}, {found.dtype}"
        )


def _checked(
    images: np.ndarray, shares: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The images of a batch and their shares as arrays, if they fit together."""
    images = checks.pictures("images", images)
    check_shares(shares)
    shares = np.asarray(shares)
    if len(shares) != len(images):
        raise ValueError(
            f"each image needs a row of shares, got {len(images)} images and shares {shares.shape}"
        )
    checks.generator("rng", rng)
    return images, shares


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
