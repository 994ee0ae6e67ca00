"""What the layers of a network give out: its feature maps."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from cifarlib.data.arrays import check_images


def feature_maps(
    model: keras.Model, images: np.ndarray, layers: Sequence[str]
) -> dict[str, np.ndarray]:
    """What some layers give out for some images.

    Args:
        model: takes raw images ``(n, 32, 32, 3)``, 0..255.
        images: ``(n, 32, 32, 3)``, 0..255.
        layers: names of layers of the model.

    Returns:
        For each name, the layer's output ``float32 (n, ...)``.

    Raises:
        ValueError: the model has no layer of that name; the message lists those it has.
    """
    known = [layer.name for layer in model.layers]
    for name in layers:
        if name not in known:
            raise ValueError(f"{model.name!r} has no layer {name!r}; it has {', '.join(known)}")
    outputs = [model.get_layer(name).output for name in layers]
    results = keras.Model(model.inputs[0], outputs)(check_images(images), training=False)
    results = results if isinstance(results, list | tuple) else [results]
    return {
        name: np.asarray(ops.convert_to_numpy(result), np.float32)
        for name, result in zip(layers, results, strict=True)
    }
