"""The end that the networks share: from features to logits, or left off."""

from __future__ import annotations

from keras import layers

from cifarlib._checks import whole


def last_layers(classes: int | None) -> list[layers.Layer]:
    """The dense layer that gives the logits, for a Sequential model; nothing for a headless one.

    It computes in ``float32`` whatever the precision of the rest.

    Raises:
        ValueError: ``classes`` is neither a whole number of at least 1 nor None.
    """
    if classes is None:
        return []
    return [layers.Dense(whole("classes", classes, 1), dtype="float32", name="logits")]


def logits(x, classes: int | None):
    """Features ``(n, f)`` as logits ``(n, classes)``; left as they are for a headless model."""
    for layer in last_layers(classes):
        x = layer(x)
    return x
