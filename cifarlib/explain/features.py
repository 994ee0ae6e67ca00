"""What the layers of a network give out: its feature maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import ops

from cifarlib import _checks as checks
from cifarlib.explain.scores import prepared


def feature_maps(
    model: keras.Model,
    images: np.ndarray,
    layers: Sequence[str],
    *,
    preprocess: Callable | None = None,
) -> dict[str, np.ndarray]:
    """What some layers give out for some images.

    Args:
        model: takes raw images ``(n, 32, 32, 3)``, 0..255, or what ``preprocess`` makes of them.
        images: ``(n, 32, 32, 3)``, 0..255.
        layers: names of layers of the model.
        preprocess: for a model that takes something else: a function from ``float32
            (n, 32, 32, 3)``, 0..255, to what it takes, such as ``lambda images: images / 255``.

    Returns:
        For each name, the layer's output ``float32 (n, ...)``; of a layer that gives several, the
        first: of attention what it brings to the tokens. Its maps are found by
        :func:`cifarlib.explain.attention_maps`.

    Raises:
        ValueError: the model has no layer of that name; the message lists those it has. Or images
            have the wrong shape or range.
    """
    checks.model(model)
    layers = checks.texts("layers", layers)
    if not layers:
        raise ValueError("layers must name one layer or more, got none")
    known = [layer.name for layer in model.layers]
    for name in layers:
        if name not in known:
            raise ValueError(f"{model.name!r} has no layer {name!r}; it has {', '.join(known)}")
    outputs = [model.get_layer(name).output for name in layers]
    outputs = [one[0] if isinstance(one, list | tuple) else one for one in outputs]
    results = keras.Model(model.inputs[0], outputs)(prepared(images, preprocess), training=False)
    results = results if isinstance(results, list | tuple) else [results]
    return {
        name: np.asarray(ops.convert_to_numpy(result), np.float32)
        for name, result in zip(layers, results, strict=True)
    }
