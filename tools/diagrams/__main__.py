"""Draw the book's diagrams as SVG files.

python tools/diagrams           into static/diagrams
python tools/diagrams FOLDER    elsewhere
"""

from __future__ import annotations

import sys
from pathlib import Path

import backpropagation
import convolution
import descending
import images_and_classes
import learned
import pooling
import training
import walkthrough

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "static" / "diagrams"
DIAGRAMS = {
    **backpropagation.DIAGRAMS,
    **convolution.DIAGRAMS,
    **descending.DIAGRAMS,
    **images_and_classes.DIAGRAMS,
    **learned.DIAGRAMS,
    **pooling.DIAGRAMS,
    **training.DIAGRAMS,
    **walkthrough.DIAGRAMS,
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in DIAGRAMS.items():
        (folder / f"{name}.svg").write_text(draw().svg(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
