"""The images inside the package: 20,000 of CIFAR-10's 60,000, lossless, without a network.

Each file is one sheet of 100 x 100 images of 32 x 32 pixels, row by row, as lossless WebP: a
quarter smaller than PNG. ``tools/build_embedded_data.py`` makes them.
"""

from __future__ import annotations

from importlib import resources

import numpy as np

from cifarlib.data.arrays import EMBEDDED_SHA256, Cifar10, verify

SIDE = 100  # images along each side of a sheet


def to_sheet(images: np.ndarray) -> np.ndarray:
    """Lay ``uint8 (10000, 32, 32, 3)`` images out as one ``uint8 (3200, 3200, 3)`` sheet."""
    grid = images.reshape(SIDE, SIDE, 32, 32, 3)
    return grid.transpose(0, 2, 1, 3, 4).reshape(SIDE * 32, SIDE * 32, 3)


def from_sheet(sheet: np.ndarray) -> np.ndarray:
    """Undo :func:`to_sheet`."""
    grid = sheet.reshape(SIDE, 32, SIDE, 32, 3)
    return np.ascontiguousarray(grid.transpose(0, 2, 1, 3, 4)).reshape(SIDE * SIDE, 32, 32, 3)


def load_embedded() -> Cifar10:
    """Load the first 10,000 training images and all 10,000 test images from the package."""
    from PIL import Image, features  # here, so that ``import cifarlib`` stays fast

    if not features.check("webp"):
        raise OSError(
            "The images inside the package are in the format WebP, and this Pillow "
            "was built without it. Install another: pip install --force-reinstall pillow"
        )
    folder = resources.files("cifarlib.data") / "images"
    arrays = {}
    try:
        for part in ("train", "test"):
            with (folder / f"{part}.webp").open("rb") as file:
                arrays[f"x_{part}"] = from_sheet(np.asarray(Image.open(file)))
            labels = (folder / f"{part}_labels.bin").read_bytes()
            arrays[f"y_{part}"] = np.frombuffer(labels, dtype=np.uint8).copy()
        return verify(Cifar10(**arrays), EMBEDDED_SHA256)
    except (OSError, ValueError) as error:
        raise OSError(
            f"The images inside the package ({folder}) are missing or damaged: {error}. "
            "Install cifarlib again."
        ) from error
