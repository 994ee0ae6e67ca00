"""Calls with one wrong argument, and whether the error is one that a reader can use.

A table (``calls_*.py``) has an entry for each public function: for each argument a valid value,
wrong ones, and unusual ones that must do. Most values come from the kinds below.
"""

from __future__ import annotations

import contextlib
import linecache
import math
import re
import tempfile
import traceback
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import cifarlib

PACKAGE = str(Path(cifarlib.__file__).parent)
_FOLDER = tempfile.TemporaryDirectory()  # removed when Python ends
FOLDER = Path(_FOLDER.name)
RAGGED = [[1, 2], [3]]


@dataclass(frozen=True)
class Given:
    """What an argument may be and may not be.

    Attributes:
        valid: a value that the function takes.
        wrong: values that it must refuse.
        also: unusual values that it must take.
        says: a regular expression that the message must have; by default the argument's name.
        shows: whether the message must show the value itself.
    """

    valid: object
    wrong: tuple
    also: tuple = ()
    says: str = ""
    shows: bool = False


class Call:
    """A public function and its arguments.

    Args:
        function: what is called.
        quick: whether a valid call is quick enough to be made.
        **arguments: a :class:`Given` for each; a plain value is passed on and not tried.
    """

    def __init__(self, function: Callable, /, *, quick: bool = True, **arguments) -> None:
        self.function, self.quick, self.arguments = function, quick, arguments
        self.tried = [name for name, one in arguments.items() if isinstance(one, Given)]

    def __call__(self, **changed):
        """The function's result for valid arguments, some of them changed."""
        valid = {
            name: one.valid if isinstance(one, Given) else one
            for name, one in self.arguments.items()
        }
        with contextlib.ExitStack() as stack:
            result = self.function(**(valid | changed))
            if hasattr(result, "__enter__"):
                stack.enter_context(result)
        return result

    def outcomes(self, name: str) -> Iterator[tuple[object, str]]:
        """For each wrong value of an argument, what is wrong with how it was refused, or ""."""
        given = self.arguments[name]
        for value in given.wrong:
            try:
                self(**{name: value})
            except Exception as error:
                yield value, _fault(error, given, name, value)
            else:
                yield value, "taken without a word"

    def refusals(self, name: str) -> Iterator[tuple[object, str]]:
        """For each unusual value of an argument, the error that it met, or ""."""
        for value in self.arguments[name].also:
            try:
                self(**{name: value})
            except Exception as error:
                yield value, f"refused: {error!r}"
            else:
                yield value, ""


def _fault(error: Exception, given: Given, name: str, value: object) -> str:
    """What is wrong with an error: whose it is, or what it leaves out."""
    text = f"{type(error).__name__}: {error}"
    if not isinstance(error, ValueError | TypeError | OSError) or not _ours(error):
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"foreign error: {text} ({place.filename}:{place.lineno})"
    if not re.search(given.says or rf"\b{re.escape(name)}\b", str(error)):
        return f"does not name it: {text}"
    if given.shows and repr(value) not in str(error) and str(value) not in str(error):
        return f"does not show the value: {text}"
    return ""


def _ours(error: Exception) -> bool:
    """Whether a line of the package raises it by intent."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    line = linecache.getline(place.filename, place.lineno).strip()
    return place.filename.startswith(PACKAGE) and line.startswith("raise")


def public(module: types.ModuleType) -> dict[str, Callable]:
    """What a module offers that can be called, by its name."""
    names = getattr(module, "__all__", None) or [
        name
        for name, item in vars(module).items()
        if not name.startswith("_") and getattr(item, "__module__", "") == module.__name__
    ]
    return {name: getattr(module, name) for name in names if callable(getattr(module, name))}


# Kinds of arguments


def whole(valid: int, least: int, most: int | None = None, *, none: bool = False, says="") -> Given:
    wrong = (least - 1, str(valid), valid + 0.5, math.nan, True, [valid])
    wrong += () if most is None else (most + 1,)
    also = (np.int64(valid), None) if none else (np.int64(valid),)
    return Given(valid, wrong if none else (None, *wrong), also, says, shows=True)


def number(valid: float, *outside: float, none: bool = False, says: str = "") -> Given:
    wrong = (*outside, math.nan, str(valid), True, [valid])
    also = (np.float32(valid), np.float64(valid), *((int(valid),) if valid == int(valid) else ()))
    also += (None,) if none else ()
    return Given(valid, wrong if none else (None, *wrong), also, says, shows=True)


def positive(valid: float, **settings) -> Given:
    return number(valid, 0, -1, math.inf, **settings)


def not_negative(valid: float, **settings) -> Given:
    return number(valid, -1, math.inf, **settings)


def fraction(valid: float, **settings) -> Given:
    return number(valid, -0.1, 1, math.inf, **settings)


def share(valid: float, **settings) -> Given:
    return number(valid, -0.1, 1.1, math.inf, **settings)


def seed(valid: int = 1, **settings) -> Given:
    return whole(valid, 0, **settings)


def truth(valid: bool = True) -> Given:
    return Given(valid, (None, "no", 2, 1.0), (True, False), shows=True)


def one_of(valid: object, *, none: bool = False, says: str = "", others: tuple = ()) -> Given:
    wrong = ("such a thing", "", 3.5, [valid], *others)
    return Given(valid, wrong if none else (None, *wrong), (valid,), says, shows=True)


def text(valid: str, *, none: bool = False) -> Given:
    wrong = (3, b"text", ["text"])
    return Given(valid, wrong if none else (None, *wrong), shows=True)


def instance(valid: object, *, says: str = "", none: bool = False) -> Given:
    wrong = ("such a thing", 3, type(valid))
    return Given(valid, wrong if none else (None, *wrong), says=says)


def function(valid: Callable | None = None) -> Given:
    """A function or None."""
    return Given(valid, ("such a thing", 3, True), (valid,))


def preprocess() -> Given:
    """A function from images to what a model takes, or None."""
    wrong = ("such a thing", 3, lambda images: None, lambda images: "text")
    return Given(None, wrong, (lambda images: images,))


def generator() -> Given:
    wrong = (None, 0, "random", np.random.RandomState(0), np.random)
    return Given(np.random.default_rng(0), wrong)


def some_path(valid: Path | None, *wrong: object, none: bool = False, says: str = "") -> Given:
    values = (3, 2.5, [1], True, *wrong)
    also = () if valid is None else (str(valid),)
    return Given(valid, values if none else (None, *values), also, says or "path|folder|file")


def _images(count: int = 2) -> np.ndarray:
    drawn = np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), np.uint8)
    drawn[:, 0, 0] = 255  # no image is black
    return drawn


IMAGES = _images()
LABELS = np.array([3, 0, 7, 9, 3, 1])
LOGITS = np.random.default_rng(1).normal(0, 2, (6, 10)).astype(np.float32)
_FORMS = (
    None, "such a thing", 3, [], RAGGED, IMAGES[0], IMAGES[:0], IMAGES[..., 0],
    IMAGES.astype(str), IMAGES.astype(object), IMAGES.astype(complex), {"images": IMAGES},
)  # fmt: skip


def images(valid: np.ndarray = IMAGES, *, says: str = "images", whole: bool = False) -> Given:
    """Raw images ``(n, 32, 32, 3)``; ``whole`` for functions that take ``uint8`` alone."""
    real = valid.astype(np.float32)
    broken = np.where(real == real.max(), np.nan, real)
    values = (real / 255, real * 2, -real, broken, valid[:, :16], valid[..., :2])
    also = (valid.copy(),) if whole else (real, valid.astype(np.int64), valid.tolist())
    return Given(valid, (*_FORMS, *values, *((real,) if whole else ())), also, says)


def pictures(valid: np.ndarray = IMAGES, *, says: str = "images") -> Given:
    """Images of any size; for most functions of the room ``images`` also those of fractions."""
    return Given(valid, (*_FORMS, valid[..., :2]), (valid[:, :16],), says)


def labels(valid: np.ndarray = LABELS, classes: int = 10, *, says: str = "labels") -> Given:
    one_hot = np.eye(classes)[valid]
    wrong = (
        None, "such a thing", 3, [], RAGGED, valid[:-1], valid + 0.5, valid - 10,
        np.where(valid == valid.max(), classes, valid), np.where(valid == 3, -1, valid),
        2 * one_hot, one_hot[:, :-1], one_hot[None], valid.astype(str), valid.astype(object),
        valid.astype(complex), valid.astype(float), np.stack([valid, valid], 1),
    )  # fmt: skip
    also = (valid[:, None], one_hot, valid.tolist(), valid.astype(np.uint8), one_hot.astype(bool))
    return Given(valid, wrong, also, says)


def rows(valid: np.ndarray = LOGITS, *, says: str = "", empty: bool = True) -> Given:
    """A row of finite numbers for each image."""
    broken = np.where(valid == valid.max(), np.nan, valid)
    wrong = (
        None, "such a thing", 3.0, RAGGED, valid[0], valid[None], valid.astype(str),
        valid.astype(object), valid.astype(complex), broken, {"rows": valid},
        *(([], valid[:0], valid[:, :0]) if empty else ()),
    )  # fmt: skip
    return Given(valid, wrong, (valid.tolist(), valid.astype(np.float64)), says)


def answers(valid: np.ndarray = LOGITS, **settings) -> Given:
    """Such a row, or the class with the largest number."""
    given = rows(valid, **settings)
    classes = valid.argmax(axis=1)
    return Given(
        valid,
        (*given.wrong, classes + 0.5, classes - 10, classes[:-1], classes.astype(str)),
        (*given.also, classes, classes.tolist(), classes.astype(np.uint8)),
        given.says or "predictions|labels",
    )


def names(valid: tuple[str, ...], *, none: bool = False, says: str = "") -> Given:
    wrong = (3, valid[:-1], (*valid, "one more"), "such a thing", ())
    return Given(valid, wrong if none else (None, *wrong), (list(valid),), says)
