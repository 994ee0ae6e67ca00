"""Images made to excite a unit of a network."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from cifarlib import _checks as checks
from cifarlib.explain.gradients import input_gradient
from cifarlib.layers import CHANNEL_DEVIATIONS, CHANNEL_MEANS


def exciting_image(
    model: keras.Model,
    layer: str,
    unit: int,
    *,
    steps: int = 64,
    step_size: float = 4.0,
    jitter: int = 2,
    seed: int = 0,
    preprocess: Callable | None = None,
) -> np.ndarray:
    """An image made by gradient ascent to excite a unit as much as possible.

    It starts as noise around the mean color. Each step follows the gradient, its length normalized,
    of the unit's mean activation over the map; the image is moved by a few pixels before each
    step, and every fourth step blurs it a little, or the result is a pattern of single pixels.

    Args:
        model: takes raw images ``(n, 32, 32, 3)``, 0..255, or what ``preprocess`` makes of them.
        layer: the name of a layer that gives ``(n, h, w, units)`` or ``(n, units)``.
        unit: which of the units to excite.
        steps: how many steps.
        step_size: mean change of a value in a step, of 255.
        jitter: the largest movement, in pixels.
        seed: of the noise and the movements.
        preprocess: for a model that takes something else: a function from tensors ``float32
            (n, 32, 32, 3)``, 0..255, to what it takes, such as ``lambda images: images / 255``.

    Returns:
        ``uint8 (32, 32, 3)``.

    Raises:
        ValueError: the model has no such layer, the layer no such unit, or the unit is silent on
            the noise: behind a ReLU it then has no gradient to follow.
        NotImplementedError: Keras runs on another backend than TensorFlow or JAX.

    Source:
        Erhan et al. (2009); jitter and blur: Olah et al. (2017), doi 10.23915/distill.00007.
    """
    checks.model(model)
    checks.function("preprocess", preprocess)
    steps = checks.whole("steps", steps, 0)
    jitter = checks.whole("jitter", jitter, 0)
    step_size = checks.positive("step_size", step_size)
    seed = checks.whole("seed", seed, 0)
    if layer not in [known.name for known in model.layers]:
        raise ValueError(
            f"{model.name!r} has no layer {layer!r}; it has "
            f"{', '.join(known.name for known in model.layers)}"
        )
    output = model.get_layer(layer).output
    output = output[0] if isinstance(output, list | tuple) else output  # attention gives maps, too
    part = keras.Model(model.inputs[0], output)
    units = part.output_shape[-1]
    unit = checks.whole("unit", unit, 0, units - 1)

    def excitement(x):
        return ops.mean(part(preprocess(x) if preprocess else x, training=False)[..., unit])

    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 0.2, (1, 32, 32, 3))
    image = np.float32(np.array(CHANNEL_MEANS) + noise * np.array(CHANNEL_DEVIATIONS))
    silent = steps > 0  # until a movement wakes the unit up
    for step in range(steps):
        shift = rng.integers(-jitter, jitter + 1, 2)
        moved = np.roll(image, shift, axis=(1, 2))
        _, gradient = input_gradient(excitement, moved)
        silent = silent and not gradient.any()
        moved = moved + step_size * gradient / (np.abs(gradient).mean() + 1e-12)
        image = np.clip(np.roll(moved, -shift, axis=(1, 2)), 0, 255).astype(np.float32)
        if step % 4 == 3:
            image = _blurred(image)
    if silent:
        raise ValueError(
            f"unit {unit} of {layer!r} is silent on noise and has no gradient to follow: try "
            f"another seed than {seed}, or a layer before the ReLU"
        )
    return image[0].round().astype(np.uint8)


def _blurred(images: np.ndarray) -> np.ndarray:
    """Each pixel half itself, half the mean of its four neighbors."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    neighbors = padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1] + padded[:, 1:-1, :-2]
    return (images + (neighbors + padded[:, 1:-1, 2:]) / 4) / 2
