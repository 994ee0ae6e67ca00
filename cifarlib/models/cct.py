"""CCT: a compact transformer with convolutional tokens."""

from __future__ import annotations

import keras

from cifarlib._checks import called
from cifarlib.models.vit import vit


def cct(
    *, depth: int = 2, dim: int = 128, heads: int = 2, name: str | None = None, **settings
) -> keras.Model:
    """CCT-2/3x2, a compact transformer with convolutional tokens: 0.28 M parameters.

    Args:
        depth, dim, heads: as in :func:`cifarlib.models.vit`.
        name: of the model.
        **settings: the other settings of :func:`cifarlib.models.vit`, to change those of the paper.

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to logits ``(n, classes)``, 10 unless
        given; with ``classes=None``, to features ``(n, dim)``.

    Raises:
        ValueError: a setting is outside its range.

    Source:
        Hassani et al. (2021), arXiv 2104.05704: convolutional tokens, sequence pooling, hidden
        layers no wider than a token, stochastic depth up to 0.1. Their dropout of 0.1 on
        attention is left out: ``dropout`` here would act on other layers as well.

    >>> cct().count_params()
    284491
    """
    settings = {
        "tokenizer": "convolution", "pooling": "sequence", "mlp_ratio": 1.0, "drop_path_rate": 0.1,
    } | settings  # fmt: skip
    return vit(depth=depth, dim=dim, heads=heads, name=called(name, "cct"), **settings)
