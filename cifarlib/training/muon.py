"""Muon: steps whose directions in each layer are all of one length."""

from __future__ import annotations

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable("cifarlib")
class Muon(keras.optimizers.AdamW):
    """Muon for the kernels of hidden layers, AdamW for all other weights.

    A kernel's step is its Nesterov momentum, taken as a matrix of inputs by outputs and made nearly
    orthogonal by five Newton-Schulz iterations: all of its singular values become about 1. It is
    scaled to the size that Adam's steps have, so that one learning rate and one weight decay fit
    both. The first kernel and the last one are left to AdamW, as are biases, scales and embeddings.

    The Muon of later Keras versions leaves all kernels but matrices to AdamW, so those of attention
    and of convolutions, too.

    Args:
        learning_rate: of both.
        momentum: of the kernels' steps.
        **settings: those of ``keras.optimizers.AdamW``.

    Source:
        Jordan et al. (2024), https://kellerjordan.github.io/posts/muon/; the scale: Liu et al.
        (2025), arXiv 2502.16982.
    """

    def __init__(self, learning_rate=0.001, momentum: float = 0.95, **settings) -> None:
        super().__init__(learning_rate, **settings)
        self.momentum = momentum

    def build(self, variables) -> None:
        super().build(variables)
        kernels = [v for v in variables if v.path.endswith("/kernel") and len(v.shape) > 1]
        self._shapes = {self._get_variable_index(v): _matrix_shape(v) for v in kernels[1:-1]}

    def update_step(self, gradient, variable, learning_rate) -> None:
        index = self._get_variable_index(variable)
        if index not in self._shapes:
            super().update_step(gradient, variable, learning_rate)
            return
        gradient = ops.cast(gradient, variable.dtype)
        velocity = self._momentums[index]
        self.assign(velocity, self.momentum * velocity + gradient)
        matrix = ops.reshape(gradient + self.momentum * velocity, self._shapes[index])
        scale = 0.2 * math.sqrt(max(matrix.shape)) * ops.cast(learning_rate, variable.dtype)
        step = scale * ops.reshape(orthogonalized(matrix), variable.shape)
        self.assign_sub(variable, step)

    def get_config(self) -> dict:
        return super().get_config() | {"momentum": self.momentum}


def orthogonalized(matrix, iterations: int = 5):
    """A matrix with the singular vectors of ``matrix`` and singular values from 0.7 to 1.2.

    Values far below the largest one, about a thousandth of the norm, stay smaller than that.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = ops.transpose(matrix) if tall else matrix
    x = x / (ops.norm(x) + 1e-7)
    for _ in range(iterations):
        square = x @ ops.transpose(x)
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return ops.transpose(x) if tall else x


def _matrix_shape(kernel) -> tuple[int, int]:
    """Inputs by outputs. In attention, Keras keeps the heads as an axis, of one or the other."""
    shape = tuple(kernel.shape)
    if kernel.path.split("/")[-2] in ("query", "key", "value"):
        return shape[0], math.prod(shape[1:])
    return math.prod(shape[:-1]), shape[-1]
