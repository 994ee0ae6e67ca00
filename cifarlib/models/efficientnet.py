"""EfficientNet: inverted residuals with squeeze-and-excitation, scaled by one number."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import keras
from keras import layers

from cifarlib._checks import called, fraction, positive, truth, whole
from cifarlib.layers import (
    BatchNormalization,
    normalization,
    raw_images,
    require_channels_last,
    stochastic_depth,
)
from cifarlib.models.head import logits

# (fused?, expansion, filters, blocks, stride) of each stage, at width and depth 1
STAGES = (
    (True, 1, 16, 1, 1),  # (32, 32)
    (True, 4, 32, 2, 2),  # (16, 16)
    (True, 4, 64, 3, 2),  # (8, 8)
    (False, 4, 112, 3, 2),  # (4, 4)
)


def efficientnet(
    *,
    width: float = 1.0,
    depth: float = 1.0,
    resolution: int = 32,
    dropout: float = 0.2,
    drop_path_rate: float = 0.1,
    stages: Sequence[tuple[bool, int, int, int, int]] = STAGES,
    classes: int | None = 10,
    name: str | None = None,
) -> keras.Model:
    """Two kinds of inverted residual block, fused ones first: 0.8 M parameters at width 1.

    Args:
        width: factor on the filters of the stem (16), of each stage and of the last convolution
            (384), rounded to multiples of 8, at least 8.
        depth: factor on the blocks of each stage, rounded up.
        resolution: pixels a side that the images are resized to first.
        dropout: the fraction of the last activations set to zero in training.
        drop_path_rate: probability of dropping the last block for an image in training (stochastic
            depth); it rises to that linearly from 0 for the first block. A block without a
            shortcut (of another shape or with a stride) is never dropped.
        stages: for each stage whether its blocks are fused, their expansion, filters, number, and
            the stride of the first.
        classes: how many the logits are for; with ``None`` the model ends before its last dense
            layer and gives features.
        name: of the model.

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to logits ``(n, classes)``; without
        them, to features ``(n, f)``, where ``f`` is ``384 * width``, rounded as said.

    Raises:
        ValueError: a setting is outside its range.

    Source:
        Tan and Le (2019), arXiv 1905.11946; fused blocks in the early stages: Tan and Le (2021),
        arXiv 2104.00298, where depthwise convolution is slow. Adapted to 32 x 32: the stem keeps
        all pixels, and there are three strides where ImageNet's has five.

    >>> efficientnet(width=2.0).count_params() > 3 * efficientnet().count_params()
    True
    """
    for setting, value in (("width", width), ("depth", depth)):
        positive(setting, value)
    resolution = whole("resolution", resolution, 1)
    fraction("dropout", dropout)
    fraction("drop_path_rate", drop_path_rate)
    _check_stages(stages)
    images = raw_images()
    x = normalization()(images)
    if resolution != 32:
        x = layers.Resizing(resolution, resolution, name="resizing")(x)
    x = _conv_norm_swish(x, _scaled(16, width), 3, name="stem")
    blocks = [
        (fused, expansion, _scaled(filters, width), stride if first else 1)
        for fused, expansion, filters, count, stride in stages
        for first in [True] + [False] * (-int(-count * depth // 1) - 1)
    ]
    for number, (fused, expansion, filters, stride) in enumerate(blocks):
        rate = drop_path_rate * number / max(len(blocks) - 1, 1)
        x = inverted_residual(
            x,
            filters,
            expansion,
            stride,
            fused=fused,
            drop_path_rate=rate,
            name=f"block{number + 1}",
        )
    x = _conv_norm_swish(x, _scaled(384, width), 1, name="head")
    x = layers.Dropout(dropout, name="dropout")(layers.GlobalAveragePooling2D(name="pool")(x))
    return keras.Model(images, logits(x, classes), name=called(name, "efficientnet"))


def _check_stages(stages: Sequence[tuple[bool, int, int, int, int]]) -> None:
    if not isinstance(stages, list | tuple) or len(stages) == 0:
        raise ValueError(f"stages must be a list of stages, got {stages!r}")
    for stage in stages:
        if not isinstance(stage, list | tuple) or len(stage) != 5:
            raise ValueError(
                "each of the stages must be (fused, expansion, filters, number, stride), got "
                f"{stage!r}"
            )
        truth("fused, in stages,", stage[0])
        names = ("expansion", "filters", "number", "stride")
        for name, value in zip(names, stage[1:], strict=True):
            whole(f"{name}, in stages,", value, 1)


def inverted_residual(
    x,
    filters: int,
    expansion: int,
    stride: int = 1,
    *,
    fused: bool = False,
    drop_path_rate: float = 0.0,
    name: str | None = None,
):
    """Expand the channels, convolve, weigh the channels, project back, add the input where it fits.

    Args:
        x: a Keras tensor ``(n, h, w, c)``.
        filters: channels of the output.
        expansion: factor on the channels inside the block.
        stride: of the 3 x 3 convolution.
        fused: one 3 x 3 convolution in place of a 1 x 1 and a depthwise 3 x 3 (and no weighing).
        drop_path_rate: probability of dropping the block for an image in training.
        name: what the names of its layers begin with; without one, Keras numbers them.

    Returns:
        A Keras tensor ``(n, ceil(h / stride), ceil(w / stride), filters)``.
    """
    require_channels_last()
    channels = x.shape[-1]
    named = functools.partial(_named, name)
    if fused:
        inside = filters if expansion == 1 else channels * expansion
        y = _conv_norm_swish(x, inside, 3, stride, name=named("expand"))
    else:
        y = _conv_norm_swish(x, channels * expansion, 1, name=named("expand"))
        y = layers.DepthwiseConv2D(
            3, stride, padding="same", use_bias=False, name=named("depthwise")
        )(y)
        y = BatchNormalization(name=named("depthwise_norm"))(y)
        y = layers.Activation("swish", name=named("depthwise_swish"))(y)
        y = squeeze_and_excitation(y, max(1, channels // 4), name=named("squeeze"))
    if not fused or expansion != 1:  # where nothing was expanded, there is nothing to project
        y = layers.Conv2D(
            filters, 1, use_bias=False, kernel_initializer="he_normal", name=named("project")
        )(y)
        y = BatchNormalization(name=named("project_norm"))(y)
    if stride != 1 or y.shape[-1] != channels:
        return y
    if drop_path_rate:
        y = stochastic_depth(drop_path_rate, name=named("drop"))(y)
    return layers.Add(name=named("add"))([x, y])


def squeeze_and_excitation(x, units: int, *, name: str | None = None):
    """Weigh each channel by a gate that all channels' means decide.

    Source:
        Hu et al. (2018), arXiv 1709.01507.
    """
    require_channels_last()
    named = functools.partial(_named, name)
    gate = layers.GlobalAveragePooling2D(keepdims=True, name=named("mean"))(x)  # (n, 1, 1, c)
    gate = layers.Conv2D(units, 1, activation="swish", name=named("reduce"))(gate)
    gate = layers.Conv2D(x.shape[-1], 1, activation="sigmoid", name=named("gate"))(gate)
    return layers.Multiply(name=named("weigh"))([x, gate])


def _conv_norm_swish(x, filters: int, size: int, stride: int = 1, *, name: str | None):
    named = functools.partial(_named, name)
    x = layers.Conv2D(
        filters, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal",
        name=named("conv"),
    )(x)  # fmt: skip
    return layers.Activation("swish", name=named("swish"))(
        BatchNormalization(name=named("norm"))(x)
    )


def _named(place: str | None, part: str) -> str | None:
    return None if place is None else f"{place}_{part}"


def _scaled(filters: int, width: float) -> int:
    """The multiple of 8 nearest to ``filters * width``, at least 8."""
    return max(8, round(filters * width / 8) * 8)
