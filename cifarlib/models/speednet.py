"""The network of the quickest known trainings to 94 % on CIFAR-10."""

from __future__ import annotations

import functools

import keras
import numpy as np
from keras import layers

from cifarlib.checks import positive_integers
from cifarlib.data import load_cifar10
from cifarlib.layers import (
    CHANNEL_DEVIATIONS,
    CHANNEL_MEANS,
    BatchNormalization,
    PartlyIdentity,
    normalization,
)  # fmt: skip


def speednet(
    *,
    widths: tuple[int, int, int] = (64, 256, 256),
    activation: str = "relu",
    bn_momentum: float = 0.6,
) -> keras.Model:
    """A whitening layer and three groups of two convolutions: 1.97 M parameters, 118 M MACs.

    Args:
        widths: the filters of the three groups.
        activation: ``"relu"``, ``"gelu"`` or another name that Keras knows.
        bn_momentum: the share of the old in the moving statistics of batch normalization. The
            default suits batches of 1,024; ``1 - (1 - 0.6) * batch / 1024`` suits others.

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to logits ``(n, 10)``.

    Raises:
        ValueError: ``widths`` are not three positive integers.

    Source:
        Jordan (2024), arXiv 2404.00498, airbench94, itself after Page (2018) and Coleman et al.
        (2017). Made for 32 x 32 images. Adapted: ReLU, whose passes over memory cost half as much
        as those of GELU on a CPU, and no bias after whitening, so that no gradient has to reach
        the first layer.

    >>> speednet().count_params()
    1973920
    """
    positive_integers("widths", widths, count=3)
    images = keras.Input((32, 32, 3))
    whitening = layers.Conv2D(24, 2, use_bias=False, trainable=False, name="whitening")
    x = whitening(normalization()(images))  # (31, 31, 24)
    whitening.set_weights([_kernel()])
    x = layers.Activation(activation)(x)
    for width in widths:
        x = _convolution(width)(x)
        x = layers.MaxPooling2D(2)(x)  # 31 -> 15 -> 7 -> 3, before the costly normalization
        x = layers.Activation(activation)(_norm(bn_momentum)(x))
        x = _convolution(width)(x)
        x = layers.Activation(activation)(_norm(bn_momentum)(x))
    x = layers.GlobalMaxPooling2D()(x)  # (256,)
    x = layers.Dense(10, use_bias=False, dtype="float32")(x)
    return keras.Model(images, layers.Rescaling(1 / 9, dtype="float32")(x), name="speednet")


def _convolution(width: int) -> layers.Layer:
    return layers.Conv2D(
        width, 3, padding="same", use_bias=False, kernel_initializer=PartlyIdentity()
    )


def _norm(momentum: float) -> layers.Layer:
    return BatchNormalization(scale=False, beta_factor=8, momentum=momentum, epsilon=1e-12)


def whitening_kernel(images: np.ndarray) -> np.ndarray:
    """Filters under which the 2 x 2 patches of ``images`` have uncorrelated values of like size.

    Args:
        images: ``(n, 32, 32, 3)``, 0..255.

    Returns:
        ``float32 (2, 2, 3, 24)``: the 12 principal components of normalized patches, each divided
        by its deviation, and their negatives.

    Source:
        Page (2018), "How to train your ResNet"; Jordan (2024), arXiv 2404.00498, section 3.1.
    """
    moments, count = np.zeros((12, 12)), 0
    for start in range(0, len(images), 500):  # all patches at once would fill half a gigabyte
        x = (images[start : start + 500] - np.array(CHANNEL_MEANS)) / np.array(CHANNEL_DEVIATIONS)
        parts = [x[:, i : 31 + i, j : 31 + j] for i in (0, 1) for j in (0, 1)]
        patches = np.stack(parts, axis=3).reshape(-1, 12)  # row, column, channel
        moments, count = moments + patches.T @ patches, count + len(patches)
    values, vectors = np.linalg.eigh(moments / count)
    scaled = (vectors / np.sqrt(values + 5e-4))[:, ::-1]  # the largest component first
    return np.concatenate([scaled, -scaled], axis=1).reshape(2, 2, 3, 24).astype(np.float32)


@functools.cache
def _kernel() -> np.ndarray:
    return whitening_kernel(load_cifar10().x_train[:5000])
