"""What features are worth that stay as they are: their neighbors, and a linear probe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cifarlib import _checks as checks
from cifarlib.data.arrays import check_labels


def nearest(features: np.ndarray, bank: np.ndarray, count: int) -> np.ndarray:
    """For each row of features, the most similar rows of a bank, by the cosine of their angle.

    Args:
        features: ``(n, d)``.
        bank: ``(m, d)``.
        count: how many to find, 1 to ``m``.

    Returns:
        Rows of the bank, the most similar first: ``int64 (n, count)``.

    Raises:
        ValueError: the shapes do not fit, or ``count`` is outside its range.

    >>> nearest(np.array([[1.0, 0.1]]), np.array([[0.0, 3.0], [5.0, 0.0], [1.0, 1.0]]), 2)
    array([[1, 2]])
    """
    features, bank = _unit(features, "features"), _unit(bank, "bank")
    if features.shape[1] != bank.shape[1]:
        raise ValueError(
            f"features have {features.shape[1]} numbers a row, those of the bank {bank.shape[1]}"
        )
    count = checks.whole("count", count, 1, len(bank))
    found = []
    for start in range(0, len(features), 1000):  # in pieces, for the memory's sake
        similar = features[start : start + 1000] @ bank.T
        best = np.argpartition(-similar, count - 1, axis=1)[:, :count]
        order = np.argsort(-np.take_along_axis(similar, best, axis=1), axis=1, kind="stable")
        found.append(np.take_along_axis(best, order, axis=1))
    return np.concatenate(found)


def neighbors_vote(
    features: np.ndarray, bank: np.ndarray, labels: np.ndarray, count: int = 20
) -> np.ndarray:
    """The class that most of each row's nearest neighbors have: k-nearest neighbors.

    Args:
        features: of the images to classify, ``(n, d)``.
        bank: features of images with known labels, ``(m, d)``.
        labels: of the bank, whole numbers from 0, ``(m,)``.
        count: how many neighbors vote. Of classes with equally many votes, the one whose
            neighbors are more similar wins: their ranks are added up.

    Returns:
        Classes, ``int64 (n,)``.

    Raises:
        ValueError: as :func:`nearest`, or there is not one label for each row of the bank.
    """
    bank = _checked(bank, "bank")
    labels = check_labels(labels, len(bank), classes=_classes(labels))
    votes = np.eye(int(labels.max()) + 1)[labels[nearest(features, bank, count)]]  # (n, k, classes)
    votes *= 1 - np.arange(votes.shape[1])[:, None] / votes.shape[1] ** 2  # all ranks: below 1/2
    return votes.sum(axis=1).argmax(axis=1)


@dataclass(frozen=True, eq=False)
class LinearProbe:
    """A linear classifier of features: softmax regression.

    Attributes:
        means, scales: what standardizes the features, ``(d,)``.
        weights: ``(d, classes)``.
        bias: ``(classes,)``.
    """

    means: np.ndarray
    scales: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    def logits(self, features: np.ndarray) -> np.ndarray:
        """``float32 (n, classes)`` for features ``(n, d)``."""
        features = _checked(features, "features")
        if features.shape[1] != len(self.means):
            raise ValueError(
                f"features must have {len(self.means)} numbers a row, got {features.shape}"
            )
        return (features - self.means) / self.scales @ self.weights + self.bias


def linear_probe(
    features: np.ndarray, labels: np.ndarray, *, decay: float = 1e-3, steps: int = 500
) -> LinearProbe:
    """Fit a linear classifier to features that stay as they are.

    It makes the mean cross-entropy plus ``decay / 2`` times the sum of the squared weights small,
    by gradient descent with Nesterov's momentum on all images at once. Nothing is left to chance.

    Args:
        features: ``(n, d)``. They are standardized first.
        labels: whole numbers from 0, ``(n,)``.
        decay: above 0.
        steps: of the descent.

    Returns:
        The :class:`LinearProbe`.

    Raises:
        ValueError: the shapes do not fit, features are not finite, or a setting is outside its
            range.

    Source:
        Alain and Bengio (2016), arXiv 1610.01644; the step size from the largest curvature of
        softmax regression, Boehning (1992), doi 10.1007/BF00048682.

    >>> probe = linear_probe(np.array([[0.0], [1.0], [5.0], [6.0]]), np.array([0, 0, 1, 1]))
    >>> probe.logits(np.array([[2.0], [4.0]])).argmax(axis=1)
    array([0, 1])
    """
    features = _checked(features, "features")
    decay, steps = checks.positive("decay", decay), checks.whole("steps", steps, 1)
    classes = _classes(labels)
    labels = check_labels(labels, len(features), classes=classes)
    means, scales = features.mean(axis=0), features.std(axis=0)
    scales = np.where(scales > 1e-6, scales, 1).astype(np.float32)
    x = np.concatenate([(features - means) / scales, np.ones((len(features), 1))], axis=1)
    x = x.astype(np.float32)
    target = np.eye(classes, dtype=np.float32)[labels]
    curvature = np.linalg.eigvalsh(x.T @ x / len(x))[-1] / 2 + decay
    decays = np.full((x.shape[1], 1), decay, np.float32)
    decays[-1] = 0  # the bias
    weights = ahead = np.zeros((x.shape[1], classes), np.float32)
    for step in range(steps):
        powers = x @ ahead
        powers = np.exp(powers - powers.max(axis=1, keepdims=True))
        shares = powers / powers.sum(axis=1, keepdims=True)
        gradient = x.T @ (shares - target) / len(x) + decays * ahead
        before, weights = weights, ahead - gradient / curvature
        ahead = weights + step / (step + 3) * (weights - before)
    return LinearProbe(means, scales, weights[:-1], weights[-1])


def _unit(rows: np.ndarray, name: str) -> np.ndarray:
    """Each row divided by its length; zeros stay zeros."""
    rows = _checked(rows, name)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _checked(rows: np.ndarray, name: str) -> np.ndarray:
    """A row of finite numbers for each image, ``float32``."""
    rows = checks.numbers(name, rows)
    if rows.ndim != 2 or 0 in rows.shape:
        raise ValueError(f"{name} must be finite numbers (n, d), n > 0, got the shape {rows.shape}")
    return rows.astype(np.float32)


def _classes(labels: np.ndarray) -> int:
    """How many classes labels speak of: one more than the largest."""
    labels = checks.array("labels", labels)
    if labels.dtype.kind not in "iu" or labels.size == 0 or labels.min() < 0:
        raise ValueError(
            f"labels must be whole numbers from 0, one per row, got {labels.dtype} {labels.shape}"
        )
    return int(labels.max()) + 1
