"""Batches of images without labels, all of the same size."""

from __future__ import annotations

import numpy as np

from cifarlib import _checks as checks
from cifarlib.training.batches import Batches


class WholeBatches(Batches):
    """What batches without labels share: what does not fill a batch is left out of an epoch.

    Args:
        x: images ``uint8 (n, 32, 32, 3)``. No labels.
        batch_size: images per batch.
        seed: chooses the order, and what a batch leaves to chance.
        least: the smallest batch that makes sense.

    Raises:
        ValueError: ``x`` are no images, there are fewer than a batch has, or a setting is outside
            its range.
    """

    def __init__(self, x: np.ndarray, batch_size: int, seed: int = 0, *, least: int = 1) -> None:
        batch_size = checks.whole("batch_size", batch_size, least)
        x = checks.pictures("x", x, np.uint8)
        if len(x) < batch_size:
            raise ValueError(f"a batch of {batch_size} images needs as many, got {len(x)}")
        super().__init__(x, np.zeros(len(x), np.uint8), batch_size, seed)

    def __len__(self) -> int:
        return len(self.x) // self.batch_size

    def settings(self) -> dict[str, float]:
        """What a batch is made by, beside images, size and seed."""
        return {}

    def rng(self, index: int) -> np.random.Generator:
        """What draws for a batch of this epoch."""
        return np.random.default_rng([self.seed, self.epoch, index])
