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
        held_out: how many of the training images, the last in official order, it is tested on; with
            0 it is the test set.
        precision: what it computes in: a dtype policy of Keras, or ``"fastest"``, which
            :func:`cifarlib.machine.fastest_precision` finds.
        validate_on_test: whether the curves follow the test set, as famous examples do. Nothing is
            chosen by them. Without it the test set is looked at once, at the end.
        test_time_augmentation: whether the test is made with several views of each image, too.
        teacher: the model of the zoo whose logits on the training images are learned from, as the
            recipe's ``teacher_share`` says; empty for none.
        attacks: of the test by :func:`cifarlib.explain.pgd`: pairs of an epsilon, on the scale of
            0..255, and a number of steps.

    Raises:
        ValueError: a setting is outside its range.
    """

    model: Callable[[], keras.Model]
    recipe: Recipe
    images: int = 50_000
    held_out: int = 0
    precision: str = "float32"
    validate_on_test: bool = False
    test_time_augmentation: bool = False
    teacher: str = ""
    attacks: tuple[tuple[float, int], ...] = ()

    def __post_init__(self) -> None:
        checks.function("model", self.model, none=False)
        checks.instance("recipe", self.recipe, Recipe)
        checks.text("teacher", self.teacher)
        object.__setattr__(self, "images", checks.whole("images", self.images, 1))
        object.__setattr__(self, "held_out", checks.whole("held_out", self.held_out, 0))
        checks.choice("precision", self.precision, PRECISIONS)
        for name in ("validate_on_test", "test_time_augmentation"):
            checks.truth(name, getattr(self, name))
        pairs = isinstance(self.attacks, list | tuple) and all(
            isinstance(pair, list | tuple) and len(pair) == 2 for pair in self.attacks
        )
        if not pairs:
            raise ValueError(f"attacks must be pairs (epsilon, steps), got {self.attacks!r}")
        for epsilon, steps in self.attacks:
            checks.not_negative("an attack's epsilon", epsilon)
            checks.whole("an attack's steps", steps, 1)
        if bool(self.teacher) != bool(self.recipe.teacher_share):
            raise ValueError(
                f"teacher is {self.teacher!r} and the recipe's teacher_share "
                f"{self.recipe.teacher_share:g}: give both or neither"
            )

    @property
    def images_needed(self) -> int:
        """Training images, those held out among them."""
        return self.images + self.held_out

    def settings(self) -> dict:
        """The recipe's settings, and those of this class that decide a result, by name.

        As of a recipe (:meth:`cifarlib.recipes.Recipe.settings`), only what is not at its default;
        a record's hash covers these.
        """
        own = {name: getattr(self, name) for name in _DECIDING}
        changed = {name: value for name, value in own.items() if value != getattr(Training, name)}
        return self.recipe.settings() | changed


# Of the images, a record notes the number by itself
_DECIDING = (
    "held_out", "precision", "validate_on_test", "test_time_augmentation", "teacher",
    "attacks",
)  # fmt: skip
