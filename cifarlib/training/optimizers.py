"""The optimizer that a recipe asks for."""

from __future__ import annotations

import keras

from cifarlib import _checks as checks
from cifarlib.recipes import Recipe
from cifarlib.training.muon import Muon
from cifarlib.training.schedules import Schedule


def build_optimizer(recipe: Recipe, model: keras.Model, steps: int) -> keras.optimizers.Optimizer:
    """Build what the recipe names, with its schedule and weight decay, for ``steps`` steps.

    Weight decay is decoupled: each step takes ``learning rate * weight_decay`` of each weight
    away, whatever its gradient. Biases, normalization, positions and class tokens are left out
    unless the recipe says ``decay_all``.

    Raises:
        ValueError: an argument is none of these, or ``steps`` is not at least 1.

    Source:
        Loshchilov and Hutter (2019), arXiv 1711.05101.
    """
    checks.instance("recipe", recipe, Recipe, "cifarlib.recipes.SIMPLE_CNN")
    checks.model(model)
    steps = checks.whole("steps", steps, 1)
    settings = {"clipnorm": recipe.clip_norm or None}
    if recipe.optimizer == "sgd" and recipe.momentum:
        settings |= {"momentum": recipe.momentum, "nesterov": True}
    settings["weight_decay"] = recipe.weight_decay or None
    if recipe.optimizer in ("adamw", "muon"):  # whose default is not 0
        settings["weight_decay"] = recipe.weight_decay
    rate = recipe.learning_rate
    if recipe.schedule != "constant" or recipe.warmup:
        rate = Schedule(
            recipe.schedule, recipe.learning_rate, steps=steps,
            warmup=recipe.warmup, start=recipe.start, final=recipe.final,
        )  # fmt: skip
    optimizer = _CLASSES[recipe.optimizer](rate, **settings)
    if recipe.weight_decay and not recipe.decay_all:
        exempt = [v for v in model.trainable_variables if not _decays(v)]
        optimizer.exclude_from_weight_decay(var_list=exempt)
    return optimizer


_CLASSES = {
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "muon": Muon,
}


def _decays(variable: keras.Variable) -> bool:
    """Whether a weight multiplies its input: kernels do, shifts, scales and embeddings do not."""
    return "kernel" in variable.path.rsplit("/", 1)[-1]
