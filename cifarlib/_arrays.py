"""Checks of the arrays that readers give: each raises a ValueError with name and form.

They are part of :mod:`cifarlib._checks`, by which other files take them.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable

import numpy as np


def array(name: str, values: object) -> np.ndarray:
    """What NumPy makes of ``values``; refuse rows of different lengths, and a lone non-number."""
    try:
        found = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{name} must be an array, or a list whose rows are equally long, got a "
            f"{type(values).__name__} that NumPy makes no array of ({error})"
        ) from error
    if found.ndim == 0 and found.dtype.kind in "OUSV":
        raise ValueError(f"{name} must be an array of numbers, got {reprlib.repr(values)}")
    return found


def numbers(name: str, values: object, *, finite: bool = True) -> np.ndarray:
    """Refuse what is no array of real numbers, or, if they must be finite, has NaN or infinity."""
    found = array(name, values)
    if found.dtype.kind not in "iuf" and not (found.dtype.name.startswith(("bfloat", "float8"))):
        raise ValueError(f"{name} must be real numbers, got {found.dtype} {found.shape}")
    if finite and not np.isfinite(found).all():
        raise ValueError(f"{name} must be finite numbers, got NaN or infinity among them")
    return found


def pictures(name: str, values: object, dtype: type | None = None) -> np.ndarray:
    """Refuse what is no batch of images ``(n, h, w, 3)``; of ``dtype``, where one is named."""
    found = array(name, values)
    right = found.dtype.kind in "iuf" if dtype is None else found.dtype == dtype
    if found.ndim != 4 or found.shape[3] != 3 or 0 in found.shape or not right:
        kind = "numbers" if dtype is None else np.dtype(dtype).name
        raise ValueError(
            f"{name} must be {kind} (n, h, w, 3) with n > 0, got {found.dtype} {found.shape}"
        )
    return found


def shown(name: str, values: object) -> np.ndarray:
    """Refuse what is no batch of images ``(n, h, w, 3)``, whole numbers from 0 to 255."""
    found = array(name, values)
    good = found.ndim == 4 and found.shape[3] == 3 and 0 not in found.shape
    if not good or found.dtype.kind not in "iu" or found.min() < 0 or found.max() > 255:
        raise ValueError(
            f"{name} must be whole numbers (n, h, w, 3), n > 0, from 0 to 255, got {found.dtype} "
            f"{found.shape}"
        )
    return found


def preprocessed(images: np.ndarray, preprocess: Callable | None) -> np.ndarray:
    """What a reader's function makes of images; refuse what is no array of as many."""
    if preprocess is None:
        return images
    if not callable(preprocess):
        raise ValueError(f"preprocess must be a function or None, got {preprocess!r}")
    found = np.asarray(preprocess(images))
    if found.dtype.kind in "OUSmMc" or found.shape[:1] != images.shape[:1]:
        raise ValueError(
            "preprocess must give back an array with a row of numbers for each image, for "
            f"{images.shape} it gave {found.dtype} {found.shape}"
        )
    return found
