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
        commands = {"list": show, "train": train, "fill": fill, "experiment": experiment}
        commands[options.command](options)
    except (ValueError, OSError) as error:
        print(f"python -m cifarlib.zoo: {error}", file=sys.stderr)
        return 1
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    from cifarlib.recipes import RECIPES
    from cifarlib.zoo.experiments import EXPERIMENTS

    parser = argparse.ArgumentParser(prog="python -m cifarlib.zoo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="what the zoo holds")
    everything = commands.add_parser(
        "fill", help="train all that is missing, the cheapest first; stop it and go on at any time"
    )
    everything.add_argument("--gpu", action="store_true", help="those meant for a GPU, too")
    trial = commands.add_parser(
        "experiment", help="repeat an experiment; finished runs are kept, a stopped one goes on"
    )
    trial.add_argument("name", choices=sorted(EXPERIMENTS))
    trial.add_argument("--seeds", type=int, help="how many seeds to have of each variant")
    trial.add_argument("--output", type=Path, help="a folder for the record (default: the zoo's)")
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


def show(options: argparse.Namespace) -> None:
    """Print a line for each model."""
    from cifarlib import zoo

    print(zoo.leaderboard())


def train(options: argparse.Namespace) -> None:
    """Train what the entry of one model lacks."""
    from cifarlib import load_cifar10, zoo
    from cifarlib.zoo.runs import train_model

    folder = options.output or zoo.FOLDER / options.name
    data = load_cifar10(full=True)
    train_model(options.name, folder, data, seeds=options.seeds, epochs=options.epochs)
    print(f"written to {folder}")


def fill(options: argparse.Namespace) -> None:
    """Train what the zoo lacks, model by model."""
    from cifarlib import load_cifar10, zoo
    from cifarlib.recipes import FOR_A_GPU, RECIPES
    from cifarlib.zoo.runs import SEEDS, train_model

    data = load_cifar10(full=True)
    for name in RECIPES:
        if options.gpu or name not in FOR_A_GPU:
            train_model(name, zoo.FOLDER / name, data, seeds=SEEDS.get(name, 1))


def experiment(options: argparse.Namespace) -> None:
    """Make the runs that an experiment lacks."""
    from cifarlib import load_cifar10
    from cifarlib.zoo.experiments import EXPERIMENTS, run

    variants = EXPERIMENTS[options.name].variants.values()
    data = load_cifar10(full=max(variant.images for variant in variants) > 10_000)
    run(options.name, data, folder=options.output, seeds=options.seeds)


if __name__ == "__main__":
    sys.exit(main())
