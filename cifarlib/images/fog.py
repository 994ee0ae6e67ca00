"""Fog: cloudy random fields, coarse ones and finer and fainter ones on top of each other."""

from __future__ import annotations

import numpy as np

_GRIDS = (2, 4, 8, 16, 32)  # points along a side, from the coarsest field to the finest


def plasma(count: int, decay: float, rng: np.random.Generator, side: int = 32) -> np.ndarray:
    """Cloudy fields, each from 0 to 1.

    Args:
        count: how many.
        decay: by how much each finer field is fainter than the one before; a large one makes smooth
            clouds.
        rng: draws the fields, in one call.
        side: of a field, in pixels.

    Returns:
        ``float32 (count, side, side)``; each has a 0 and a 1 in it.
    """
    drawn = rng.random((count, sum(grid * grid for grid in _GRIDS)), np.float32)
    total, start = np.zeros((count, side, side), np.float32), 0
    for level, grid in enumerate(_GRIDS):
        field = drawn[:, start : start + grid * grid].reshape(count, grid, grid)
        start += grid * grid
        stretch = _stretch(grid, side)
        total += (stretch @ field @ stretch.T) / np.float32(decay**level)
    lowest = total.min(axis=(1, 2), keepdims=True)
    highest = total.max(axis=(1, 2), keepdims=True)
    return (total - lowest) / (highest - lowest)


def _stretch(grid: int, side: int) -> np.ndarray:
    """Linear interpolation of ``grid`` values to ``side`` pixels, as a matrix ``(side, grid)``."""
    places = np.linspace(0, grid - 1, side)
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(grid))).astype(np.float32)
