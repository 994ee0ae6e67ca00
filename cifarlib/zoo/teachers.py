"""What a trained network of the zoo says of training images, for another one to learn from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cifarlib.evaluation import logits
from cifarlib.zoo import load, record
from cifarlib.zoo.trainings import Training


@dataclass(frozen=True)
class Lesson:
    """What a training learns from besides the labels.

    Attributes:
        logits: the teacher's for its training images, ``float32 (n, 10)``; None without a teacher.
        entry: what a record notes of it: ``teacher_weights``, or nothing.
    """

    logits: np.ndarray | None = None
    entry: dict = field(default_factory=dict)


def lesson(how: Training, images: np.ndarray) -> Lesson:
    """What the teacher of a training says, if it has one.

    Args:
        how: the training, which names its teacher and says how many images it takes.
        images: all training images, ``(n, 32, 32, 3)``, 0..255.

    Raises:
        ValueError: the zoo has no such teacher.
        OSError: its weights are damaged, or not in the package.
    """
    if not how.teacher:
        return Lesson()
    said = logits(load(how.teacher), images[: how.images])
    return Lesson(said, {"teacher_weights": record(how.teacher).files["weights.npz"]})
