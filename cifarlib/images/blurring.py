"""Blur: each pixel becomes a weighted mean of its neighborhood, by a kernel whose sum is 1."""

from __future__ import annotations

import numpy as np

_FINE = 16  # points along each side of a pixel where a shape's share of it is measured


def filtered(images: np.ndarray, kernels: np.ndarray) -> np.ndarray:
    """Weighted means of neighborhoods; beyond the border the image goes on as its mirror image.

    Args:
        images: ``float32 (n, height, width, channels)``.
        kernels: ``(side, side)`` for all images, or ``(n, side, side)``, one for each; the side is
            odd, and half of it at most the image's.

    Returns:
        ``float32``, the shape of ``images``.
    """
    kernels = np.asarray(kernels, np.float32)
    kernels = kernels[None] if kernels.ndim == 2 else kernels
    side = kernels.shape[1]
    half = side // 2
    padded = np.pad(images, ((0, 0), (half, half), (half, half), (0, 0)), mode="symmetric")
    height, width = images.shape[1:3]
    result = np.zeros_like(images, dtype=np.float32)
    for row in range(side):
        for column in range(side):
            # A convolution turns its kernel around; these are the same from either side
            weights = kernels[:, row, column, None, None, None]
            if weights.any():
                result += weights * padded[:, row : row + height, column : column + width]
    return result


def gaussian_kernel(sigma: float) -> np.ndarray:
    """Weights that fall off like a bell, ``(side, side)``; ``sigma`` in pixels.

    >>> gaussian_kernel(0.5).shape, round(float(gaussian_kernel(0.5).sum()), 6)
    ((5, 5), 1.0)
    """
    half = int(4 * sigma + 0.5)
    steps = np.arange(-half, half + 1)
    bell = np.exp(-0.5 * (steps / sigma) ** 2)
    kernel = np.outer(bell, bell)
    return kernel / kernel.sum()


def disk_kernel(radius: float) -> np.ndarray:
    """What a lens out of focus makes of a point: a disk, ``(side, side)``; ``radius`` in pixels.

    A pixel that the disk covers in part has that share of the weight.

    >>> disk_kernel(0.4).shape, disk_kernel(1.0).shape
    ((1, 1), (3, 3))
    """
    half = int(np.ceil(radius - 0.5))
    side = 2 * half + 1
    fine = (np.arange(side * _FINE) + 0.5) / _FINE - side / 2  # centers of the small squares
    inside = fine[:, None] ** 2 + fine[None, :] ** 2 <= radius**2
    shares = inside.reshape(side, _FINE, side, _FINE).mean(axis=(1, 3))
    return shares / shares.sum()


def line_kernels(length: float, degrees: np.ndarray) -> np.ndarray:
    """What a moving camera makes of a point: a line, ``(n, side, side)``.

    Args:
        length: in pixels.
        degrees: ``(n,)``, the direction of each line; 0 is horizontal.
    """
    half = int(np.ceil(length / 2))
    along = (np.arange(8 * _FINE) + 0.5) / (8 * _FINE) * length - length / 2
    grid = np.arange(-half, half + 1)
    angles = np.deg2rad(np.asarray(degrees, float))[:, None]
    # Each point of the line goes to its four nearest pixels, the nearer the more
    rows = _tents(np.sin(angles) * along, grid)
    columns = _tents(np.cos(angles) * along, grid)
    kernels = np.einsum("npr,npc->nrc", rows, columns)
    return kernels / kernels.sum(axis=(1, 2), keepdims=True)


def _tents(places: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """How much of a point goes to each pixel of a row: 1 where it lies, 0 a pixel away."""
    return np.maximum(0, 1 - np.abs(places[..., None] - grid))
