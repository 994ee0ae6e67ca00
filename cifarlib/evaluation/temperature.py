"""The one number by which logits are divided so that confidence and accuracy agree."""

from __future__ import annotations

import numpy as np

from cifarlib.data.arrays import check_labels
from cifarlib.evaluation.probabilities import as_logits, softmax


def fit_temperature(predictions: np.ndarray, labels: np.ndarray) -> float:
    """The temperature at which the log loss of these images is lowest.

    Fit it on images that the model was not trained on, and report its effect on yet others. The
    answers stay the same at every temperature, only the confidence changes.

    Args:
        predictions: logits or probabilities ``(n, classes)``.
        labels: the right classes, integers ``(n,)`` or ``(n, 1)`` from 0, or one-hot.

    Returns:
        The temperature; :func:`~cifarlib.evaluation.probabilities` takes it.

    Raises:
        ValueError: the shapes do not fit; or no temperature is best: every answer is right, so that
            a lower one is always better, or the logits know no more than guessing.

    Source:
        Guo et al. (2017), arXiv 1706.04599, section 4.2. The loss is convex in one over the
        temperature, so it has one minimum, which halving an interval finds.

    >>> from cifarlib.evaluation import probabilities
    >>> gap = np.array([[2.0, 0.0]] * 4)  # a confidence of 88 %, and three of four are right
    >>> temperature = fit_temperature(gap, np.array([0, 0, 0, 1]))
    >>> probabilities(gap[:1], temperature).round(4)
    array([[0.75, 0.25]])
    """
    scores = as_logits(predictions)
    labels = check_labels(labels, len(scores), classes=scores.shape[1]).astype(int)
    gaps = scores - scores[np.arange(len(scores)), labels][:, None]

    def slope(sharpness: float) -> float:
        """Of the mean log loss, along one over the temperature; it only rises."""
        return float((softmax(scores * sharpness) * gaps).sum(axis=1).mean())

    if slope(0.0) >= 0:
        raise ValueError(
            "no temperature is best: the mean logit of the right classes is not above the mean of "
            "all, so guessing has a lower log loss; are the labels in the order of the images?"
        )
    if gaps.max() <= 0:
        raise ValueError(
            f"no temperature is best: all {len(labels)} answers are right, so the lower the better;"
            " take images of which some are answered wrong"
        )
    low, high = 0.0, 1.0
    while slope(high) < 0:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return 2 / (low + high)
