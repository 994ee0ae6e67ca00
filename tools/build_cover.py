"""Make ``static/cover.png``: four test images of each class, a column a class, magnified twice."""

from pathlib import Path

import numpy as np
from PIL import Image

from cifarlib import load_cifar10

ROWS = 4


def main() -> None:
    x, y = load_cifar10().test
    columns = [np.concatenate(x[np.flatnonzero(y == label)[:ROWS]]) for label in range(10)]
    sheet = np.concatenate(columns, axis=1).repeat(2, axis=0).repeat(2, axis=1)
    Image.fromarray(sheet).save(Path(__file__).parents[1] / "static" / "cover.png", optimize=True)


if __name__ == "__main__":
    main()
