"""How familiar a picture looks to a network: scores by which to tell pictures of no class."""

from __future__ import annotations

import numpy as np

from cifarlib import _checks as checks


def max_probability(logits: np.ndarray) -> np.ndarray:
    """The largest probability of each image, its confidence; the larger, the more familiar.

    Args:
        logits: ``(n, classes)``; the logarithms of probabilities will do.

    Returns:
        ``float64 (n,)``, from 1 / classes to 1.

    Raises:
        ValueError: the shape is another, or there is NaN or infinity.

    Source:
        Hendrycks and Gimpel (2017), arXiv 1610.02136.

    >>> max_probability(np.log([[0.7, 0.2, 0.1]])).round(3).tolist()
    [0.7]
    """
    logits = _checked(logits)
    return np.exp(logits.max(axis=1) - _log_sum_exp(logits))


def energy(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Minus the logarithm of the sum of all exponentials; the *smaller*, the more familiar.

    Unlike a probability, it tells large logits from small ones: (10, 0, 0) and (20, 10, 10) have
    the same probabilities, and the second has 10 less energy.

    Args:
        logits: ``(n, classes)``, as they come before a softmax.
        temperature: above 1, it levels them first.

    Returns:
        ``float64 (n,)``.

    Raises:
        ValueError: the shape is another, there is NaN or infinity, or these are the logarithms of
            probabilities: then every energy is 0, because the softmax took away what it measures.

    Source:
        Liu et al. (2020), arXiv 2010.03759, equation 4.

    >>> energy(np.array([[10.0, 0, 0], [20, 10, 10]])).round(3).tolist()
    [-10.0, -20.0]
    """
    logits = _checked(logits)
    temperature = checks.positive("temperature", temperature)
    if (np.abs(_log_sum_exp(logits)) < 1.1e-2).all():  # as far as `logits` lets sums be from 1
        raise ValueError(
            "these are the logarithms of probabilities, and their energy is 0 for every image: "
            "give the scores before the softmax"
        )
    return -temperature * _log_sum_exp(logits / temperature)


def _log_sum_exp(logits: np.ndarray) -> np.ndarray:
    largest = logits.max(axis=1)
    return largest + np.log(np.exp(logits - largest[:, None]).sum(axis=1))


def _checked(logits: np.ndarray) -> np.ndarray:
    logits = checks.numbers("logits", logits, finite=False).astype(float)
    if logits.ndim != 2 or logits.shape[1] < 2 or len(logits) == 0:
        raise ValueError(
            f"logits must have the shape (n, classes) with n > 0 and two classes or more, got "
            f"{logits.shape}"
        )
    if not np.isfinite(logits).all():
        raise ValueError("logits must be finite numbers")
    return logits
