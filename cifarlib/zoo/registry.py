"""The one place that registers a training: model, recipe, seeds, and whether it needs a GPU."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from cifarlib import _checks as checks
from cifarlib import recipes
from cifarlib.models import (
    alexnet,
    cct,
    convmixer,
    efficientnet,
    resnet,
    resnet18,
    simple_cnn,
    speednet,
    vgg,
    vit,
)
from cifarlib.zoo.trainings import Training


@dataclass(frozen=True)
class Registered(Training):
    """A training of the zoo.

    Attributes:
        seeds: how many seeds the zoo is to hold.
        for_a_gpu: whether it is too long for two cores; its weights are not in the package.
    """

    seeds: int = 1
    for_a_gpu: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "seeds", checks.whole("seeds", self.seeds, 1))
        checks.truth("for_a_gpu", self.for_a_gpu)


_cpu = functools.partial(Registered, precision="fastest")
_gpu = functools.partial(Registered, precision="fastest", for_a_gpu=True)

# By name, as ``fill`` trains them; those that two cores train in a session first
TRAININGS: dict[str, Registered] = {
    # Famous first tutorials validate on the test set, so this one does
    "simple_cnn": Registered(simple_cnn, recipes.SIMPLE_CNN, seeds=5, validate_on_test=True),
    "speednet": _cpu(speednet, recipes.SPEEDNET, seeds=5, test_time_augmentation=True),
    "alexnet": _cpu(alexnet, recipes.ALEXNET),
    # A quarter of the paper's width, so that two cores train it
    "vgg": _cpu(functools.partial(vgg, 16, width=16), recipes.VGG),
    "resnet20": _cpu(functools.partial(resnet, 20), recipes.RESNET),
    "plain20": _cpu(functools.partial(resnet, 20, residual=False), recipes.RESNET),
    "cct": _cpu(cct, recipes.CCT),
    "efficientnet": _cpu(efficientnet, recipes.EFFICIENTNET),
    "vit": _cpu(vit, recipes.VIT),
    "vit_muon": _cpu(vit, recipes.VIT_MUON),
    # In bfloat16 a step took 1.4 times as long on the CPU
    "convmixer": Registered(convmixer, recipes.CONVMIXER),
    "resnet56": _gpu(functools.partial(resnet, 56), recipes.RESNET_PAPER),
    "resnet110": _gpu(functools.partial(resnet, 110), recipes.RESNET110),
    "resnet18": _gpu(resnet18, recipes.RESNET18),
    "cct_200": _gpu(cct, recipes.CCT_200),
    "vit_200": _gpu(vit, recipes.CCT_200),
}


def training(name: str) -> Registered:
    """The training called ``name``.

    Raises:
        ValueError: there is none of that name; the message lists those there are.
    """
    if not isinstance(name, str) or name not in TRAININGS:
        raise ValueError(
            f"no training is called {name!r}; there are {', '.join(sorted(TRAININGS))}"
        )
    return TRAININGS[name]
