"""What a model answers for raw images."""

from __future__ import annotations

import keras
import numpy as np

from cifarlib.data.arrays import check_images
from cifarlib.training import Batches


def logits(
    model: keras.Model,
    images: np.ndarray,
    batch_size: int = 500,
    *,
    test_time_augmentation: bool = False,
) -> np.ndarray:
    """The model's logits for raw images.

    Args:
        model: takes ``(n, 32, 32, 3)``, 0..255, and gives ``(n, 10)``.
        images: ``(n, 32, 32, 3)``, 0..255.
        batch_size: images per step; a matter of speed and memory only.
        test_time_augmentation: average the logits of six views of each image: itself, itself
            moved by a pixel up and left and by one down and right, and the mirror images of the
            three; the two in place count as much as the other four.

    Returns:
        ``float32 (n, 10)``.

    Raises:
        ValueError: images have the wrong shape, or look as if scaled to 0..1 already.

    Source:
        The views: Jordan (2024), arXiv 2404.00498, section 3.6.
    """
    images = check_images(images)

    def predict(views: np.ndarray) -> np.ndarray:
        batches = Batches(views, np.zeros(len(views)), batch_size, shuffle=False)
        return np.asarray(model.predict(batches, verbose=0), dtype=np.float32)

    def both_sides(views: np.ndarray) -> np.ndarray:
        return (predict(views) + predict(views[:, :, ::-1])) / 2

    if not test_time_augmentation:
        return predict(images)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    moved = (both_sides(padded[:, :-2, :-2]) + both_sides(padded[:, 2:, 2:])) / 2
    return (both_sides(images) + moved) / 2
