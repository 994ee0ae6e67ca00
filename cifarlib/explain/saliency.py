"""Pixel by pixel, what a class's score depends on: saliency and two ways to calm it down."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from cifarlib._checks import array, not_negative, truth, whole
from cifarlib.explain.gradients import input_gradient
from cifarlib.explain.scores import chosen, class_scores, fed, prepared

_BATCH = 100  # images at a time, for the sake of memory


def saliency(
    model: keras.Model,
    images: np.ndarray,
    classes=None,
    *,
    times_input: bool = False,
    preprocess: Callable | None = None,
) -> np.ndarray:
    """The gradient of a class's score: by how much each value, raised by 1, would raise it.

    Args:
        model: gives logits or, by a softmax at its end, probabilities.
        images: ``(n, 32, 32, 3)``, 0..255.
        classes: the class to explain: a number, or one per image, ``(n,)``. By default the model's
            own answer to each image.
        times_input: multiply each gradient with the value itself: what the value contributes, if
            the score were linear.
        preprocess: for a model that takes something else than raw images: a function from
            ``float32 (n, 32, 32, 3)``, 0..255, to what it takes, such as
            ``lambda images: images / 255``. The gradient is then that for what it takes.

    Returns:
        ``float32`` in the shape of what the model takes, ``(n, 32, 32, 3)`` for raw images: above
        0 where more of a color speaks for the class, below 0 where it speaks against it.

    Raises:
        ValueError: images, classes or the model's outputs have the wrong form.
        NotImplementedError: Keras runs on another backend than TensorFlow or JAX.

    Source:
        Simonyan et al. (2014), arXiv 1312.6034, section 3.
    """
    truth("times_input", times_input)
    inputs = prepared(images, preprocess)
    with class_scores(model, inputs[:1]) as scores:
        gradient = _gradient(scores, inputs, chosen(scores, inputs, classes))
    return gradient * inputs if times_input else gradient


def smooth_grad(
    model: keras.Model,
    images: np.ndarray,
    classes=None,
    *,
    noise: float = 0.1,
    samples: int = 25,
    seed: int = 0,
    preprocess: Callable | None = None,
) -> np.ndarray:
    """The mean gradient over noisy copies of each image.

    Args:
        model: gives logits or, by a softmax at its end, probabilities.
        images: ``(n, 32, 32, 3)``, 0..255.
        classes: as in :func:`saliency`.
        noise: the noise's standard deviation, as a share of the range from an image's smallest to
            its largest value.
        samples: how many copies.
        seed: of the noise.
        preprocess: as in :func:`saliency`.

    Returns:
        ``float32`` in the shape of what the model takes.

    Raises:
        ValueError: images, classes, a setting or the model's outputs have the wrong form.
        NotImplementedError: Keras runs on another backend than TensorFlow or JAX.

    Source:
        Smilkov et al. (2017), arXiv 1706.03825, section 3.
    """
    noise, samples = not_negative("noise", noise), whole("samples", samples, 1)
    seed = whole("seed", seed, 0)
    inputs = prepared(images, preprocess)
    rng = np.random.default_rng(seed)
    axes = tuple(range(1, inputs.ndim))
    spread = noise * (inputs.max(axis=axes, keepdims=True) - inputs.min(axis=axes, keepdims=True))
    total = np.zeros_like(inputs)
    with class_scores(model, inputs[:1]) as scores:
        wanted = chosen(scores, inputs, classes)
        for _ in range(samples):
            copies = inputs + spread * rng.standard_normal(inputs.shape, dtype=np.float32)
            total += _gradient(scores, copies, wanted)
    return total / samples


def integrated_gradients(
    model: keras.Model,
    images: np.ndarray,
    classes=None,
    *,
    baseline: float | np.ndarray = 0.0,
    steps: int = 32,
    preprocess: Callable | None = None,
) -> np.ndarray:
    """What each value adds to a class's score on the straight way from a baseline to the image.

    The gradient is averaged over the way, at the middle of each of ``steps`` pieces, and multiplied
    with how far the value goes. All values together add up to the score of the image minus that of
    the baseline (*completeness*), but for what too few steps miss.

    Args:
        model: gives logits or, by a softmax at its end, probabilities.
        images: ``(n, 32, 32, 3)``, 0..255.
        classes: as in :func:`saliency`.
        baseline: the image that stands for "nothing there": a gray value, 0..255, by default
            black; a color ``(3,)``; or images ``(32, 32, 3)`` or ``(n, 32, 32, 3)``.
        steps: pieces of the way.
        preprocess: as in :func:`saliency`; the baseline goes through it as well.

    Returns:
        ``float32`` in the shape of what the model takes, in units of score.

    Raises:
        ValueError: images, baseline, classes, a setting or the model's outputs have the wrong form.
        NotImplementedError: Keras runs on another backend than TensorFlow or JAX.

    Source:
        Sundararajan et al. (2017), arXiv 1703.01365, section 3.
    """
    steps = whole("steps", steps, 1)
    inputs = prepared(images, preprocess)
    start = fed(filled(baseline, images, "baseline"), preprocess)
    total = np.zeros_like(inputs)
    with class_scores(model, inputs[:1]) as scores:
        wanted = chosen(scores, inputs, classes)
        for step in range(steps):
            share = np.float32((step + 0.5) / steps)
            total += _gradient(scores, start + share * (inputs - start), wanted)
    return (inputs - start) * total / steps


def filled(color: float | np.ndarray, images: np.ndarray, name: str) -> np.ndarray:
    """Images of one color, or those given, in the shape of ``images``, ``float32``.

    Raises:
        ValueError: it has another shape, or values that are not from 0 to 255.
    """
    color = array(name, color)
    if color.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be numbers from 0 to 255, got {color.dtype} {color.shape}")
    shape = np.shape(images)
    try:
        found = np.broadcast_to(color, shape).astype(np.float32)
    except ValueError:
        raise ValueError(
            f"{name} must be a gray value, a color (3,) or images {shape}, got the shape "
            f"{color.shape}"
        ) from None
    if not (found.min() >= 0 and found.max() <= 255):
        raise ValueError(f"{name} must be from 0 to 255, got {found.min()} to {found.max()}")
    return found


def _gradient(scores: Callable, inputs: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The gradient of each image's own class, a few images at a time."""
    parts = []
    for start in range(0, len(inputs), _BATCH):
        wanted = classes[start : start + _BATCH]

        def total(x, wanted=wanted):
            return ops.sum(ops.take_along_axis(scores(x), wanted[:, None], axis=1))

        parts.append(input_gradient(total, inputs[start : start + _BATCH])[1])
    return np.concatenate(parts)
