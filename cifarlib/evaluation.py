"""How good a model is, and what it costs."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass

import keras
import numpy as np

from cifarlib import checks
from cifarlib.batches import Batches
from cifarlib.costs import layer_macs, macs
from cifarlib.data.arrays import CLASS_NAMES, check_images, check_labels

__all__ = ["Accuracy", "accuracy", "latency", "layer_macs", "logits", "macs"]


@dataclass(frozen=True)
class Accuracy:
    """The fraction of images classified correctly, with its 95 % interval.

    Attributes:
        correct: how many were right.
        count: out of how many.
        value: their ratio, 0..1.
        low, high: Wilson's 95 % interval for the accuracy on further images from the same source.
            It covers the chance in the choice of test images; not the chance in training, which
            only more seeds show, nor images from elsewhere.
    """

    correct: int
    count: int
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2%} (95 % interval {self.low:.1%} to {self.high:.1%})"


def accuracy(predictions: np.ndarray, labels: np.ndarray) -> Accuracy:
    """Compare predictions with labels.

    Args:
        predictions: logits or probabilities ``(n, 10)``, or predicted classes, integers ``(n,)``.
        labels: the right classes, integers ``(n,)``, 0..9.

    Returns:
        The :class:`Accuracy`.

    Raises:
        ValueError: the shapes do not fit, there is nothing to compare, or a logit is NaN.

    Source:
        Wilson (1927); recommended over the textbook interval by Brown, Cai and DasGupta (2001).

    >>> print(accuracy(np.array([3, 8, 8, 1]), np.array([3, 8, 8, 0])))
    75.00% (95 % interval 30.1% to 95.4%)
    """
    predictions = np.asarray(predictions)
    if predictions.ndim == 2 and predictions.shape[1] == len(CLASS_NAMES):
        if np.isnan(predictions).any():
            raise ValueError("predictions contain NaN")
        predictions = predictions.argmax(axis=1)
    elif predictions.ndim != 1 or predictions.dtype.kind not in "iu":
        raise ValueError(
            "predictions must be logits or probabilities (n, 10) or whole-number classes (n,), "
            f"got {predictions.dtype} {predictions.shape}"
        )
    labels = check_labels(labels, len(predictions))
    if len(labels) == 0:
        raise ValueError("there are no predictions to compare")
    n, correct = len(labels), int((predictions == labels).sum())
    low, high = _wilson(correct, n)
    return Accuracy(correct, n, correct / n, low, high)


def _wilson(correct: int, n: int) -> tuple[float, float]:
    """The p for which ``correct`` of ``n`` lies within 1.96 standard deviations of ``n p``."""
    z, p = 1.959964, correct / n
    center = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, center - half), min(1.0, center + half)


def logits(
    model: keras.Model,
    images: np.ndarray,
    batch_size: int = 500,
    *,
    test_time_augmentation: bool = False,
) -> np.ndarray:
    """The model's logits for raw images.

    Args:
        model: takes ``(n, 32, 32, 3)``, 0..255, and gives ``(n, 10)``.
        images: ``(n, 32, 32, 3)``, 0..255.
        batch_size: images per step; a matter of speed and memory only.
        test_time_augmentation: average the logits of six views of each image: itself, itself
            moved by a pixel up and left and by one down and right, and the mirror images of the
            three; the two in place count as much as the other four.

    Returns:
        ``float32 (n, 10)``.

    Raises:
        ValueError: images have the wrong shape, or look as if scaled to 0..1 already.

    Source:
        The views: Jordan (2024), arXiv 2404.00498, section 3.6.
    """
    images = check_images(images)

    def predict(views: np.ndarray) -> np.ndarray:
        batches = Batches(views, np.zeros(len(views)), batch_size, shuffle=False)
        return np.asarray(model.predict(batches, verbose=0), dtype=np.float32)

    def both_sides(views: np.ndarray) -> np.ndarray:
        return (predict(views) + predict(views[:, :, ::-1])) / 2

    if not test_time_augmentation:
        return predict(images)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    moved = (both_sides(padded[:, :-2, :-2]) + both_sides(padded[:, 2:, 2:])) / 2
    return (both_sides(images) + moved) / 2


def latency(model: keras.Model, batch_size: int = 1, *, repeats: int = 20) -> float:
    """Seconds from a batch of images to its logits, on this machine, now.

    It times ``model.predict_on_batch``, one compiled function; the first calls, which trace it and
    warm up, are left out.

    Args:
        model: takes raw images ``(n, 32, 32, 3)``, 0..255.
        batch_size: images in the batch.
        repeats: how many batches to time.

    Returns:
        The median. Other work on the machine makes it larger.

    Raises:
        ValueError: ``batch_size`` or ``repeats`` is not a whole number of at least 1.
    """
    checks.whole("batch_size", batch_size, 1)
    checks.whole("repeats", repeats, 1)
    images = np.zeros((batch_size, *model.input_shape[1:]), dtype=np.float32)
    times = []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        model.predict_on_batch(images)
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])
