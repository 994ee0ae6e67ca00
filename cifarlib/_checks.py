"""Checks of the settings that readers give: each raises a ValueError with name and value.

Those of numbers return them as Python's own: ``np.int64(16)``, from a loop over an array, is a
whole number, but Keras takes it in some places and not in others, and JSON does not.
"""

from __future__ import annotations

import math
import os
import random
import reprlib
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from pathlib import Path

import numpy as np

from cifarlib._arrays import (  # noqa: F401  (all checks are taken from here)
    array,
    numbers,
    pictures,
    preprocessed,
    shown,
)


def fraction(name: str, value: float) -> float:
    """Refuse what is not at least 0 and below 1."""
    if not is_number(value) or not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value!r}")
    return float(value)


def share(name: str, value: float) -> float:
    """Refuse what is not a number from 0 to 1, both included."""
    if not is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be from 0 to 1, got {value!r}")
    return float(value)


def not_negative(name: str, value: float) -> float:
    """Refuse what is not a finite number of at least 0."""
    if not is_number(value) or not 0 <= value < math.inf:
        raise ValueError(f"{name} must be finite and at least 0, got {value!r}")
    return float(value)


def positive(name: str, value: float) -> float:
    """Refuse what is not a finite number above 0."""
    if not is_number(value) or not 0 < value < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {value!r}")
    return float(value)


def truth(name: str, value: bool) -> None:
    """Refuse what is neither True nor False."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, got {value!r}")


def whole(name: str, value: int, least: int, most: int | None = None) -> int:
    """Refuse what is not a whole number from ``least`` to ``most``."""
    if is_whole(value) and value >= least and (most is None or value <= most):
        return int(value)
    span = f"of at least {least}" if most is None else f"from {least} to {most}"
    raise ValueError(f"{name} must be a whole number {span}, got {value!r}")


def divisor(name: str, value: int, number: int) -> int:
    """Refuse what is not a whole number that divides ``number``."""
    if not is_whole(value) or value < 1 or number % value:
        raise ValueError(f"{name} must be a divisor of {number}, got {value!r}")
    return int(value)


def positive_integers(name: str, values: Sequence[int], *, count: int) -> tuple[int, ...]:
    """Refuse what are not ``count`` whole numbers of at least 1."""
    values = values.tolist() if isinstance(values, np.ndarray) else values
    good = isinstance(values, list | tuple) and len(values) == count
    if not good or not all(is_whole(value) and value >= 1 for value in values):
        raise ValueError(f"{name} must be {count} whole numbers of at least 1, got {values!r}")
    return tuple(int(value) for value in values)


def choice(name: str, value: object, known: Sequence) -> None:
    """Refuse what is not one of ``known``."""
    value = int(value) if is_whole(value) else value
    if not any(value == item and type(value) is type(item) for item in known):
        listed = ", ".join(repr(item) for item in known)
        raise ValueError(f"{name} must be one of {listed}, got {value!r}")


def text(name: str, value: str) -> None:
    """Refuse what is no text."""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a text, got {value!r}")


def called(name: str | None, default: str) -> str:
    """What a model is called: as a reader wants it, or by its own name; refuse what is no name."""
    if name is not None and (not isinstance(name, str) or "/" in name):
        raise ValueError(f"name must be a text without a slash, or None, got {name!r}")
    return name or default


def texts(name: str, values: Sequence[str]) -> tuple[str, ...]:
    """Refuse what is no list of texts; a single text is none either."""
    if not isinstance(values, list | tuple) or not all(isinstance(item, str) for item in values):
        raise ValueError(f"{name} must be a list of texts, got {values!r}")
    return tuple(values)


def names(name: str, values: Sequence, count: int | None = None, of: str = "") -> tuple[str, ...]:
    """Refuse what is no list of names, one for each of ``count`` things; give back texts."""
    if isinstance(values, str) or not hasattr(values, "__len__"):
        raise ValueError(f"{name} must be a list, got {values!r}")
    if count is not None and len(values) != count:
        raise ValueError(f"got {len(values)} {name} for {count} {of}")
    return tuple(str(item) for item in values)


def keras_name(name: str, value: object, module: str) -> None:
    """Refuse what Keras' ``activations`` or ``initializers`` do not know."""
    import keras  # here, so that what needs no Keras can have checks

    drawn = random.getstate()  # an initializer draws its seed as it is made
    try:
        getattr(keras, module).get(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name} must be a name of keras.{module}, got {value!r}") from error
    finally:
        random.setstate(drawn)


def plain(value: object) -> object:
    """A number of NumPy as Python's own, and all else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def path(name: str, value: str | Path) -> Path:
    """Refuse what is no path; give back the path, with the home folder in the place of ``~``."""
    if not isinstance(value, str | os.PathLike) or not str(value):
        raise ValueError(f"{name} must be a path, as a text or a pathlib.Path, got {value!r}")
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError(f"{name} begins at the home of no user here, got {value!r}") from None


def instance(name: str, value: object, kind: type, example: str = "") -> None:
    """Refuse what is not of a class; ``example`` says how a reader comes by one."""
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        words = f"{name} must be {article} {kind.__name__}{example and f', such as {example}'}"
        raise ValueError(f"{words}, got {reprlib.repr(value)}")


def model(value: object, name: str = "model") -> None:
    """Refuse what is no Keras model."""
    import keras  # here, so that what needs no Keras can have checks

    if not isinstance(value, keras.Model):
        hint = ": call it, and give what it builds" if callable(value) else ""
        raise ValueError(f"{name} must be a Keras model, got {reprlib.repr(value)}{hint}")


def output_shape(value: object) -> object:
    """The shape that a Keras model gives; None where one of a subclass, or unbuilt, has none."""
    return getattr(value, "output_shape", None)


def function(name: str, value: Callable | None, *, none: bool = True) -> None:
    """Refuse what is no function, nor, where that is allowed, None."""
    if not (callable(value) or (none and value is None)):
        raise ValueError(f"{name} must be a function{' or None' * none}, got {value!r}")


def generator(name: str, value: np.random.Generator) -> None:
    """Refuse what is no random generator of NumPy's newer kind."""
    instance(name, value, np.random.Generator, "np.random.default_rng(0)")


def lengths(name: str, values: Sequence[float], count: int) -> tuple[float, ...]:
    """Refuse what are not ``count`` finite numbers above 0."""
    if not isinstance(values, list | tuple | np.ndarray) or len(values) != count:
        raise ValueError(f"{name} must be {count} numbers above 0, got {values!r}")
    return tuple(positive(f"{name}, one number of it,", value) for value in values)


def curves(
    runs: Sequence[dict], names: Sequence[str] | None, validation_label: str, width: float
) -> None:
    """Refuse what are no curves as of ``History.history``, with names and a width."""
    if not isinstance(runs, list | tuple) or len(runs) == 0:
        raise ValueError(f"runs must be a list of curves, one dictionary a run, got {runs!r}")
    for run in runs:
        found = run if isinstance(run, dict) else {}
        if missing := [key for key in ("accuracy", "loss") if key not in found]:
            there = ", ".join(map(str, found)) or type(run).__name__
            raise ValueError(
                f"runs: each needs the curves accuracy and loss, {' and '.join(missing)} is "
                f"missing, there is {there}"
            )
        for key, values in found.items():
            curve = numbers(f"the curve {key}", values, finite=False)
            if curve.shape in ((), (0,)):
                raise ValueError(f"the curve {key} must be a value for each epoch, got {values!r}")
            if key in ("accuracy", "val_accuracy") and (curve > 1).any():  # NaN is not
                raise ValueError(f"the curve {key} must run from 0 to 1, got {values!r}")
    if names is None and len(runs) > 1:
        raise ValueError(f"names are needed to tell {len(runs)} runs apart")
    if names is not None and len(texts("names", names)) != len(runs):
        raise ValueError(f"got {len(names)} names for {len(runs)} runs")
    text("validation_label", validation_label)
    positive("width", width)


def is_whole(value: object) -> bool:
    """Whether it is a whole number, Python's or NumPy's; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether it is a real number, Python's or NumPy's; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool)
