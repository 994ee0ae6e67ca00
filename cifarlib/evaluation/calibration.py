"""How far a confidence can be taken for the share of answers that are right."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cifarlib._checks import choice, whole
from cifarlib.evaluation.answers import answers_and_labels
from cifarlib.evaluation.probabilities import as_logits, probabilities


@dataclass(frozen=True, eq=False)
class Reliability:
    """Answers in bins of like confidence: what was promised in each, and what came.

    Attributes:
        edges: of the bins, ``(bins + 1,)``; a bin has its upper edge and not its lower one, the
            first has both.
        count: answers in each bin, ``(bins,)``.
        confidence: their mean confidence, 0..1; NaN in an empty bin.
        accuracy: the share of them that is right, 0..1; NaN in an empty bin.
    """

    edges: np.ndarray
    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    _each: np.ndarray = field(repr=False)  # of each answer its confidence, and its bin
    _bin: np.ndarray = field(repr=False)

    @property
    def error(self) -> float:
        """The expected calibration error, 0..1.

        The distance of accuracy from confidence in each bin, weighted by the answers in it. It is
        above 0 even for a perfect model, by chance: compare with :meth:`error_by_chance`.
        """
        gaps = np.nan_to_num(np.abs(self.accuracy - self.confidence))
        return float((self.count * gaps).sum() / self.count.sum())

    @property
    def largest(self) -> float:
        """The maximum calibration error, 0..1: the largest distance of any bin."""
        return float(np.nanmax(np.abs(self.accuracy - self.confidence)))

    @property
    def squared_error(self) -> float:
        """The mean squared distance, less what chance adds to it; it may fall below 0.

        Of each bin's squared distance ``accuracy (1 - accuracy) / (count - 1)`` is taken away, the
        variance that chance gives the bin's accuracy. So a perfect model gets 0 on average if the
        answers of a bin are equally sure, and slightly less if they differ. The bins are weighted
        by their answers. Those with a single one say nothing about their variance and are left
        out; without any other it is NaN.

        Source:
            Kumar, Liang and Ma (2019), arXiv 1909.10155, section 5.
        """
        some = self.count > 1
        if not some.any():
            return float("nan")
        accuracy, count = self.accuracy[some], self.count[some]
        squares = (accuracy - self.confidence[some]) ** 2 - accuracy * (1 - accuracy) / (count - 1)
        return float((count * squares).sum() / count.sum())

    def error_by_chance(self, draws: int = 200, seed: int = 0) -> float:
        """The mean :attr:`error` of a model that is right exactly as often as it says.

        Each answer is drawn right or wrong anew, right with the probability that its confidence
        promises, and the error is computed in the same bins.

        Source:
            Bröcker and Smith (2007), doi 10.1175/WAF993.1: consistency resampling.
        """
        rng = np.random.default_rng(whole("seed", seed, 0))
        total = 0.0
        for _ in range(whole("draws", draws, 1)):
            luck = (rng.random(len(self._each)) < self._each) - self._each
            total += np.abs(np.bincount(self._bin, luck)).sum() / len(self._each)
        return total / draws


def reliability(
    predictions: np.ndarray, labels: np.ndarray, bins: int = 15, kind: str = "width"
) -> Reliability:
    """Sort answers into bins by their confidence, the largest probability of a row.

    Args:
        predictions: logits or probabilities ``(n, classes)``.
        labels: the right classes, integers ``(n,)`` or ``(n, 1)`` from 0, or one-hot.
        bins: how many.
        kind: ``"width"`` for bins as wide as each other from 0 to 1, as Guo et al. (2017) have
            them; ``"mass"`` for bins with as many answers as each other (equal confidences stay
            together).

    Returns:
        The :class:`Reliability`.

    Raises:
        ValueError: the shapes do not fit, or there is no such kind.

    Source:
        Guo et al. (2017), arXiv 1706.04599, section 2; equal mass: Nixon et al. (2019), arXiv
        1904.01685.

    >>> shares = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    >>> found = reliability(shares, np.array([0, 0, 1, 0]), bins=2, kind="mass")
    >>> found.count, found.confidence, found.accuracy
    (array([2, 2]), array([0.65, 0.85]), array([0.5, 1. ]))
    >>> round(found.error, 3)  # (0.15 + 0.15) / 2
    0.15
    """
    bins = whole("bins", bins, 1)
    choice("kind", kind, ["width", "mass"])
    shares = probabilities(predictions)
    answers, labels, _ = answers_and_labels(shares, labels)
    confidence, hits = shares.max(axis=1), answers == labels
    edges = np.linspace(0, 1, bins + 1)
    if kind == "mass":
        edges = np.quantile(confidence, edges)
    place = np.searchsorted(edges[1:-1], confidence, side="left")
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):  # 0 / 0 in an empty bin is NaN, as it should be
        mean = np.bincount(place, confidence, bins) / count
        share = np.bincount(place, hits, bins) / count
    return Reliability(edges, count, mean, share, confidence, place)


def log_loss(predictions: np.ndarray, labels: np.ndarray) -> float:
    """The mean of minus the logarithm of the probability that the right class got.

    What training with cross-entropy makes small. Unlike the calibration error it needs no bins, and
    it counts wrong answers as well as wrong confidence. A probability of 0 counts as the smallest
    normal number, with a loss of 708.

    Args:
        predictions: logits or probabilities ``(n, classes)``.
        labels: the right classes, integers ``(n,)`` or ``(n, 1)`` from 0, or one-hot.

    Raises:
        ValueError: the shapes do not fit.

    >>> round(log_loss(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1])), 4)
    0.4904
    """
    scores = as_logits(predictions)
    _, labels, _ = answers_and_labels(scores, labels)
    scores = scores - scores.max(axis=1, keepdims=True)
    chosen = scores[np.arange(len(labels)), labels]
    return float((np.log(np.exp(scores).sum(axis=1)) - chosen).mean())
