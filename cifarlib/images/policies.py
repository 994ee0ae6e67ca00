"""RandAugment: a few changes of color and geometry, drawn at random, all of one strength."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from cifarlib import _checks as checks

_GRAY = (125, 123, 114)  # what moves in from outside: the mean color of the training images


def _enhance(kind: type) -> Callable:
    return lambda image, level, sign: kind(image).enhance(1 + sign * 0.9 * level)


def _affine(matrix: Callable) -> Callable:
    return lambda image, level, sign: image.transform(
        image.size, Image.Transform.AFFINE, matrix(sign * level), fillcolor=_GRAY
    )


# Each takes a Pillow image, a level 0..1 and a sign. The ranges are the paper's, for 32 x 32.
OPERATIONS: dict[str, Callable] = {
    "identity": lambda image, level, sign: image,
    "autocontrast": lambda image, level, sign: ImageOps.autocontrast(image),
    "equalize": lambda image, level, sign: ImageOps.equalize(image),
    "rotate": lambda image, level, sign: image.rotate(sign * 30 * level, fillcolor=_GRAY),
    "solarize": lambda image, level, sign: ImageOps.solarize(image, int(256 - 256 * level)),
    "color": _enhance(ImageEnhance.Color),
    "posterize": lambda image, level, sign: ImageOps.posterize(image, 8 - int(4 * level)),
    "contrast": _enhance(ImageEnhance.Contrast),
    "brightness": _enhance(ImageEnhance.Brightness),
    "sharpness": _enhance(ImageEnhance.Sharpness),
    "shear x": _affine(lambda level: (1, 0.3 * level, 0, 0, 1, 0)),
    "shear y": _affine(lambda level: (1, 0, 0, 0.3 * level, 1, 0)),
    "translate x": _affine(lambda level: (1, 0, 10 * level, 0, 1, 0)),
    "translate y": _affine(lambda level: (1, 0, 0, 0, 1, 10 * level)),
}


def rand_augment(
    images: np.ndarray, operations: int, magnitude: int, rng: np.random.Generator
) -> np.ndarray:
    """Apply ``operations`` different changes to each image, drawn for each by itself.

    Args:
        images: ``uint8 (n, 32, 32, 3)``.
        operations: how many of the 14 to apply, one after another.
        magnitude: their strength, 0 to 30. Autocontrast and equalize have none: they change an
            image at 0 as well.
        rng: draws the operations, and left or right, more or less.

    Returns:
        ``uint8 (n, 32, 32, 3)``.

    Raises:
        ValueError: images have another shape or type, or a number is outside its range.

    Source:
        Cubuk et al. (2020), arXiv 1909.13719.
    """
    images = checks.pictures("images", images, np.uint8)
    operations = checks.whole("operations", operations, 0, len(OPERATIONS))
    magnitude = checks.whole("magnitude", magnitude, 0, 30)
    checks.generator("rng", rng)
    names, changed = list(OPERATIONS), np.empty_like(images)
    for number, array in enumerate(images):
        image = Image.fromarray(array)
        for choice in rng.choice(len(names), operations, replace=False):
            sign = 1 if rng.random() < 0.5 else -1
            image = OPERATIONS[names[choice]](image, magnitude / 30, sign)
        changed[number] = np.asarray(image)
    return changed
