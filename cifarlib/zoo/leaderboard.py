"""One table over the models of the zoo."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from cifarlib.zoo.records import Record


@dataclass(frozen=True)
class Row:
    """One model of the leaderboard.

    Attributes:
        name: the model's name in the zoo.
        record: what was run for it; None if no one has run it yet.
    """

    name: str
    record: Record | None = None

    @property
    def best(self) -> float:
        """The mean test accuracy, with several views if it has it; it orders the rows."""
        return statistics.fmean(self.accuracies_tta or self.accuracies)

    @property
    def accuracies(self) -> list[float]:
        """The test accuracy of each seed, 0..1."""
        return self.record.accuracies if self.record else []

    @property
    def accuracies_tta(self) -> list[float]:
        """That with test-time augmentation, where the recipe asks for it."""
        finished = self.record.finished if self.record else []
        return [run["accuracy_tta"] for run in finished if "accuracy_tta" in run]

    @property
    def seconds(self) -> float:
        """The median wall time of a seed's training, other work on the machine included."""
        return statistics.median(run["seconds"] for run in self.record.finished)

    @property
    def cpu_seconds(self) -> float | None:
        """The median time of all CPU cores spent on a seed's training, where it was measured."""
        known = [run["cpu_seconds"] for run in self.record.finished if "cpu_seconds" in run]
        return statistics.median(known) if known else None


@dataclass(frozen=True)
class Leaderboard:
    """The rows of the table, the best model first; ``print`` it, or go through ``rows``."""

    rows: list[Row]

    def __str__(self) -> str:
        head = f"{'model':13} {'accuracy':>8} {'with TTA':>8} {'seeds':>5} {'parameters':>11} "
        head += f"{'M MACs':>7} {'epochs':>6} {'minutes':>7} {'of CPU':>7}  hardware, precision"
        return "\n".join([head, *(self._line(row) for row in self.rows)])

    def __repr__(self) -> str:
        return str(self)

    @staticmethod
    def _line(row: Row) -> str:
        if row.record is None:
            return f"{row.name:13} not run yet"
        if not row.accuracies:
            return f"{row.name:13} failed with every seed"
        views = f"{statistics.fmean(row.accuracies_tta):.2%}" if row.accuracies_tta else ""
        cpu = "" if row.cpu_seconds is None else f"{row.cpu_seconds / 60:.1f}"
        run = row.record.finished[0]
        machine = f"{run['hardware']}, {run.get('precision', 'float32')}"
        return (
            f"{row.name:13} {row.record.mean:>8.2%} {views:>8} {len(row.accuracies):>5} "
            f"{row.record.parameters:>11,} {row.record.macs / 1e6:>7.1f} "
            f"{row.record.recipe['epochs']:>6} {row.seconds / 60:>7.1f} {cpu:>7}  {machine}"
        )
