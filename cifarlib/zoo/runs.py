"""Train a model of the zoo with several seeds, each result kept as it lands."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from pathlib import Path

import numpy as np

from cifarlib.data import Cifar10, cache_folder
from cifarlib.evaluation import macs
from cifarlib.files import alone, check_writable, write_atomically
from cifarlib.fingerprint import fingerprint
from cifarlib.models import build
from cifarlib.recipes import RECIPES, Recipe
from cifarlib.zoo.records import Record, has_seed, read_record, write_record
from cifarlib.zoo.seeds import Result, train_seed

# How many seeds of a model the zoo holds; 1 of the others
SEEDS = {"simple_cnn": 5, "speednet": 5}


def train_model(
    name: str,
    folder: Path,
    data: Cifar10,
    *,
    seeds: int = 1,
    epochs: int | None = None,
    verbose: bool = True,
) -> Record:
    """Train the model ``name`` with the seeds 0 to ``seeds - 1`` that its record still lacks.

    Each seed's result is in the record as soon as it is there, and a run that was stopped goes on
    from its last epoch. The weights and logits of seed 0 are stored beside the record. Several
    processes may fill one record; a seed that two of them have trained stays as the first left it.

    Args:
        name: a model with a recipe in ``cifarlib.recipes``.
        folder: where the record, weights and logits go, or are already.
        data: the images to train on and to test on.
        seeds: how many seeds to have in the end.
        epochs: overrides the recipe's.
        verbose: whether to show progress.

    Returns:
        The record with all its runs.

    Raises:
        ValueError: there is no such model, or ``folder`` holds the record of another version of it.
        OSError: ``folder`` or the cache folder cannot be written, or another process trains the
            same seed; found out before the training.
    """
    if name not in RECIPES:
        raise ValueError(f"no recipe is called {name!r}; there are {', '.join(sorted(RECIPES))}")
    recipe = RECIPES[name]
    if epochs is not None:
        recipe = dataclasses.replace(recipe, epochs=epochs)
    check_writable(folder / "record.json")
    new = _new_record(name, recipe, len(data.x_train))
    record = _current(folder, new)
    for seed in range(seeds):
        if has_seed(record.runs, seed):
            continue
        result = train_seed(
            functools.partial(build, name),
            recipe,
            data.train,
            data.test,
            seed=seed,
            checkpoint=_checkpoint(record, seed),
            label=name,
            verbose=verbose,
        )
        more = "" if epochs is None else f" --epochs {epochs} --output FOLDER"
        record = _add(folder, new, result, more)
        _checkpoint(record, seed).unlink(missing_ok=True)  # last: nothing is lost at any moment
    return record


def add_result(name: str, folder: Path, images: int, result: Result) -> Record:
    """Add a run that was made elsewhere, by the recipe of ``name``, to the record in ``folder``.

    Args:
        name: a model with a recipe in ``cifarlib.recipes``.
        folder: where the record, weights and logits go, or are already.
        images: how many training images an epoch had.
        result: the run and its test.

    Returns:
        The record with all its runs.

    Raises:
        ValueError: ``folder`` holds the record of another version of the model.
    """
    return _add(folder, _new_record(name, RECIPES[name], images), result, "")


def _add(folder: Path, new: Record, result: Result, more: str) -> Record:
    """Add a run to the record as it is by now: another process may have added some meanwhile."""
    seed = result.entry["seed"]
    with alone(folder / "record.json"):
        record = _current(folder, new)
        if has_seed(record.runs, seed):
            return record
        if seed == 0 and result.logits is not None:
            _store(folder, record, result.weights, result.logits)
        record.runs.append(result.entry)
        record.runs.sort(key=lambda run: run["seed"])
        count = record.runs[-1]["seed"] + 1
        record.command = f"python -m cifarlib.zoo train {record.name} --seeds {count}{more}"
        write_record(folder, record)
    return record


def _new_record(name: str, recipe: Recipe, images: int) -> Record:
    """A record without runs, of the code as it is now."""
    model = build(name)
    found, settings = fingerprint(model, recipe), recipe.settings()
    return Record(name, "", found, settings, model.count_params(), images, macs=macs(model))


def _current(folder: Path, new: Record) -> Record:
    """The record in ``folder``, or a new one; refuse to mix results of different code."""
    if not (folder / "record.json").is_file():
        return dataclasses.replace(new, runs=[], files={})
    record = read_record(folder)
    wanted = new.name, new.fingerprint, new.images
    if (record.name, record.fingerprint, record.images) != wanted:
        raise ValueError(
            f"{folder} holds a record of {record.name!r} with another configuration, recipe or "
            "number of images than the code has now: remove that folder to start afresh"
        )
    return record


def _checkpoint(record: Record, seed: int) -> Path:
    """Where the unfinished training of one seed is kept."""
    name = f"{record.name}-{record.fingerprint[:12]}-seed{seed}.npz"
    return cache_folder() / "training" / name


def _store(folder: Path, record: Record, weights: list[np.ndarray], outputs: np.ndarray) -> None:
    """Write seed 0's weights and logits, and their hashes into the record."""
    named = {f"{number:03}": weight for number, weight in enumerate(weights)}
    write_atomically(folder / "weights.npz", lambda file: np.savez_compressed(file, **named))
    write_atomically(folder / "logits.npy", lambda file: np.save(file, outputs.astype(np.float16)))
    for file in ("weights.npz", "logits.npy"):
        record.files[file] = hashlib.sha256((folder / file).read_bytes()).hexdigest()
