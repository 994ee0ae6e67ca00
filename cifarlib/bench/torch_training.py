"""airbench94's training in PyTorch: the contender ``torch``.

The bar for ``speednet``, so nothing is left out that makes PyTorch quick on a CPU: ``bfloat16``
where it is asked for, ``channels_last``, augmentation by a gather of whole batches, a fused
optimizer. It computes on the first CUDA device if there is one. It is not compiled: on a CPU that
needs a C++ compiler, and minutes.

Source:
    Jordan (2024), arXiv 2404.00498, section 3; written from its description, not from its code.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cifarlib.bench import torch_network
from cifarlib.bench.stopwatch import QUICK_BATCH, Stopwatch
from cifarlib.data import Cifar10

if TYPE_CHECKING:
    import torch

PADDING = 2  # pixels by which an image moves each way, at most


@dataclass(frozen=True)
class Settings:
    """Every number of the recipe.

    Attributes:
        epochs: passes over the training images; the last may be a part of one.
        batch_size: images of a step; what is left over at an epoch's end is not used.
        learning_rate: the largest, for the mean loss. The biases of batch normalization have
            ``bias_factor`` times as much.
        momentum: Nesterov's.
        decay: of the weights in a step at that rate, for all alike; more, by momentum, in the end.
        warmup: the part of the steps in which the rate rises, from ``start`` to 1 times the
            largest; then it falls to ``final``.
        label_smoothing: the share of the target that goes to all classes alike.
        lookahead: steps from one mix with the slow weights to the next.
        whitening_epochs: in which the bias of the whitening layer learns.
    """

    epochs: float = 9.9
    batch_size: int = 1024
    learning_rate: float = 1.5
    bias_factor: float = 64.0
    momentum: float = 0.85
    decay: float = 1.996e-3
    warmup: float = 0.23
    start: float = 0.2
    final: float = 0.07
    label_smoothing: float = 0.2
    lookahead: int = 5
    whitening_epochs: int = 3


def rate(step: int, steps: int, settings: Settings) -> float:
    """The factor on the learning rate: a triangle."""
    peak = int(settings.warmup * steps)
    return float(np.interp(step, [0, peak, steps], [settings.start, 1, settings.final]))


def padded(images: np.ndarray) -> torch.Tensor:
    """Images with a border of their own mirror image: ``uint8 (n, 36, 36, 3)``."""
    import torch

    around = ((0, 0), (PADDING, PADDING), (PADDING, PADDING), (0, 0))
    return torch.from_numpy(np.pad(images, around, mode="reflect"))


def augmented(
    borders: torch.Tensor, chosen: torch.Tensor, places: torch.Tensor, mirror: torch.Tensor
) -> torch.Tensor:
    """A batch of images, each moved and perhaps mirrored by itself.

    Args:
        borders: all images, of :func:`padded`.
        chosen: ``int64 (b,)``, which of them.
        places: ``int64 (2, b)``, the first row and column of each, 0..4.
        mirror: ``bool (n,)``, which of all images to mirror.

    Returns:
        ``uint8 (b, 3, 32, 32)``.
    """
    import torch

    windows = borders.unfold(1, 32, 1).unfold(2, 32, 1)  # (n, 5, 5, 3, 32, 32), a view
    batch = windows[chosen, places[0], places[1]]
    return torch.where(mirror[chosen].reshape(-1, 1, 1, 1), batch.flip(3), batch)


def optimizer(network: torch.nn.Module, settings: Settings) -> torch.optim.SGD:
    """SGD whose decay in a step is the same for both rates: PyTorch multiplies it by the rate."""
    import torch

    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    biases = [norm.bias for norm in norms]
    known = {id(bias) for bias in biases}
    rest = [
        p for p in network.parameters() if id(p) not in known and p.requires_grad
    ]  # whitening's bias is among them
    groups = []
    for parameters, factor in ((rest, 1.0), (biases, settings.bias_factor)):
        largest = factor * settings.learning_rate
        decay = settings.decay / largest
        groups.append(
            {"params": parameters, "lr": largest, "largest": largest, "weight_decay": decay}
        )
    return torch.optim.SGD(groups, momentum=settings.momentum, nesterov=True, fused=True)


def mix(network: torch.nn.Module, slow: list[torch.Tensor], share: float) -> None:
    """Lookahead: move the slow weights towards the network's, and the network's to them.

    Args:
        network: with its statistics of batch normalization, which are averaged, too.
        slow: of :func:`averaged`, changed in place.
        share: how much of the slow weights stays, 0..1.
    """
    import torch

    with torch.no_grad():
        for old, new in zip(slow, averaged(network), strict=True):
            old.lerp_(new, 1 - share)
            new.copy_(old)


def averaged(network: torch.nn.Module) -> list[torch.Tensor]:
    """All weights, frozen ones too, and statistics, but not the count of batches."""
    return [value for value in network.state_dict().values() if value.is_floating_point()]


def train(
    network: torch.nn.Module,
    images: np.ndarray,
    labels: np.ndarray,
    settings: Settings,
    precision: str = "float32",
    after_step: Callable[[float], None] | None = None,
) -> None:
    """Train a network in place; chance comes from PyTorch's own generator.

    Args:
        network: of :func:`cifarlib.bench.torch_network.build`.
        images: ``uint8 (n, 32, 32, 3)``.
        labels: ``(n,)``.
        settings: how.
        precision: see :func:`cifarlib.bench.torch_network.computing`.
        after_step: is called with the loss after each step, which then waits for the device.
    """
    import torch

    device = next(network.parameters()).device
    borders = padded(images).to(device)
    targets = torch.from_numpy(labels.astype(np.int64)).to(device)
    per_epoch = len(images) // settings.batch_size
    steps = math.ceil(settings.epochs * per_epoch)
    sgd, whitening = optimizer(network, settings), network[0]
    slow = [value.clone() for value in averaged(network)]
    mirror = torch.rand(len(images), device=device) < 0.5
    network.train()
    for step in range(steps):
        epoch, number = divmod(step, per_epoch)
        if number == 0:
            order = torch.randperm(len(images), device=device)
            if epoch:
                mirror = ~mirror  # two epochs in a row show both sides of each image
            whitening.bias.requires_grad_(epoch < settings.whitening_epochs)
        chosen = order[number * settings.batch_size :][: settings.batch_size]
        places = torch.randint(0, 2 * PADDING + 1, (2, len(chosen)), device=device)
        x = torch_network.normalized(augmented(borders, chosen, places, mirror))
        with torch_network.computing(network, precision):
            outputs = network(x)
        logits = torch_network.SCALE * outputs.float()
        loss = torch.nn.functional.cross_entropy(
            logits, targets[chosen], label_smoothing=settings.label_smoothing
        )
        sgd.zero_grad(set_to_none=True)  # so that nothing moves what no longer learns
        loss.backward()
        for group in sgd.param_groups:
            group["lr"] = group["largest"] * rate(step, steps, settings)
        sgd.step()
        if (step + 1) % settings.lookahead == 0:
            done = (step + 1) / steps
            mix(network, slow, 0.95**settings.lookahead * done**3)
        if after_step is not None:
            after_step(loss.item())
    mix(network, slow, 1.0)  # what counts in the end are the slow weights


def measure(data: Cifar10, precision: str, seed: int, quick: bool, pace: bool) -> dict:
    """Train and test, or with ``pace`` one epoch; what :func:`cifarlib.bench.measure.measure` says.

    The pace is that of the later epochs, in which the bias of the whitening layer rests and no
    gradient has to reach it: that is the quicker one, and what ``speednet`` does in all of its own.
    """
    import torch

    size = QUICK_BATCH if quick else Settings.batch_size
    whole = 1 if quick else Settings.epochs
    learning = 0 if pace else Settings.whitening_epochs
    passes = 1 if pace else whole
    settings = Settings(epochs=passes, batch_size=size, whitening_epochs=learning)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    found = {"epochs": whole, "batch_size": size, "threads": torch.get_num_threads()}
    watch = Stopwatch()
    (x, y), test = data.train, data.test
    start, cpu_start = time.perf_counter(), time.process_time()
    torch.manual_seed(seed)
    network = torch_network.build(x[:5000]).to(device)
    if pace:
        train(network, x, y, settings, precision, lambda loss: watch.stamp())
        return found | watch.pace(len(x), size)
    began = time.perf_counter()
    train(network, x, y, settings, precision)
    training = time.perf_counter() - began
    outputs = torch_network.logits(network, test[0], precision)
    return found | {
        "accuracy": float((outputs.argmax(axis=1) == test[1]).mean()),
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu_start,
        "training": training,
    }
