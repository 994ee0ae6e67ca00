"""The class token of a Vision Transformer."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable("cifarlib")
class ClassToken(keras.layers.Layer):
    """Put a learned token in front of the others: ``(n, t, d)`` to ``(n, t + 1, d)``.

    Source:
        Dosovitskiy et al. (2021), arXiv 2010.11929, equation 1.
    """

    def build(self, shape) -> None:
        self.token = self.add_weight(shape=(1, 1, shape[-1]), initializer="zeros", name="token")

    def call(self, inputs):
        count, _, dim = ops.shape(inputs)
        return ops.concatenate([ops.broadcast_to(self.token, (count, 1, dim)), inputs], axis=1)

    def compute_output_shape(self, shape):
        return shape[0], shape[1] + 1, shape[2]
