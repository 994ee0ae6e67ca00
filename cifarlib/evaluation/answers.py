"""What was answered and what was right, from any form that predictions and labels have."""

from __future__ import annotations

import numpy as np

from cifarlib import _checks as checks
from cifarlib.data.arrays import CLASS_NAMES, check_labels


def answers_and_labels(
    predictions: np.ndarray, labels: np.ndarray, name: str = "predictions"
) -> tuple[np.ndarray, np.ndarray, int]:
    """Answers and labels as whole numbers, side by side.

    Args:
        predictions: logits or probabilities ``(n, classes)``, or predicted classes, integers
            ``(n,)`` from 0.
        labels: the right classes, integers ``(n,)`` or ``(n, 1)`` from 0, or one-hot.
        name: what an error calls the predictions.

    Returns:
        Answers ``(n,)``, labels ``(n,)``, and the number of classes: of columns where there are
        some, else ten, or more if an answer or a label says so.

    Raises:
        ValueError: the shapes do not fit, there is nothing to compare, or a logit is NaN.

    >>> answers_and_labels(np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([[1], [1]]))
    (array([1, 0]), array([1, 1]), 2)
    """
    predictions = checks.array(name, predictions)
    if predictions.size == 0:
        raise ValueError(f"there is nothing to compare: {name} are empty, {predictions.shape}")
    classes = len(CLASS_NAMES)
    if predictions.ndim == 2 and predictions.shape[1] > 1 and predictions.dtype.kind in "iuf":
        if np.isnan(predictions).any():
            raise ValueError(f"{name} contain NaN")
        classes = predictions.shape[1]
        predictions = predictions.argmax(axis=1)
    elif predictions.ndim != 1 or predictions.dtype.kind not in "iu" or predictions.min() < 0:
        raise ValueError(
            f"{name} must be logits or probabilities (n, classes) or whole-number classes "
            f"(n,) from 0, got {predictions.dtype} {predictions.shape}{_least(predictions)}"
        )
    else:
        classes = max(classes, int(predictions.max()) + 1)
        found = checks.array("labels", labels)
        if found.dtype.kind in "iu" and found.shape in {(len(predictions),), (len(predictions), 1)}:
            classes = max(classes, int(found.max()) + 1)
    labels = check_labels(labels, len(predictions), classes=classes)
    return predictions, labels, classes


def right(predictions: np.ndarray, labels: np.ndarray, name: str = "predictions") -> np.ndarray:
    """For each image whether the answer is its label, ``bool (n,)``; takes what `accuracy` takes.

    >>> right(np.array([3, 8, 8]), np.array([3, 8, 0]))
    array([ True,  True, False])
    """
    predictions, labels, _ = answers_and_labels(predictions, labels, name)
    return predictions == labels


def _least(values: np.ndarray) -> str:
    """The smallest of some whole numbers, for an error message, if one is below 0."""
    below = values.dtype.kind in "iu" and values.min() < 0
    return f" down to {values.min()}" if below else ""
