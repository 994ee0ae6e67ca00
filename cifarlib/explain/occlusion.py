"""Occlusion: cover a part of the image, and see how far the score falls."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import keras
import numpy as np

from cifarlib._checks import whole
from cifarlib.explain.saliency import filled
from cifarlib.explain.scores import chosen, class_scores, fed, in_batches, prepared
from cifarlib.layers import CHANNEL_MEANS


def occlusion_map(
    model: keras.Model,
    images: np.ndarray,
    classes=None,
    *,
    size: int = 8,
    stride: int = 4,
    fill: float | np.ndarray = CHANNEL_MEANS,
    preprocess: Callable | None = None,
) -> np.ndarray:
    """How far a class's score falls when a square of the image is covered.

    The square moves over the image. Each pixel gets the mean of what was lost in all the places
    that covered it.

    Args:
        model: gives logits or, by a softmax at its end, probabilities.
        images: ``(n, 32, 32, 3)``, 0..255.
        classes: the class to explain: a number, or one per image, ``(n,)``. By default the model's
            own answer to each image.
        size: pixels a side of the square, 1 to 32.
        stride: pixels from one place to the next, at most ``size``, so that every pixel is covered.
            The last place is at the edge, even if the stride does not lead there.
        fill: what covers: a gray value, 0..255; a color ``(3,)``, by default the mean of the
            training images; or images ``(n, 32, 32, 3)``, such as blurred ones.
        preprocess: for a model that takes something else than raw images: a function from
            ``float32 (n, 32, 32, 3)``, 0..255, to what it takes, such as
            ``lambda images: images / 255``.

    Returns:
        ``float32 (n, 32, 32)``, in units of score (logits): above 0 where the covered part speaks
        for the class, below 0 where it speaks against it.

    Raises:
        ValueError: images, classes, a setting or the model's outputs have the wrong form.

    Source:
        Zeiler and Fergus (2014), arXiv 1311.2901, section 4.2.
    """
    prepared(images)  # a wrong form is found out before anything else
    raw = np.asarray(images, np.float32)
    height, width = raw.shape[1:3]
    size = whole("size", size, 1, min(height, width))
    stride = whole("stride", stride, 1, size)
    cover = filled(fill, raw, "fill")
    lost = np.zeros(raw.shape[:3], np.float64)
    covered = np.zeros((height, width))
    rows, columns = _places(height, size, stride), _places(width, size, stride)
    inputs = fed(raw, preprocess)
    with class_scores(model, inputs[:1]) as scores:
        wanted = chosen(scores, inputs, classes)[:, None]
        before = np.take_along_axis(in_batches(scores, inputs), wanted, axis=1)
        for top, left in itertools.product(rows, columns):
            down, right = slice(top, top + size), slice(left, left + size)
            changed = raw.copy()
            changed[:, down, right] = cover[:, down, right]
            after = in_batches(scores, fed(changed, preprocess))
            after = np.take_along_axis(after, wanted, axis=1)
            lost[:, down, right] += (before - after)[:, :, None]
            covered[down, right] += 1
    return (lost / covered).astype(np.float32)


def _places(length: int, size: int, stride: int) -> list[int]:
    """Where the square begins along one axis."""
    return sorted({*range(0, length - size + 1, stride), length - size})
