"""Pretrain, judge, and keep each result as it lands."""

from __future__ import annotations

import copy
import functools
import hashlib
from pathlib import Path

import keras
import numpy as np

from cifarlib import _checks as checks
from cifarlib._files import alone, check_writable, write_atomically
from cifarlib.data import Cifar10
from cifarlib.machine import hardware, precision, versions
from cifarlib.training import fingerprint, pretrain
from cifarlib.zoo import store
from cifarlib.zoo.seeds import in_float16, measured, stretches_of
from cifarlib.zoo.unlabeled import judging
from cifarlib.zoo.unlabeled.pretrainings import PRETRAININGS
from cifarlib.zoo.unlabeled.records import UnlabeledRecord

SEED = 0


def new_record(name: str, images: int = 50_000) -> UnlabeledRecord:
    """A record without results, of the code as it is now."""
    how = PRETRAININGS[name]
    encoder, model = how.networks()
    command = f"python -m cifarlib.zoo.unlabeled {name}"
    found = fingerprint(model, how)
    return UnlabeledRecord(name, command, found, how.settings(), encoder.count_params(), images)


def run(
    name: str,
    folder: Path,
    data: Cifar10,
    *,
    only: tuple[str, str, int] | None = None,
    verbose: bool = True,
) -> UnlabeledRecord:
    """Do what the record in a folder still lacks. Two processes may share the work.

    Args:
        name: of a pretraining.
        folder: where ``NAME.json`` and ``NAME.npz`` go, or are already.
        data: all 60,000 images: those to learn from, labels and test images to judge by.
        only: one kind of judging, such as ``("labels", "network", 500)``, and nothing else; for
            what was learned, the pretraining must be done.
        verbose: whether to show progress.

    Raises:
        ValueError: there is no such pretraining, there are too few images, or the folder holds
            results of other code.
        OSError: it cannot be written; found out before any work.
    """
    if not isinstance(name, str) or name not in PRETRAININGS:
        raise ValueError(f"no pretraining is called {name!r}; there are {', '.join(PRETRAININGS)}")
    checks.instance("data", data, Cifar10, "load_cifar10(full=True)")
    folder = checks.path("folder", folder)
    how, path = PRETRAININGS[name], folder / f"{name}.json"
    kinds = sorted({kind[:3] for kind in judging.kinds(how)}, key=str)
    if only is not None and only not in kinds:
        raise ValueError(f"only must be one of {', '.join(map(str, kinds))}, got {only!r}")
    check_writable(path)
    if len(data.x_train) < max(judging.SIZES):
        raise ValueError(
            f"{name!r} needs {max(judging.SIZES)} training images, got {len(data.x_train)}: "
            "load_cifar10(full=True) has 50000"
        )
    new = new_record(name, len(data.x_train))
    record = _current(path, new)
    if not record.files and only is None:
        pretraining, files = _learn(name, record, folder, data, verbose)
        record = _change(path, new, {"pretraining": pretraining, "files": files})
    features = {}
    for kind in judging.kinds(how):
        entry = dict(zip(("features", "judge", "labels", "seed"), kind, strict=True))
        if only not in (None, kind[:3]):
            continue
        if _current(path, new).has(entry):
            continue
        if kind[1] == "network":
            start = networks(name, folder)[0] if kind[0] == "learned" else None
            entry |= judging.by_labels(how, data, *kind[2:], start)
        else:
            if kind[0] not in features:
                features[kind[0]] = _features(name, folder, data, kind[0])
            entry |= judging.by_features(*features[kind[0]], data, *kind[1:])
        record = _change(path, new, {}, entry)
        if verbose:
            print(entry, flush=True)
    return record


def _current(path: Path, new: UnlabeledRecord) -> UnlabeledRecord:
    """The record in ``path`` as it is by now, or ``new``."""
    record = store.read(path, UnlabeledRecord) if path.is_file() else copy.deepcopy(new)
    if record.fingerprint != new.fingerprint:
        raise ValueError(f"{path} holds results of other code than this: remove it to start anew")
    return record


def _change(
    path: Path, new: UnlabeledRecord, fields: dict, entry: dict | None = None
) -> UnlabeledRecord:
    """Set fields of the record in ``path``, and add an entry to what was judged."""
    with alone(path):
        record = _current(path, new)
        for field, value in fields.items():
            setattr(record, field, value)
        if entry and not record.has(entry):
            record.judged.append(entry)
        store.write(path, record)
    return record


def _learn(
    name: str, record: UnlabeledRecord, folder: Path, data: Cifar10, verbose: bool
) -> tuple[dict, dict[str, str]]:
    """Pretrain, and store the weights: what the record says of both."""
    how = PRETRAININGS[name]
    keras.utils.set_random_seed(SEED)
    with precision(how.precision) as policy:
        encoder, model = how.networks()
    checkpoint = store.unfinished(f"unlabeled-{name}", record.fingerprint, SEED)
    batches = how.batches(data.x_train, SEED)
    done = pretrain(
        model, batches, how.loss(), how.recipe, metrics=how.metrics(),
        checkpoint=checkpoint, verbose=verbose,
    )  # fmt: skip
    pretraining = {
        "seed": SEED, "hardware": hardware(), "versions": versions(), "precision": policy,
        **measured(done),
    }  # fmt: skip
    pretraining |= stretches_of(pretraining, done.stretches)
    kept = model if how.keeps_model else encoder
    named = {f"{number:03}": weight for number, weight in enumerate(in_float16(kept))}
    file = folder / f"{name}.npz"
    write_atomically(file, functools.partial(np.savez_compressed, **named))
    return pretraining, {file.name: hashlib.sha256(file.read_bytes()).hexdigest()}


def networks(
    name: str, folder: Path, *, random_seed: int | None = None
) -> tuple[keras.Model, keras.Model]:
    """The encoder and the model of a pretraining, with the weights in a folder or random ones.

    Raises:
        OSError: the file of weights is missing, damaged, or of another network.
    """
    how = PRETRAININGS[name]
    if random_seed is not None:
        keras.utils.set_random_seed(random_seed)
    encoder, model = how.networks()
    if random_seed is not None:
        return encoder, model
    file = folder / f"{name}.npz"
    if not file.is_file():
        raise FileNotFoundError(f"{file} is not there: name the folder that has the weights")
    content = hashlib.sha256(file.read_bytes()).hexdigest()
    if content != store.read(folder / f"{name}.json", UnlabeledRecord).files.get(file.name):
        raise OSError(f"{file} is damaged: its SHA-256 is not what the record says")
    with np.load(file, allow_pickle=False) as saved:
        weights = [saved[key].astype(np.float32) for key in sorted(saved.files)]
    kept = model if how.keeps_model else encoder
    if [w.shape for w in weights] != [w.shape for w in kept.get_weights()]:
        raise OSError(f"{file} holds the weights of another network than the code builds")
    kept.set_weights(weights)
    return encoder, model


def _features(name: str, folder: Path, data: Cifar10, whose: str) -> tuple[np.ndarray, np.ndarray]:
    """Of the training and the test images, computed in ``float32``."""
    seed = SEED if whose == "random" else None
    encoder, _ = networks(name, folder, random_seed=seed)
    train_images, test_images = data.x_train, data.x_test
    return (
        encoder.predict(train_images, batch_size=500, verbose=0),
        encoder.predict(test_images, batch_size=500, verbose=0),
    )
