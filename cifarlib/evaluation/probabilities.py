"""Probabilities from logits, and logits at another temperature."""

from __future__ import annotations

import numpy as np

from cifarlib._checks import array, positive


def probabilities(predictions: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """The softmax of logits, each divided by a temperature first.

    Args:
        predictions: logits ``(n, classes)``; or probabilities, told by their values (none is
            negative and each row adds up to 1), whose logarithms are logits.
        temperature: above 1 it makes every answer less sure, below 1 surer; the order of the
            classes stays.

    Returns:
        ``float64 (n, classes)``, 0..1; each row adds up to 1.

    Raises:
        ValueError: there are no rows of two finite numbers or more, or the temperature is not
            positive.

    >>> probabilities(np.array([[0.0, np.log(4)]])).round(3)
    array([[0.2, 0.8]])
    >>> probabilities(np.array([[0.2, 0.8]]), temperature=2).round(3)
    array([[0.333, 0.667]])
    """
    scores, temperature = as_logits(predictions), positive("temperature", temperature)
    with np.errstate(over="ignore"):  # a quotient of minus infinity is a share of 0
        return softmax((scores - scores.max(axis=1, keepdims=True)) / temperature)


def softmax(scores: np.ndarray) -> np.ndarray:
    """The softmax of logits that are known as such; none overflows."""
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def as_logits(predictions: np.ndarray) -> np.ndarray:
    """Logits as they are, or the logarithms of probabilities, ``float64 (n, classes)``."""
    predictions = array("predictions", predictions)
    if (
        predictions.ndim != 2
        or predictions.shape[1] < 2
        or len(predictions) == 0
        or predictions.dtype.kind not in "iuf"
    ):
        raise ValueError(
            "predictions must be logits or probabilities, a row of two numbers or more per image "
            f"(n, classes), got {predictions.dtype} {predictions.shape}"
        )
    predictions = predictions.astype(np.float64)
    if not np.isfinite(predictions).all():
        raise ValueError("predictions contain NaN or infinite numbers")
    if (predictions >= 0).all() and np.allclose(predictions.sum(axis=1), 1, atol=1e-2):
        return np.log(np.maximum(predictions, np.finfo(np.float64).tiny))
    return predictions
