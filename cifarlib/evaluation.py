"""How good a model is, and what it costs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import keras
import numpy as np

from cifarlib.data.arrays import CLASS_NAMES, check_images, check_labels


@dataclass(frozen=True)
class Accuracy:
    """The fraction of images classified correctly, with its 95 % interval.

    Attributes:
        correct: how many were right.
        count: out of how many.
        value: their ratio, 0..1.
        low, high: Wilson's 95 % interval for the accuracy on further images from the same source.
            It covers the chance in the choice of test images; not the chance in training, which
            only more seeds show, nor images from elsewhere.
    """

    correct: int
    count: int
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2%} (95 % interval {self.low:.1%} to {self.high:.1%})"


def accuracy(predictions: np.ndarray, labels: np.ndarray) -> Accuracy:
    """Compare predictions with labels.

    Args:
        predictions: logits or probabilities ``(n, 10)``, or predicted classes, integers ``(n,)``.
        labels: the right classes, integers ``(n,)``, 0..9.

    Returns:
        The :class:`Accuracy`.

    Raises:
        ValueError: the shapes do not fit, there is nothing to compare, or a logit is NaN.

    Source:
        Wilson (1927); recommended over the textbook interval by Brown, Cai and DasGupta (2001).

    >>> print(accuracy(np.array([3, 8, 8, 1]), np.array([3, 8, 8, 0])))
    75.00% (95 % interval 30.1% to 95.4%)
    """
    predictions = np.asarray(predictions)
    if predictions.ndim == 2 and predictions.shape[1] == len(CLASS_NAMES):
        if np.isnan(predictions).any():
            raise ValueError("predictions contain NaN")
        predictions = predictions.argmax(axis=1)
    elif predictions.ndim != 1 or predictions.dtype.kind not in "iu":
        raise ValueError(
            "predictions must be logits or probabilities (n, 10) or whole-number classes (n,), "
            f"got {predictions.dtype} {predictions.shape}"
        )
    labels = check_labels(labels, len(predictions))
    if len(labels) == 0:
        raise ValueError("there are no predictions to compare")
    n, correct = len(labels), int((predictions == labels).sum())
    low, high = _wilson(correct, n)
    return Accuracy(correct, n, correct / n, low, high)


def _wilson(correct: int, n: int) -> tuple[float, float]:
    """The p for which ``correct`` of ``n`` lies within 1.96 standard deviations of ``n p``."""
    z, p = 1.959964, correct / n
    center = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, center - half), min(1.0, center + half)


def logits(model: keras.Model, images: np.ndarray, batch_size: int = 500) -> np.ndarray:
    """The model's logits for raw images.

    Args:
        model: takes ``(n, 32, 32, 3)``, 0..255, and gives ``(n, 10)``.
        images: ``(n, 32, 32, 3)``, 0..255.
        batch_size: images per step; a matter of speed and memory only.

    Returns:
        ``float32 (n, 10)``.

    Raises:
        ValueError: images have the wrong shape, or look as if scaled to 0..1 already.
    """
    images = check_images(images)
    return np.asarray(model.predict(images, batch_size=batch_size, verbose=0), dtype=np.float32)


def macs(model: keras.Model) -> int:
    """Multiply-accumulates of one forward pass for one image, in convolutions and dense layers.

    A convolution spends ``kernel height x kernel width x channels in`` on each output value, a
    dense layer its number of inputs. Additions of biases, activations, pooling and normalization
    are left out, as the literature does.

    Raises:
        ValueError: a layer has a kernel of a kind that this function does not know how to count.
    """
    for entry in model.get_config()["layers"]:
        if len(entry.get("inbound_nodes") or ()) > 1:
            raise ValueError(f"do not know how to count {entry['config']['name']!r}, used twice")
    return sum(layer_macs(layer) for layer in model.layers)


_FREE = (
    keras.layers.BatchNormalization, keras.layers.LayerNormalization,
    keras.layers.GroupNormalization, keras.layers.PReLU, keras.layers.Embedding,
)  # fmt: skip
_MULTIPLY = (keras.layers.Dot, keras.layers.Attention, keras.layers.AdditiveAttention)


def layer_macs(layer: keras.layers.Layer) -> int:
    """What :func:`macs` counts for one layer; 0 for a layer without a kernel."""
    if isinstance(layer, keras.Model):
        return macs(layer)
    if isinstance(layer, _FREE) or not (layer.weights or isinstance(layer, _MULTIPLY)):
        return 0
    if type(layer) not in (keras.layers.Conv2D, keras.layers.Dense):
        raise ValueError(f"do not know how to count {type(layer).__name__} {layer.name!r}")
    # Kernel (..., channels in, channels out): each output value is a sum over all but the last axis
    outputs = math.prod(layer.output.shape[1:])
    return outputs * math.prod(layer.kernel.shape[:-1])
