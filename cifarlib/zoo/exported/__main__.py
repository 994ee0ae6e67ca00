"""``python -m cifarlib.zoo.exported --output FOLDER``: export and examine every model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cifarlib import load_cifar10
from cifarlib.zoo.exported import measure_all


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m cifarlib.zoo.exported", description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="the folder for files.json")
    options = parser.parse_args(arguments)
    try:
        measure_all(load_cifar10(), options.output)
    except (ValueError, OSError, ModuleNotFoundError) as error:
        print(f"python -m cifarlib.zoo.exported: {error}", file=sys.stderr)
        return 1
    print(f"written to {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
