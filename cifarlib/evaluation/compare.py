"""Whether one model is better than another, on images that both have answered."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cifarlib._checks import truth, whole
from cifarlib.evaluation.answers import right


@dataclass(frozen=True)
class McNemar:
    """The images about which two models disagree, and how likely equals would split them so.

    Attributes:
        wins: images that only the first model gets right.
        losses: images that only the second gets right.
        p: how often a fair coin would split ``wins + losses`` tosses at least this unevenly, 0..1.
    """

    wins: int
    losses: int
    p: float

    def __str__(self) -> str:
        return f"{self.wins:,} wins, {self.losses:,} losses, p = {self.p:.3g}"


def mcnemar(
    first: np.ndarray, second: np.ndarray, labels: np.ndarray, *, exact: bool = True
) -> McNemar:
    """McNemar's test of two sets of answers for the same images.

    It is about these two sets of weights and about chance in the choice of images. What another
    training would have given, only more seeds show.

    Args:
        first: logits or probabilities ``(n, classes)``, or predicted classes, integers ``(n,)``.
        second: those of the other model, for the same images in the same order.
        labels: the right classes, integers ``(n,)`` or ``(n, 1)`` from 0, or one-hot.
        exact: count the tosses of a coin (binomial distribution); otherwise the chi-squared
            approximation with its correction by 1, ``(|wins - losses| - 1)**2 / (wins + losses)``,
            which is good from some 25 disagreements on.

    Returns:
        The :class:`McNemar`; without a disagreement its p is 1.

    Raises:
        ValueError: the shapes do not fit, there is nothing to compare, or a logit is NaN.

    Source:
        McNemar (1947), doi 10.1007/BF02295996; the correction: Edwards (1948), doi
        10.1007/BF02289261.

    >>> labels = np.zeros(20, int)
    >>> first = (np.arange(20) < 2).astype(int)  # 18 right
    >>> second = ((np.arange(20) == 1) | (np.arange(20) > 13)).astype(int)  # 13 right
    >>> print(mcnemar(first, second, labels))
    6 wins, 1 losses, p = 0.125
    """
    truth("exact", exact)
    wins, losses = _disagreements(first, second, labels)[:2]
    return McNemar(wins, losses, (_coin if exact else _chi_squared)(wins, losses))


@dataclass(frozen=True)
class PairedDifference:
    """By how much the first model is more accurate, with its 95 % interval.

    Attributes:
        value: the accuracy of the first less that of the second, -1..1.
        low, high: where the difference on all images of the same kind lies; of 20 such intervals,
            19 are right. It covers chance in the choice of images, not in the training.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        value, low, high = (100 * number for number in (self.value, self.low, self.high))
        return f"{value:+.2f} points (95 % interval {low:+.2f} to {high:+.2f})"


def paired_bootstrap(
    first: np.ndarray,
    second: np.ndarray,
    labels: np.ndarray,
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> PairedDifference:
    """The difference of two accuracies on the same images, and its interval by the bootstrap.

    Images are drawn again from those that there are, as many, with replacement, and both models are
    compared on those drawn; the interval holds the middle 95 % of the differences. An image counts
    +1 (only the first is right), -1 or 0, so drawing images is drawing how many of each there are:
    a multinomial draw, the same in distribution and much faster.

    Args:
        first: logits or probabilities ``(n, classes)``, or predicted classes, integers ``(n,)``.
        second: those of the other model, for the same images in the same order.
        labels: the right classes, integers ``(n,)`` or ``(n, 1)`` from 0, or one-hot.
        resamples: how many times images are drawn, at least 100.
        seed: of the draws.

    Returns:
        The :class:`PairedDifference`.

    Raises:
        ValueError: the shapes do not fit, there is nothing to compare, or a logit is NaN.

    Source:
        Efron (1979), doi 10.1214/aos/1176344552; the percentile interval: Efron and Tibshirani
        (1993), chapter 13.

    >>> labels = np.zeros(100, int)
    >>> first = (np.arange(100) < 10).astype(int)  # 90 right
    >>> second = (np.arange(100) < 20).astype(int)  # 80 right
    >>> print(paired_bootstrap(first, second, labels))
    +10.00 points (95 % interval +5.00 to +16.00)
    """
    resamples, seed = whole("resamples", resamples, 100), whole("seed", seed, 0)
    wins, losses, images = _disagreements(first, second, labels)
    shares = np.array([wins, losses, images - wins - losses]) / images
    drawn = np.random.default_rng(seed).multinomial(images, shares, size=resamples)
    low, high = np.quantile((drawn[:, 0] - drawn[:, 1]) / images, [0.025, 0.975])
    return PairedDifference((wins - losses) / images, float(low), float(high))


def _disagreements(
    first: np.ndarray, second: np.ndarray, labels: np.ndarray
) -> tuple[int, int, int]:
    """Images that only the first gets right, that only the second does, and images in all."""
    one, two = right(first, labels, "first"), right(second, labels, "second")
    return int((one & ~two).sum()), int((~one & two).sum()), len(one)


def _coin(wins: int, losses: int) -> float:
    """Twice the chance of the smaller number of heads, or fewer, in all tosses."""
    tosses, rarer = wins + losses, min(wins, losses)
    heads = np.arange(1, rarer + 1)
    # Logarithms: 2**-tosses is too small for a float from some thousand tosses on
    steps = np.log(tosses - heads + 1) - np.log(heads)
    logs = np.concatenate([[0.0], np.cumsum(steps)]) - tosses * math.log(2)
    return min(1.0, 2 * float(np.exp(logs).sum()))


def _chi_squared(wins: int, losses: int) -> float:
    """The chance of at least this chi-squared, with one degree of freedom."""
    if wins == losses:
        return 1.0
    return math.erfc((abs(wins - losses) - 1) / math.sqrt(2 * (wins + losses)))
