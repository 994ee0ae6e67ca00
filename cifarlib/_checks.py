"""Checks of the settings that readers give: each raises a ValueError with name and value.

Those of numbers return them as Python's own: ``np.int64(16)``, from a loop over an array, is a
whole number, but Keras takes it in some places and not in others, and JSON does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np


def fraction(name: str, value: float) -> float:
    """Refuse what is not at least 0 and below 1."""
    if not _is_number(value) or not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value!r}")
    return float(value)


def share(name: str, value: float) -> float:
    """Refuse what is not a number from 0 to 1, both included."""
    if not _is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be from 0 to 1, got {value!r}")
    return float(value)


def not_negative(name: str, value: float) -> float:
    """Refuse what is not a finite number of at least 0."""
    if not _is_number(value) or not 0 <= value < math.inf:
        raise ValueError(f"{name} must be finite and at least 0, got {value!r}")
    return float(value)


def positive(name: str, value: float) -> float:
    """Refuse what is not a finite number above 0."""
    if not _is_number(value) or not 0 < value < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {value!r}")
    return float(value)


def truth(name: str, value: bool) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, got {value!r}")


def whole(name: str, value: int, least: int, most: int | None = None) -> int:
    """Refuse what is not a whole number from ``least`` to ``most``."""
    if _is_whole(value) and value >= least and (most is None or value <= most):
        return int(value)
    span = f"of at least {least}" if most is None else f"from {least} to {most}"
    raise ValueError(f"{name} must be a whole number {span}, got {value!r}")


def divisor(name: str, value: int, number: int) -> int:
    """Refuse what is not a whole number that divides ``number``."""
    if not _is_whole(value) or value < 1 or number % value:
        raise ValueError(f"{name} must be a divisor of {number}, got {value!r}")
    return int(value)


def positive_integers(name: str, values: Sequence[int], *, count: int) -> tuple[int, ...]:
    """Refuse what are not ``count`` whole numbers of at least 1."""
    values = values.tolist() if isinstance(values, np.ndarray) else values
    good = isinstance(values, list | tuple) and len(values) == count
    if not good or not all(_is_whole(value) and value >= 1 for value in values):
        raise ValueError(f"{name} must be {count} whole numbers of at least 1, got {values!r}")
    return tuple(int(value) for value in values)


def choice(name: str, value: object, known: Sequence) -> None:
    """Refuse what is not one of ``known``."""
    value = int(value) if _is_whole(value) else value
    if not any(value == item and type(value) is type(item) for item in known):
        listed = ", ".join(repr(item) for item in known)
        raise ValueError(f"{name} must be one of {listed}, got {value!r}")


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
