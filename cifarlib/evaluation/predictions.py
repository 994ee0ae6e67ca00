"""What a model answers for raw images."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np

from cifarlib import _checks as checks
from cifarlib.data.arrays import check_images
from cifarlib.training import Batches


def logits(
    model: keras.Model,
    images: np.ndarray,
    batch_size: int = 500,
    *,
    preprocess: Callable | None = None,
    test_time_augmentation: bool = False,
) -> np.ndarray:
    """The model's logits for raw images.

    Args:
        model: takes ``(n, 32, 32, 3)``, 0..255, and gives logits ``(n, classes)``. One that gives
            probabilities, as after a softmax, will do, too: their logarithms are logits.
        images: ``(n, 32, 32, 3)``, 0..255.
        batch_size: images per step; a matter of speed and memory only.
        preprocess: for a model that takes something else: a function from ``float32
            (n, 32, 32, 3)``, 0..255, to what it takes, such as ``lambda images: images / 255``.
        test_time_augmentation: average the logits of six views of each image: itself, itself
            moved by a pixel up and left and by one down and right, and the mirror images of the
            three; the two in place count as much as the other four.

    Returns:
        ``float32 (n, classes)``.

    Raises:
        ValueError: images have the wrong shape, or look as if scaled to 0..1 already; or the model
            gives something else than a row of numbers per image.

    Source:
        The views: Jordan (2024), arXiv 2404.00498, section 3.5.
    """
    checks.model(model)
    images = check_images(images)
    batch_size = checks.whole("batch_size", batch_size, 1)
    checks.preprocessed(images[:1].astype(np.float32), preprocess)  # its fault, not Keras'
    checks.truth("test_time_augmentation", test_time_augmentation)

    def predict(views: np.ndarray) -> np.ndarray:
        batches = Batches(views, np.zeros(len(views)), batch_size, shuffle=False)
        if preprocess is not None:
            batches = _Prepared(batches, preprocess)
        return _as_logits(model.predict(batches, verbose=0))

    def both_sides(views: np.ndarray) -> np.ndarray:
        return (predict(views) + predict(views[:, :, ::-1])) / 2

    if not test_time_augmentation:
        return predict(images)
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    moved = (both_sides(padded[:, :-2, :-2]) + both_sides(padded[:, 2:, 2:])) / 2
    return (both_sides(images) + moved) / 2


class _Prepared(keras.utils.PyDataset):
    """Batches of images as a reader's own model wants them."""

    def __init__(self, batches: Batches, preprocess: Callable) -> None:
        super().__init__()
        self.batches, self.preprocess = batches, preprocess

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, number: int) -> tuple[np.ndarray]:
        images, _ = self.batches[number]
        return (checks.preprocessed(images.astype(np.float32), self.preprocess),)


def _as_logits(outputs: np.ndarray) -> np.ndarray:
    """Outputs as they are, or the logarithms of probabilities.

    Probabilities are told by their values, wherever in a model the softmax stands: none is negative
    and each row adds up to 1. No network gives such logits by chance.
    """
    outputs = checks.array("the model's outputs", outputs)
    if outputs.ndim != 2 or outputs.shape[1] < 2:
        raise ValueError(
            f"the model must give a row of two numbers or more per image, got {outputs.shape}"
        )
    outputs = outputs.astype(np.float32)
    if (outputs >= 0).all() and np.allclose(outputs.sum(axis=1), 1, atol=1e-2):
        return np.log(np.maximum(outputs, np.finfo(np.float32).tiny))
    return outputs
