"""Which classes are taken for which, and how good the answers are class by class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cifarlib import _checks as checks
from cifarlib.data.arrays import CLASS_NAMES
from cifarlib.evaluation.answers import answers_and_labels


def confusion_matrix(predictions: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many images of each class got each answer.

    Args:
        predictions: logits or probabilities ``(n, classes)``, or predicted classes, integers
            ``(n,)`` from 0.
        labels: the right classes, integers ``(n,)`` or ``(n, 1)`` from 0, or one-hot.

    Returns:
        ``int64 (classes, classes)``: a row for each label, a column for each answer.

    Raises:
        ValueError: the shapes do not fit, there is nothing to compare, or a logit is NaN.

    >>> scores = np.eye(2)[[0, 1, 1, 1]]  # the answers 0, 1, 1, 1
    >>> confusion_matrix(scores, np.array([0, 0, 0, 1]))
    array([[1, 2],
           [0, 1]])
    """
    answers, labels, classes = answers_and_labels(predictions, labels)
    cells = labels.astype(np.int64) * classes + answers.astype(np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


@dataclass(frozen=True, eq=False)
class PerClass:
    """How good the answers are, class by class. Print it for a table.

    Attributes:
        precision: of the answers that name the class, the share that is right, ``(classes,)``,
            0..1; NaN for a class that no answer names.
        recall: of the images of the class, the share that is recognized; NaN where there are none.
        f1: their harmonic mean, ``2 / (1 / precision + 1 / recall)``; NaN for a class that neither
            a label nor an answer names.
        images: how many images have the class as their label.
        names: what the classes are called.
    """

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    images: np.ndarray
    names: tuple[str, ...]

    def __str__(self) -> str:
        width = max(map(len, self.names))
        lines = [f"{'':{width}}  precision  recall     F1  images"]
        for name, *values in zip(
            self.names, self.precision, self.recall, self.f1, self.images, strict=True
        ):
            lines.append("{:{}}  {:9.1%}  {:6.1%}  {:5.1%}  {:6,}".format(name, width, *values))
        return "\n".join(lines)


def per_class(matrix: np.ndarray, names: tuple[str, ...] | None = None) -> PerClass:
    """Precision, recall and F1 of each class.

    Args:
        matrix: from :func:`confusion_matrix`, whole numbers ``(classes, classes)``: a row for each
            label, a column for each answer.
        names: of the classes, in order; by default CIFAR-10's where there are ten.

    Returns:
        The :class:`PerClass`.

    Raises:
        ValueError: the matrix is no square of counts, or there is not one name per class.

    Source:
        van Rijsbergen (1979), Information Retrieval, chapter 7.

    >>> print(per_class(np.array([[6, 4], [2, 8]]), ("cat", "dog")))
         precision  recall     F1  images
    cat      75.0%   60.0%  66.7%      10
    dog      66.7%   80.0%  72.7%      10
    """
    matrix = checks.array("matrix", matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.dtype.kind not in "iu":
        raise ValueError(
            "matrix must be whole numbers (classes, classes), as confusion_matrix gives them, got "
            f"{matrix.dtype} {matrix.shape}"
        )
    if (matrix < 0).any() or matrix.sum() == 0:
        raise ValueError("matrix must count images: no number below 0, and at least one above")
    classes = len(matrix)
    if names is None:
        names = CLASS_NAMES if classes == len(CLASS_NAMES) else tuple(map(str, range(classes)))
    names = checks.names("names", names, classes, "classes")
    matrix = matrix.astype(np.int64)  # twice a uint8 may be too much for one
    hits, answered, images = matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1)
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN: nothing can be said
        f1 = 2 * hits / (answered + images)  # the harmonic mean, also where only one of them is 0
        return PerClass(hits / answered, hits / images, f1, images, names)
