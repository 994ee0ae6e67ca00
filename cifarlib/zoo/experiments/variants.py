"""What an experiment is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras

from cifarlib.recipes import Recipe


@dataclass(frozen=True)
class Variant:
    """One way to build and train a model.

    Attributes:
        model: gives a new model.
        recipe: how it is trained.
        images: how many of the training images, the first in official order, it sees.
    """

    model: Callable[[], keras.Model]
    recipe: Recipe
    images: int = 10_000


@dataclass(frozen=True)
class Experiment:
    """Variants to compare.

    Attributes:
        question: what the comparison is to answer.
        variants: by title; the first is the one that the others are compared with.
        seeds: how many trainings of each variant.
    """

    question: str
    variants: dict[str, Variant]
    seeds: int = 3
