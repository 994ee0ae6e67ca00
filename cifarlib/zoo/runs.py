"""Train a model of the zoo with several seeds, each result kept as it lands."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from pathlib import Path

import numpy as np

from cifarlib._files import check_writable, write_atomically
from cifarlib.data import Cifar10
from cifarlib.evaluation import macs
from cifarlib.training import fingerprint
from cifarlib.zoo import store
from cifarlib.zoo.records import Record
from cifarlib.zoo.registry import training
from cifarlib.zoo.seeds import Result, train_seed
from cifarlib.zoo.trainings import Training


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
        name: a training of ``cifarlib.zoo.registry``.
        folder: where the record, weights and logits go, or are already.
        data: the images to train on and to test on.
        seeds: how many seeds to have in the end.
        epochs: overrides the recipe's.
        verbose: whether to show progress.

    Returns:
        The record with all its runs.

    Raises:
        ValueError: there is no such training, or ``folder`` holds the record of another version.
        OSError: ``folder`` or the cache folder cannot be written, or another process trains the
            same seed; found out before the training.
    """
    how = with_epochs(training(name), epochs)
    check_writable(folder / "record.json")
    new = _new_record(name, how, len(data.x_train))
    record = store.current(folder / "record.json", new)
    more = "" if epochs is None else f" --epochs {epochs} --output FOLDER"
    for seed in range(seeds):
        if record.has(seed):
            continue
        checkpoint = store.unfinished(name, new.fingerprint, seed)
        result = train_seed(
            how,
            data.train,
            data.test,
            seed=seed,
            checkpoint=checkpoint,
            label=name,
            verbose=verbose,
        )
        record = _add(folder, new, result, more)
        checkpoint.unlink(missing_ok=True)  # last: nothing is lost at any moment
    return record


def with_epochs(how: Training, epochs: int | None) -> Training:
    """A training with another number of epochs, or as it is."""
    if epochs is None:
        return how
    return dataclasses.replace(how, recipe=dataclasses.replace(how.recipe, epochs=epochs))


def _new_record(name: str, how: Training, images: int) -> Record:
    """A record without runs, of the code as it is now."""
    model = how.model()
    found = fingerprint(model, how)
    images = min(images, how.images)
    return Record(name, "", found, how.settings(), model.count_params(), images, macs=macs(model))


def add_result(name: str, folder: Path, images: int, result: Result) -> Record:
    """Add a run that was made elsewhere, by the recipe of ``name``, to the record in ``folder``.

    Args:
        name: a training of ``cifarlib.zoo.TRAININGS``.
        folder: where the record, weights and logits go, or are already.
        images: how many training images an epoch had.
        result: the run and its test.

    Returns:
        The record with all its runs.

    Raises:
        ValueError: ``folder`` holds the record of another version of the model.
    """
    return _add(folder, _new_record(name, training(name), images), result, "")


def _add(folder: Path, new: Record, result: Result, more: str) -> Record:
    """Add a run to the record, and seed 0's files beside it."""

    def finish(record: Record) -> None:
        if result.entry["seed"] == 0 and result.logits is not None:
            _store(folder, record, result.weights, result.logits)
        record.runs.sort(key=lambda run: run["seed"])
        count = record.runs[-1]["seed"] + 1
        record.command = f"python -m cifarlib.zoo train {record.name} --seeds {count}{more}"

    return store.add(folder / "record.json", new, result.entry, finish)


def _store(folder: Path, record: Record, weights: list[np.ndarray], outputs: np.ndarray) -> None:
    """Write seed 0's weights and logits, and their hashes into the record."""
    named = {f"{number:03}": weight for number, weight in enumerate(weights)}
    contents = {
        "weights.npz": functools.partial(np.savez_compressed, **named),
        "logits.npy": functools.partial(np.save, arr=outputs.astype(np.float16)),
    }
    for file, save in contents.items():
        write_atomically(folder / file, save)
        record.files[file] = hashlib.sha256((folder / file).read_bytes()).hexdigest()
