"""The network of the quickest known trainings to 94 % on CIFAR-10."""

from __future__ import annotations

import functools

import keras
import numpy as np
from keras import layers, ops

from cifarlib.checks import positive_integers, whole
from cifarlib.data import load_cifar10
from cifarlib.data.arrays import check_images
from cifarlib.inputs import raw_images
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
    convolutions: tuple[int, int, int] = (2, 2, 2),
    patch_size: int = 2,
    stride: int = 1,
    components: int = 12,
    activation: str = "relu",
    bn_momentum: float = 0.6,
    images: np.ndarray | None = None,
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

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to logits ``(n, 10)``.

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
    positive_integers("widths", widths, count=3)
    positive_integers("convolutions", convolutions, count=3)
    for name, value in (("patch_size", patch_size), ("stride", stride), ("components", components)):
        whole(name, value, 1)
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
    x = layers.Activation(activation)(x)
    for width, count in zip(widths, convolutions, strict=True):
        x = _convolution(width)(x)
        x = layers.MaxPooling2D(2)(x)  # 31 -> 15 -> 7 -> 3, before the costly normalization
        x = layers.Activation(activation)(_norm(bn_momentum)(x))
        for _ in range(count - 1):
            x = _convolution(width)(x)
            x = layers.Activation(activation)(_norm(bn_momentum)(x))
    x = layers.GlobalMaxPooling2D()(x)  # (256,)
    x = layers.Dense(10, use_bias=False, dtype="float32")(x)
    return keras.Model(inputs, layers.Rescaling(1 / 9, dtype="float32")(x), name="speednet")


def _convolution(width: int) -> layers.Layer:
    return layers.Conv2D(
        width, 3, padding="same", use_bias=False, kernel_initializer=PartlyIdentity()
    )


def _norm(momentum: float) -> layers.Layer:
    return BatchNormalization(scale=False, beta_factor=8, momentum=momentum, epsilon=1e-12)


@keras.saving.register_keras_serializable("cifarlib")
class Whitening(keras.initializers.Initializer):
    """The kernel that it is given, so that ``clone_model`` and ``from_config`` have it, too.

    Args:
        kernel: as :func:`whitening_kernel` makes it.
    """

    def __init__(self, kernel: np.ndarray) -> None:
        self.kernel = np.asarray(kernel, np.float32)

    def __call__(self, shape, dtype=None):
        if tuple(shape) != self.kernel.shape:
            raise ValueError(
                f"there is a kernel of the shape {self.kernel.shape}, but the layer wants {shape}"
            )
        return ops.convert_to_tensor(self.kernel, dtype)

    def get_config(self) -> dict:
        return {"kernel": self.kernel.tolist()}


def whitening_kernel(images: np.ndarray, patch_size: int = 2, components: int = 12) -> np.ndarray:
    """Filters under which the patches of ``images`` have uncorrelated values of like size.

    Args:
        images: ``(n, 32, 32, 3)``, 0..255.
        patch_size: pixels a side of a patch, 1..32.
        components: how many principal components to keep, 1 to ``3 * patch_size**2``.

    Returns:
        ``float32 (patch_size, patch_size, 3, 2 * components)``: the largest principal components of
        normalized patches, each divided by its deviation, and their negatives.

    Raises:
        ValueError: ``images`` are not images, or a setting is outside its range.

    Source:
        Page (2018), "How to train your ResNet"; Jordan (2024), arXiv 2404.00498, section 3.1.
    """
    check_images(images)
    whole("patch_size", patch_size, 1, 32)
    values_each = 3 * patch_size**2
    whole("components", components, 1, values_each)
    moments, count = np.zeros((values_each, values_each)), 0
    offsets, places = range(patch_size), 33 - patch_size
    for start in range(0, len(images), 500):  # all patches at once would fill half a gigabyte
        x = (images[start : start + 500] - np.array(CHANNEL_MEANS)) / np.array(CHANNEL_DEVIATIONS)
        parts = [x[:, i : places + i, j : places + j] for i in offsets for j in offsets]
        patches = np.stack(parts, axis=3).reshape(-1, values_each)  # row, column, channel
        moments, count = moments + patches.T @ patches, count + len(patches)
    values, vectors = np.linalg.eigh(moments / count)
    scaled = (vectors / np.sqrt(values + 5e-4))[:, ::-1][:, :components]  # the largest first
    kernel = np.concatenate([scaled, -scaled], axis=1)
    return kernel.reshape(patch_size, patch_size, 3, -1).astype(np.float32)


@functools.cache
def _own_kernel(patch_size: int, components: int) -> np.ndarray:
    return whitening_kernel(load_cifar10().x_train[:5000], patch_size, components)
