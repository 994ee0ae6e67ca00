"""``python -m cifarlib.zoo.transfer``: make the runs that the records of two studies still lack.

``labels``: probes on pretrained features, 10 to 900 labels per class. ``tuning``: the whole network
fine-tuned on all images.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    from cifarlib import load_cifar10
    from cifarlib.zoo.transfer import fine_tuning, label_efficiency

    studies = {"labels": label_efficiency, "tuning": fine_tuning}
    parser = argparse.ArgumentParser(prog="python -m cifarlib.zoo.transfer", description=__doc__)
    parser.add_argument("study", nargs="?", default="labels", choices=list(studies))
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--output", type=Path, help="a folder for the record")
    place.add_argument("--into-package", action="store_true", help="write into cifarlib itself")
    options = parser.parse_args(arguments)
    study = studies[options.study]
    folder = study.FILE.parent if options.into_package else options.output
    path = (folder or Path("cifarlib-zoo") / "transfer") / study.FILE.name
    try:
        study.run(path, load_cifar10(full=options.study == "tuning"))
    except (ValueError, OSError, ModuleNotFoundError) as error:
        print(f"python -m cifarlib.zoo.transfer: {error}", file=sys.stderr)
        return 1
    print(f"written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
