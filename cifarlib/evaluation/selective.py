"""What is gained when a model answers only where it is sure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cifarlib import _checks as checks
from cifarlib.evaluation.answers import right
from cifarlib.evaluation.probabilities import probabilities


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """The share of wrong answers among the surest, for every threshold.

    Attributes:
        threshold: confidences, from the highest down, ``(k,)``, each once: an image is answered if
            its confidence is at least this.
        coverage: the share of images that is then answered, above 0 to 1.
        risk: the share of these answers that is wrong, 0..1.
        area: the area under risk against coverage, 0..1, the less the better: the mean risk of the
            1, 2, ..., n surest answers, where equally sure ones count as mixed at random.
        best_area: what it would be if every right answer were surer than every wrong one.
    """

    threshold: np.ndarray
    coverage: np.ndarray
    risk: np.ndarray
    area: float
    best_area: float


def risk_coverage(
    predictions: np.ndarray, labels: np.ndarray, confidence: np.ndarray | None = None
) -> RiskCoverage:
    """Risk and coverage at each threshold of the confidence.

    Args:
        predictions: logits or probabilities ``(n, classes)``; with ``confidence`` given, predicted
            classes, integers ``(n,)``, will do, too.
        labels: the right classes, integers ``(n,)`` or ``(n, 1)`` from 0, or one-hot.
        confidence: how sure each answer is, ``(n,)``, the higher the surer; by default the largest
            probability of its row.

    Returns:
        The :class:`RiskCoverage`.

    Raises:
        ValueError: the shapes do not fit, or a confidence is NaN.

    Source:
        Geifman, Uziel and El-Yaniv (2019), arXiv 1805.08206.

    >>> shares = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
    >>> found = risk_coverage(shares, np.array([0, 1, 0, 0]))
    >>> found.coverage, found.risk.round(2)
    (array([0.25, 0.5 , 0.75, 1.  ]), array([0.  , 0.5 , 0.33, 0.25]))
    """
    wrong = ~right(predictions, labels)
    if confidence is None:
        confidence = probabilities(predictions).max(axis=1)
    confidence = checks.array("confidence", confidence)
    if confidence.shape != wrong.shape or confidence.dtype.kind not in "iuf":
        raise ValueError(
            f"confidence must be one number per image, {wrong.shape}, got {confidence.dtype} "
            f"{confidence.shape}"
        )
    if np.isnan(confidence).any():
        raise ValueError("confidence contains NaN")
    values, group, sizes = np.unique(confidence, return_inverse=True, return_counts=True)
    errors = np.bincount(group, wrong)  # in each group of equally sure answers
    each = np.repeat((errors / sizes)[::-1], sizes[::-1])
    answered = np.cumsum(sizes[::-1])
    return RiskCoverage(
        threshold=values[::-1],
        coverage=answered / len(wrong),
        risk=np.cumsum(errors[::-1]) / answered,
        area=_mean_risk(each),
        best_area=_mean_risk(np.sort(wrong)),
    )


def _mean_risk(wrong: np.ndarray) -> float:
    """Of the 1, 2, ..., n first answers, the surest first."""
    return float((np.cumsum(wrong) / np.arange(1, len(wrong) + 1)).mean())
