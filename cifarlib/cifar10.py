"""CIFAR-10 in the form of ``keras.datasets.cifar10``, without the wait.

A program that begins with ``from keras.datasets import cifar10`` runs unchanged with
``from cifarlib import cifar10``.
"""

from __future__ import annotations

import contextlib
import os

import numpy as np

from cifarlib._checks import truth
from cifarlib.data import Cifar10, load_cifar10
from cifarlib.data.sources import at_hand


def load_data(full: bool = False) -> tuple[tuple, tuple]:
    """Load CIFAR-10 as Keras' own function gives it.

    Args:
        full: ``True`` fetches all 60,000 images if they are not on this machine yet (140 MB, once).
            ``False`` downloads nothing: it gives all 60,000 where they are in a cache (this
            package's or Keras'), and otherwise the 20,000 that come with the package, saying so.
            With ``CIFARLIB_FULL=0`` in the environment it gives those 20,000 in any case; ``True``
            is not changed by that.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: images ``uint8 (n, 32, 32, 3)``, 0..255, RGB, and
        labels ``uint8 (n, 1)``, 0..9, in the official order. The test set is always complete.

    Raises:
        OSError: the images in the package are missing or damaged, or (``full=True``) no source
            could deliver all 60,000; the message names each source and its reason.
        ValueError: ``full`` is neither True nor False, or ``CIFARLIB_SOURCES`` in the environment
            names a source that does not exist.

    >>> (x_train, y_train), (x_test, y_test) = load_data(full=False)  # doctest: +ELLIPSIS
    cifar10: ...
    >>> x_test.shape, y_test.shape
    ((10000, 32, 32, 3), (10000, 1))
    """
    truth("full", full)
    data = load_cifar10(full=True) if full else _without_download()
    return (data.x_train, _column(data.y_train)), (data.x_test, _column(data.y_test))


def _without_download() -> Cifar10:
    data = None if os.environ.get("CIFARLIB_FULL") == "0" else at_hand()
    if data is None:
        data = load_cifar10()
        counts = f"{len(data.x_train):,} training and {len(data.x_test):,} test images"
        words = f"{counts} that come with cifarlib; load_data(full=True) fetches the rest."
        with contextlib.suppress(OSError, ValueError):  # stdout is closed or full
            print(f"cifar10: {words}")
    return data


def _column(labels: np.ndarray) -> np.ndarray:
    return labels.reshape(-1, 1)
