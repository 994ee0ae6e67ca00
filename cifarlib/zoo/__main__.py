"""``python -m cifarlib.zoo``: list the zoo, or train what it lacks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path("cifarlib-zoo")  # in the current folder: there people find what they have made


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
    from cifarlib.zoo.experiments import EXPERIMENTS
    from cifarlib.zoo.registry import TRAININGS

    parser = argparse.ArgumentParser(prog="python -m cifarlib.zoo", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="what the zoo holds")
    everything = commands.add_parser(
        "fill", help="train all that is missing, model by model; stop it and go on at any time"
    )
    _add_place(everything, "a folder with one for each model", required=True)
    everything.add_argument("--gpu", action="store_true", help="those meant for a GPU, too")
    trial = commands.add_parser(
        "experiment", help="repeat an experiment; finished runs are kept, a stopped one goes on"
    )
    trial.add_argument("name", choices=sorted(EXPERIMENTS))
    trial.add_argument("--seeds", type=int, help="how many seeds to have of each variant")
    _add_place(trial, f"a folder for the record (default {HERE / 'experiments'})")
    train = commands.add_parser(
        "train",
        help="train a model on all 50,000 images; finished seeds are kept, a stopped one goes on",
    )
    train.add_argument("name", choices=sorted(TRAININGS))
    train.add_argument("--seeds", type=int, default=1, help="how many seeds to have (default 1)")
    train.add_argument(
        "--epochs", type=int, help="fewer or more epochs than the recipe's; needs --output"
    )
    _add_place(train, f"a folder for the result (default {HERE / 'NAME'})")
    options = parser.parse_args(arguments)
    if options.command == "experiment" and options.seeds is not None and options.seeds < 1:
        parser.error("--seeds must be at least 1")
    if options.command == "train":
        if options.seeds < 1 or (options.epochs is not None and options.epochs < 1):
            parser.error("--seeds and --epochs must be at least 1")
        if options.epochs is not None and options.output is None:
            parser.error("--epochs needs --output: the usual folders hold full runs alone")
    return options


def _add_place(command: argparse.ArgumentParser, text: str, required: bool = False) -> None:
    """Where results go. The package itself changes only if that is asked for."""
    place = command.add_mutually_exclusive_group(required=required)
    place.add_argument("--output", type=Path, help=text)
    place.add_argument(
        "--into-package",
        action="store_true",
        help="write into cifarlib itself, as its maintainers do",
    )


def show(options: argparse.Namespace) -> None:
    """Print a line for each model."""
    from cifarlib import zoo

    print(zoo.leaderboard())


def train(options: argparse.Namespace) -> None:
    """Train what the entry of one model lacks."""
    from cifarlib import load_cifar10, zoo
    from cifarlib.zoo.runs import train_model

    own = zoo.FOLDER / options.name if options.into_package else None
    folder = own or options.output or HERE / options.name
    check_places(folder / "record.json")
    data = load_cifar10(full=True)
    train_model(options.name, folder, data, seeds=options.seeds, epochs=options.epochs)
    print(f"written to {folder}")
    if own is None and (folder / "weights.npz").is_file():
        print(f"load it: cifarlib.zoo.load({options.name!r}, folder={str(folder.absolute())!r})")


def fill(options: argparse.Namespace) -> None:
    """Train what a folder, or the package, lacks, model by model."""
    from cifarlib import load_cifar10, zoo
    from cifarlib.zoo.registry import TRAININGS
    from cifarlib.zoo.runs import train_model

    folder = options.output or zoo.FOLDER
    names = [name for name, how in TRAININGS.items() if options.gpu or not how.for_a_gpu]
    check_places(*(folder / name / "record.json" for name in names))
    data = load_cifar10(full=True)
    for name in names:
        train_model(name, folder / name, data, seeds=TRAININGS[name].seeds)


def experiment(options: argparse.Namespace) -> None:
    """Make the runs that an experiment lacks."""
    from cifarlib import load_cifar10
    from cifarlib.zoo.experiments import EXPERIMENTS, FOLDER, run

    folder = FOLDER if options.into_package else options.output or HERE / "experiments"
    check_places(folder / f"{options.name}.json")
    variants = EXPERIMENTS[options.name].variants.values()
    data = load_cifar10(full=max(variant.images_needed for variant in variants) > 10_000)
    run(options.name, data, folder=folder, seeds=options.seeds)
    print(f"written to {folder}")


def check_places(*results: Path) -> None:
    """Find out whether results and checkpoints can be written, before 170 MB are fetched.

    Raises:
        OSError: one cannot; the message says which and why.
    """
    from cifarlib._files import check_writable
    from cifarlib.data import cache_folder

    for path in (*results, cache_folder() / "training" / "checkpoint.npz"):
        check_writable(path)


if __name__ == "__main__":
    sys.exit(main())
