"""Images, batch by batch, augmented and in an order that a resumed run can repeat."""

from __future__ import annotations

import math

import keras
import numpy as np

from cifarlib import _checks as checks
from cifarlib.images import Augmentation, augment, check_shares, mirrored

_NOTHING = Augmentation()


class Batches(keras.utils.PyDataset):
    """Batches ``(images, labels)`` for ``fit``, shuffled and augmented.

    Order and augmentation depend on ``seed`` and the number of the epoch alone, so a run that stops
    after some epoch goes on exactly as it would have: tell it the epoch with :meth:`start_epoch`.
    Without that, the first pass is epoch 0, and each complete pass that Keras makes (an epoch of
    ``fit``, an ``evaluate``) is followed by the next one. A pass is all of the batches: leave
    ``steps_per_epoch`` alone. All batches have the same types: labels, and without mixup images,
    those given; ``float32`` what is mixed (see :func:`cifarlib.images.augment`).

    Args:
        x: images ``(n, 32, 32, 3)``; ``uint8`` where they are augmented.
        y: labels ``(n,)``, or shares of the classes ``(n, 10)``.
        batch_size: images per batch; the last batch has the rest.
        seed: chooses the order and what is left to chance.
        augmentation: what is done to the images.
        shuffle: whether the order is random; without it, it is that of ``x``.

    Raises:
        ValueError: a setting is outside its range, ``x`` and ``y`` are not equally many, or the
            augmentation mixes images and ``y`` are classes, not shares of the classes.
    """

    def __init__(
        self,
        x: np.ndarray,
        y: np.ndarray,
        batch_size: int,
        seed: int = 0,
        augmentation: Augmentation = _NOTHING,
        shuffle: bool = True,
    ) -> None:
        # With one worker, TensorFlow tunes its pipeline and makes ``fit`` wait for seconds between
        # epochs. With two, Keras on JAX mixes batches of the next epoch into this one.
        super().__init__(workers=2 if keras.backend.backend() == "tensorflow" else 1)
        batch_size = checks.whole("batch_size", batch_size, 1)
        seed = checks.whole("seed", seed, 0)
        checks.truth("shuffle", shuffle)
        x, y = checks.array("x, the images,", x), checks.array("y, the labels,", y)
        if 0 in (x.ndim, y.ndim, x.size):
            raise ValueError(
                f"x must be images, one or more, and y a label for each, got {x.shape}, {y.shape}"
            )
        checks.instance("augmentation", augmentation, Augmentation)
        if len(x) != len(y):
            raise ValueError(f"each image needs a label, got {len(x)} images and {len(y)} labels")
        self.x, self.y, self.batch_size, self.seed = x, y, batch_size, seed
        self.augmentation, self.shuffle = augmentation, shuffle
        if augmentation.mixup or augmentation.cutmix:
            check_shares(y)
        self.in_pass = self.saw_last = False
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Draw the order of epoch number ``epoch``, counted from 0."""
        count = len(self.x)
        self.epoch, self.order = epoch, np.arange(count)
        if self.shuffle:
            self.order = np.random.default_rng([self.seed, epoch]).permutation(count)
        self.mirror = mirrored(count, self.augmentation.flip, self.seed, epoch)

    def on_epoch_begin(self) -> None:
        """Called by Keras before a pass."""
        self.in_pass = True

    def on_epoch_end(self) -> None:
        """Called by Keras after a pass, when nobody asks for batches: go on to the next epoch.

        Keras calls this before the first pass, too, and where it has built a model from the first
        batch; neither is the end of an epoch.
        """
        if self.in_pass and self.saw_last:
            self.start_epoch(self.epoch + 1)
        self.in_pass = self.saw_last = False

    def __len__(self) -> int:
        return math.ceil(len(self.x) / self.batch_size)

    def chosen(self, index: int) -> np.ndarray:
        """The places of a batch's images in ``x``; notes that the last batch was asked for.

        Raises:
            IndexError: there is no such batch.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"there is no batch {index}, only 0 to {len(self) - 1}")
        self.saw_last |= index == len(self) - 1
        return self.order[index * self.batch_size : (index + 1) * self.batch_size]

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self.chosen(index)
        x, y = self.x[chosen], self.y[chosen]
        if self.augmentation == _NOTHING:
            return x, y
        rng = np.random.default_rng([self.seed, self.epoch, 2, index])
        return augment(x, y, self.augmentation, self.mirror[chosen], rng)
