"""A file that someone sent, as the small picture that a network takes; or why it is refused."""

from __future__ import annotations

import io

import numpy as np
from fastapi import HTTPException
from PIL import Image, UnidentifiedImageError

from cifarlib.data.photos import photo
from cifarlib.service.limits import Limits

# What phones, cameras and web pages give. Each further format is code that strangers can reach.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


def decoded(content: bytes, number: int, size: int, fit: str, limits: Limits) -> np.ndarray:
    """A photo as ``uint8 (size, size, 3)``, 0..255.

    Args:
        content: the bytes of the file.
        number: which of the request's files it is, from 1, for the message of an error.
        size: height and width of the result.
        fit: how it becomes square; see :func:`cifarlib.data.photos.photo`.
        limits: those of the service.

    Raises:
        HTTPException: it is not a picture in a known format (415), has too many pixels (413), or is
            empty or damaged (422).
    """
    name = f"file {number}"
    if not content:
        raise HTTPException(422, f"{name} is empty")
    try:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
        width, height = picture.size  # stated in the first bytes; nothing is decoded yet
    except UnidentifiedImageError as error:
        known = ", ".join(FORMATS)
        raise HTTPException(415, f"{name} is not a picture in a known format: {known}") from error
    except Image.DecompressionBombError as error:
        raise HTTPException(413, f"{name} {_too_many(limits)}") from error
    except Exception as error:  # each of Pillow's readers has its own ways to fail
        raise HTTPException(422, f"{name} is damaged or cut off: {error}") from error
    if width * height > limits.pixels:
        raise HTTPException(413, f"{name}, {width} x {height}, {_too_many(limits)}")
    try:
        # As it was opened: asked again, Pillow might take the bytes for one of its other formats
        return photo(picture, size, fit)
    except ValueError as error:
        raise HTTPException(422, str(error).replace("the Pillow image", name)) from error


def _too_many(limits: Limits) -> str:
    return f"has more than {limits.pixels / 1e6:g} million pixels: scale it down first"
