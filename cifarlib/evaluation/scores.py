"""How many images are classified correctly, and how sure that number is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cifarlib.evaluation.answers import right


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
        predictions: logits or probabilities ``(n, classes)``, or predicted classes, integers
            ``(n,)`` from 0.
        labels: the right classes, integers ``(n,)`` or ``(n, 1)`` from 0, or one-hot.

    Returns:
        The :class:`Accuracy`.

    Raises:
        ValueError: the shapes do not fit, there is nothing to compare, or a logit is NaN.

    Source:
        Wilson (1927); recommended over the textbook interval by Brown, Cai and DasGupta (2001).

    >>> print(accuracy(np.array([3, 8, 8, 1]), np.array([3, 8, 8, 0])))
    75.00% (95 % interval 30.1% to 95.4%)
    """
    hits = right(predictions, labels)
    n, correct = len(hits), int(hits.sum())
    low, high = _wilson(correct, n)
    return Accuracy(correct, n, correct / n, low, high)


def _wilson(correct: int, n: int) -> tuple[float, float]:
    """The p for which ``correct`` of ``n`` lies within 1.96 standard deviations of ``n p``."""
    z, p = 1.959964, correct / n
    center = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, center - half), min(1.0, center + half)
