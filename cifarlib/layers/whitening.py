"""Whitening: a first convolution whose filters have uncorrelated values of like size."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from cifarlib._checks import numbers, whole
from cifarlib.data.arrays import check_images
from cifarlib.layers.inputs import CHANNEL_DEVIATIONS, CHANNEL_MEANS


@keras.saving.register_keras_serializable("cifarlib")
class Whitening(keras.initializers.Initializer):
    """The kernel that it is given, so that ``clone_model`` and ``from_config`` have it, too.

    Args:
        kernel: as :func:`whitening_kernel` makes it.

    Raises:
        ValueError: it is no kernel of a convolution.
    """

    def __init__(self, kernel: np.ndarray) -> None:
        kernel = numbers("kernel", kernel)
        if kernel.ndim != 4 or 0 in kernel.shape:
            raise ValueError(f"kernel must be (height, width, in, out), got {kernel.shape}")
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
        Page (2018), "How to train your ResNet"; Jordan (2024), arXiv 2404.00498, section 3.2.
    """
    images = check_images(images)
    patch_size = whole("patch_size", patch_size, 1, 32)
    values_each = 3 * patch_size**2
    components = whole("components", components, 1, values_each)
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
