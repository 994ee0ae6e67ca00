"""What was answered and what was right, from any form that predictions and labels have."""

from __future__ import annotations

import numpy as np

from cifarlib.data.arrays import CLASS_NAMES, check_labels


def answers_and_labels(
    predictions: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """Answers and labels as whole numbers, side by side.

    Args:
        predictions: logits or probabilities ``(n, classes)``, or predicted classes, integers
            ``(n,)`` from 0.
        labels: the right classes, integers ``(n,)`` or ``(n, 1)`` from 0, or one-hot.

    Returns:
        Answers ``(n,)``, labels ``(n,)``, and the number of classes: of columns where there are
        some, else ten, or more if an answer says so.

    Raises:
        ValueError: the shapes do not fit, there is nothing to compare, or a logit is NaN.

    >>> answers_and_labels(np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([[1], [1]]))
    (array([1, 0]), array([1, 1]), 2)
    """
    predictions = np.asarray(predictions)
    classes = len(CLASS_NAMES)
    if predictions.ndim == 2 and predictions.shape[1] > 1 and predictions.dtype.kind in "iuf":
        if np.isnan(predictions).any():
            raise ValueError("predictions contain NaN")
        classes = predictions.shape[1]
        predictions = predictions.argmax(axis=1)
    elif predictions.ndim != 1 or predictions.dtype.kind not in "iu":
        raise ValueError(
            "predictions must be logits or probabilities (n, classes) or whole-number classes "
            f"(n,), got {predictions.dtype} {predictions.shape}"
        )
    elif predictions.size:
        classes = max(classes, int(predictions.max()) + 1)
    labels = check_labels(labels, len(predictions), classes=classes)
    if len(labels) == 0:
        raise ValueError("there are no predictions to compare")
    return predictions, labels, classes


def right(predictions: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """For each image whether the answer is its label, ``bool (n,)``; takes what `accuracy` takes.

    >>> right(np.array([3, 8, 8]), np.array([3, 8, 0]))
    array([ True,  True, False])
    """
    predictions, labels, _ = answers_and_labels(predictions, labels)
    return predictions == labels
