"""EfficientNet-Lite0: a small network for photographs, as it was trained on ImageNet."""

from __future__ import annotations

import math

import keras
from keras import layers

from cifarlib._checks import called, fraction, whole
from cifarlib.layers import BatchNormalization, require_channels_last
from cifarlib.models.head import logits

# (blocks, kernel, stride, expansion, filters) of each stage
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
FEATURES = 1280


def efficientnet_lite0(
    *,
    input_size: int = 224,
    dropout: float = 0.2,
    classes: int | None = 1000,
    name: str | None = None,
) -> keras.Model:
    """Inverted residuals with ReLU6 and without squeeze-and-excitation: 4.69 M parameters.

    Of these, 4.65 M are trained.

    The weights are random; :func:`cifarlib.models.pretrained` gives it those of ImageNet.

    Args:
        input_size: pixels a side that the images are resized to first, at least 32; the ImageNet
            weights were trained at 224. What is not square loses its margins.
        dropout: the fraction of the last activations set to zero in training.
        classes: how many the logits are for; with ``None`` the model ends before its last dense
            layer and gives features.
        name: of the model.

    Returns:
        A model from raw images ``(n, height, width, 3)`` of any size, 0..255, to logits
        ``(n, classes)``; without them, to features ``(n, 1280)``, each at least 0 and at most 6.

    Raises:
        ValueError: a setting is outside its range.

    Source:
        Tan and Le (2019), arXiv 1905.11946, Table 1, in the variant of
        https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite

    >>> efficientnet_lite0().count_params()
    4694024
    """
    input_size = whole("input_size", input_size, 32)
    fraction("dropout", dropout)
    require_channels_last()
    images = keras.Input((None, None, 3), name="images")
    x = layers.Resizing(
        input_size, input_size, crop_to_aspect_ratio=True, dtype="float32", name="resizing"
    )(images)
    x = layers.Rescaling(1 / 128, offset=-127 / 128, dtype="float32", name="rescaling")(x)
    x = _conv(x, 32, 3, 2, name="stem")
    x = _norm(x, relu=True, name="stem")
    number = 0
    for count, kernel, stride, expansion, filters in STAGES:
        for first in [True] + [False] * (count - 1):
            number += 1
            x = _block(x, filters, kernel, stride if first else 1, expansion, name=f"block{number}")
    x = _conv(x, FEATURES, 1, name="head")
    x = _norm(x, relu=True, name="head")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    if classes is not None:
        x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(images, logits(x, classes), name=called(name, "efficientnet_lite0"))


def _block(x, filters: int, kernel: int, stride: int, expansion: int, name: str):
    """Expand the channels, convolve each by itself, project back, add the input where it fits."""
    y, channels = x, x.shape[-1]
    if expansion != 1:
        y = _conv(y, channels * expansion, 1, name=f"{name}_expand")
        y = _norm(y, relu=True, name=f"{name}_expand")
    y = layers.DepthwiseConv2D(
        kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv",
        # Keras' own initializers count all channels as inputs, and the signal would vanish
        depthwise_initializer=keras.initializers.RandomNormal(stddev=math.sqrt(2 / kernel**2)),
    )(y)  # fmt: skip
    y = _norm(y, relu=True, name=f"{name}_depthwise")
    y = _norm(_conv(y, filters, 1, name=f"{name}_project"), relu=False, name=f"{name}_project")
    if stride != 1 or filters != channels:
        return y
    return layers.Add(name=f"{name}_add")([x, y])


def _conv(x, filters: int, size: int, stride: int = 1, *, name: str):
    return layers.Conv2D(
        filters, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)  # fmt: skip


def _norm(x, *, relu: bool, name: str):
    # Google's own settings; the momentum is that of one step, whatever the batch
    x = BatchNormalization(epsilon=1e-3, momentum=0.99, name=f"{name}_norm")(x)
    return layers.ReLU(max_value=6, name=f"{name}_relu")(x) if relu else x
