"""``python -m cifarlib.zoo.unlabeled NAME``: pretrain without labels, and judge the features."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    from cifarlib import load_cifar10
    from cifarlib.zoo.unlabeled import FOLDER, PRETRAININGS, run

    parser = argparse.ArgumentParser(prog="python -m cifarlib.zoo.unlabeled", description=__doc__)
    parser.add_argument("name", choices=PRETRAININGS)
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--output", type=Path, default=Path("cifarlib-zoo"))
    place.add_argument("--into-package", action="store_const", const=FOLDER, dest="output")
    parser.add_argument(
        "--only", nargs=3, metavar=("FEATURES", "JUDGE", "LABELS"), help="one kind of judging"
    )
    options = parser.parse_args(arguments)
    try:
        only = options.only and (*options.only[:2], int(options.only[2]))
        data = load_cifar10(full=True)
        run(options.name, options.output, data, only=only)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"python -m cifarlib.zoo.unlabeled: {error}", file=sys.stderr)
        return 1
    print(f"written to {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
