"""A model that several threads may ask at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import keras
import numpy as np

from cifarlib import _checks as checks
from cifarlib.data import CLASS_NAMES
from cifarlib.training import softened


class Predictor:
    """Probabilities for raw images, one batch at a time.

    Args:
        model: gives logits, or probabilities as after a softmax, ``(n, classes)``, for square
            images ``(n, size, size, 3)``.
        class_names: what its outputs stand for.
        preprocess: a function from ``float32 (n, size, size, 3)``, 0..255, to what the model takes;
            by default it takes just that.
        temperature: what divides the logits before the softmax. One that was found on images
            beyond the training makes confidences honest; 1 leaves them as they are.
        batch_size: the most images at once.

    Attributes:
        size: of the images.
        batches: how many have been predicted.

    Raises:
        ValueError: the model takes or gives something else, or a setting is outside its range;
            found out at once, with one black image.

    Source:
        The temperature: Guo et al. (2017), arXiv 1706.04599.

    >>> model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten(),
    ...                           keras.layers.Dense(10, "softmax")])
    >>> Predictor(model)(np.zeros((2, 32, 32, 3), np.uint8))[0].round(1)
    array([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], dtype=float32)
    """

    def __init__(
        self,
        model: keras.Model,
        *,
        class_names: Sequence[str] = CLASS_NAMES,
        preprocess: Callable | None = None,
        temperature: float = 1.0,
        batch_size: int = 16,
    ) -> None:
        checks.model(model)
        shape = getattr(model, "input_shape", None)
        square = isinstance(shape, tuple) and len(shape) == 4 and shape[1] == shape[2]
        if not square or shape[3] != 3 or not isinstance(shape[1], int):
            raise ValueError(
                f"the model must take square color images (n, size, size, 3), it takes {shape}"
            )
        self.model, self.preprocess, self.size = model, preprocess, shape[1]
        self.class_names = checks.names("class_names", class_names)
        self.temperature = checks.positive("temperature", temperature)
        self.batch_size = checks.whole("batch_size", batch_size, 1)
        self.batches, self._lock = 0, threading.Lock()
        black = np.zeros((1, self.size, self.size, 3), np.float32)
        # Whether it ends in a softmax is seen in its outputs, wherever the softmax stands
        outputs = self._outputs(black)
        if outputs.ndim != 2 or outputs.shape[1] != len(self.class_names):
            raise ValueError(
                f"the model must give a number for each of the {len(self.class_names)} classes, "
                f"its outputs for one image have the shape {outputs.shape}"
            )
        self.probabilities = bool((outputs >= 0).all() and abs(outputs.sum() - 1) < 1e-2)
        self._outputs(np.repeat(black, self.batch_size, axis=0))  # compiled now, not when it counts

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """The probabilities of all classes.

        Args:
            images: ``(n, size, size, 3)``, 0..255, ``n`` from 1 to ``batch_size``.

        Returns:
            ``float32 (n, classes)``; each row adds up to 1.

        Raises:
            ValueError: there are too many images, or they have another shape.
        """
        images = checks.numbers("images", images)
        wanted = (self.size, self.size, 3)
        fits = images.ndim == 4 and images.shape[1:] == wanted
        if not fits or not 1 <= len(images) <= self.batch_size:
            raise ValueError(
                f"images must be 1 to {self.batch_size} of the shape {wanted}, got {images.shape}"
            )
        # Filled up: for each new number of images Keras would compile its function anew
        count = len(images) if len(images) == 1 else self.batch_size
        batch = np.zeros((count, *wanted), np.float32)
        batch[: len(images)] = images
        with self._lock:
            outputs = self._outputs(batch)[: len(images)]
            self.batches += 1
        if self.probabilities:
            outputs = np.log(np.maximum(outputs, np.finfo(np.float32).tiny))
        return softened(outputs, self.temperature)

    def _outputs(self, batch: np.ndarray) -> np.ndarray:
        """A hundred times faster for one image than ``model.predict``, which plans for many."""
        batch = checks.preprocessed(batch, self.preprocess)
        return np.asarray(self.model.predict_on_batch(batch), np.float32)
