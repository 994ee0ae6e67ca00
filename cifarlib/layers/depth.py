"""Stochastic depth: leave a residual branch out now and then."""

from __future__ import annotations

import keras

from cifarlib._checks import called, fraction


def stochastic_depth(rate: float, name: str | None = None) -> keras.layers.Layer:
    """Drop the whole input of an image with probability ``rate`` in training, scale up the others.

    Put it at the end of a residual branch, before the addition. It takes maps ``(n, h, w, c)``;
    tokens ``(n, t, d)`` need a noise shape of another length.

    Raises:
        ValueError: ``rate`` is not at least 0 and below 1, or ``name`` is no text without a slash.

    Source:
        Huang et al. (2016), arXiv 1603.09382.
    """
    fraction("rate", rate)
    if name is not None:
        called(name, "")
    return keras.layers.Dropout(rate, noise_shape=(None, 1, 1, 1), name=name)
