"""Vision Transformers: an image as a sequence of tokens."""

from __future__ import annotations

import keras
from keras import layers

from cifarlib._checks import called, choice, divisor, fraction, positive, whole
from cifarlib.layers import ClassToken, PositionEmbedding, normalization, raw_images
from cifarlib.models.head import logits

TOKENIZERS = ("patch", "convolution")
POOLINGS = ("class", "mean", "sequence")
POSITIONS = ("learned", "sincos", "none")


def vit(
    *,
    patch_size: int = 4,
    dim: int = 128,
    depth: int = 6,
    heads: int = 4,
    mlp_ratio: float = 2.0,
    pooling: str = "class",
    positions: str = "learned",
    tokenizer: str = "patch",
    dropout: float = 0.0,
    drop_path_rate: float = 0.0,
    classes: int | None = 10,
    name: str | None = None,
) -> keras.Model:
    """A Vision Transformer: tokens, positions, a pre-norm encoder, one vector, logits.

    Args:
        patch_size: pixels a side of a patch; a divisor of 32. (Convolutional tokens ignore it.)
        dim: length of a token.
        depth: encoder blocks.
        heads: attention heads per block, a divisor of ``dim``.
        mlp_ratio: hidden units of each block's two-layer network, as a factor on ``dim``.
        pooling: what becomes of the tokens in the end: ``"class"``, the class token; ``"mean"``;
            or ``"sequence"``, their mean with learned weights.
        positions: ``"learned"`` embeddings, fixed ``"sincos"`` ones, or ``"none"``.
        tokenizer: ``"patch"``, or ``"convolution"``: two 3 x 3 convolutions with max-pools, which
            give 8 x 8 tokens.
        dropout: the fraction set to zero in training after positions, attention and each dense
            layer of a block, and of the attention maps themselves.
        drop_path_rate: probability of dropping the last block's branches for an image in training
            (stochastic depth); it rises to that linearly from 0 for the first block, so a single
            block is never dropped.
        classes: how many the logits are for; with ``None`` the model ends before its last dense
            layer and gives features.
        name: of the model.

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to logits ``(n, classes)``; without
        them, to features ``(n, dim)``. Its layers
        ``attention_0``, ``attention_1``, ... give a second output, the attention maps
        ``(n, heads, tokens, tokens)``.

    Raises:
        ValueError: a setting is outside its range.

    Source:
        Dosovitskiy et al. (2021), arXiv 2010.11929; mean pooling and fixed positions: Beyer et al.
        (2022), arXiv 2205.01580; convolutional tokens and sequence pooling: Hassani et al. (2021),
        arXiv 2104.05704. Adapted to 32 x 32: patches of 4 pixels where ImageNet has 16, and a
        small fraction of ViT-Base's 86 M parameters.

    >>> vit().count_params()
    811146
    """
    dim = whole("dim", dim, 1)
    depth = whole("depth", depth, 1)
    heads = whole("heads", heads, 1)
    patch_size = divisor("patch_size", patch_size, 32)
    if dim % heads:
        raise ValueError(f"heads must be a divisor of dim, got heads={heads}, dim={dim}")
    positive("mlp_ratio", mlp_ratio)
    choice("tokenizer", tokenizer, TOKENIZERS)
    choice("pooling", pooling, POOLINGS)
    choice("positions", positions, POSITIONS)
    fraction("dropout", dropout)
    fraction("drop_path_rate", drop_path_rate)

    images = raw_images()
    x = normalization()(images)
    if tokenizer == "patch":
        x = layers.Conv2D(dim, patch_size, patch_size, name="patches")(x)  # (8, 8, 128)
    else:
        for number, filters in enumerate((dim // 2, dim), start=1):
            x = layers.Conv2D(
                filters, 3, padding="same", use_bias=False, activation="relu",
                kernel_initializer="he_normal", name=f"tokens_conv{number}",
            )(x)  # fmt: skip
            x = layers.MaxPooling2D(3, 2, padding="same", name=f"tokens_pool{number}")(
                x
            )  # 32 -> 16 -> 8
    x = layers.Reshape((-1, dim), name="tokens")(x)  # (64, 128): one token a patch
    if pooling == "class":
        x = ClassToken(name="class_token")(x)  # (65, 128)
    if positions != "none":
        x = PositionEmbedding(positions, name="positions")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    for number in range(depth):
        rate = drop_path_rate * number / max(depth - 1, 1)
        x = encoder_block(x, number, heads, round(dim * mlp_ratio), dropout, rate)
    x = layers.LayerNormalization(epsilon=1e-6, name="norm")(x)
    if pooling == "class":
        x = x[:, 0]
    elif pooling == "mean":
        x = layers.GlobalAveragePooling1D(name="pool")(x)
    else:
        weights = layers.Dense(1, name="pool_scores")(x)
        weights = layers.Softmax(axis=1, name="pool_weights")(weights)  # (64, 1)
        x = layers.Dot(axes=1, name="pool_sum")([weights, x])
        x = layers.Flatten(name="pool")(x)  # (128,)
    return keras.Model(images, logits(x, classes), name=called(name, "vit"))


def encoder_block(x, number: int, heads: int, hidden: int, dropout: float, drop_path_rate: float):
    """Attention between the tokens, then the same small network for each, both added to them."""
    dim = x.shape[-1]

    def add(x, y, part: str):
        y = layers.Dropout(dropout, name=f"{part}_dropout_{number}")(y)
        if drop_path_rate:
            dropped = layers.Dropout(drop_path_rate, (None, 1, 1), name=f"{part}_drop_{number}")
            y = dropped(y)  # stochastic depth: one draw per image
        return layers.Add(name=f"{part}_add_{number}")([x, y])

    y = layers.LayerNormalization(epsilon=1e-6, name=f"attention_norm_{number}")(x)
    attention = layers.MultiHeadAttention(
        heads, dim // heads, dropout=dropout, name=f"attention_{number}"
    )
    y, _ = attention(y, y, return_attention_scores=True)
    x = add(x, y, "attention")
    y = layers.LayerNormalization(epsilon=1e-6, name=f"mlp_norm_{number}")(x)
    y = layers.Dense(hidden, activation="gelu", name=f"mlp_hidden_{number}")(y)
    y = layers.Dropout(dropout, name=f"mlp_hidden_dropout_{number}")(y)
    return add(x, layers.Dense(dim, name=f"mlp_{number}")(y), "mlp")
