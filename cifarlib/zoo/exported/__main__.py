"""``python -m cifarlib.zoo.exported --output FOLDER``: export and examine every model."""

from __future__ import annotations

import argparse
from pathlib import Path

from cifarlib import load_cifar10
from cifarlib.zoo.exported import measure_all


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m cifarlib.zoo.exported", description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="the folder for files.json")
    measure_all(load_cifar10(), parser.parse_args(arguments).output)


if __name__ == "__main__":
    main()
