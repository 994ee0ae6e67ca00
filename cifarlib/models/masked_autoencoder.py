"""A masked autoencoder: a transformer that sees a quarter of an image and draws the rest."""

from __future__ import annotations

import keras
from keras import layers

from cifarlib._checks import divisor, positive, text, whole
from cifarlib.layers import FillInTokens, PositionEmbedding, TakeTokens, normalization, raw_images
from cifarlib.models.vit import encoder_block


def masked_autoencoder(
    *,
    patch_size: int = 4,
    dim: int = 128,
    depth: int = 4,
    heads: int = 4,
    mlp_ratio: float = 2.0,
    decoder_dim: int = 64,
    decoder_depth: int = 1,
    name: str = "masked_autoencoder",
) -> tuple[keras.Model, keras.Model]:
    """An encoder, and the autoencoder that it is part of.

    Args:
        patch_size: pixels a side of a patch; a divisor of 32.
        dim: length of the encoder's tokens, a multiple of 4.
        depth: blocks of the encoder.
        heads: attention heads of all blocks, a divisor of ``dim`` and ``decoder_dim``.
        mlp_ratio: hidden units of each block's two-layer network, as a factor on its tokens.
        decoder_dim: length of the decoder's tokens, a multiple of 4.
        decoder_depth: blocks of the decoder.
        name: of the autoencoder.

    Returns:
        Two models that share their weights. The encoder takes raw images ``(n, 32, 32, 3)``,
        0..255, all of whose patches it sees, and gives features ``(n, dim)``, the mean of its
        tokens. The autoencoder takes ``[images, visible]``, where ``visible`` are the places of the
        patches that it may see, ``int32 (n, k)``, counted row by row from 0, each at most once. It
        gives all patches, ``float32 (n, patches, patch_size * patch_size * 3)``, in the units of
        :func:`cifarlib.layers.normalization`.

    Raises:
        ValueError: a setting is outside its range.

    Source:
        He et al. (2022), arXiv 2111.06377, section 3 and appendix A.1. Adapted to 32 x 32 images
        and a CPU: patches of 4 pixels where the paper has 16, 128 numbers a token where it has
        1,024, and the mean of the tokens in place of a class token.

    >>> encoder, autoencoder = masked_autoencoder()
    >>> encoder.output_shape, autoencoder.output_shape
    ((None, 128), (None, 64, 48))
    """
    text("name", name)
    patch_size = divisor("patch_size", patch_size, 32)
    depth, decoder_depth = whole("depth", depth, 1), whole("decoder_depth", decoder_depth, 1)
    heads = whole("heads", heads, 1)
    mlp_ratio = positive("mlp_ratio", mlp_ratio)
    for setting, value in (("dim", dim), ("decoder_dim", decoder_dim)):
        if whole(setting, value, 4) % 4 or value % heads:
            raise ValueError(f"{setting} must be a multiple of 4 and of heads={heads}, got {value}")
    dim, decoder_dim = int(dim), int(decoder_dim)
    patches = (32 // patch_size) ** 2
    blocks = _blocks("encoder", dim, depth, heads, mlp_ratio)

    images = raw_images()
    x = normalization()(images)
    x = layers.Conv2D(dim, patch_size, patch_size, name="patches")(x)  # (8, 8, 128)
    x = layers.Reshape((patches, dim), name="tokens")(x)
    tokens = PositionEmbedding("sincos", name="positions")(x)  # (64, 128)
    features = layers.GlobalAveragePooling1D(name="pool")(blocks(tokens))
    encoder = keras.Model(images, features, name=f"{name}_encoder")

    visible = keras.Input((None,), dtype="int32", name="visible")
    seen = blocks(TakeTokens(name="seen")([tokens, visible]))  # (16, 128): a quarter
    y = layers.Dense(decoder_dim, name="to_decoder")(seen)
    y = FillInTokens(patches, name="filled_in")([y, visible])  # (64, 64): all places again
    y = PositionEmbedding("sincos", name="decoder_positions")(y)
    y = _blocks("decoder", decoder_dim, decoder_depth, heads, mlp_ratio)(y)
    y = layers.Dense(patch_size**2 * 3, dtype="float32", name="pixels")(y)  # (64, 48)
    return encoder, keras.Model([images, visible], y, name=name)


def _blocks(name: str, dim: int, depth: int, heads: int, mlp_ratio: float) -> keras.Model:
    """Transformer blocks and a normalization, for any number of tokens."""
    inputs = x = keras.Input((None, dim), name=f"{name}_tokens")
    for number in range(depth):
        x = encoder_block(x, number, heads, round(dim * mlp_ratio), 0.0, 0.0)
    x = layers.LayerNormalization(epsilon=1e-6, name="norm")(x)
    return keras.Model(inputs, x, name=f"{name}_blocks")
