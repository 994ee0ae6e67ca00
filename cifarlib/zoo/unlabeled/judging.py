"""What is a network worth that saw no labels? By neighbors, a linear probe, and few labels."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import keras
import numpy as np

from cifarlib.data import Cifar10
from cifarlib.evaluation import accuracy, linear_probe, logits, neighbors_vote
from cifarlib.machine import precision
from cifarlib.training import train
from cifarlib.zoo.unlabeled.pretrainings import Pretraining

SIZES = (500, 5_000, 50_000)  # labeled images: 1 %, 10 % and all
SEEDS = 3  # of the choice of images; all of them can be chosen in one way only
DECAYS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # of a linear probe


def some(labels: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Places of ``size`` images, equally many of each class, in random order; of all, the order."""
    if size == len(labels):
        return np.random.default_rng(seed).permutation(size)
    rng = np.random.default_rng(seed)
    classes = [rng.permutation(np.flatnonzero(labels == c))[: size // 10] for c in range(10)]
    return rng.permutation(np.concatenate(classes))


def kinds(how: Pretraining) -> Iterator[tuple[str, str, int, int]]:
    """All that is judged: whose features, by what judge, how many labels, which seed."""
    choices = [(size, seed) for size in SIZES for seed in range(SEEDS if size < 50_000 else 1)]
    for features in ("learned", "random"):
        yield features, "neighbors", 50_000, 0
        for size, seed in choices:
            yield features, "probe", size, seed
    if how.supervised is not None:
        for size, seed in choices:
            yield "labels", "network", size, seed
        for size, seed in choices:
            if size < 50_000:
                yield "learned", "network", size, seed


def by_features(
    train_features: np.ndarray,
    test_features: np.ndarray,
    data: Cifar10,
    judge: str,
    size: int,
    seed: int,
) -> dict:
    """Judge features that stay as they are."""
    start = time.process_time()
    y_test = data.y_test.astype(int)
    if judge == "neighbors":
        answers = neighbors_vote(test_features, train_features, data.y_train.astype(int))
        found = {"accuracy": float((answers == y_test).mean()), "chosen": {"neighbors": 20}}
    else:
        places = some(data.y_train, size, seed)
        x, y = train_features[places], data.y_train[places].astype(int)
        held = size // 5
        best = max(
            DECAYS,
            key=lambda decay: (
                accuracy(
                    linear_probe(x[held:], y[held:], decay=decay, steps=200).logits(x[:held]),
                    y[:held],
                ).value
            ),
        )
        outputs = linear_probe(x, y, decay=best).logits(test_features)
        found = {"accuracy": accuracy(outputs, y_test).value, "chosen": {"decay": best}}
    return found | {"cpu_seconds": round(time.process_time() - start, 1)}


def by_labels(
    how: Pretraining,
    data: Cifar10,
    size: int,
    seed: int,
    start: keras.Model | None = None,
) -> dict:
    """Train a whole network of the same kind on labels.

    Args:
        how: has the network and its recipe.
        data: images and labels.
        size: how many labeled images.
        seed: chooses them, and all else that is left to chance.
        start: an encoder whose weights it begins with, all but the last layer's; without it, it
            begins at random.
    """
    began = time.process_time()
    places = some(data.y_train, size, seed)
    x, y = data.x_train[places], data.y_train[places]
    held = size // 5

    def trained(epochs: int, first: int) -> keras.Model:
        keras.utils.set_random_seed(seed)
        with precision(how.precision):
            model = how.supervised()
        if start is not None:
            learned = start.get_weights()
            model.set_weights(learned + model.get_weights()[len(learned) :])
        recipe = replace(how.supervised_recipe, epochs=epochs)
        train(model, (x[first:], y[first:]), recipe, seed=seed, verbose=False)
        return model

    candidates = how.supervised_epochs[size]
    tried = {}
    for epochs in candidates if len(candidates) > 1 else ():
        tried[epochs] = accuracy(logits(trained(epochs, held), x[:held]), y[:held]).value
    best = max(candidates, key=lambda epochs: tried.get(epochs, 0))
    value = accuracy(logits(trained(best, 0), data.x_test), data.y_test).value
    seconds = round(time.process_time() - began, 1)
    return {"accuracy": value, "chosen": {"epochs": best}, "cpu_seconds": seconds}
