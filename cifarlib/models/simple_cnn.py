"""The classic small convolutional network of many first tutorials."""

from __future__ import annotations

import keras
from keras import layers

from cifarlib._checks import called, fraction
from cifarlib.layers import raw_images
from cifarlib.models.head import last_layers


def simple_cnn(
    *, dropout: float = 0.5, classes: int | None = 10, name: str | None = None
) -> keras.Model:
    """Three 3 x 3 convolutions, two max-pools, two dense layers: 122,570 parameters.

    Args:
        dropout: the fraction of the 64 hidden activations set to zero in training, 0 <= d < 1.
        classes: how many the logits are for; with ``None`` the model ends before its last dense
            layer and gives features.
        name: of the model.

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to logits ``(n, classes)``; without
        them, to features ``(n, 64)``.

    Raises:
        ValueError: a setting is outside its range.

    Source:
        The topology follows LeNet-5 (LeCun et al., 1998, section II.B): convolution and pooling in
        turn, then dense layers; with ReLU, max-pooling and dropout in place of its sigmoids and
        averages. Convolutions are unpadded, so maps shrink 32 -> 30 -> 15 -> 13 -> 6 -> 4.

    >>> simple_cnn().count_params()
    122570
    """
    fraction("dropout", dropout)
    return keras.Sequential(
        [
            raw_images(),
            layers.Rescaling(1 / 255, name="scaling"),
            layers.Conv2D(32, 3, activation="relu", name="conv1"),  # (30, 30, 32)
            layers.MaxPooling2D(2, name="pool1"),  # (15, 15, 32)
            layers.Conv2D(64, 3, activation="relu", name="conv2"),  # (13, 13, 64)
            layers.MaxPooling2D(2, name="pool2"),  # (6, 6, 64)
            layers.Conv2D(64, 3, activation="relu", name="conv3"),  # (4, 4, 64)
            layers.Flatten(name="flatten"),  # (1024,)
            layers.Dense(64, activation="relu", name="hidden"),
            layers.Dropout(dropout, name="dropout"),
            *last_layers(classes),
        ],
        name=called(name, "simple_cnn"),
    )
