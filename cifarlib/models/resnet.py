"""ResNet: blocks that add to their input instead of replacing it."""

from __future__ import annotations

import keras
from keras import layers

from cifarlib._checks import called, choice, truth, whole
from cifarlib.layers import BatchNormalization, PaddedShortcut, normalization, raw_images
from cifarlib.models.head import logits

SHORTCUTS = ("pad", "projection")


def resnet(
    depth: int = 20,
    *,
    width: int = 16,
    shortcut: str = "pad",
    residual: bool = True,
    classes: int | None = 10,
    name: str | None = None,
) -> keras.Model:
    """The family for CIFAR-10: three stages of basic blocks, ``6 n + 2`` layers.

    Args:
        depth: layers with weights: 20, 32, 44, 56, 110 and 1,202 in the paper, any ``6 n + 2`` from
            8 on.
        width: filters of the first stage; the others have 2 and 4 times as many.
        shortcut: how an input is added to an output of another shape: ``"pad"``, with zeros for
            the new channels (the paper's option A), or ``"projection"``, a 1 x 1 convolution
            (option B).
        residual: without it, the plain twin: the same layers and no shortcuts.
        classes: how many the logits are for; with ``None`` the model ends before its last dense
            layer and gives features.
        name: of the model.

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to logits ``(n, classes)``; without
        them, to features ``(n, 4 * width)``.

    Raises:
        ValueError: a setting is outside its range.

    Source:
        He et al. (2016), arXiv 1512.03385, section 4.2, which made it for 32 x 32.

    >>> resnet(20).count_params(), resnet(110).count_params()
    (271098, 1736058)
    """
    if whole("depth", depth, 8) % 6 != 2:
        raise ValueError(f"depth must be 6 n + 2, so 8, 14, 20, ..., got {depth!r}")
    width = whole("width", width, 1)
    choice("shortcut", shortcut, SHORTCUTS)
    truth("residual", residual)
    stages = [(width * factor, (depth - 2) // 6) for factor in (1, 2, 4)]
    name = called(name, f"{'resnet' if residual else 'plain'}{depth}")
    return _network(name, width, stages, shortcut if residual else None, classes)


def resnet18(
    *,
    width: int = 64,
    shortcut: str = "projection",
    classes: int | None = 10,
    name: str | None = None,
) -> keras.Model:
    """ResNet-18, the ImageNet network, with a stem for small images: 11.2 M parameters.

    Args:
        width: filters of the first stage; the others have 2, 4 and 8 times as many.
        shortcut: as in :func:`resnet`.
        classes: how many the logits are for; with ``None`` the model ends before its last dense
            layer and gives features.
        name: of the model.

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to logits ``(n, classes)``; without
        them, to features ``(n, 8 * width)``.

    Raises:
        ValueError: a setting is outside its range.

    Source:
        He et al. (2016), arXiv 1512.03385, table 1. Adapted to 32 x 32: a 3 x 3 convolution in
        place of the 7 x 7 with stride 2 and the max-pool, which would leave 8 x 8 pixels to the
        first block.

    >>> resnet18().count_params()
    11183562
    """
    width = whole("width", width, 1)
    choice("shortcut", shortcut, SHORTCUTS)
    stages = [(width * 2**i, 2) for i in range(4)]
    return _network(called(name, "resnet18"), width, stages, shortcut, classes)


def _network(
    name: str,
    stem: int,
    stages: list[tuple[int, int]],
    shortcut: str | None,
    classes: int | None,
) -> keras.Model:
    """Stages of (filters, blocks); each but the first halves the map in its first block."""
    images = raw_images()
    x = _conv(normalization()(images), stem, 3, name="stem_conv")
    x = _relu(_norm(x, "stem_norm"), "stem_relu")
    for stage, (filters, blocks) in enumerate(stages, start=1):
        for block in range(1, blocks + 1):
            stride = 2 if stage > 1 and block == 1 else 1
            x = _basic_block(x, filters, stride, shortcut, f"stage{stage}_block{block}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(images, logits(x, classes), name=name)


def _basic_block(x, filters: int, stride: int, shortcut: str | None, name: str):
    """Two 3 x 3 convolutions, and the input added to their output."""
    y = _norm(_conv(x, filters, 3, stride, name=f"{name}_conv1"), f"{name}_norm1")
    y = _relu(y, f"{name}_relu1")
    y = _norm(_conv(y, filters, 3, name=f"{name}_conv2"), f"{name}_norm2")
    if shortcut is None:
        return _relu(y, f"{name}_relu2")
    if stride != 1 or x.shape[-1] != filters:
        if shortcut == "pad":
            x = PaddedShortcut(filters, stride, name=f"{name}_shortcut")(x)
        else:
            x = _conv(x, filters, 1, stride, name=f"{name}_shortcut")
            x = _norm(x, f"{name}_shortcut_norm")
    return _relu(layers.Add(name=f"{name}_add")([x, y]), f"{name}_relu2")


def _conv(x, filters: int, size: int, stride: int = 1, *, name: str):
    return layers.Conv2D(
        filters, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal",
        name=name,
    )(x)  # fmt: skip


def _norm(x, name: str):
    return BatchNormalization(name=name)(x)


def _relu(x, name: str):
    return layers.Activation("relu", name=name)(x)
