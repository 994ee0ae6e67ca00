"""What a download says while it runs, on stderr; nothing that goes wrong there may cost a download.

Stderr may be closed, full or a pipe that nobody reads any more; in a program without a console
there is none at all.
"""

import contextlib
import sys


def say(text: str) -> None:
    """Print a line on stderr if that is possible."""
    with contextlib.suppress(Exception):
        if sys.stderr is not None:
            print(text, file=sys.stderr, flush=True)


class Bar:
    """A progress bar of bytes, drawn from the first ones on: a dead host leaves no empty bar."""

    def __init__(self, title: str):
        self.title, self.total, self.bar, self.broken = title, 0, None, False

    def at(self, count: int, total: int) -> None:
        """``count`` bytes have come, of ``total`` if that is not 0."""
        if self.broken or not count:
            return
        self.broken = True  # unless all of this succeeds
        with contextlib.suppress(Exception):
            if self.bar is None or total != self.total:
                self._draw(count, total)
            self.bar.update(count - self.bar.n)
            self.broken = False

    def close(self) -> None:
        """Leave the bar as it stands."""
        bar, self.bar = self.bar, None
        with contextlib.suppress(Exception):
            if bar is not None:
                bar.close()

    def _draw(self, count: int, total: int) -> None:
        """A new bar: in a notebook, one cannot learn later how much there will be."""
        from tqdm.auto import tqdm  # here, so that ``import cifarlib`` stays fast

        if self.bar is not None:
            self.bar.leave = False
            self.close()
        self.total = total
        self.bar = tqdm(
            desc=self.title, total=total or None, initial=count, unit="B", unit_scale=True
        )
