"""How long a model takes, on this machine."""

from __future__ import annotations

import statistics
import time

import keras
import numpy as np

from cifarlib import _checks as checks


def latency(model: keras.Model, batch_size: int = 1, *, repeats: int = 20) -> float:
    """Seconds from a batch of images to its logits, on this machine, now.

    It times ``model.predict_on_batch``, one compiled function; the first calls, which trace it and
    warm up, are left out.

    Args:
        model: takes raw images ``(n, 32, 32, 3)``, 0..255.
        batch_size: images in the batch.
        repeats: how many batches to time.

    Returns:
        The median. Other work on the machine makes it larger.

    Raises:
        ValueError: ``batch_size`` or ``repeats`` is not a whole number of at least 1.
    """
    checks.model(model)
    batch_size = checks.whole("batch_size", batch_size, 1)
    repeats = checks.whole("repeats", repeats, 1)
    shape = [size or 32 for size in model.input_shape[1:]]  # None: it takes any size
    images = np.zeros((batch_size, *shape), dtype=np.float32)
    times = []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        model.predict_on_batch(images)
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])
