"""Grad-CAM: the places of a feature map that speak for a class."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import keras
import numpy as np
from keras import layers, ops

from cifarlib.explain.gradients import input_gradient
from cifarlib.explain.listening import Heard, listen, operations, replaced_call
from cifarlib.explain.scores import chosen, class_scores, in_batches, prepared

_ATTENTION = (layers.MultiHeadAttention, layers.GroupQueryAttention, layers.Attention)
_BATCH = 100  # images at a time, for the sake of memory


def grad_cam(
    model: keras.Model,
    images: np.ndarray,
    layer: str | None = None,
    classes=None,
    preprocess: Callable | None = None,
) -> np.ndarray:
    """Where in the image the features are found that speak for a class.

    A layer gives ``k`` maps of features. The weight of a map is the mean, over all its places, of
    the gradient of the class's score: by how much the score would rise, on average, if the feature
    rose by 1 at one of them. The maps are added with these weights, and what is negative, and so
    speaks against the class, is set to 0.

    Args:
        model: any Keras model that gives a row of numbers per image: Sequential, functional,
            with models as layers, or a class of its own; with logits or a softmax at its end,
            which is left out.
        images: ``(n, 32, 32, 3)``, 0..255.
        layer: the name of a layer that gives maps ``(n, h, w, k)``, also one of a model inside the
            model. By default the last one before maps are pooled or flattened.
        classes: the class to explain: a number, or one per image, ``(n,)``. By default the model's
            own answer to each image.
        preprocess: for a model that takes something else than raw images: a function from
            ``float32 (n, 32, 32, 3)``, 0..255, to what it takes, such as
            ``lambda images: images / 255``.

    Returns:
        ``float32 (n, 32, 32)``, not negative, in units of score: the map of the layer's ``(h, w)``
        places, drawn large by bilinear interpolation. It is 0 everywhere if nothing speaks for the
        class.

    Raises:
        ValueError: images or the model's outputs have the wrong form, there is no such layer or
            class, the layer gives no maps, or the model has no maps that lead to its answer, as a
            Vision Transformer: the message names what there is.
        NotImplementedError: Keras runs on another backend than TensorFlow or JAX.

    Source:
        Selvaraju et al. (2017), arXiv 1610.02391, section 3.

    >>> from keras import layers
    >>> model = keras.Sequential([
    ...     keras.Input((32, 32, 3)), layers.AveragePooling2D(16), layers.Conv2D(1, 1, name="maps"),
    ...     layers.GlobalAveragePooling2D(), layers.Dense(2, name="logits"),
    ... ])
    >>> kernels = np.ones((1, 1, 3, 1)), np.array([[4.0, -4.0]])
    >>> model.set_weights([kernels[0], np.zeros(1), kernels[1], np.zeros(2)])
    >>> images = np.zeros((1, 32, 32, 3))
    >>> images[:, :16, :16] = 10  # the upper left quarter is bright: 3 x 10 there
    >>> grad_cam(model, images, classes=0)[0, [0, 31], [0, 31]].tolist()  # weight 4, over 4 places
    [30.0, 0.0]
    """
    inputs = prepared(images, preprocess)
    maps = []
    with class_scores(model, inputs[:1]) as scores:
        wanted = chosen(scores, inputs, classes)
        heard = listen(model, inputs[:1])
        target = _last_maps(model, heard) if layer is None else _named(model, layer, heard)
        calls = sum(operation is target for operation, _ in heard)
        count = int(scores(ops.convert_to_tensor(inputs[:1])).shape[1])
        for start in range(0, len(inputs), _BATCH):
            part = slice(start, start + _BATCH)
            one_hot = np.eye(count, dtype=np.float32)[wanted[part]]
            maps.append(_weighted(scores, target, calls, inputs[part], one_hot))

    def enlarged(small):
        return ops.image.resize(small, np.shape(images)[1:3], interpolation="bilinear")

    return in_batches(enlarged, np.concatenate(maps)[..., None])[..., 0]


def _weighted(scores, target, calls: int, inputs: np.ndarray, one_hot: np.ndarray) -> np.ndarray:
    """The maps of a layer, added with the weights of Grad-CAM, ``(n, h, w)``."""
    kept = []
    with _added(target, calls, None, kept):
        scores(ops.convert_to_tensor(inputs))
    features = ops.convert_to_numpy(ops.cast(kept[0], "float32"))

    def score_of(more):
        with _added(target, calls, more, []):
            return ops.sum(scores(ops.convert_to_tensor(inputs)) * one_hot)

    _, gradient = input_gradient(score_of, np.zeros_like(features))
    weights = gradient.mean(axis=(1, 2), keepdims=True)
    return np.maximum((weights * features).sum(axis=-1), 0)


@contextlib.contextmanager
def _added(target, calls: int, more, kept: list) -> Iterator[None]:
    """For a while, ``more`` is added to what a layer gives in the last of its calls."""
    done = []

    def wrapped(call: Callable) -> Callable:
        def call_and_add(*args, **kwargs):
            output = call(*args, **kwargs)
            done.append(None)
            if len(done) < calls:
                return output
            kept.append(output)
            return output if more is None else output + ops.cast(more, output.dtype)

        return call_and_add

    with replaced_call(target, wrapped):
        yield


def _is_map(output) -> bool:
    """Whether a layer gives maps: ``(n, h, w, k)`` with more than one place."""
    shape = getattr(output, "shape", ())
    return len(shape) == 4 and shape[1] * shape[2] > 1


def _last_maps(model: keras.Model, heard: list[Heard]) -> keras.Operation:
    """The last layer that gives maps, before they are pooled."""
    found = None
    for operation, output in heard:
        if isinstance(operation, _ATTENTION) and len(getattr(output, "shape", (0,) * 3)) != 4:
            found = operation
        inner = not isinstance(operation, keras.Model | layers.InputLayer)
        if inner and _is_map(output) and "Pooling" not in type(operation).__name__:
            found = operation
    if found is None:
        raise ValueError(
            f"the model {model.name!r} has no layer that gives maps (n, h, w, k), so there is no "
            "Grad-CAM; saliency, integrated_gradients and occlusion_map need none"
        )
    if isinstance(found, _ATTENTION):
        raise ValueError(
            f"the model {model.name!r} is a transformer: after {found.name!r} its features are "
            "tokens, not maps (n, h, w, k), so there is no Grad-CAM. Take "
            "attention_rollout(attention_maps(model).predict(images)) instead, or occlusion_map"
        )
    return found


def _named(model: keras.Model, name: str, heard: list[Heard]) -> keras.Operation:
    """The layer of that name, if it gives maps."""
    outputs = {id(operation): output for operation, output in heard}
    found = {id(one): one for one in operations(model) if one.name == name and id(one) in outputs}
    with_maps = [one.name for one, output in heard if _is_map(output)]
    there_are = f"layers with maps are {', '.join(dict.fromkeys(with_maps)) or 'none'}"
    if not found:
        raise ValueError(f"{model.name!r} has no layer {name!r}; {there_are}")
    if len(found) > 1:
        raise ValueError(f"{model.name!r} has {len(found)} layers {name!r}: rename one")
    (target,) = found.values()
    if not _is_map(outputs[id(target)]):
        raise ValueError(f"the layer {name!r} gives no maps (n, h, w, k); {there_are}")
    return target
