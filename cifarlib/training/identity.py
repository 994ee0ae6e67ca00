"""What a checkpoint belongs to: everything that decides how a training goes on."""

from __future__ import annotations

import collections
import hashlib
import json

import keras
import numpy as np

from cifarlib.recipes import Recipe
from cifarlib.training.fingerprints import fingerprint

# How a difference is said; {0} is the checkpoint's, {1} this training's
_WORDS = {
    "model": "its model or a setting of the recipe is another ({0}) than this one ({1})",
    "seed": "its seed was {0}, this one is {1}",
    "images": "it was trained on {0}, this training is on {1}",
    "validation": "it was validated on {0}, this training is validated on {1}",
    "precision": "it was trained in {0}, this model computes in {1}",
    "backend": "it was trained on the backend {0}, this is {1}",
    "objective": "its loss and views were {0}, these are {1}",  # of a training without labels
}


def identity(
    model: keras.Model,
    recipe: Recipe,
    seed: int,
    data: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray] | None,
) -> dict[str, str]:
    """What a training is, part by part, for comparison and for people.

    Args:
        model: what is trained.
        recipe: how.
        seed: of shuffling and dropout.
        data: training images and labels.
        validation: the images and labels that the curves follow, if they follow any.

    Returns:
        A text for each of ``model`` (with the recipe), ``recipe``, ``seed``, ``images``,
        ``validation``, ``precision`` and ``backend``.
    """
    return {
        "model": fingerprint(model, recipe)[:12],
        "recipe": json.dumps(recipe.settings(), sort_keys=True),
        "seed": str(seed),
        "images": _described(data),
        "validation": "nothing" if validation is None else _described(validation),
        "precision": _precisions(model),
        "backend": keras.backend.backend(),
    }


def differences(found: dict[str, str], wanted: dict[str, str]) -> str:
    """In words, where the identity ``found`` in a checkpoint differs from the one ``wanted``.

    Returns:
        A sentence for each part, joined by semicolons; empty if the two are the same.
    """
    sentences = _of_recipes(found.get("recipe", "{}"), wanted["recipe"])
    for part, words in _WORDS.items():
        here, there = found.get(part, "unknown"), wanted.get(part, "unknown")
        if here != there and not (part == "model" and sentences):  # one hash covers them both
            sentences.append(words.format(here, there))
    return "; ".join(sentences)


def precision_of(model: keras.Model) -> str:
    """The dtype policy that most layers of a model compute by."""
    return collections.Counter(_policies(model)).most_common(1)[0][0]


def _policies(model: keras.Model) -> list[str]:
    layers = model._flatten_layers(include_self=False)  # those inside of layers, too
    layers = [layer for layer in layers if not isinstance(layer, keras.layers.InputLayer)]
    return [layer.dtype_policy.name for layer in layers] or [model.dtype_policy.name]


def _precisions(model: keras.Model) -> str:
    """That, and a hash of all layers' policies where some differ: logits are often in float32."""
    policies, most = _policies(model), precision_of(model)
    if not (others := sum(policy != most for policy in policies)):
        return most
    digest = hashlib.sha256(" ".join(policies).encode()).hexdigest()[:6]
    return f"{most} ({others} of {len(policies)} layers in another: {digest})"


def _of_recipes(found: str, wanted: str) -> list[str]:
    """A sentence for each setting of a recipe that differs, those of its augmentation included."""
    here, there = _flat(json.loads(found)), _flat(json.loads(wanted))
    return [
        _of_length(here, there)
        if name == "epochs" and name in here
        else f"its {name} was {here.get(name, 'the default')}, this recipe's is "
        f"{there.get(name, 'the default')}"
        for name in sorted(here | there)
        if here.get(name) != there.get(name)
    ]


def _of_length(here: dict, there: dict) -> str:
    """Why a recipe with another number of epochs is another training, and what helps."""
    sentence = f"it was planned for {here['epochs']} epochs, this training is for {there['epochs']}"
    reasons = [name for name in ("schedule", "warmup", "lookahead") if there.get(name)]
    if reasons:
        return f"{sentence}, and by its {' and '.join(reasons)} each step depends on that"
    advice = "take the same recipe and ask for train(..., epochs=N) (pretrain has no such way)"
    return f"{sentence}; to go on longer, {advice}"


def _flat(settings: dict) -> dict:
    flat = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": v for inner, v in _flat(value).items()}
        else:
            flat[name] = value
    return flat


def _described(data: tuple[np.ndarray, np.ndarray]) -> str:
    """How many images, and a hash of them and their labels."""
    digest = hashlib.sha256()
    for array in data:
        digest.update(str(array.dtype).encode())
        digest.update(np.ascontiguousarray(array))
    return f"{len(data[0])} images [{digest.hexdigest()[:12]}]"
