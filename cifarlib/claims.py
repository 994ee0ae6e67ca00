"""``check``: what a page claims, held in tests, and no obstacle to a reader who experiments."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

VARIABLE = "CIFARLIB_CHECKS"


class ClaimError(AssertionError):
    """A sentence of a page that does not hold."""


def check(sentence: str, condition: Callable[[], bool]) -> None:
    """Hold a sentence of the page against what its cells found.

    A reader changes a page: other filters, another seed, a layer less. What the page says about its
    own numbers may then be false, and that is a finding and no error. So for a reader a check that
    fails prints one line, and the notebook goes on. Under ``CIFARLIB_CHECKS=strict``, which the
    tests, ``make notebooks`` and ``make book`` set, it raises.

    Args:
        sentence: what the page claims, without a full stop.
        condition: a function without arguments that gives one True or False (NumPy's or a
            tensor's, too). A function, so that a name that the reader removed cannot stop the
            notebook: what it raises counts as "not so".

    Raises:
        ClaimError: when strict, if the condition is false or raises (the exception is its cause).
        TypeError, ValueError: when strict, for a sentence or condition of another form.
        ValueError: if ``CIFARLIB_CHECKS`` is set to something other than ``strict``.

    >>> from unittest import mock
    >>> errors = {"plain-20": 8.8, "plain-44": 8.1}
    >>> claim = "deeper plain networks train worse"
    >>> with mock.patch.dict(os.environ, {"CIFARLIB_CHECKS": ""}):  # as a reader runs it
    ...     check("every network has an error", lambda: min(errors.values()) > 0)
    ...     check(claim, lambda: errors["plain-44"] > errors["plain-20"])
    ...     check(claim, lambda: errors["plain-56"] > errors["plain-20"])
    Not so in your version: deeper plain networks train worse.
    Not so in your version: deeper plain networks train worse. (KeyError: 'plain-56')
    >>> with mock.patch.dict(os.environ, {"CIFARLIB_CHECKS": "strict"}):  # as the tests run it
    ...     check(claim, lambda: errors["plain-44"] > errors["plain-20"])
    Traceback (most recent call last):
    cifarlib.claims.ClaimError: not so: deeper plain networks train worse
    """
    if not _strict():
        _tell(sentence, condition)
        return
    _validate(sentence, condition)
    try:
        found = condition()
    except Exception as error:
        raise ClaimError(f"cannot be checked: {sentence} ({_hint(error)})") from error
    if not _truth(found, sentence):
        raise ClaimError(f"not so: {sentence}")


def _strict() -> bool:
    value = os.environ.get(VARIABLE, "")
    if value not in ("", "strict"):
        raise ValueError(
            f"the environment variable {VARIABLE} must be 'strict' (a false check raises) or "
            f"absent (it says so and goes on), got {value!r}"
        )
    return value == "strict"


def _tell(sentence: str, condition: Callable[[], bool]) -> None:
    """Print a line if the sentence is not so; let nothing stop the reader."""
    hint = ""
    try:
        if _truth(condition() if callable(condition) else condition, sentence):
            return
    except Exception as error:
        hint = f" ({_hint(error)})"
    print(f"Not so in your version: {str(sentence).strip().rstrip('.')}.{hint}")


def _validate(sentence: str, condition: Callable[[], bool]) -> None:
    if not isinstance(sentence, str):
        raise TypeError(
            f"check takes a sentence and a condition; the sentence must be a text, got {sentence!r}"
        )
    if not sentence.strip():
        raise ValueError("the sentence of a check must say what is claimed, got an empty one")
    if sentence != sentence.strip() or sentence.endswith("."):
        raise ValueError(
            f"the sentence of a check has no full stop and no space around it, got {sentence!r}"
        )
    if not callable(condition):
        raise TypeError(
            f"check({sentence!r}, ...) takes a function, as in `lambda: a > b`, got {condition!r}: "
            "what is evaluated before the check would stop a reader if it raised"
        )


def _truth(found: object, sentence: str) -> bool:
    """The one True or False that a condition gave."""
    if isinstance(found, bool | np.bool_):
        return bool(found)
    if hasattr(found, "shape"):  # an array or a tensor
        array = np.asarray(found)
        if array.shape == () and array.dtype == bool:
            return bool(array)
        raise TypeError(
            f"the condition of {sentence!r} must give one True or False, got an array of shape "
            f"{array.shape} and dtype {array.dtype}, which is ambiguous: say .all() or .any()"
        )
    raise TypeError(f"the condition of {sentence!r} must give True or False, got {found!r}")


def _hint(error: Exception) -> str:
    """What went wrong, in one short line."""
    lines = str(error).strip().splitlines() or [""]
    text = lines[0] if len(lines[0]) <= 120 else lines[0][:117] + "..."
    return f"{type(error).__name__}: {text}".removesuffix(": ")
