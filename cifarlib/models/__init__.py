"""The networks of the book, one file each.

Every model takes raw images, ``(n, 32, 32, 3)`` with values 0..255, carries its own normalization,
and gives logits ``(n, 10)``.
"""

from __future__ import annotations

import keras

from cifarlib.models.simple_cnn import simple_cnn

BUILDERS = {"simple_cnn": simple_cnn}

__all__ = ["BUILDERS", "build", "simple_cnn"]


def build(name: str, **settings) -> keras.Model:
    """Build the model called ``name`` with its default settings, or with those given.

    Raises:
        ValueError: there is no model of that name; the message lists those there are.
    """
    if name not in BUILDERS:
        raise ValueError(f"no model is called {name!r}; there are {', '.join(sorted(BUILDERS))}")
    return BUILDERS[name](**settings)
