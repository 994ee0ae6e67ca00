"""Fine-tune the whole pretrained network on CIFAR-10: the head first, then everything."""

from __future__ import annotations

import hashlib
import io
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np

from cifarlib import _checks as checks
from cifarlib._files import alone, check_writable, write_atomically
from cifarlib.data import Cifar10, cache_folder
from cifarlib.data.arrays import checked_pair
from cifarlib.evaluation import accuracy, cached_features, logits
from cifarlib.images import Augmentation
from cifarlib.machine import hardware, versions
from cifarlib.models import efficientnet_lite0
from cifarlib.models.pretrained import SHA256, pretrained
from cifarlib.recipes import Recipe
from cifarlib.training import build_optimizer, checkpoints, fingerprint
from cifarlib.training.checkpoints import Progress
from cifarlib.training.identity import identity
from cifarlib.zoo import store
from cifarlib.zoo.seeds import in_float16, measured

FILE = Path(__file__).parent / "fine_tuning.json"
COMMAND = "python -m cifarlib.zoo.transfer tuning"
INPUT_SIZE = 96
HELD_OUT = 5_000  # the last training images: validation
SEED = 0

# The head on frozen features of some images: they are computed once, so this stage is cheap
HEAD_IMAGES = 10_000
HEAD = Recipe(epochs=20, batch_size=256, optimizer="adam", learning_rate=1e-3, schedule="cosine")
# Then all weights, at a smaller rate. The rates were not searched for. Each epoch is cut into
# parts, after each of which the state is kept.
PARTS = 6
ALL = Recipe(
    epochs=4, batch_size=64, optimizer="adam", learning_rate=3e-4, schedule="cosine",
    augmentation=Augmentation(flip="random"),
)  # fmt: skip


@dataclass
class TuningRecord:
    """What fine-tuning gave.

    Attributes:
        command: what repeats it.
        fingerprint: SHA-256 of the network and of how its last stage is trained.
        weights: SHA-256 of the file of ImageNet weights that it began with.
        settings: of both stages, the size of the images, and how many were held out.
        run: ``seed``, ``head_accuracy`` (after the first stage) and ``held_out_accuracy`` (at the
            end), both on the held-out training images; ``accuracy`` on the 10,000 test images,
            looked at once, at the end; ``curves``, a value for each part of the second stage;
            seconds of both stages, ``hardware``, ``versions``, ``precision``.
        files: SHA-256 of the test logits beside the record.
    """

    command: str
    fingerprint: str
    weights: str
    settings: dict
    run: dict = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def new_record() -> TuningRecord:
    """A record without its run, of the code as it is now. It does not need the weights."""
    settings = {"head": HEAD.settings(), "all": ALL.settings()}
    settings |= {"input_size": INPUT_SIZE, "held_out": HELD_OUT, "head_images": HEAD_IMAGES}
    model = efficientnet_lite0(input_size=INPUT_SIZE, classes=10)
    return TuningRecord(COMMAND, fingerprint(model, ALL), SHA256, json.loads(json.dumps(settings)))


def read(path: Path = FILE) -> TuningRecord:
    """The record.

    Args:
        path: its file; by default, the package's own.

    Raises:
        OSError: it is missing or damaged.
    """
    return store.read(path, TuningRecord)


def logits_file(path: Path) -> Path:
    """Where the logits of a record lie: beside it."""
    return checks.path("path", path).with_name(f"{Path(path).stem}_logits.npy")


def logits_of_test(path: Path = FILE) -> np.ndarray:
    """What the fine-tuned network says of the 10,000 test images, ``float32 (10000, 10)``.

    Args:
        path: the record's file; the logits lie beside it.

    Raises:
        OSError: they are missing, or not those of the record.
    """
    file, record = logits_file(path), read(path)
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != record.files.get(file.name):
        raise OSError(f"{file} is damaged: its SHA-256 is not the one that the record says")
    return np.load(io.BytesIO(content), allow_pickle=False).astype(np.float32)


def with_trained_head(
    train_data: tuple[np.ndarray, np.ndarray], seed: int, *, verbose: bool = True
) -> keras.Model:
    """The pretrained network, its new head trained on its frozen features.

    Args:
        train_data: images ``(n, 32, 32, 3)``, 0..255, and labels ``(n,)``.
        seed: of the head's weights and of the order.
        verbose: whether to show progress.

    Returns:
        A model from raw images to logits ``(n, 10)``; all weights can be trained.
    """
    seed = checks.whole("seed", seed, 0, 2**32 - 1)
    images, labels = (array[:HEAD_IMAGES] for array in checked_pair(train_data, "training"))
    frozen = pretrained(input_size=INPUT_SIZE, classes=None)
    rows = cached_features(frozen, images, verbose=verbose)
    keras.utils.set_random_seed(seed)
    head = keras.Sequential([keras.Input(rows.shape[1:]), keras.layers.Dense(10, name="logits")])
    steps = HEAD.epochs * -(-len(rows) // HEAD.batch_size)
    head.compile(
        build_optimizer(HEAD, head, steps),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    head.fit(rows, labels, HEAD.batch_size, HEAD.epochs, verbose=0)
    model = pretrained(input_size=INPUT_SIZE, classes=10)
    model.get_layer("logits").set_weights(head.get_layer("logits").get_weights())
    return model


def fine_tune(
    model: keras.Model,
    train_data: tuple[np.ndarray, np.ndarray],
    seed: int,
    checkpoint: Path,
    *,
    verbose: bool = True,
) -> Progress:
    """Train all weights as :data:`ALL` says.

    Args:
        model: its head has been trained; it is changed in place.
        train_data: images ``(n, 32, 32, 3)``, 0..255, and labels ``(n,)``.
        seed: of the order, the mirrored images and dropout.
        checkpoint: the state after the last part is kept there; if it exists, this goes on from it.
        verbose: whether to say how far it is.

    Returns:
        How it went, a value for each part.

    Raises:
        ValueError: the checkpoint is damaged or of another training.
    """
    checks.model(model)
    checkpoint = checks.path("checkpoint", checkpoint)
    images, labels = checked_pair(train_data, "training")
    check_writable(checkpoint)
    keras.utils.set_random_seed(checks.whole("seed", seed, 0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(ALL.epochs):
        parts += np.array_split(rng.permutation(len(images)), PARTS)
    steps = sum(-(-len(part) // ALL.batch_size) for part in parts)
    model.compile(
        build_optimizer(ALL, model, steps),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    what = identity(model, ALL, seed, train_data, None)
    progress = checkpoints.restore(checkpoint, model, what, len(parts), unit="parts")
    for number in range(progress.epochs, len(parts)):
        chosen, rng = parts[number], np.random.default_rng([seed, number])
        x, mirror = images[chosen], rng.random(len(chosen)) < 0.5
        x[mirror] = x[mirror, :, ::-1]
        start, cpu = time.perf_counter(), time.process_time()
        history = model.fit(x, labels[chosen], ALL.batch_size, shuffle=False, verbose=0).history
        progress.seconds += time.perf_counter() - start
        progress.cpu_seconds += time.process_time() - cpu
        progress.epochs = number + 1
        for name, values in history.items():
            progress.curves.setdefault(name, []).extend(values)
        checkpoints.save(checkpoint, model, what, progress)
        if verbose:
            print(f"part {number + 1} of {len(parts)}: {history}", flush=True)
    return progress


def run(path: Path, data: Cifar10, *, verbose: bool = True) -> TuningRecord:
    """Fine-tune once, unless the file has that run already.

    Args:
        path: the record's file. A run that was stopped goes on from its last part.
        data: all 60,000 images.
        verbose: whether to show progress.

    Raises:
        ValueError: the file holds the result of other code.
        OSError: it cannot be written; found out before the run.
    """
    path = checks.path("path", path)
    checks.instance("data", data, Cifar10, "load_cifar10(full=True)")
    check_writable(path, 250_000)
    record = new_record()
    if path.is_file():
        found = read(path)
        if (found.fingerprint, found.settings) != (record.fingerprint, record.settings):
            raise ValueError(f"{path} holds the result of other code: remove it to start afresh")
        return found
    learn = data.x_train[:-HELD_OUT], data.y_train[:-HELD_OUT]
    held_out = data.x_train[-HELD_OUT:], data.y_train[-HELD_OUT:]
    start, cpu = time.perf_counter(), time.process_time()
    model = with_trained_head(learn, SEED, verbose=verbose)
    record.run = {"seed": SEED, "hardware": hardware(), "versions": versions()}
    record.run["precision"] = "float32"
    record.run["head_seconds"] = round(time.perf_counter() - start, 1)
    record.run["head_cpu_seconds"] = round(time.process_time() - cpu, 1)
    record.run["head_accuracy"] = accuracy(logits(model, held_out[0]), held_out[1]).value
    if verbose:
        print(f"the head: {record.run['head_accuracy']:.2%} held out", flush=True)
    checkpoint = cache_folder() / "training" / f"fine_tuning-{record.fingerprint[:12]}.npz"
    with alone(checkpoint, seconds=0):
        done = fine_tune(model, learn, SEED, checkpoint, verbose=verbose)
    model.set_weights([weight.astype(np.float32) for weight in in_float16(model)])
    outputs = logits(model, data.x_test)
    record.run |= {
        "held_out_accuracy": accuracy(logits(model, held_out[0]), held_out[1]).value,
        "accuracy": accuracy(outputs, data.y_test).value,
        **measured(done),
    }
    file = logits_file(path)
    write_atomically(file, lambda opened: np.save(opened, outputs.astype(np.float16)))
    record.files[file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    store.write(path, record)
    checkpoint.unlink(missing_ok=True)
    if verbose:
        print(f"all weights: {record.run['accuracy']:.2%} of the test images", flush=True)
    return record
