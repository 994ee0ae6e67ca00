"""The scores that a network computes before a softmax, whether or not it ends with one."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers, ops

from cifarlib import _checks as checks


def scores_of(model: keras.Model) -> Callable:
    """A function from a tensor of inputs to the model's scores, without dropout and the like.

    A softmax at the end would be in the way of gradients: where it is sure, it passes none on. So
    the function leaves it off, if it is the last layer or that layer's activation.

    Args:
        model: gives logits, or probabilities by a softmax, ``(n, classes)``.

    >>> model = keras.Sequential(
    ...     [keras.Input((1,)), layers.Dense(2, activation="softmax", kernel_initializer="ones")]
    ... )
    >>> scores_of(model)(ops.convert_to_tensor([[1000.0]])).numpy().tolist()
    [[1000.0, 1000.0]]
    """
    checks.model(model)
    last = model.layers[-1]
    if isinstance(last, layers.Softmax) or (
        isinstance(last, layers.Activation) and last.activation is keras.activations.softmax
    ):
        before = keras.Model(model.inputs, last.input)
        return lambda inputs: before(inputs, training=False)
    if isinstance(last, layers.Dense) and last.activation is keras.activations.softmax:
        before = keras.Model(model.inputs, last.input)

        def scores(inputs):
            product = ops.matmul(before(inputs, training=False), last.kernel)
            return product if last.bias is None else product + last.bias

        return scores
    return lambda inputs: model(inputs, training=False)
