"""``python -m cifarlib.zoo``: list the zoo, or train what it lacks."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's greetings say nothing of use here


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        show() if options.command == "list" else fill(options)
    except (ValueError, OSError) as error:
        print(f"python -m cifarlib.zoo: {error}", file=sys.stderr)
        return 1
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    from cifarlib.recipes import RECIPES

    parser = argparse.ArgumentParser(prog="python -m cifarlib.zoo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="what the zoo holds")
    train = commands.add_parser(
        "train",
        help="train a model on all 50,000 images; finished seeds are kept, a stopped one goes on",
    )
    train.add_argument("name", choices=sorted(RECIPES))
    train.add_argument("--seeds", type=int, default=1, help="how many seeds to have (default 1)")
    train.add_argument(
        "--epochs", type=int, help="fewer or more epochs than the recipe's; needs --output"
    )
    train.add_argument("--output", type=Path, help="a folder for the result (default: the zoo's)")
    options = parser.parse_args(arguments)
    if options.command == "train":
        if options.seeds < 1 or (options.epochs is not None and options.epochs < 1):
            parser.error("--seeds and --epochs must be at least 1")
        if options.epochs is not None and options.output is None:
            parser.error("--epochs needs --output: the zoo itself holds full runs alone")
    return options


def show() -> None:
    """Print a line for each model of the zoo."""
    from cifarlib import zoo

    for name in zoo.names():
        record = zoo.record(name)
        accuracies = ", ".join(f"{value:.2%}" for value in record.accuracies)
        print(f"{name:12} {record.parameters:>10,} parameters   test accuracy {accuracies}")


def fill(options: argparse.Namespace) -> None:
    """Train what the entry of one model lacks."""
    from cifarlib import load_cifar10, zoo
    from cifarlib.zoo.runs import train_model

    folder = options.output or zoo.FOLDER / options.name
    data = load_cifar10(full=True)
    train_model(options.name, folder, data, seeds=options.seeds, epochs=options.epochs)
    print(f"written to {folder}")


if __name__ == "__main__":
    sys.exit(main())
