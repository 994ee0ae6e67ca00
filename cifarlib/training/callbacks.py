"""What happens around the steps and epochs of ``fit``: curves, clock, checkpoint, progress bar."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import keras
import numpy as np
from tqdm import tqdm

from cifarlib.machine import hardware, versions
from cifarlib.training.batches import Batches
from cifarlib.training.checkpoints import Progress
from cifarlib.training.identity import precision_of

_ADVICE = "try a smaller learning rate, or look for bad values in the images"


class Follower(keras.callbacks.Callback):
    """Follows the curves and the clock, stops at NaN, calls ``save`` after each epoch."""

    def __init__(self, batches: Batches, progress: Progress, save: Callable[[], None]) -> None:
        super().__init__()
        self.batches, self.progress, self.save = batches, progress, save
        self.stretch: dict | None = None

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        self.batches.start_epoch(epoch)
        self.started = time.perf_counter(), time.process_time()

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            step = self.progress.epochs * len(self.batches) + batch + 1
            raise FloatingPointError(
                f"the loss became {loss} at step {step} (epoch {self.progress.epochs + 1}, batch "
                f"{batch + 1}); {_ADVICE}"
            )

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        for name, value in (logs or {}).items():
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"{name} became {value} after epoch {epoch + 1}; {_ADVICE}"
                )
        if not all(np.isfinite(np.asarray(v)).all() for v in self.model.trainable_variables):
            raise FloatingPointError(
                f"the weights became NaN or infinite in the last step (epoch {epoch + 1}, batch "
                f"{len(self.batches)}); {_ADVICE}"
            )
        self._count(epoch + 1)
        self._follow({name: float(value) for name, value in (logs or {}).items()})
        self.save()

    def _follow(self, values: dict[str, float]) -> None:
        """Add to the curves. One that not every epoch has had, from a callback that came later or
        has gone (it may set a rate, which Keras notes), is left out: all are as long as epochs."""
        curves, before = self.progress.curves, self.progress.epochs - 1
        for name in set(curves) - set(values):
            del curves[name]
        for name, value in values.items():
            if len(curves.get(name, [])) == before:
                curves.setdefault(name, []).append(value)

    def _count(self, epoch: int) -> None:
        """Add an epoch and its time to the progress, and to the stretch since the last pause."""
        seconds = time.perf_counter() - self.started[0]
        cpu_seconds = time.process_time() - self.started[1]
        self.progress.epochs = epoch
        self.progress.seconds += seconds
        self.progress.cpu_seconds += cpu_seconds
        if self.stretch is None:
            self.stretch = {"epochs": [epoch, epoch], "hardware": hardware()}
            self.stretch |= {"versions": versions(), "precision": precision_of(self.model)}
            self.stretch |= {"seconds": 0.0, "cpu_seconds": 0.0}
            self.progress.stretches.append(self.stretch)
        self.stretch["epochs"][1] = epoch
        self.stretch["seconds"] += seconds
        self.stretch["cpu_seconds"] += cpu_seconds


class Bar(keras.callbacks.Callback):
    """One progress bar over all epochs, with the time left."""

    def __init__(self, epochs: int, steps: int, done: int) -> None:
        super().__init__()
        self.bar = tqdm(total=epochs * steps, initial=done * steps, unit="step", mininterval=1)

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        self.bar.update()

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        self.bar.set_postfix({name: f"{value:.3f}" for name, value in (logs or {}).items()})

    def on_train_end(self, logs=None) -> None:
        self.bar.close()
