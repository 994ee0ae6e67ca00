"""Positions for tokens, learned or made of sines and cosines."""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops

from cifarlib._checks import choice, whole


@keras.saving.register_keras_serializable("cifarlib")
class PositionEmbedding(keras.layers.Layer):
    """Add to each token a vector that tells its place: ``(n, t, d)`` to ``(n, t, d)``.

    Args:
        kind: ``"learned"``, or ``"sincos"`` for fixed sines and cosines of row and column; for
            those, the last ``side * side`` tokens are a square grid, and a class token before them
            gets zeros.

    Raises:
        ValueError: ``kind`` is neither; or, when it meets its tokens, as :func:`sincos_positions`.

    Source:
        Dosovitskiy et al. (2021), arXiv 2010.11929, section 3.1; fixed ones: Beyer et al. (2022),
        arXiv 2205.01580.
    """

    def __init__(self, kind: str = "learned", **settings) -> None:
        super().__init__(**settings)
        choice("kind", kind, ("learned", "sincos"))
        self.kind = kind

    def build(self, shape) -> None:
        tokens, dim = shape[-2:]
        learned = self.kind == "learned"
        self.positions = self.add_weight(
            shape=(1, tokens, dim),
            initializer=keras.initializers.TruncatedNormal(stddev=0.02)
            if learned
            else lambda shape, dtype=None: ops.cast(sincos_positions(tokens, dim)[None], dtype),
            trainable=learned,
            name="positions",
        )

    def call(self, inputs):
        return inputs + self.positions

    def get_config(self) -> dict:
        return super().get_config() | {"kind": self.kind}


def sincos_positions(tokens: int, dim: int) -> np.ndarray:
    """Sines and cosines of row and column, each a quarter of the vector: ``float32 (tokens, dim)``.

    The wavelengths run from 2 pi to 20,000 pi tokens. Where ``tokens`` is one more than a square,
    the first, a class token, gets zeros.

    Raises:
        ValueError: ``dim`` is no multiple of 4, or ``tokens`` neither a square nor one more.
    """
    tokens, dim = whole("tokens", tokens, 1), whole("dim", dim, 4)
    side = math.isqrt(tokens)
    if dim % 4 or tokens - side * side not in (0, 1):
        raise ValueError(
            "sincos positions need a dim that is a multiple of 4 and a square of tokens, or one "
            f"more, got dim={dim}, tokens={tokens}"
        )
    frequencies = 10_000.0 ** -(np.arange(dim // 4) / max(dim // 4 - 1, 1))
    angles = np.arange(side)[:, None] * frequencies  # (side, dim / 4)
    waves = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)  # (side, dim / 2)
    rows, columns = np.repeat(waves, side, axis=0), np.tile(waves, (side, 1))
    grid = np.concatenate([columns, rows], axis=1)
    return np.concatenate([np.zeros((tokens - side * side, dim)), grid]).astype(np.float32)
