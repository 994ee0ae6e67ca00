"""What all workers of a training must agree on."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
from dataclasses import dataclass, field

import numpy as np

from cifarlib import _checks as checks


@dataclass(frozen=True)
class Job:
    """A training by several workers: what is trained, on what, and for how long.

    Attributes:
        model: a name that :func:`cifarlib.models.build` knows.
        model_settings: of that model.
        images: how many of the training images to use, counted from the first one, at most 50,000.
            More than 10,000 take the whole data set, which each machine downloads once.
        batch_size: of **all workers together**: each takes an equal part of every batch.
        steps: how many steps of the optimizer, which is SGD.
        learning_rate: after the warm-up.
        momentum: of SGD.
        warmup: over how many steps the learning rate rises from ``learning_rate / warmup``.
        seed: of the first weights and of the order of the images.
        checkpoint: a file that keeps the state; training goes on from it, with any number of
            workers. Worker 0 alone reads and writes it.
        every: after how many steps the state is kept; it is also kept after the last one.

    Raises:
        ValueError: a setting is outside its range.

    >>> Job(images=640, batch_size=64).steps_per_epoch
    10
    """

    model: str = "simple_cnn"
    model_settings: dict = field(default_factory=dict)
    images: int = 1000
    batch_size: int = 100
    steps: int = 10
    learning_rate: float = 0.05
    momentum: float = 0.0
    warmup: int = 0
    seed: int = 0
    checkpoint: str | None = None
    every: int = 10

    def __post_init__(self) -> None:
        self._check_model()
        checks.whole("images", self.images, 1, 50_000)
        checks.whole("batch_size", self.batch_size, 1)
        checks.whole("steps", self.steps, 1)
        checks.positive("learning_rate", self.learning_rate)
        checks.fraction("momentum", self.momentum)
        checks.whole("warmup", self.warmup, 0)
        checks.whole("seed", self.seed, 0, 2**32 - 1)
        checks.whole("every", self.every, 1)
        for item in dataclasses.fields(self):  # NumPy's numbers, which JSON does not take
            object.__setattr__(self, item.name, checks.plain(getattr(self, item.name)))
        if self.batch_size > self.images:
            raise ValueError(
                f"batch_size must be at most the number of images, {self.images}, got "
                f"{self.batch_size}"
            )
        if self.checkpoint is not None:
            path = checks.path("checkpoint", self.checkpoint).absolute()
            object.__setattr__(self, "checkpoint", str(path))

    def _check_model(self) -> None:
        """Refuse an unknown model or, where it lists its settings, an unknown one; not values."""
        from cifarlib.models import BUILDERS

        checks.choice("model", self.model, list(BUILDERS))
        if not isinstance(self.model_settings, dict):
            raise ValueError(f"model_settings must be a dictionary, got {self.model_settings!r}")
        known = inspect.signature(BUILDERS[self.model]).parameters
        further = any(one.kind is one.VAR_KEYWORD for one in known.values())
        if (
            unknown := []
            if further
            else [name for name in self.model_settings if name not in known]
        ):
            raise ValueError(
                f"model_settings must be settings of {self.model}, {', '.join(known)}, got "
                f"{', '.join(map(str, unknown))}"
            )
        plain = {name: checks.plain(value) for name, value in self.model_settings.items()}
        object.__setattr__(self, "model_settings", plain)

    @property
    def steps_per_epoch(self) -> int:
        """Full batches in one pass; the images that are left over wait for the next order."""
        return self.images // self.batch_size

    def check_shares(self, workers: int) -> None:
        """Refuse a number of workers among whom a batch cannot be split evenly.

        Raises:
            ValueError: the shares would not be equal, and the mean of the workers' gradients would
                not be the gradient of the batch.
        """
        checks.whole("workers", workers, 1)
        if self.batch_size % workers:
            least = self.batch_size - self.batch_size % workers or workers
            raise ValueError(
                f"a batch of {self.batch_size} images cannot be split evenly among {workers} "
                f"workers: take a batch_size that {workers} divides, such as {least}"
            )

    def indices(self, step: int) -> np.ndarray:
        """Which images make up the batch of a step, counted from 0: ``(batch_size,)``, int64."""
        epoch, place = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng([self.seed, epoch]).permutation(self.images)
        return order[place * self.batch_size : (place + 1) * self.batch_size]

    def share(self, step: int, rank: int, workers: int) -> np.ndarray:
        """The part of that batch that one worker takes: ``(batch_size / workers,)``."""
        self.check_shares(workers)
        return self.indices(step).reshape(workers, -1)[rank]

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """Images ``(images, 32, 32, 3)``, uint8, and labels ``(images,)``."""
        from cifarlib.data import load_cifar10

        x, y = load_cifar10(full=self.images > 10_000).train
        return x[: self.images], y[: self.images]

    def build(self):
        """The model with its first weights, which depend on the seed alone.

        It sets the seeds of Python, NumPy and Keras, as ``keras.utils.set_random_seed`` does.
        """
        import keras

        from cifarlib.models import BUILDERS

        keras.utils.set_random_seed(self.seed)
        return BUILDERS[self.model](**self.model_settings)

    def digest(self) -> str:
        """A hash of what the workers must agree on; the checkpoint is the chief's own affair."""
        agreed = dataclasses.asdict(self) | {"checkpoint": None}
        return hashlib.sha256(json.dumps(agreed, sort_keys=True).encode()).hexdigest()

    def settings(self) -> dict:
        """What decides about a step besides the model, the images and the seed."""
        names = ("batch_size", "learning_rate", "momentum", "warmup")
        return {"optimizer": "sgd"} | {name: getattr(self, name) for name in names}

    def text(self) -> str:
        """The job as JSON, for the command line of a worker."""
        return json.dumps(dataclasses.asdict(self))
