"""The clock of the benchmark, the same for every contender."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field

WARM_UP = 3  # steps that no pace counts: tracing and the first use of memory are in them
QUICK_IMAGES, QUICK_BATCH = 1000, 100  # of --quick


@dataclass
class Stopwatch:
    """When each training step ended, on the clock and in CPU time."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def stamp(self) -> None:
        self.wall.append(time.perf_counter())
        self.cpu.append(time.process_time())

    def pace(self, images: int, batch_size: int) -> dict:
        """What the steps took that came after the first few and had a whole batch.

        Args:
            images: of an epoch.
            batch_size: images of a step, but the last, which may have fewer.

        Raises:
            ValueError: an epoch has too few steps.
        """
        last = images // batch_size
        if last <= WARM_UP:
            raise ValueError(
                f"an epoch has {last} whole batches, of which {WARM_UP} do not count: "
                "there is nothing to measure"
            )
        wall, cpu = self.wall[WARM_UP - 1 : last], self.cpu[WARM_UP - 1 : last]
        return {
            "seconds": wall[-1] - wall[0],
            "cpu_seconds": cpu[-1] - cpu[0],
            "step_seconds": [round(b - a, 5) for a, b in itertools.pairwise(wall)],
            "images": (len(wall) - 1) * batch_size,
        }
