"""Train and time one contender, in this process or in a fresh one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import keras

from cifarlib.bench.contenders import TORCH, contender
from cifarlib.bench.stopwatch import QUICK_BATCH, QUICK_IMAGES, Stopwatch
from cifarlib.data import Cifar10, load_cifar10
from cifarlib.evaluation import accuracy, logits
from cifarlib.machine import hardware, precision, versions
from cifarlib.models import build
from cifarlib.training import train


class _Stamps(keras.callbacks.Callback):
    def __init__(self, watch: Stopwatch) -> None:
        super().__init__()
        self.watch = watch

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        self.watch.stamp()


def run(name: str, precision_name: str, seed: int, quick: bool, pace: bool = False) -> dict:
    """Measure one contender in a fresh process.

    Raises:
        RuntimeError: the process failed; the message has the end of what it said.
    """
    command = [sys.executable, "-m", "cifarlib.bench", "--child", name, precision_name]
    command += ["--seed", str(seed)] + (["--quick"] if quick else [])
    command += ["--epochs-timed", "1"] if pace else []
    # TensorFlow and PyTorch in one process can crash, and share the cores badly
    backend = {"KERAS_BACKEND": "torch"} if name == TORCH else {}
    result = subprocess.run(command, capture_output=True, text=True, env=os.environ | backend)
    if result.returncode:
        raise RuntimeError(f"{name} failed:\n{result.stderr[-2000:]}")
    return json.loads(result.stdout.splitlines()[-1])


def measure(name: str, precision_name: str, seed: int, quick: bool, pace: bool = False) -> dict:
    """Train one contender and test it, or with ``pace`` train it for one epoch.

    Returns:
        An entry of :attr:`cifarlib.bench.Bench.runs`.
    """
    data = load_cifar10(full=not quick)
    if quick:
        few = slice(QUICK_IMAGES)
        data = Cifar10(data.x_train[few], data.y_train[few], data.x_test[few], data.y_test[few])
    if name == TORCH:
        from cifarlib.bench import torch_training

        found = torch_training.measure(data, precision_name, seed, quick, pace)
    else:
        found = _by_keras(data, name, precision_name, seed, quick, pace)
    own = {"contender": name, "precision": precision_name, "seed": seed}
    return own | {"hardware": hardware(), "versions": versions()} | found


def _by_keras(data: Cifar10, name: str, policy: str, seed: int, quick: bool, pace: bool) -> dict:
    given = contender(name, policy)
    recipe, settings = given.recipe, given.settings
    (x, y), test = data.train, data.test
    if quick:
        recipe = replace(recipe, epochs=1, batch_size=min(recipe.batch_size, QUICK_BATCH))
    if given.model == "speednet":  # or it would read the images of the package while the clock runs
        settings = settings | {"images": x[:1000]}
    found = {"epochs": recipe.epochs, "batch_size": recipe.batch_size}
    start, cpu_start = time.perf_counter(), time.process_time()
    keras.utils.set_random_seed(seed)
    with precision(policy):
        model = build(given.model, **settings)
    if pace:
        watch = Stopwatch()
        train(model, (x, y), recipe, epochs=1, callbacks=[_Stamps(watch)], seed=seed, verbose=False)
        return found | watch.pace(len(x), recipe.batch_size)
    followed = test if given.validate_on_test else None
    training = train(model, (x, y), recipe, validation_data=followed, seed=seed, verbose=False)
    if followed:
        reached = training.curves["val_accuracy"][-1]
    else:
        outputs = logits(model, test[0], test_time_augmentation=given.views)
        reached = accuracy(outputs, test[1]).value
    return found | {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu_start,
        "training": training.seconds,
        "accuracy": reached,
    }
