"""One try at one source: what is wanted of it, and a watch on its pace."""

import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

from cifarlib.data.arrays import Description
from cifarlib.data.progress import Bar


class TooSlow(Exception):
    """The source crawls, at ``rate`` bytes/s: another one may be quicker."""

    def __init__(self, rate: float, seconds: float):
        super().__init__(f"it sent only {rate / 1000:.1f} kB/s for {seconds:.0f} s")
        self.rate = rate


class Limits(NamedTuple):
    """A source is left for the next if it sends less than ``rate`` bytes/s for ``seconds``."""

    rate: float = 200_000
    seconds: float = 15


# Slow is better than nothing, so those that were too slow are asked again, with more patience.
# It ends in any case: at the last pace, the largest honest archive takes 19 hours.
LIMITS = Limits()
PATIENT = Limits(rate=4_000, seconds=30)
PACES = (LIMITS, Limits(rate=20_000, seconds=30), PATIENT)


class Job:
    """What a source is asked for; whatever it cannot finish, it may keep in ``folder``."""

    def __init__(self, source: str, wanted: Description, folder: Path, limits: Limits):
        self.source, self.wanted, self.folder, self.limits = source, wanted, folder, limits
        self.bar, self.marks = Bar(f"CIFAR-10 from {source}"), deque()
        self.close = self.bar.close

    def at(self, count: int, total: int) -> None:
        """``count`` bytes have come, of ``total`` if that is not 0; raise TooSlow if it crawls."""
        now, marks, (rate, seconds) = time.monotonic(), self.marks, self.limits
        self.bar.at(count, total)
        if marks and count < marks[-1][1]:  # it began all over again
            marks.clear()
        marks.append((now, count))
        while len(marks) > 1 and now - marks[1][0] >= seconds:
            marks.popleft()
        span, came = now - marks[0][0], count - marks[0][1]
        if span >= seconds and came < rate * span:
            raise TooSlow(came / span, span)
