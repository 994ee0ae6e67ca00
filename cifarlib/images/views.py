"""Another view of each picture: a part of it, enlarged, perhaps mirrored, in other colors."""

from __future__ import annotations

import math

import numpy as np

from cifarlib import _checks as checks

_GRAY = np.array([0.299, 0.587, 0.114], np.float32)  # how bright red, green and blue look


def random_views(
    images: np.ndarray,
    rng: np.random.Generator,
    *,
    smallest: float = 0.2,
    jitter: float = 0.5,
    gray: float = 0.2,
) -> np.ndarray:
    """A random view of each image: cropped and resized, mirrored, colors changed.

    The crop has a random area and a ratio of its sides from 3/4 to 4/3, and is brought back to the
    full size by bilinear interpolation. Half of the views are mirrored. Then brightness, contrast
    and saturation are multiplied by random factors, and the hue is turned.

    Args:
        images: ``uint8 (n, h, w, 3)``.
        rng: draws all that is random.
        smallest: the least share of the area that a crop keeps, above 0 and up to 1; with 1, all
            views show the whole image (up to the ratio of the sides).
        jitter: the strength ``s`` of the change of colors, 0..1. Factors are drawn from
            ``1 - 0.8 s`` to ``1 + 0.8 s``, and the hue turns by up to ``0.2 s`` of a full circle.
            Four of five views get it, one of five stays as it is.
        gray: the share of views that lose their colors, 0..1.

    Returns:
        ``uint8 (n, h, w, 3)``.

    Raises:
        ValueError: the images have another shape or type, or a setting is outside its range.

    Source:
        Chen et al. (2020), arXiv 2002.05709, appendices A and B.9 (for CIFAR-10: no blur, strength
        0.5). Adapted: the hue turns around the gray axis of RGB, so that all changes of color
        together are one 3 x 3 matrix; and crops have at least a fifth of the area, not 8 percent.

    >>> images = np.full((4, 32, 32, 3), 100, np.uint8)
    >>> views = random_views(images, np.random.default_rng(0), jitter=0, gray=0)
    >>> views.shape, int(views.min()), int(views.max())  # nothing but crops of a gray wall
    ((4, 32, 32, 3), 100, 100)
    """
    images = checks.pictures("images", images, np.uint8)
    checks.generator("rng", rng)
    smallest = checks.share("smallest", checks.positive("smallest", smallest))
    jitter, gray = checks.share("jitter", jitter), checks.share("gray", gray)
    count, height, width, _ = images.shape
    area = rng.uniform(smallest, 1, count)
    ratio = np.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3), count))  # width to height
    rows = _interpolation(np.sqrt(area / ratio).clip(max=1), height, rng)
    columns = _interpolation(np.sqrt(area * ratio).clip(max=1), width, rng)
    mirror = rng.random(count) < 0.5
    columns[mirror] = columns[mirror, ::-1]
    x = images.astype(np.float32).reshape(count, height, width * 3)
    x = (rows @ x).reshape(count, height, width, 3).swapaxes(1, 2)  # (n, w, h, 3)
    x = columns @ x.reshape(count, width, height * 3)
    x = x.reshape(count, width, height, 3).swapaxes(1, 2).reshape(count, -1, 3)
    matrix, contrast = _color_changes(count, jitter, gray, rng)
    mean = (x.mean(axis=1) @ _GRAY)[:, None, None]  # which a change of contrast leaves alone
    brightness = matrix.sum(axis=2).mean(axis=1)[:, None, None]  # of what is gray
    x = x @ matrix.swapaxes(1, 2) * contrast + (1 - contrast) * mean * brightness
    return np.rint(x).clip(0, 255).astype(np.uint8).reshape(images.shape)


def _interpolation(share: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """How much of each old pixel goes into each new one, along one axis: ``float32 (n, new, old)``.

    Args:
        share: of the axis that each crop keeps, ``(n,)``; where it begins is drawn.
        size: pixels of the axis, before and after.
        rng: draws.
    """
    begin = rng.uniform(0, 1, len(share)) * (1 - share) * size
    centers = begin[:, None] + (np.arange(size) + 0.5) * share[:, None] - 0.5
    centers = centers.clip(0, size - 1)  # (n, new), in old pixels
    distance = np.abs(centers[:, :, None] - np.arange(size))
    return np.maximum(0, 1 - distance).astype(np.float32)


def _color_changes(
    count: int, jitter: float, gray: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """For each image, what its colors are multiplied with, ``(n, 3, 3)``, and a contrast."""
    applied = rng.random(count) < 0.8
    strength = np.where(applied, 0.8 * jitter, 0)
    factors = 1 + strength[:, None] * rng.uniform(-1, 1, (count, 3))
    brightness, contrast, saturation = factors.T[:, :, None, None]
    turn = rng.uniform(-1, 1, count) * strength * 0.25 * 2 * math.pi
    saturation = np.where(rng.random(count) < gray, 0, saturation[:, 0, 0])[:, None, None]
    to_gray = np.tile(_GRAY, (3, 1))
    matrix = saturation * _turned(turn) + (1 - saturation) * to_gray
    return (brightness * matrix).astype(np.float32), contrast.astype(np.float32)


def _turned(angle: np.ndarray) -> np.ndarray:
    """The rotation of RGB around its gray axis by each angle: ``(n, 3, 3)`` (Rodrigues)."""
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    onto = np.full((3, 3), 1 / 3)
    cos, sin = (wave(angle)[:, None, None] for wave in (np.cos, np.sin))
    return cos * np.eye(3) + sin * cross + (1 - cos) * onto
