"""VGG: nothing but 3 x 3 convolutions and 2 x 2 max-pools, stacked deep."""

from __future__ import annotations

import keras
from keras import layers

from cifarlib._checks import called, choice, fraction, keras_name, truth, whole
from cifarlib.layers import BatchNormalization, normalization, raw_images
from cifarlib.models.head import logits

# Convolutions before each of the five pools: configurations A, B, D, E of the paper's table 1
CONFIGURATIONS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


def vgg(
    depth: int = 16,
    *,
    width: int = 64,
    dropout: float = 0.0,
    batch_norm: bool = True,
    initializer: str = "he_normal",
    classes: int | None = 10,
    name: str | None = None,
) -> keras.Model:
    """Stacks of 3 x 3 convolutions; each pool halves the size, the first three double the width.

    Args:
        depth: 11, 13, 16 or 19: the weight layers of the paper's network, with its three dense
            layers; here there is one.
        width: filters of the first stack; the others have 2, 4, 8 and 8 times as many.
        dropout: the fraction of the last activations set to zero in training.
        batch_norm: whether each convolution is followed by batch normalization, which came after
            the paper; without it the deeper ones hardly train.
        initializer: of the convolutions' kernels: a name that Keras knows, or ``"small"``: normal
            with a deviation of 0.01, as in AlexNet's paper (VGG's gives a variance of 0.01).
        classes: how many the logits are for; with ``None`` the model ends before its last dense
            layer and gives features.
        name: of the model.

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to logits ``(n, classes)``; without
        them, to features ``(n, 8 * width)``.

    Raises:
        ValueError: a setting is outside its range.

    Source:
        Simonyan and Zisserman (2014), arXiv 1409.1556, table 1. Adapted to 32 x 32: five pools
        leave one pixel, so a single dense layer follows where the paper has three, of 4,096 units
        and 7 x 7 pixels, with nine tenths of its parameters.

    >>> vgg(16, width=16).count_params()
    925242
    """
    choice("depth", depth, tuple(CONFIGURATIONS))
    width = whole("width", width, 1)
    fraction("dropout", dropout)
    truth("batch_norm", batch_norm)
    if initializer != "small":
        keras_name("initializer", initializer, "initializers")
    if initializer == "small":
        initializer = {"class_name": "RandomNormal", "config": {"stddev": 0.01}}
    images = raw_images()
    x = normalization()(images)
    for stack, convolutions in enumerate(CONFIGURATIONS[depth], start=1):
        for number in range(1, convolutions + 1):
            place = f"stack{stack}_{{}}{number}"
            x = layers.Conv2D(
                width * min(2 ** (stack - 1), 8),
                3,
                padding="same",
                use_bias=not batch_norm,  # batch normalization has its own
                kernel_initializer=keras.initializers.get(initializer),
                name=place.format("conv"),
            )(x)
            x = BatchNormalization(name=place.format("norm"))(x) if batch_norm else x
            x = layers.Activation("relu", name=place.format("relu"))(x)
        x = layers.MaxPooling2D(2, name=f"stack{stack}_pool")(x)  # 32 -> 16 -> 8 -> 4 -> 2 -> 1
    x = layers.Dropout(dropout, name="dropout")(layers.Flatten(name="flatten")(x))
    return keras.Model(images, logits(x, classes), name=called(name, f"vgg{depth}"))
