"""One try at one source: what is wanted of it, and a progress bar that watches its pace."""

import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

from cifarlib.data.arrays import Description


class TooSlow(Exception):
    """The source crawls: another one may be quicker."""


class Limits(NamedTuple):
    """A source is left for the next if it sends less than ``rate`` bytes/s for ``seconds``."""

    rate: float = 200_000
    seconds: float = 15


LIMITS = Limits()
PATIENT = Limits(rate=0, seconds=30)  # for the last source: slow is better than nothing


class Job:
    """What a source is asked for; whatever it cannot finish, it may keep in ``folder``."""

    def __init__(self, source: str, wanted: Description, folder: Path, limits: Limits):
        from tqdm.auto import tqdm  # here, so that ``import cifarlib`` stays fast

        self.source, self.wanted, self.folder, self.limits = source, wanted, folder, limits
        # The delay spares a host that cannot be reached an empty bar
        self.bar = tqdm(desc=f"CIFAR-10 from {source}", unit="B", unit_scale=True, delay=0.1)
        self.close, self.marks = self.bar.close, deque()

    def at(self, count: int, total: int) -> None:
        """``count`` bytes have come, of ``total`` if that is not 0; raise TooSlow if it crawls."""
        now, marks, (rate, seconds) = time.monotonic(), self.marks, self.limits
        self.bar.total = total or None
        self.bar.update(count - self.bar.n)
        marks.append((now, count))
        while len(marks) > 1 and now - marks[1][0] >= seconds:
            marks.popleft()
        span, came = now - marks[0][0], count - marks[0][1]
        if span >= seconds and 0 <= came < rate * span:  # less than 0: it began all over again
            raise TooSlow(f"it sent only {came / span / 1000:.1f} kB/s for {span:.0f} s")
