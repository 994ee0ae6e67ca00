"""Learn without labels by filling in: hide most patches of an image and predict their pixels."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from cifarlib import _checks as checks
from cifarlib.images import random_views
from cifarlib.layers import CHANNEL_DEVIATIONS, CHANNEL_MEANS
from cifarlib.training.whole_batches import WholeBatches


def random_masking(
    count: int, patches: int, hidden: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Hide a share of the patches of each image, at random, each image in its own way.

    Args:
        count: of images.
        patches: of each image.
        hidden: the share to hide, above 0 and below 1; rounded to whole patches, and at least one
            stays visible and one hidden.
        rng: draws.

    Returns:
        The places of the visible patches in ascending order, ``int32 (count, visible)``, and which
        patches are hidden, ``bool (count, patches)``.

    Raises:
        ValueError: a setting is outside its range.

    Source:
        He et al. (2022), arXiv 2111.06377, section 3: shuffle, and keep the first.

    >>> visible, hidden = random_masking(1, 8, 0.75, np.random.default_rng(0))
    >>> visible.tolist(), hidden[0].astype(int).tolist()
    ([[2, 3]], [1, 1, 0, 0, 1, 1, 1, 1])
    """
    count, patches = checks.whole("count", count, 1), checks.whole("patches", patches, 2)
    hidden = checks.positive("hidden", checks.fraction("hidden", hidden))
    checks.generator("rng", rng)
    kept = min(max(patches - round(hidden * patches), 1), patches - 1)
    order = rng.random((count, patches)).argsort(axis=1)
    visible = np.sort(order[:, :kept], axis=1)
    mask = np.ones((count, patches), bool)
    np.put_along_axis(mask, visible, False, axis=1)
    return visible.astype(np.int32), mask


def to_patches(images: np.ndarray, size: int) -> np.ndarray:
    """Cut images into square patches, row by row: ``(n, h, w, c)`` to ``(n, patches, s * s * c)``.

    Raises:
        ValueError: the images are no multiple of ``size`` high and wide.

    >>> to_patches(np.arange(16).reshape(1, 4, 4, 1), 2)[0, 1].tolist()  # upper right
    [2, 3, 6, 7]
    """
    images, size = checks.array("images", images), checks.whole("size", size, 1)
    if images.ndim != 4 or images.shape[1] % size or images.shape[2] % size:
        raise ValueError(f"images of the shape {images.shape} have no whole patches of {size}")
    count, height, width, channels = images.shape
    cut = images.reshape(count, height // size, size, width // size, size, channels)
    return cut.swapaxes(2, 3).reshape(count, -1, size * size * channels)


def from_patches(patches: np.ndarray, size: int) -> np.ndarray:
    """Put the patches of square images together: the inverse of :func:`to_patches`.

    Raises:
        ValueError: the patches make no square image.
    """
    patches, size = checks.array("patches", patches), checks.whole("size", size, 1)
    side = round(patches.shape[1] ** 0.5) if patches.ndim == 3 else 0
    if not side or side**2 != patches.shape[1] or patches.shape[2] % size**2:
        raise ValueError(f"patches of the shape {patches.shape} make no square image")
    cut = patches.reshape(len(patches), side, side, size, size, -1)
    return cut.swapaxes(2, 3).reshape(len(patches), side * size, side * size, -1)


def normalized(images: np.ndarray) -> np.ndarray:
    """Pixels 0..255 as the models see them: each channel with mean 0 and deviation 1."""
    return (np.float32(images) - np.float32(CHANNEL_MEANS)) / np.float32(CHANNEL_DEVIATIONS)


class MaskedImages(WholeBatches):
    """Batches for ``fit``: images with the places that may be seen, and what is to be filled in.

    A batch is ``((images, visible), targets)``: ``uint8 (n, 32, 32, 3)``, ``int32 (n, k)``, and
    ``float32 (n, patches, s * s * 3 + 1)``: the pixels of each patch, normalized by channel, and
    behind them a 1 if the patch is hidden, else a 0. Order, crops and masks depend on ``seed`` and
    the epoch alone.

    Args:
        x: images ``uint8 (n, 32, 32, 3)``. No labels.
        batch_size: images per batch. What does not fill one is left out of an epoch.
        seed: chooses the order, the crops and the masks.
        patch_size: pixels a side.
        hidden: the share of patches to hide.
        smallest: the least share of the area that a random crop keeps, see
            :func:`cifarlib.images.random_views`. Crops are mirrored, and keep their colors.

    Raises:
        ValueError: there are fewer images than a batch has, or a setting is outside its range.
    """

    def __init__(
        self,
        x: np.ndarray,
        batch_size: int,
        seed: int = 0,
        *,
        patch_size: int = 4,
        hidden: float = 0.75,
        smallest: float = 0.5,
    ) -> None:
        super().__init__(x, batch_size, seed)
        patch_size = checks.whole("patch_size", patch_size, 1)
        patches = to_patches(x[:1], patch_size).shape[1]
        random_masking(1, patches, hidden, np.random.default_rng(0))  # refuses bad settings early
        random_views(x[:1], np.random.default_rng(0), smallest=smallest)
        self.patch_size, self.hidden = int(patch_size), float(hidden)
        self.smallest = float(smallest)

    def settings(self) -> dict[str, float]:
        return {"patch_size": self.patch_size, "hidden": self.hidden, "smallest": self.smallest}

    def __getitem__(self, index: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
        chosen, rng = self.chosen(index), self.rng(index)
        images = random_views(self.x[chosen], rng, smallest=self.smallest, jitter=0, gray=0)
        pixels = to_patches(normalized(images), self.patch_size)
        visible, hidden = random_masking(len(images), pixels.shape[1], self.hidden, rng)
        targets = np.concatenate([pixels, hidden[..., None]], axis=2, dtype=np.float32)
        return (images, visible), targets


@keras.saving.register_keras_serializable("cifarlib")
class HiddenPatches(keras.losses.Loss):
    """The mean squared error of the pixels of hidden patches; visible ones do not count.

    ``y_true`` are the targets of :class:`MaskedImages`, ``(n, patches, p + 1)``, and ``y_pred`` the
    predicted pixels ``(n, patches, p)``.

    Source:
        He et al. (2022), arXiv 2111.06377, section 3, with pixels normalized by channel. (The paper
        also tries pixels normalized patch by patch, which makes its features a little better, and
        leaves brightness and contrast of a patch open.)

    >>> targets = np.array([[[1.0, 2.0, 1.0], [3.0, 3.0, 0.0]]])  # the second patch is visible
    >>> float(HiddenPatches()(targets, np.array([[[1.0, 4.0], [0.0, 0.0]]])))
    2.0
    """

    def __init__(
        self,
        name: str = "hidden_patches",
        reduction: str = "sum_over_batch_size",
        dtype=None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true, y_pred):
        pixels, hidden = y_true[..., :-1], y_true[..., -1]
        errors = ops.mean(ops.square(pixels - ops.cast(y_pred, pixels.dtype)), axis=2)
        return ops.sum(errors * hidden, axis=1) / ops.sum(hidden, axis=1)
