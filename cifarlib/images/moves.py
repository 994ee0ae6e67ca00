"""Shift images and mirror them, each by itself."""

from __future__ import annotations

import numpy as np

from cifarlib import _checks as checks

FLIPS = ("none", "random", "alternating")


def shift(images: np.ndarray, pixels: int, rng: np.random.Generator) -> np.ndarray:
    """Move each image by up to ``pixels`` each way, and mirror it at its borders to fill up.

    That is: pad by reflection, then crop 32 x 32 at random, each image elsewhere.

    Raises:
        ValueError: images have another shape, or ``pixels`` is no whole number from 0 on.
    """
    images, pixels = checks.pictures("images", images), checks.whole("pixels", pixels, 0)
    checks.generator("rng", rng)
    around = ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0))
    padded = np.pad(images, around, mode="reflect" if pixels else "edge")
    count, height, width, _ = images.shape
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
    rows, columns = rng.integers(0, 2 * pixels + 1, (2, count))
    chosen = windows[np.arange(count), rows, columns]  # (n, 3, 32, 32)
    return np.ascontiguousarray(np.moveaxis(chosen, 1, -1))


def mirrored(count: int, flip: str, seed: int, epoch: int) -> np.ndarray:
    """Which of ``count`` images to mirror in an epoch, counted from 0: ``bool (count,)``.

    ``"random"`` draws anew for every epoch. ``"alternating"`` draws once and turns every image over
    in each later epoch, so that two epochs in a row show both sides of each.

    Raises:
        ValueError: there is no such ``flip``, or a number is no whole one from 0 on.

    Source:
        Alternating flip: Jordan (2024), arXiv 2404.00498, section 3.6.
    """
    checks.choice("flip", flip, FLIPS)
    count, seed = checks.whole("count", count, 0), checks.whole("seed", seed, 0)
    epoch = checks.whole("epoch", epoch, 0)
    if flip == "none":
        return np.zeros(count, bool)
    drawn_in = epoch if flip == "random" else 0
    drawn = np.random.default_rng([seed, drawn_in, 1]).random(count) < 0.5
    return drawn if flip == "random" or epoch % 2 == 0 else ~drawn
