"""Take some tokens out of a sequence, and put them back with a stand-in for the rest."""

from __future__ import annotations

import keras
from keras import ops

from cifarlib._checks import whole


@keras.saving.register_keras_serializable("cifarlib")
class TakeTokens(keras.layers.Layer):
    """The tokens at some places: ``[(n, t, d), int (n, k)]`` to ``(n, k, d)``.

    Places are counted from 0; one outside ``0..t - 1`` gives zeros and no error.

    Source:
        He et al. (2022), arXiv 2111.06377, section 3: the encoder sees visible patches only.
    """

    def call(self, inputs):
        tokens, places = inputs
        return ops.matmul(_one_hot(places, tokens.shape[1], tokens.dtype), tokens)

    def compute_output_shape(self, shapes):
        tokens, places = shapes
        return (*places, tokens[-1])


@keras.saving.register_keras_serializable("cifarlib")
class FillInTokens(keras.layers.Layer):
    """Put tokens back at their places, and one learned token at all others.

    ``[(n, k, d), int (n, k)]`` to ``(n, tokens, d)``. Each place, counted from 0, at most once: at
    one that is there twice the tokens are added up, less the learned one, and a token for a place
    outside ``0..tokens - 1`` is lost, both without an error.

    Args:
        tokens: how many there are in all.

    Raises:
        ValueError: ``tokens`` is no whole number of at least 1.

    Source:
        He et al. (2022), arXiv 2111.06377, section 3: the mask token.
    """

    def __init__(self, tokens: int, **settings) -> None:
        super().__init__(**settings)
        self.tokens = whole("tokens", tokens, 1)

    def build(self, shapes) -> None:
        self.stand_in = self.add_weight(
            shape=(1, 1, shapes[0][-1]),
            initializer=keras.initializers.TruncatedNormal(stddev=0.02),
            name="mask_token",
        )

    def call(self, inputs):
        visible, places = inputs
        where = _one_hot(places, self.tokens, visible.dtype)  # (n, k, t)
        back = ops.transpose(where, (0, 2, 1))  # (n, t, k)
        hidden = 1 - ops.sum(back, axis=2, keepdims=True)  # (n, t, 1)
        return ops.matmul(back, visible) + hidden * ops.cast(self.stand_in, visible.dtype)

    def compute_output_shape(self, shapes):
        visible, _ = shapes
        return (visible[0], self.tokens, visible[-1])

    def get_config(self) -> dict:
        return super().get_config() | {"tokens": self.tokens}


def _one_hot(places, tokens: int, dtype):
    """1 where a row takes a token: ``(n, k, t)``. A product with it selects (a GPU may round)."""
    return ops.one_hot(places, tokens, dtype=dtype)
