"""Checks of the settings that readers give to models."""

from __future__ import annotations

from collections.abc import Sequence


def fraction(name: str, value: float) -> None:
    """Raise a ValueError unless ``value`` is at least 0 and below 1."""
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value}")


def positive_integer(name: str, value: int) -> None:
    """Raise a ValueError unless ``value`` is a whole number of at least 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")


def positive_integers(name: str, values: Sequence[int], *, count: int) -> None:
    """Raise a ValueError unless ``values`` are ``count`` whole numbers of at least 1."""
    good = isinstance(values, Sequence) and len(values) == count
    if not good or not all(type(value) is int and value >= 1 for value in values):
        raise ValueError(f"{name} must be {count} whole numbers of at least 1, got {values!r}")


def choice(name: str, value: object, known: Sequence) -> None:
    """Raise a ValueError unless ``value`` is one of ``known``."""
    if value not in known:
        listed = ", ".join(repr(item) for item in known)
        raise ValueError(f"{name} must be one of {listed}, got {value!r}")
