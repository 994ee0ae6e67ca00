"""AlexNet: the network that won ImageNet in 2012, in the proportions that suit small images."""

from __future__ import annotations

import keras
from keras import layers

from cifarlib._checks import called, choice, fraction, keras_name, whole
from cifarlib.layers import (
    BatchNormalization,
    LocalResponseNormalization,
    normalization,
    raw_images,
)
from cifarlib.models.head import last_layers

NORMS = ("none", "response", "batch")


def alexnet(
    *,
    width: int = 24,
    dropout: float = 0.5,
    activation: str = "relu",
    initializer: str = "he_normal",
    norm: str = "none",
    classes: int | None = 10,
    name: str | None = None,
) -> keras.Model:
    """Five convolutions, three overlapping max-pools, three dense layers: 0.56 M parameters.

    Args:
        width: filters of the first convolution; the others in the paper's proportions, whose width
            is 96. The two hidden dense layers have 256 / 24 times as many units, not the paper's
            4,096 / 96.
        dropout: the fraction of what the two hidden dense layers take that is set to zero in
            training; what the second gives is left alone.
        activation: ``"relu"`` as in the paper, ``"tanh"`` as was usual before, or another name that
            Keras knows.
        initializer: of the kernels but the last layer's, which is Keras' own: ``"he_normal"`` suits
            ReLU, ``"glorot_uniform"`` tanh.
        norm: what follows the activations of the first two convolutions: ``"none"``, the paper's
            local ``"response"`` normalization, or ``"batch"`` normalization, which came later.
        classes: how many the logits are for; with ``None`` the model ends before its last dense
            layer and gives features.
        name: of the model.

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to logits ``(n, classes)``; without
        them, to features ``(n, 256)``, for a width of 24.

    Raises:
        ValueError: a setting is outside its range.

    Source:
        Krizhevsky, Sutskever and Hinton (2012), section 3. Adapted to 32 x 32: the first
        convolution is 5 x 5 with stride 1 where the paper's 11 x 11 with stride 4 would leave
        6 x 6 pixels; local response normalization is off unless asked for; the split over two GPUs
        is left out; and convolutions are a quarter as wide, dense layers a sixteenth, so that two
        cores train it in minutes.

    >>> alexnet().count_params()
    564842
    """
    width = whole("width", width, 1)
    fraction("dropout", dropout)
    choice("norm", norm, NORMS)
    keras_name("activation", activation, "activations")
    keras_name("initializer", initializer, "initializers")
    hidden = round(width * 256 / 24)

    def conv(number: int, filters: int, size: int) -> layers.Layer:
        return layers.Conv2D(
            filters,
            size,
            padding="same",
            activation=activation,
            kernel_initializer=initializer,
            name=f"conv{number}",
        )

    def normalize(number: int) -> list[layers.Layer]:
        return {
            "none": [],
            "response": [LocalResponseNormalization(name=f"norm{number}")],
            "batch": [BatchNormalization(name=f"norm{number}")],
        }[norm]

    def pool(number: int) -> layers.Layer:  # windows of 3, a step of 2
        return layers.MaxPooling2D(3, 2, padding="same", name=f"pool{number}")

    def dense(number: int) -> layers.Layer:
        return layers.Dense(
            hidden, activation=activation, kernel_initializer=initializer, name=f"hidden{number}"
        )

    return keras.Sequential(
        [
            raw_images(),
            normalization(),
            conv(1, width, 5),  # (32, 32, 24), the paper's 96
            *normalize(1),
            pool(1),  # (16, 16, 24)
            conv(2, round(width * 8 / 3), 5),  # (16, 16, 64), the paper's 256
            *normalize(2),
            pool(2),  # (8, 8, 64)
            conv(3, width * 4, 3),  # (8, 8, 96), the paper's 384
            conv(4, width * 4, 3),
            conv(5, round(width * 8 / 3), 3),  # (8, 8, 64), the paper's 256
            pool(3),  # (4, 4, 64)
            layers.Flatten(name="flatten"),  # (1024,)
            layers.Dropout(dropout, name="dropout1"),
            dense(1),  # (256,), the paper's 4096
            layers.Dropout(dropout, name="dropout2"),
            dense(2),
            *last_layers(classes),
        ],
        name=called(name, "alexnet"),
    )
