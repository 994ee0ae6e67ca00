"""Checks of the settings that readers give: each raises a ValueError with name and value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real


def fraction(name: str, value: float) -> None:
    """Refuse what is not at least 0 and below 1."""
    if not _is_number(value) or not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value!r}")


def not_negative(name: str, value: float) -> None:
    """Refuse what is not a finite number of at least 0."""
    if not _is_number(value) or not 0 <= value < math.inf:
        raise ValueError(f"{name} must be finite and at least 0, got {value!r}")


def positive(name: str, value: float) -> None:
    """Refuse what is not a finite number above 0."""
    if not _is_number(value) or not 0 < value < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {value!r}")


def truth(name: str, value: bool) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, got {value!r}")


def whole(name: str, value: int, least: int, most: int | None = None) -> None:
    """Refuse what is not a whole number from ``least`` to ``most``."""
    if type(value) is int and value >= least and (most is None or value <= most):
        return
    span = f"of at least {least}" if most is None else f"from {least} to {most}"
    raise ValueError(f"{name} must be a whole number {span}, got {value!r}")


def divisor(name: str, value: int, number: int) -> None:
    """Refuse what is not a whole number that divides ``number``."""
    if type(value) is not int or value < 1 or number % value:
        raise ValueError(f"{name} must be a divisor of {number}, got {value!r}")


def positive_integers(name: str, values: Sequence[int], *, count: int) -> None:
    """Refuse what are not ``count`` whole numbers of at least 1."""
    good = isinstance(values, list | tuple) and len(values) == count
    if not good or not all(type(value) is int and value >= 1 for value in values):
        raise ValueError(f"{name} must be {count} whole numbers of at least 1, got {values!r}")


def choice(name: str, value: object, known: Sequence) -> None:
    """Refuse what is not one of ``known``."""
    if not any(value == item and type(value) is type(item) for item in known):
        listed = ", ".join(repr(item) for item in known)
        raise ValueError(f"{name} must be one of {listed}, got {value!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
