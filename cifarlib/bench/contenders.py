"""Who takes part in the benchmark: models and recipes by name."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field, replace

from cifarlib._checks import choice, text
from cifarlib.recipes import QUICK, SIMPLE_CNN, SPEEDNET, SPRINT, Recipe


@dataclass(frozen=True)
class Contender:
    """A model by name, its settings, how it is trained, and how its accuracy becomes known.

    Attributes:
        model: a name that :func:`cifarlib.models.build` knows.
        recipe: how it is trained.
        settings: of the model.
        validate_on_test: whether the test set is looked at after each epoch, and not just once.
        views: whether the test is made with several views of each image.
    """

    model: str
    recipe: Recipe
    settings: dict = field(default_factory=dict)
    validate_on_test: bool = False
    views: bool = False


CONTENDERS: dict[str, Contender] = {
    "classic": Contender("simple_cnn", SIMPLE_CNN, validate_on_test=True),
    "quick": Contender(
        "speednet", QUICK, {"widths": (48, 96, 128), "bn_momentum": 0.8}, views=True
    ),
    "sprint": Contender(
        "speednet",
        SPRINT,
        {
            "widths": (48, 96, 128), "convolutions": (1, 2, 1), "bn_momentum": 0.9,
            "patch_size": 4, "stride": 2, "components": 16,
        },
    ),
    "speednet": Contender("speednet", SPEEDNET, views=True),
}  # fmt: skip

# What fits into the classic's time where there is no bfloat16
IN_FLOAT32 = {
    "quick": replace(CONTENDERS["quick"], settings={"widths": (32, 64, 128), "bn_momentum": 0.8}),
}

TORCH = "torch"  # cifarlib.bench.torch_training; no model of Keras, so not in the table above
NAMES = (*CONTENDERS, TORCH)
# The classic is what everybody does; float16 would need a scaled loss in PyTorch
ONLY_IN = {"classic": ("float32",), TORCH: ("float32", "mixed_bfloat16")}


def contender(name: str, precision: str) -> Contender:
    """A contender that Keras trains, as it is in a precision.

    Raises:
        ValueError: there is no such contender, or ``precision`` is no text.
    """
    choice("name", name, list(CONTENDERS))
    text("precision", precision)
    return (CONTENDERS | IN_FLOAT32 if precision == "float32" else CONTENDERS)[name]


def rounds(
    names: list[str], precisions: list[str], repeats: int, *, timed: bool = False
) -> list[tuple[str, str, int]]:
    """Who runs when: ``(name, precision, seed)``, all of a round before the next.

    Contenders take turns, so that what slows the machine for a while meets each of them. The
    contenders of ``ONLY_IN`` leave out other precisions. ``speednet`` is trained once, because the
    zoo has it with more seeds; beside ``torch``, which it is compared with, it runs in every round,
    and so does what is ``timed`` alone.
    """
    return [
        (name, precision, repeat)
        for repeat in range(repeats)
        for precision in precisions
        for name in names
        if precision in ONLY_IN.get(name, (precision,))
        and not (repeat and name == "speednet" and TORCH not in names and not timed)
    ]


def why_not(names: list[str]) -> str | None:
    """What is missing for these contenders, in one sentence; None if nothing is."""
    if TORCH in names and importlib.util.find_spec("torch") is None:
        return (
            "the contender torch needs PyTorch, which is not installed: "
            "python -m pip install torch (the extra [torch] of cifarlib)"
        )
    return None
