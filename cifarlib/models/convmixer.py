"""ConvMixer: patches, mixed within a channel by large kernels and between channels by 1 x 1."""

from __future__ import annotations

import keras
from keras import layers

from cifarlib._checks import called, divisor, whole
from cifarlib.layers import BatchNormalization, normalization, raw_images
from cifarlib.models.head import logits


def convmixer(
    *,
    dim: int = 192,
    depth: int = 8,
    kernel_size: int = 5,
    patch_size: int = 4,
    classes: int | None = 10,
    name: str | None = None,
) -> keras.Model:
    """A patch embedding, then one size and one width throughout: 0.36 M parameters.

    Args:
        dim: channels of every layer.
        depth: blocks.
        kernel_size: pixels a side of each depthwise kernel.
        patch_size: pixels a side of a patch; a divisor of 32.
        classes: how many the logits are for; with ``None`` the model ends before its last dense
            layer and gives features.
        name: of the model.

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to logits ``(n, classes)``; without
        them, to features ``(n, dim)``.

    Raises:
        ValueError: a setting is outside its range.

    Source:
        Trockman and Kolter (2023), arXiv 2201.09792. Their networks for CIFAR-10 have 128
        or 256 channels and mostly patches of 1 or 2 pixels. Adapted to a CPU, where depthwise
        convolution is slow: patches of 4 pixels, so a quarter of the positions or fewer, and 192
        channels.

    >>> convmixer().count_params()
    360778
    """
    dim = whole("dim", dim, 1)
    depth = whole("depth", depth, 1)
    kernel_size = whole("kernel_size", kernel_size, 1)
    patch_size = divisor("patch_size", patch_size, 32)
    images = raw_images()
    x = normalization()(images)
    x = layers.Conv2D(dim, patch_size, patch_size, name="patches")(x)
    x = _gelu_norm(x, "patches")  # (8, 8, 192)
    for number in range(1, depth + 1):
        block = f"block{number}"
        # Between places, each channel on its own; then between channels, each place on its own
        y = layers.DepthwiseConv2D(kernel_size, padding="same", name=f"{block}_places")(x)
        x = layers.Add(name=f"{block}_add")([x, _gelu_norm(y, f"{block}_places")])
        x = layers.Conv2D(dim, 1, name=f"{block}_channels")(x)
        x = _gelu_norm(x, f"{block}_channels")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(images, logits(x, classes), name=called(name, "convmixer"))


def _gelu_norm(x, name: str):
    """The activation comes first, as in the paper."""
    x = layers.Activation("gelu", name=f"{name}_gelu")(x)
    return BatchNormalization(name=f"{name}_norm")(x)
