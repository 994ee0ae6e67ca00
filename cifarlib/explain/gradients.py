"""Gradients of a scalar with respect to a network's input, for TensorFlow and for JAX."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from cifarlib import _checks as checks


def input_gradient(function: Callable, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The value of a scalar function, and its gradient with respect to its input.

    Args:
        function: from a tensor of the shape of ``inputs`` to a tensor; if that is not a scalar, its
            sum is meant. Built from Keras models and ``keras.ops``.
        inputs: where to compute the gradient, any shape.

    Returns:
        The value, without axes and of the dtype that the function gives, and the gradient,
        ``float32`` in the shape of ``inputs``; zeros where the function does not depend on them.

    Raises:
        ValueError: ``function`` is none, or gives no tensor, or ``inputs`` are no numbers.
        NotImplementedError: Keras runs on another backend than TensorFlow or JAX.

    >>> value, gradient = input_gradient(lambda x: ops.square(x), np.array([1.0, -2.0]))
    >>> float(value), gradient.tolist()
    (5.0, [2.0, -4.0])
    """
    checks.function("function", function, none=False)
    inputs = checks.numbers("inputs", inputs, finite=False)

    def checked(tensor):
        value = function(tensor)
        if not hasattr(value, "dtype"):
            raise ValueError(f"the function must give a tensor, it gave {value!r}")
        return value

    x = ops.convert_to_tensor(inputs, dtype="float32")
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            value = tf.reduce_sum(checked(x))
        gradient = tape.gradient(value, x)
        gradient = tf.zeros_like(x) if gradient is None else gradient
    elif backend == "jax":
        import jax

        value, gradient = jax.value_and_grad(lambda tensor: ops.sum(checked(tensor)))(x)
    else:
        raise NotImplementedError(
            f"gradients are written for TensorFlow and JAX, Keras runs on {backend}"
        )
    return ops.convert_to_numpy(value), ops.convert_to_numpy(gradient)
