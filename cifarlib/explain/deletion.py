"""Deletion and insertion: whether what a map calls important is what the answer depends on."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from cifarlib._checks import numbers, whole
from cifarlib.explain.saliency import filled
from cifarlib.explain.scores import chosen, class_scores, fed, in_batches, prepared
from cifarlib.layers import CHANNEL_MEANS


def deletion_curve(
    model: keras.Model,
    images: np.ndarray,
    maps: np.ndarray,
    classes=None,
    *,
    steps: int = 16,
    fill: float | np.ndarray = CHANNEL_MEANS,
    preprocess: Callable | None = None,
) -> np.ndarray:
    """A class's probability while the pixels go, the most important ones first.

    If a map is right about what matters, the probability falls early.

    Args:
        model: gives logits or, by a softmax at its end, probabilities.
        images: ``(n, 32, 32, 3)``, 0..255.
        maps: how important each pixel is, ``(n, 32, 32)``; only the order counts, and of equal
            ones the first by rows goes first.
        classes: whose probability: a number, or one per image, ``(n,)``. By default the model's own
            answer to each whole image.
        steps: in how many equal parts the pixels go.
        fill: what they become: a gray value, 0..255; a color ``(3,)``, by default the mean of the
            training images; or images ``(n, 32, 32, 3)``, such as blurred ones.
        preprocess: for a model that takes something else than raw images: a function from
            ``float32 (n, 32, 32, 3)``, 0..255, to what it takes, such as
            ``lambda images: images / 255``.

    Returns:
        ``float32 (n, steps + 1)``, from all pixels in place to none.

    Raises:
        ValueError: images, maps, classes, a setting or the model's outputs have the wrong form.

    Source:
        Petsiuk et al. (2018), arXiv 1806.07421, section 4.1.
    """
    return _curve(model, images, maps, classes, steps, fill, preprocess, insert=False)


def insertion_curve(
    model: keras.Model,
    images: np.ndarray,
    maps: np.ndarray,
    classes=None,
    *,
    steps: int = 16,
    fill: float | np.ndarray = CHANNEL_MEANS,
    preprocess: Callable | None = None,
) -> np.ndarray:
    """A class's probability while pixels come back, the most important ones first.

    If a map is right about what matters, the probability rises early. Arguments and source are
    those of :func:`deletion_curve`.

    Returns:
        ``float32 (n, steps + 1)``, from no pixels in place to all.
    """
    return _curve(model, images, maps, classes, steps, fill, preprocess, insert=True)


def _curve(model, images, maps, classes, steps, fill, preprocess, *, insert: bool) -> np.ndarray:
    """Step by step from the images to the fill, or back."""
    prepared(images)  # a wrong form is found out before anything else
    raw = np.asarray(images, np.float32)
    maps = numbers("maps", maps, finite=False).astype(np.float64)  # minus an unsigned 1 is 255
    steps = whole("steps", steps, 1, raw.shape[1] * raw.shape[2])
    if maps.shape != raw.shape[:3]:
        raise ValueError(
            f"maps must have the shape {raw.shape[:3]}, one per image, got {maps.shape}"
        )
    if np.isnan(maps).any():
        raise ValueError("maps have nan: no order can be made of them")
    cover = filled(fill, raw, "fill")
    before, after = (cover, raw) if insert else (raw, cover)
    order = np.argsort(-maps.reshape(len(raw), -1), axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable").reshape(maps.shape)
    found = []
    inputs = fed(raw, preprocess)
    with class_scores(model, inputs[:1]) as scores:
        wanted = chosen(scores, inputs, classes)[:, None]
        for step in range(steps + 1):
            gone = rank < round(step * rank[0].size / steps)
            inputs = fed(np.where(gone[..., None], after, before), preprocess)
            shares = in_batches(lambda x: ops.softmax(scores(x), axis=1), inputs)
            found.append(np.take_along_axis(shares, wanted, axis=1)[:, 0])
    return np.stack(found, axis=1)
