"""Training images, batch by batch, in an order that a resumed run can repeat."""

from __future__ import annotations

import math

import keras
import numpy as np


class Batches(keras.utils.PyDataset):
    """Shuffled batches ``(images, labels)`` for ``fit``.

    The order depends on ``seed`` and the number of the epoch alone, so a run that stops after some
    epoch goes on exactly as it would have: tell it the epoch with :meth:`start_epoch`.

    Args:
        x: images ``(n, 32, 32, 3)``.
        y: labels ``(n,)``.
        batch_size: images per batch; the last batch has the rest.
        seed: chooses the order.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, batch_size: int, seed: int = 0) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self.x, self.y, self.batch_size, self.seed = x, y, batch_size, seed
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Draw the order of epoch number ``epoch``, counted from 0."""
        self.order = np.random.default_rng([self.seed, epoch]).permutation(len(self.x))

    def __len__(self) -> int:
        return math.ceil(len(self.x) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if not 0 <= index < len(self):
            raise IndexError(f"there is no batch {index}, only 0 to {len(self) - 1}")
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        return self.x[chosen], self.y[chosen]
