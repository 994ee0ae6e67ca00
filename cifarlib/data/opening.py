"""Open a reader's picture, wherever it comes from and however it is stored, as upright RGB."""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

ACCEPTED = (
    "a path, the bytes of a file, an uploaded file, a file opened with 'rb', a Pillow image, or a "
    "NumPy array uint8 (height, width, 3)"
)
_OTHER_PROGRAMS = {"EPS", "WMF"}  # to read these, Pillow would need Ghostscript, or Windows
_SIXTEEN_BITS = {"I", "I;16", "I;16B", "I;16L", "I;16N"}
_TRANSPARENT = {"RGBA", "RGBa", "LA", "La", "PA"}

# How files begin that people take for pictures, and what to do about them
_LOOKALIKES = [
    (rb"....ftyp(hei[cx]|hev[cx]|heim|heis|mif1|msf1)", "a HEIC photo, as phones make them: send "
     "it as JPEG, or install pillow-heif and call pillow_heif.register_heif_opener()"),
    (rb"....ftypavi[fs]", "an AVIF picture, which needs Pillow 11.3 or newer: save it as JPEG"),
    (rb"(\xef\xbb\xbf)?\s*(<\?xml|<svg)", "a drawing in SVG or XML: save it as PNG"),
    (rb"(\xef\xbb\xbf)?\s*<", "a web page, not the picture on it: save the picture itself"),
    (rb"%PDF", "a PDF document: save the page as PNG"),
    (rb"....ftyp|\x1aE\xdf\xa3", "a video: save one picture of it"),
    (rb"PK\x03\x04", "a ZIP archive: unpack it first"),
    (rb"%!PS|\xd7\xcd\xc6\x9a", "a PostScript or WMF drawing: save it as PNG"),
]  # fmt: skip


def open_picture(source: object, background: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """A picture in RGB, turned upright.

    Args:
        source: a path; the bytes of a file; what an upload widget gives (``FileUpload.value`` of
            ipywidgets 7 and 8, Colab's ``files.upload()``); a binary file object; a Pillow image;
            or a NumPy array ``uint8 (height, width)`` or ``(height, width, 1 to 4)``.
        background: what shows through transparent pixels, red, green and blue from 0 to 255.

    Returns:
        A loaded Pillow image of mode RGB. 16 bits become 8; of several pictures in one file it is
        the first, with a warning. Color profiles are not applied.

    Raises:
        OSError: the file is missing, a folder, or may not be read.
        TypeError: ``source`` is nothing that could hold a picture.
        ValueError: it is a URL, empty, damaged, too large for Pillow's limit, or no picture.
    """
    if isinstance(source, np.ndarray):
        return _flattened(_from_array(source), background, "the array")
    if isinstance(source, Image.Image):
        name = "the Pillow image"
        return _flattened(_read(source, name), background, name)
    with _opened(source) as (file, name):
        head = file.read(64)
        if not head:
            raise ValueError(f"{name} is empty: there is nothing in it to read")
        file.seek(0)
        Image.init()
        formats = [one for one in Image.ID if one not in _OTHER_PROGRAMS]
        try:
            picture = Image.open(file, formats=formats)
        except Image.DecompressionBombError as error:
            raise _too_large(name) from error
        except UnidentifiedImageError as error:
            raise ValueError(
                f"{name} is no picture that Pillow can read: it looks like {_looks_like(head)}. "
                "Accepted are JPEG, PNG, WebP, GIF, BMP, TIFF and other formats of Pillow"
            ) from error
        except Exception as error:  # each of Pillow's readers has its own ways to fail
            raise _damaged(name, error) from error
        return _flattened(_read(picture, name), background, name)


@contextlib.contextmanager
def _opened(source: object) -> Iterator[tuple[BinaryIO, str]]:
    """A binary file at its beginning, and what an error calls it."""
    if isinstance(source, str | os.PathLike):
        path = _plain_path(source)
        try:
            file = path.open("rb")
        except PermissionError as error:
            raise PermissionError(f"{path} may not be read: you lack the permission") from error
        with file:
            yield file, str(path)
        return
    name = "what was given as bytes"
    if isinstance(source, Mapping | list | tuple):
        name, source = _uploaded(source)
    if isinstance(source, bytes | bytearray | memoryview):
        yield io.BytesIO(source), name
        return
    if not hasattr(source, "read"):
        raise TypeError(f"got {type(source).__name__}, need {ACCEPTED}")
    content = source.read()
    if not isinstance(content, bytes):
        raise TypeError("the file is open as text: open it with open(path, 'rb')")
    if not content:
        raise ValueError("the file object is empty, or was read to its end before: seek(0) first")
    yield io.BytesIO(content), "the file object"


def _plain_path(source: str | os.PathLike) -> Path:
    """The path of a file that is there and can be read without waiting."""
    text = os.fspath(source)
    if isinstance(text, bytes):
        text = os.fsdecode(text)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://|data:", text):
        raise ValueError(f"{text[:80]} is a URL: download the picture first, and give its path")
    if not text or "\0" in text:
        raise ValueError(f"{text!r} is no path of a file")
    try:
        path = Path(text).expanduser().absolute()
    except RuntimeError:  # a name that begins with ~, and no user of that name
        path = Path(text).absolute()
    try:
        found = path.stat()
    except PermissionError as error:
        raise PermissionError(f"{path} may not be read: you lack the permission") from error
    except OSError as error:
        raise FileNotFoundError(f"there is no file {path} ({error.strerror})") from error
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(f"{path} is a folder: name a picture in it, or use photos(folder)")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"{path} is not a plain file")
    return path


def _uploaded(value: Mapping | list | tuple) -> tuple[str, object]:
    """The name and the content of the one file in what an upload widget gives.

    ipywidgets 8: a tuple of ``{"name": ..., "content": memoryview}``. ipywidgets 7: ``{name:
    {"content": bytes}}``. Colab: ``{name: bytes}``.
    """
    if isinstance(value, Mapping) and "content" in value:
        return str(value.get("name", "the uploaded file")), value["content"]
    if len(value) != 1:
        count = "nothing has been uploaded yet" if not value else f"{len(value)} files are there"
        raise ValueError(f"{count}: choose one picture")
    if isinstance(value, Mapping):
        [(name, inside)] = value.items()
        content = inside.get("content") if isinstance(inside, Mapping) else inside
        return str(name), content
    if not isinstance(value[0], Mapping) or "content" not in value[0]:
        raise TypeError(f"got a {type(value).__name__} of {type(value[0]).__name__}: {ACCEPTED}")
    return _uploaded(value[0])


def _from_array(array: np.ndarray) -> Image.Image:
    shape = array.shape
    good = array.ndim == 2 or (array.ndim == 3 and 1 <= shape[2] <= 4)
    if not good or array.size == 0:
        raise ValueError(
            f"an array must have the shape (height, width) or (height, width, 1 to 4), got {shape}"
            + ("; give one image of them, such as images[0]" if array.ndim == 4 else "")
        )
    if array.dtype != np.uint8:
        raise ValueError(
            f"an array must be uint8, 0 to 255, got {array.dtype}: of values from 0 to 1, give "
            "(255 * array).round().astype('uint8')"
        )
    return Image.fromarray(array[:, :, 0] if array.ndim == 3 and shape[2] == 1 else array)


def _read(picture: Image.Image, name: str) -> Image.Image:
    """The first picture in a file, decoded and turned as its EXIF data say."""
    try:
        # a phone's JPEG in MPO holds the same photo twice: nothing to speak of
        frames = getattr(picture, "n_frames", 1) if picture.format != "MPO" else 1
    except Exception:  # cut off behind the first picture, which may be whole
        frames = 1
    try:
        if frames > 1:
            picture.seek(0)
        picture.load()
    except Image.DecompressionBombError as error:
        raise _too_large(name) from error
    except Exception as error:
        raise _damaged(name, error) from error
    if frames > 1:
        warnings.warn(f"{name} holds {frames} pictures: the first is used", stacklevel=4)
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # EXIF data beyond repair: the picture is good without
        return picture


def _flattened(picture: Image.Image, background: tuple[int, int, int], name: str) -> Image.Image:
    """Any mode as RGB of 8 bits, transparent pixels on the background."""
    if picture.mode in _SIXTEEN_BITS:
        values = np.asarray(picture).astype(np.float64)
        most = 255 if picture.mode == "I" and values.max() <= 255 else 65535  # 8 bits in 32
        return _gray(values / most, name).convert("RGB")
    if picture.mode == "F":
        values = np.asarray(picture).astype(np.float64)
        return _gray(values if values.max() <= 1 else values / 255, name).convert("RGB")
    try:
        if picture.mode in _TRANSPARENT or "transparency" in picture.info:
            picture = picture.convert("RGBA")
            under = Image.new("RGBA", picture.size, (*background, 255))
            picture = Image.alpha_composite(under, picture)
        return picture.convert("RGB")
    except ValueError as error:
        raise ValueError(f"{name} has colors of mode {picture.mode}: save it as RGB") from error


def _gray(shares: np.ndarray, name: str) -> Image.Image:
    if not (shares.min() >= 0 and shares.max() <= 1):  # NaN is neither
        raise ValueError(f"{name} has gray values beyond 16 bits: save it with 8 bits, as PNG")
    return Image.fromarray(np.rint(255 * shares).astype(np.uint8))


def _damaged(name: str, error: Exception) -> ValueError:
    return ValueError(f"{name} is damaged or cut off: {error}. Copy it again")


def _too_large(name: str) -> ValueError:
    return ValueError(
        f"{name} has more than {2 * Image.MAX_IMAGE_PIXELS / 1e6:.0f} million pixels, Pillow's "
        "limit against files made to fill the memory: scale it down first"
    )


def _looks_like(head: bytes) -> str:
    for beginning, what in _LOOKALIKES:
        if re.match(beginning, head, re.DOTALL):
            return what
    if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head):
        return f"text, {head[:20].decode()!r}"
    return f"something else: its first bytes are {head[:8]!r}"
