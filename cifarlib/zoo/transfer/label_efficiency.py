"""How many labeled images does a linear classifier on pretrained features need?"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cifarlib import _checks as checks
from cifarlib._files import check_writable
from cifarlib.data import Cifar10
from cifarlib.evaluation import accuracy, cached_features
from cifarlib.machine import hardware, versions
from cifarlib.models import efficientnet_lite0
from cifarlib.models.pretrained import SHA256, pretrained
from cifarlib.training import fingerprint
from cifarlib.zoo import store
from cifarlib.zoo.records import ExperimentRecord

FILE = Path(__file__).parent / "label_efficiency.json"
COMMAND = "python -m cifarlib.zoo.transfer"
INPUT_SIZE = 128
SEEDS = 3
POOL = 10_000  # the images are drawn from those that the package carries
# Labeled images per class; all of them count, those held out to choose by among them
PER_CLASS = (10, 50, 100, 500, 900)
STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # scikit-learn's C; the smallest regularizes most


@dataclass(frozen=True)
class _Settings:
    """What decides a result, for its fingerprint."""

    values: dict

    def settings(self) -> dict:
        return self.values


def choose(labels: np.ndarray, per_class: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Which images a run may know the labels of.

    Args:
        labels: ``(n,)`` of all training images, 0..9.
        per_class: how many labels of each class.
        seed: chooses the images.

    Returns:
        The places of the images to learn from, and of those held out to choose by: a fifth of
        them, a tenth from 500 per class.

    Raises:
        ValueError: a class has too few images.
    """
    held_out = per_class // (10 if per_class >= 500 else 5)
    rng = np.random.default_rng(seed)
    learn, hold = [], []
    for label in range(10):
        members = rng.permutation(np.flatnonzero(labels == label))
        if len(members) < per_class:
            raise ValueError(f"class {label} has {len(members)} images, {per_class} are wanted")
        learn.append(members[: per_class - held_out])
        hold.append(members[per_class - held_out : per_class])
    return np.sort(np.concatenate(learn)), np.sort(np.concatenate(hold))


def title(per_class: int) -> str:
    """What a variant is called in the record."""
    return f"probe, {per_class} per class"


def new_record() -> ExperimentRecord:
    """A record without runs, of the code as it is now. It needs no weights."""
    network = efficientnet_lite0(input_size=INPUT_SIZE, classes=None)
    settings = _Settings({"C": list(STRENGTHS), "weights": SHA256, "pool": POOL})
    digest = fingerprint(network, settings)
    hashes = {title(per_class): digest for per_class in PER_CLASS}
    images = {title(per_class): 10 * per_class for per_class in PER_CLASS}
    return ExperimentRecord("label_efficiency", COMMAND, hashes, images)


def read(path: Path = FILE) -> ExperimentRecord:
    """The record, with variants such as ``"probe, 10 per class"``.

    A run has ``accuracy`` on the 10,000 test images, ``C``, the regularization that the held-out
    images chose, and ``held_out_accuracy``. Its seconds are those of the probe, without the
    features, which are computed once for all.

    Args:
        path: its file; by default, the package's own.

    Raises:
        OSError: it is missing or damaged.
    """
    return store.read(path, ExperimentRecord)


def run(path: Path, data: Cifar10, *, verbose: bool = True) -> ExperimentRecord:
    """Make the runs that the record in a file still lacks.

    Args:
        path: the file; what is in it stays, and each run is in it as soon as it is done.
        data: the training images, of which it takes the first 10,000, and the test images.
        verbose: whether to show progress.

    Raises:
        ModuleNotFoundError: the package of weights is not installed.
        ValueError: the file holds results of other code.
        OSError: it cannot be written; found out before the first run.
    """
    path = checks.path("path", path)
    checks.instance("data", data, Cifar10, "load_cifar10()")
    check_writable(path)
    new = new_record()
    record = store.current(path, new)
    network = pretrained(input_size=INPUT_SIZE, classes=None)
    known, asked = (
        # Part by part: what is stopped goes on from the last one
        np.concatenate([cached_features(network, part, verbose=verbose) for part in parts])
        for parts in (np.split(data.x_train[:POOL], 2), np.split(data.x_test, 2))
    )
    labels = data.y_train[:POOL]
    for per_class in PER_CLASS:
        for seed in range(SEEDS):
            name = title(per_class)
            if record.has(seed, name):
                continue
            entry = {"variant": name, "seed": seed, "hardware": hardware()}
            entry |= {"versions": versions(), "precision": "float32"}
            start, cpu = time.perf_counter(), time.process_time()
            entry |= probe(known, asked, labels, data.y_test, choose(labels, per_class, seed))
            entry["seconds"] = round(time.perf_counter() - start, 1)
            entry["cpu_seconds"] = round(time.process_time() - cpu, 1)
            record = store.add(path, new, entry)
            if verbose:
                words = f"{entry['accuracy']:.2%}, {entry['seconds']} s"
                print(f"{name}, seed {seed}: {words}", flush=True)
    return record


def probe(x_train, x_test, y_train, y_test, chosen: tuple[np.ndarray, np.ndarray]) -> dict:
    """Logistic regression on features; the held-out images choose how strongly it is regularized.

    Args:
        x_train: features ``(n, f)``.
        x_test: features ``(m, f)``, looked at once, at the end.
        y_train: labels ``(n,)``.
        y_test: labels ``(m,)``.
        chosen: the places of the images to learn from and of those to choose by.

    Returns:
        ``accuracy`` and ``held_out_accuracy``, 0..1, and ``C``. Of equal strengths, it is the one
        that regularizes most.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    learn, hold = chosen
    scaler = StandardScaler().fit(x_train[learn])
    scaled, held_out = scaler.transform(x_train[learn]), scaler.transform(x_train[hold])
    best, kept = (-1.0, 0.0), None
    classifier = LogisticRegression(max_iter=500, warm_start=True)
    for strength in STRENGTHS:
        classifier.set_params(C=strength).fit(scaled, y_train[learn])
        score = float((classifier.predict(held_out) == y_train[hold]).mean())
        if score > best[0]:
            best, kept = (score, strength), (classifier.coef_.copy(), classifier.intercept_.copy())
    weights, offsets = kept
    outputs = scaler.transform(x_test) @ weights.T + offsets
    found = accuracy(outputs.argmax(axis=1), y_test).value
    return {"accuracy": found, "held_out_accuracy": best[0], "C": best[1]}
