"""The scores that a model gives to the classes, before a softmax: what the pictures explain."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import keras
import numpy as np
from keras import ops

from cifarlib import _checks as checks
from cifarlib.data.arrays import check_images, check_labels
from cifarlib.explain.listening import Heard, listen, replaced_call

# What may follow a softmax without changing its numbers
_HARMLESS = ("InputLayer", "Flatten", "Reshape", "Identity", "Dropout")


def prepared(images: np.ndarray, preprocess: Callable | None = None) -> np.ndarray:
    """Raw images as what a model takes, ``float32``.

    Args:
        images: ``(n, 32, 32, 3)``, 0..255.
        preprocess: for a model that takes something else: a function from ``float32
            (n, 32, 32, 3)``, 0..255, to what it takes, such as ``lambda images: images / 255``.

    Raises:
        ValueError: images have the wrong shape, or look as if scaled to 0..1 already.
    """
    return fed(check_images(images), preprocess)


def fed(images: np.ndarray, preprocess: Callable | None = None) -> np.ndarray:
    """As :func:`prepared`, unchecked: a covered image may be all but black, by rights."""
    found = checks.preprocessed(np.asarray(images, np.float32), preprocess)
    return np.asarray(found, np.float32)


@contextlib.contextmanager
def class_scores(model: keras.Model, sample: np.ndarray) -> Iterator[Callable]:
    """For a while, the function from what a model takes to the classes' scores.

    A softmax at the end of the model, as an activation or as a layer, also one inside a model that
    is its last layer, is left out meanwhile. Its outputs depend on all classes' scores together,
    and where it is sure of an answer, its gradient vanishes.

    Args:
        model: gives a row of two numbers or more per image.
        sample: a few inputs with which the model is tried.

    Yields:
        A function from a tensor ``(n, ...)`` to a tensor ``(n, classes)``.

    Raises:
        ValueError: the model gives something else than a row of numbers per image, or
            probabilities that do not come from a softmax at its end.

    >>> from keras import layers
    >>> model = keras.Sequential([keras.Input((1,)), layers.Dense(2, "softmax", name="answer")])
    >>> model.set_weights([np.array([[1.0, -1.0]]), np.zeros(2)])
    >>> with class_scores(model, np.ones((1, 1))) as scores:
    ...     np.asarray(scores(np.array([[3.0]]))).tolist()
    [[3.0, -3.0]]
    """
    checks.model(model)
    heard = listen(model, sample)

    def scores(inputs):
        return ops.cast(model(inputs, training=False), "float32")

    outputs = model(ops.convert_to_tensor(sample), training=False)
    if not hasattr(outputs, "shape") or len(outputs.shape) != 2 or outputs.shape[1] < 2:
        raise ValueError(
            f"the model {model.name!r} must give a row of two numbers or more per image, got "
            f"{getattr(outputs, 'shape', type(outputs).__name__)}"
        )
    if not _probabilities(outputs):
        yield scores
        return
    with _left_out(_softmax(heard)):
        if _probabilities(model(ops.convert_to_tensor(sample), training=False)):
            raise ValueError(
                f"the model {model.name!r} gives probabilities, but no softmax was found at its "
                "end: give one that ends in a softmax layer or activation, or in logits"
            )
        yield scores


def _probabilities(outputs) -> bool:
    """Whether the rows are probabilities: none is negative and each row adds up to 1."""
    outputs = ops.convert_to_numpy(ops.cast(outputs, "float32"))
    return bool((outputs >= 0).all() and np.allclose(outputs.sum(axis=1), 1, atol=1e-2))


def _softmax(heard: list[Heard]) -> keras.Operation | None:
    """The softmax that a model ends with, if it does."""
    for operation, _ in reversed(heard):
        kind = type(operation).__name__
        name = getattr(getattr(operation, "activation", None), "__name__", "")
        if kind == "Softmax" or name.startswith("softmax"):
            return operation
        if not (isinstance(operation, keras.Model) or kind in _HARMLESS or name == "linear"):
            return None
        if name == "linear" and kind != "Activation":  # a dense layer makes other numbers
            return None
    return None


@contextlib.contextmanager
def _left_out(softmax: keras.Operation | None) -> Iterator[None]:
    """For a while, a layer without its softmax."""
    if softmax is None:
        yield
    elif hasattr(softmax, "activation"):
        before, softmax.activation = softmax.activation, keras.activations.linear
        try:
            yield
        finally:
            softmax.activation = before
    else:
        with replaced_call(softmax, lambda call: lambda inputs, *args, **kwargs: inputs):
            yield


def chosen(scores: Callable, inputs: np.ndarray, classes) -> np.ndarray:
    """The class to explain for each image: as wanted, or the model's own answer.

    Args:
        scores: from :func:`class_scores`.
        inputs: what the model takes, ``(n, ...)``.
        classes: None for the class with the highest score; a number for all images; or one label
            per image, ``(n,)`` or ``(n, 1)``.

    Returns:
        ``int64 (n,)``.

    Raises:
        ValueError: there is no such class, or not one label per image.
    """
    if classes is None:
        return in_batches(scores, inputs).argmax(axis=1)
    classes = checks.array("classes", classes)
    if classes.ndim == 0:
        classes = np.full(len(inputs), classes)
    count = in_batches(scores, inputs[:1]).shape[1]
    return check_labels(classes, len(inputs), "classes", classes=count).astype(np.int64)


def in_batches(function: Callable, inputs: np.ndarray, size: int = 250) -> np.ndarray:
    """A function of a model's input, a few images at a time, as one ``float32`` array."""
    parts = [
        ops.convert_to_numpy(function(ops.convert_to_tensor(inputs[start : start + size])))
        for start in range(0, len(inputs), size)
    ]
    return np.concatenate(parts).astype(np.float32)
