"""The network of the quickest known trainings to 94 % on CIFAR-10.

Where the rest of such a training stands: its numbers in ``recipes.SPEEDNET``; whitening filters,
kernels that begin as an identity and the quick batch normalization in ``layers/whitening.py``,
``dirac.py`` and ``batch_norm.py``; the alternating flip in ``images/moves.py``; optimizer, schedule
and lookahead in ``training/``; the six views of a test image in ``evaluation/predictions.py``.
"""

from __future__ import annotations

import functools

import keras
import numpy as np
from keras import layers

from cifarlib._checks import called, fraction, keras_name, positive_integers, whole
from cifarlib.data import load_cifar10
from cifarlib.layers import (
    BatchNormalization,
    PartlyIdentity,
    Whitening,
    normalization,
    raw_images,
    whitening_kernel,
)


def speednet(
    *,
    widths: tuple[int, int, int] = (64, 256, 256),
    convolutions: tuple[int, int, int] = (2, 2, 2),
    patch_size: int = 2,
    stride: int = 1,
    components: int = 12,
    activation: str = "relu",
    bn_momentum: float = 0.6,
    images: np.ndarray | None = None,
    classes: int | None = 10,
    name: str | None = None,
) -> keras.Model:
    """A whitening layer and three groups of two convolutions: 1.97 M parameters, 118 M MACs.

    Args:
        widths: the filters of the three groups.
        convolutions: the convolutions in each of them.
        patch_size: pixels a side of the patches that the whitening layer sees.
        stride: pixels from one patch to the next; 2 makes all that follows four times cheaper.
        components: how many of the ``3 * patch_size**2`` principal components of the patches to
            keep, the largest first; the layer has twice as many filters.
        activation: ``"relu"``, ``"gelu"`` or another name that Keras knows.
        bn_momentum: the share of the old in the moving statistics of batch normalization. The
            default suits batches of 1,024; ``1 - (1 - 0.6) * batch / 1024`` suits others.
        images: ``(n, 32, 32, 3)``, 0..255, whose patches the whitening layer is made for; the
            first 5,000 training images unless given.
        classes: how many the logits are for; with ``None`` the model ends before its last dense
            layer and gives features.
        name: of the model.

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to logits ``(n, classes)``; without
        them, to features ``(n, 256)``: as many as the last of the ``widths``.

    Raises:
        ValueError: ``widths`` or ``convolutions`` are not three positive integers, another setting
            is outside its range, or the stride leaves fewer than 8 pixels a side.

    Source:
        Jordan (2024), arXiv 2404.00498, airbench94, itself after Page (2018) and Coleman et al.
        (2017). Made for 32 x 32 images. Adapted: ReLU, whose passes over memory cost half as much
        as those of GELU on a CPU, and no bias after whitening, so that no gradient has to reach
        the first layer.

    >>> speednet().count_params()
    1973920
    """
    widths = positive_integers("widths", widths, count=3)
    convolutions = positive_integers("convolutions", convolutions, count=3)
    patch_size = whole("patch_size", patch_size, 1)
    stride = whole("stride", stride, 1)
    components = whole("components", components, 1)
    keras_name("activation", activation, "activations")
    fraction("bn_momentum", bn_momentum)
    if (32 - patch_size) // stride + 1 < 8:
        raise ValueError(
            "three max-pools need 8 x 8 places or more, "
            f"got patch_size={patch_size}, stride={stride}"
        )
    whitener = _own_kernel if images is None else functools.partial(whitening_kernel, images)
    kernel = whitener(patch_size, components)
    inputs = raw_images()
    whitening = layers.Conv2D(
        kernel.shape[-1], patch_size, stride, use_bias=False, trainable=False, name="whitening"
    )
    x = whitening(normalization()(inputs))  # (31, 31, 24)
    whitening.set_weights([kernel])
    whitening.kernel_initializer = Whitening(kernel)  # for copies made from the configuration
    x = layers.Activation(activation, name="whitening_activation")(x)
    for group, (width, count) in enumerate(zip(widths, convolutions, strict=True), start=1):
        place = f"group{group}"
        x = _convolution(width, f"{place}_conv1")(x)
        x = layers.MaxPooling2D(2, name=f"{place}_pool")(
            x
        )  # 31 -> 15 -> 7 -> 3, before the costly normalization
        for number in range(1, count + 1):
            x = x if number == 1 else _convolution(width, f"{place}_conv{number}")(x)
            x = _norm(bn_momentum, f"{place}_norm{number}")(x)
            x = layers.Activation(activation, name=f"{place}_activation{number}")(x)
    x = layers.GlobalMaxPooling2D(name="pool")(x)  # (256,)
    if classes is not None:
        classes = whole("classes", classes, 1)
        x = layers.Dense(classes, use_bias=False, dtype="float32", name="classes")(x)
        x = layers.Rescaling(1 / 9, dtype="float32", name="logits")(x)
    return keras.Model(inputs, x, name=called(name, "speednet"))


def _convolution(width: int, name: str) -> layers.Layer:
    return layers.Conv2D(
        width, 3, padding="same", use_bias=False, kernel_initializer=PartlyIdentity(), name=name
    )


def _norm(momentum: float, name: str) -> layers.Layer:
    return BatchNormalization(
        scale=False, beta_factor=8, momentum=momentum, epsilon=1e-12, name=name
    )


@functools.cache
def _own_kernel(patch_size: int, components: int) -> np.ndarray:
    return whitening_kernel(load_cifar10().x_train[:5000], patch_size, components)
