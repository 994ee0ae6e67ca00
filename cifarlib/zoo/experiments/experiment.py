"""What an experiment is."""

from __future__ import annotations

from dataclasses import dataclass

from cifarlib import _checks as checks
from cifarlib.zoo.trainings import Training


@dataclass(frozen=True)
class Experiment:
    """Trainings to compare.

    Attributes:
        question: what the comparison is to answer.
        variants: by title; the first is the one that the others are compared with.
        seeds: how many runs of each variant.

    Raises:
        ValueError: there are no variants, or one is no training, or ``seeds`` is not at least 1.
    """

    question: str
    variants: dict[str, Training]
    seeds: int = 3

    def __post_init__(self) -> None:
        checks.text("question", self.question)
        object.__setattr__(self, "seeds", checks.whole("seeds", self.seeds, 1))
        if not isinstance(self.variants, dict) or not self.variants:
            raise ValueError(f"variants must be trainings by their titles, got {self.variants!r}")
        for title, variant in self.variants.items():
            checks.instance(f"variants: {title!r}", variant, Training)
