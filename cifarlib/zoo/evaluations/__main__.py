"""``python -m cifarlib.zoo.evaluations``: all models of the zoo on corrupted test pictures."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    from cifarlib import load_cifar10
    from cifarlib.zoo.evaluations.corrupted import FILE, run

    parser = argparse.ArgumentParser(prog="python -m cifarlib.zoo.evaluations", description=__doc__)
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--output", type=Path, default=Path("cifarlib-zoo") / FILE.name)
    place.add_argument("--into-package", action="store_const", const=FILE, dest="output")
    parser.add_argument("--models", nargs="+", help="some of the zoo's; default: all")
    options = parser.parse_args(arguments)
    try:
        run(options.output, load_cifar10(), options.models)
    except (ValueError, OSError) as error:
        print(f"python -m cifarlib.zoo.evaluations: {error}", file=sys.stderr)
        return 1
    print(f"written to {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
