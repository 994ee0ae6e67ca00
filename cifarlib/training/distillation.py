"""Learn from a teacher: the loss against the softened outputs of a network trained before."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from cifarlib import _checks as checks
from cifarlib.recipes import Recipe


def softened(logits: np.ndarray, temperature: float) -> np.ndarray:
    """The softmax of ``logits / temperature``.

    Args:
        logits: ``(n, classes)``.
        temperature: above 0. At 1 it is the usual softmax; the higher it is, the closer the shares
            come to each other, and their order stays.

    Returns:
        Shares of the classes, ``float32 (n, classes)``; each row adds up to 1.

    Raises:
        ValueError: the logits have another shape or are not finite, or the temperature is not
            above 0.

    Source:
        Hinton, Vinyals and Dean (2015), arXiv 1503.02531, equation 1.

    >>> softened(np.array([[6.0, 3.0, 0.0]]), 1).round(3)
    array([[0.95 , 0.047, 0.002]], dtype=float32)
    >>> softened(np.array([[6.0, 3.0, 0.0]]), 3).round(3)
    array([[0.665, 0.245, 0.09 ]], dtype=float32)
    """
    temperature = checks.positive("temperature", temperature)
    logits = checks.array("logits", logits)
    if logits.ndim != 2 or logits.shape[1] < 2 or logits.dtype.kind not in "iuf":
        raise ValueError(
            "logits must be numbers (n, classes) with two classes or more, got "
            f"{logits.dtype} {logits.shape}"
        )
    if not np.isfinite(logits).all():
        raise ValueError("logits must be finite, some are not")
    below = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    with np.errstate(over="ignore"):  # a quotient of minus infinity is a share of 0
        powers = np.exp(below / temperature)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def taught(labels: np.ndarray, teacher_logits: np.ndarray, temperature: float) -> np.ndarray:
    """Targets for :class:`Distillation`: the labels, and beside them what the teacher says.

    Args:
        labels: shares of the classes, one-hot as a rule, ``(n, classes)``.
        teacher_logits: the teacher's, for the same images in the same order, ``(n, classes)``.
        temperature: what softens them.

    Returns:
        ``float32 (n, 2 * classes)``.

    Raises:
        ValueError: the shapes differ, or :func:`softened` refuses the logits.
    """
    labels = checks.numbers("labels", labels)
    if labels.ndim != 2:
        raise ValueError(f"labels must be shares of the classes (n, classes), got {labels.shape}")
    teacher_logits = checks.numbers("teacher_logits", teacher_logits)
    if teacher_logits.shape != labels.shape:
        raise ValueError(
            f"teacher_logits must be one row of {labels.shape[1]} for each of the {len(labels)} "
            f"training images, got the shape {teacher_logits.shape}"
        )
    soft = softened(teacher_logits, temperature)
    return np.concatenate([np.asarray(labels, np.float32), soft], axis=1)


def with_teacher(
    labels: np.ndarray, teacher_logits: np.ndarray | None, recipe: Recipe
) -> np.ndarray:
    """The labels, with the teacher's softened outputs beside them if the recipe has a teacher.

    Raises:
        ValueError: there is a share for a teacher and no teacher, or the other way round.
    """
    checks.instance("recipe", recipe, Recipe)
    if bool(recipe.teacher_share) != (teacher_logits is not None):
        given = "no teacher_logits" if teacher_logits is None else "teacher_logits"
        raise ValueError(
            f"the recipe's teacher_share is {recipe.teacher_share:g}, and there are {given}: "
            "learning from a teacher takes both"
        )
    if teacher_logits is None:
        return labels
    return taught(labels, teacher_logits, recipe.temperature)


@keras.saving.register_keras_serializable("cifarlib")
class Distillation(keras.losses.Loss):
    """The loss of a student that listens to labels and to a teacher.

    ``(1 - share) * H(labels, softmax(z)) + share * T^2 * H(teacher, softmax(z / T))``, where ``H``
    is the cross-entropy and ``z`` are the student's logits. ``T^2`` makes up for the softening, by
    which the gradient of the second part shrinks as ``1 / T^2``.

    Args:
        temperature: ``T``, above 0; that of the targets.
        share: of the teacher, 0 to 1.

    The targets are those of :func:`taught`. Targets of half that width are labels alone, as of
    validation images that no teacher has seen: their loss is the cross-entropy.

    Source:
        Hinton, Vinyals and Dean (2015), arXiv 1503.02531, section 2.

    >>> labels, teacher = np.array([[1.0, 0.0, 0.0]]), np.array([[6.0, 3.0, 0.0]])
    >>> loss = Distillation(temperature=3, share=1)
    >>> targets = taught(labels, teacher, 3)
    >>> same, other = loss(targets, teacher), loss(targets, np.array([[6.0, 0.0, 3.0]]))
    >>> round(float(same), 2), round(float(other), 2)  # who ranks the two others alike loses less
    (7.49, 8.88)
    """

    def __init__(
        self,
        temperature: float,
        share: float,
        name: str = "distillation",
        reduction: str = "sum_over_batch_size",
        dtype=None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.temperature = checks.positive("temperature", temperature)
        self.share = checks.share("share", share)

    def call(self, y_true, y_pred):
        classes = y_pred.shape[-1]
        hard = -ops.sum(y_true[:, :classes] * ops.log_softmax(y_pred), axis=-1)
        if y_true.shape[-1] == classes:
            return hard
        logs = ops.log_softmax(y_pred / self.temperature)
        soft = -ops.sum(y_true[:, classes:] * logs, axis=-1)
        return (1 - self.share) * hard + self.share * self.temperature**2 * soft

    def get_config(self) -> dict:
        return super().get_config() | {"temperature": self.temperature, "share": self.share}


@keras.saving.register_keras_serializable("cifarlib")
def label_accuracy(y_true, y_pred):
    """Whether the largest logit is the label's, for either width of targets, ``(n,)``."""
    labels = y_true[:, : y_pred.shape[-1]]
    return ops.cast(ops.equal(ops.argmax(labels, -1), ops.argmax(y_pred, -1)), "float32")
