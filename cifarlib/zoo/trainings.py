"""What it takes to repeat a full run: a model, its recipe, and how it is computed and tested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras

from cifarlib import _checks as checks
from cifarlib.recipes import Recipe

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16", "fastest")


@dataclass(frozen=True)
class Training:
    """One way to build, train and test a model.

    Attributes:
        model: gives a new model.
        recipe: how it is trained.
        images: how many of the training images, the first in official order, it sees.
        precision: what it computes in: a dtype policy of Keras, or ``"fastest"``, which
            :func:`cifarlib.machine.fastest_precision` finds.
        validate_on_test: whether the curves follow the test set, as famous examples do. Nothing is
            chosen by them. Without it the test set is looked at once, at the end.
        test_time_augmentation: whether the test is made with several views of each image, too.

    Raises:
        ValueError: a setting is outside its range.
    """

    model: Callable[[], keras.Model]
    recipe: Recipe
    images: int = 50_000
    precision: str = "float32"
    validate_on_test: bool = False
    test_time_augmentation: bool = False

    def __post_init__(self) -> None:
        checks.whole("images", self.images, 1)
        checks.choice("precision", self.precision, PRECISIONS)
        for name in ("validate_on_test", "test_time_augmentation"):
            checks.truth(name, getattr(self, name))

    def settings(self) -> dict:
        """The recipe's settings, and those of this class that decide a result, by name.

        As of a recipe (:meth:`cifarlib.recipes.Recipe.settings`), only what is not at its default;
        a record's hash covers these.
        """
        own = {name: getattr(self, name) for name in _DECIDING}
        changed = {name: value for name, value in own.items() if value != getattr(Training, name)}
        return self.recipe.settings() | changed


# Of the images, a record notes the number by itself
_DECIDING = ("precision", "validate_on_test", "test_time_augmentation")
