"""A reader's own photo, as a network for CIFAR-10 sees it: square, small, and antialiased."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cifarlib import _checks as checks

if TYPE_CHECKING:
    from PIL import Image


def photo(
    source: object,
    size: int = 32,
    fit: str = "crop",
    *,
    background: tuple[int, int, int] = (255, 255, 255),
) -> np.ndarray:
    """A photo of any size and kind as a small square image.

    Each pixel of the result is the mean of the area of the photo that it stands for, so nothing is
    skipped (antialiasing); a pixel on the border of two areas counts in part for both.

    Args:
        source: a path; the bytes of a file; an uploaded file (``FileUpload.value`` of ipywidgets,
            Colab's ``files.upload()``); a file opened with ``"rb"``; a Pillow image; or an array
            ``uint8 (height, width, 3)``. Any format that Pillow reads by itself, in any color mode;
            turned as its EXIF data say; of an animation the first picture, with a warning.
        size: height and width of the result.
        fit: how a photo becomes square. ``"crop"`` keeps the largest square in its middle,
            ``"pad"`` keeps all of it and fills the rest with the background.
        background: red, green and blue from 0 to 255, white by default; for ``"pad"``, and for
            what is transparent.

    Returns:
        ``uint8 (size, size, 3)``, 0..255, RGB.

    Raises:
        OSError: the file is missing, a folder, or may not be read.
        TypeError: ``source`` is nothing that could hold a picture.
        ValueError: a setting is wrong; or ``source`` is a URL, empty, damaged, too large for
            Pillow's limit, of another dtype, or no picture. The message says what to do.

    >>> stripes = np.zeros((64, 96, 3), np.uint8)
    >>> stripes[:, ::2] = 200
    >>> small = photo(stripes)
    >>> small.shape, int(small.min()), int(small.max())
    ((32, 32, 3), 100, 100)
    """
    from cifarlib.data.opening import open_picture  # here, so that ``import cifarlib`` stays fast

    size = checks.whole("size", size, 1)
    checks.choice("fit", fit, ("crop", "pad"))
    background = _color(background)
    picture = open_picture(source, background)
    if fit == "crop":
        return area_average(np.asarray(_middle(picture)), size, size)
    scale = size / max(picture.size)
    height = max(1, round(scale * picture.height))
    width = max(1, round(scale * picture.width))
    square = np.full((size, size, 3), background, np.uint8)
    top, left = (size - height) // 2, (size - width) // 2
    square[top : top + height, left : left + width] = area_average(
        np.asarray(picture), height, width
    )
    return square


# What Pillow has suffixes for, but cannot read
_NO_PICTURES = {"PDF", "PALM", "HDF5", "MPEG", "GRIB", "BUFR"}


def photos(folder: str | Path, size: int = 32, fit: str = "crop") -> tuple[np.ndarray, list[str]]:
    """All photos in a folder, in the order of their names; folders in it are left alone.

    Args:
        folder: where they are. Files with another suffix than a picture's, and hidden ones,
            are passed over.
        size: as in :func:`photo`.
        fit: as in :func:`photo`.

    Returns:
        Images ``uint8 (n, size, size, 3)`` and the names of their files.

    Raises:
        OSError: there is no such folder, or it may not be read.
        ValueError: there is no picture in it; or one cannot be read, and the message names it.
    """
    from PIL import Image

    folder = checks.path("folder", folder).absolute()
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder; for a single photo, use photo(path)")
    Image.init()
    known = {end for end, kind in Image.EXTENSION.items() if kind not in _NO_PICTURES}
    known |= {".heic", ".heif", ".avif"}
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in known)
    paths = [path for path in paths if path.is_file() and not path.name.startswith(".")]
    if not paths:
        raise ValueError(f"there is no picture in {folder}: JPEG, PNG, WebP and others are read")
    return np.stack([photo(path, size, fit) for path in paths]), [path.name for path in paths]


def area_average(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """An image whose every pixel is the mean of the area that it stands for.

    Args:
        image: ``uint8 (h, w, channels)``.
        height: of the result, smaller or larger than ``h``.
        width: of the result.

    Returns:
        ``uint8 (height, width, channels)``.

    >>> area_average(np.array([[[0], [30], [90]]], np.uint8), 1, 2)[0, :, 0]
    array([10, 70], dtype=uint8)
    """
    down, across = _shares(image.shape[0], height), _shares(image.shape[1], width)
    # one channel at a time: a phone's photo as float32 has 600 MB
    channels = [
        down @ channel.astype(np.float32) @ across.T for channel in np.moveaxis(image, 2, 0)
    ]
    return np.rint(np.stack(channels, axis=2)).astype(np.uint8)


def _shares(old: int, new: int) -> np.ndarray:
    """How much each of ``old`` pixels in a row counts for each of ``new``: ``(new, old)``."""
    borders = np.arange(new + 1) * old / new
    pixels = np.arange(old)
    overlap = np.minimum(borders[1:, None], pixels + 1) - np.maximum(borders[:-1, None], pixels)
    overlap = np.maximum(overlap, 0)
    return (overlap / overlap.sum(axis=1, keepdims=True)).astype(np.float32)


def _middle(picture: Image.Image) -> Image.Image:
    """The largest square in the middle."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def _color(background: tuple[int, int, int]) -> tuple[int, int, int]:
    values = background.tolist() if isinstance(background, np.ndarray) else background
    if not isinstance(values, list | tuple) or len(values) != 3:
        raise ValueError(f"background must be red, green and blue, got {background!r}")
    return tuple(checks.whole("a color of background", value, 0, 255) for value in values)
