"""Make ``static/cover.png``: test images about which all networks of the zoo contradict the label.

Of the images that every network takes for the same wrong class, those that the networks are surest
about come first, one for each pair of label and answer. Nobody chose them by eye.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cifarlib import load_cifar10
from cifarlib.data import CLASS_NAMES

ROOT = Path(__file__).parents[1]
ZOO = ROOT / "cifarlib" / "zoo"
COLUMNS, ROWS = 4, 2
# Three pixels for one of a phone, where the picture is 340 wide: the letters are 11 high there
CELL, SCALE, LETTERS = 255, 7, 33
LINE, HEAD = 42, 64
PAPER, LABEL, ANSWER = "#ffffff", "#595959", "#b34700"


def probabilities() -> np.ndarray:
    """What each network gives for the test images: (networks, 10,000, 10)."""
    files = sorted(ZOO.glob("*/logits.npy"))
    logits = np.stack([np.load(file).astype(np.float32) for file in files])
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def chosen(labels: np.ndarray, given: np.ndarray) -> list[tuple[int, int, int]]:
    """Position, label and answer of the images to show.

    Args:
        labels: of the test images, ``(n,)``.
        given: the probabilities of each network, ``(networks, n, 10)``.
    """
    answers = given.argmax(axis=-1)
    agreed = (answers == answers[0]).all(axis=0) & (answers[0] != labels)
    places = np.flatnonzero(agreed)
    surest = places[np.argsort(-given.mean(axis=0)[places].max(axis=-1), kind="stable")]
    found = {}
    for place in surest:
        found.setdefault((int(labels[place]), int(answers[0, place])), int(place))
    first = list(found.items())[: COLUMNS * ROWS]
    return [(place, label, answer) for (label, answer), place in first]


def draw(images: np.ndarray, choice: list[tuple[int, int, int]], networks: int) -> Image.Image:
    fonts = Path(matplotlib.get_data_path(), "fonts", "ttf")
    regular = ImageFont.truetype(str(fonts / "DejaVuSans.ttf"), LETTERS)
    bold = ImageFont.truetype(str(fonts / "DejaVuSans-Bold.ttf"), LETTERS)
    side = images.shape[1] * SCALE
    height = side + 2 * LINE + 18
    sheet = Image.new("RGB", (COLUMNS * CELL, HEAD + ROWS * height), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((CELL * 0.06, 8), "the label", LABEL, regular)
    says = f"what all {networks} networks say"
    pen.text((COLUMNS * CELL - CELL * 0.06, 8), says, ANSWER, bold, anchor="ra")
    for number, (place, label, answer) in enumerate(choice):
        row, column = divmod(number, COLUMNS)
        top, middle = HEAD + row * height, column * CELL + CELL // 2
        picture = Image.fromarray(images[place]).resize((side, side), Image.Resampling.NEAREST)
        sheet.paste(picture, (middle - side // 2, top))
        pen.text((middle, top + side + 2), CLASS_NAMES[label], LABEL, regular, anchor="ma")
        pen.text((middle, top + side + LINE), CLASS_NAMES[answer], ANSWER, bold, anchor="ma")
    return sheet


def main() -> None:
    images, labels = load_cifar10().test
    given = probabilities()
    sheet = draw(images, chosen(np.ravel(labels), given), len(given))
    sheet.save(ROOT / "static" / "cover.png", optimize=True)


if __name__ == "__main__":
    main()
