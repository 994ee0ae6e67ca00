"""What a service accepts, so that no request can take all of the machine."""

from __future__ import annotations

from dataclasses import dataclass

from cifarlib import _checks as checks


@dataclass(frozen=True)
class Limits:
    """The most that a service takes.

    Attributes:
        body: bytes of a request, with all its photos: 10 MiB hold an ordinary photo of a phone.
        pixels: of a photo, width times height. A file of a few kilobytes can claim to be a picture
            of a billion pixels; this many are decoded at most, one photo at a time.
        images: photos in a request, predicted as one batch.
        waiting: requests that are read, or wait for their turn. The memory that they take is at
            most ``waiting * body``.
        seconds: from the beginning of a request until its body is there.

    Raises:
        ValueError: one is not positive, or no whole number where it counts something.
    """

    body: int = 10 * 2**20
    pixels: int = 25_000_000
    images: int = 16
    waiting: int = 32
    seconds: float = 30.0

    def __post_init__(self) -> None:
        for name in ("body", "pixels", "images", "waiting"):
            object.__setattr__(self, name, checks.whole(name, getattr(self, name), 1))
        object.__setattr__(self, "seconds", checks.positive("seconds", self.seconds))
