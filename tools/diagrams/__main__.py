"""Draw the book's diagrams as SVG files.

python tools/diagrams           into static/diagrams
python tools/diagrams FOLDER    elsewhere
"""

from __future__ import annotations

import sys
from pathlib import Path

import alexnet_vgg
import backpropagation
import comparing
import convolution
import descending
import efficient
import explaining
import feeding
import frontier
import images_and_classes
import ladder
import learned
import machines
import mistakes
import out_of_the_lab
import photos
import pooling
import resnet
import service
import shipping
import speednet
import training
import transferring
import transformer
import unlabeled
import walkthrough

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "static" / "diagrams"
DIAGRAMS = {
    **alexnet_vgg.DIAGRAMS,
    **backpropagation.DIAGRAMS,
    **comparing.DIAGRAMS,
    **convolution.DIAGRAMS,
    **descending.DIAGRAMS,
    **efficient.DIAGRAMS,
    **explaining.DIAGRAMS,
    **feeding.DIAGRAMS,
    **frontier.DIAGRAMS,
    **images_and_classes.DIAGRAMS,
    **ladder.DIAGRAMS,
    **learned.DIAGRAMS,
    **machines.DIAGRAMS,
    **mistakes.DIAGRAMS,
    **out_of_the_lab.DIAGRAMS,
    **photos.DIAGRAMS,
    **pooling.DIAGRAMS,
    **resnet.DIAGRAMS,
    **service.DIAGRAMS,
    **shipping.DIAGRAMS,
    **speednet.DIAGRAMS,
    **training.DIAGRAMS,
    **transferring.DIAGRAMS,
    **transformer.DIAGRAMS,
    **unlabeled.DIAGRAMS,
    **walkthrough.DIAGRAMS,
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in DIAGRAMS.items():
        (folder / f"{name}.svg").write_text(draw().svg(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
