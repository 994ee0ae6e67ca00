"""What an experiment is."""

from __future__ import annotations

from dataclasses import dataclass

from cifarlib.zoo.trainings import Training


@dataclass(frozen=True)
class Experiment:
    """Trainings to compare.

    Attributes:
        question: what the comparison is to answer.
        variants: by title; the first is the one that the others are compared with.
        seeds: how many runs of each variant.
    """

    question: str
    variants: dict[str, Training]
    seeds: int = 3
