"""Pictures as few bytes: a notebook carries its figures, and each must stay under a megabyte."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

# Mean difference per channel, of 255, up to which fewer colors pass for the same picture. Curves
# and bars come out near 0.05, photographs at 2 to 6.
_INVISIBLE = 1.0


def png(picture: Image.Image) -> bytes:
    """A picture as PNG, with 256 colors where that makes no visible difference.

    Drawn figures come out a third as large; photographs keep all their colors.

    Args:
        picture: of any mode; what is transparent becomes white.

    Returns:
        The bytes of a PNG file.
    """
    picture = _opaque(picture)
    reduced = picture.quantize(256, dither=Image.Dither.NONE)
    difference = np.asarray(picture, dtype=np.int16) - np.asarray(reduced.convert("RGB"))
    return _saved(
        reduced if np.abs(difference).mean() <= _INVISIBLE else picture, "png", optimize=True
    )


def webp(file: bytes) -> bytes:
    """A picture file as WebP: lossless, or at quality 70 where that is smaller.

    Photographs are smaller lossy, and many drawings are smaller lossless.
    """
    picture = Image.open(io.BytesIO(file)).convert("RGB")
    lossy = _saved(picture, "webp", quality=70, method=6)
    lossless = _saved(picture, "webp", lossless=True, method=6)
    return min(lossless, lossy, key=len)


def _opaque(picture: Image.Image) -> Image.Image:
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


def _saved(picture: Image.Image, kind: str, **settings) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **settings)
    return buffer.getvalue()
