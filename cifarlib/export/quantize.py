"""Smaller files: weights as float16, or weights and activations as int8."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from cifarlib import _checks as checks
from cifarlib._files import write_atomically
from cifarlib.data.arrays import check_images
from cifarlib.export.litert import converter
from cifarlib.export.traced import check_model, checked_path, require


def quantize_symmetric(
    weights: np.ndarray, bits: int = 8, *, axis: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Weights as whole numbers and a scale: ``weights`` is about ``integers * scale``.

    The scale is such that the largest absolute weight gets the largest integer, 127 for 8 bits;
    each weight is then off by half a scale at most.

    Args:
        weights: any shape, finite.
        bits: of each integer, 2 to 16.
        axis: along which each slice has a scale of its own, such as the filters of a kernel, -1;
            by default one scale serves all.

    Returns:
        ``(integers, scale)``: int32 of the shape of ``weights``, from ``-(2**(bits - 1) - 1)`` to
        ``2**(bits - 1) - 1``; ``float32``, of a shape that broadcasts with it. Where all weights
        are 0, or too small for a scale among ``float32``'s normal numbers, it is 1, and they become
        0.

    Raises:
        ValueError: ``bits`` or ``axis`` is outside its range, or a weight is not finite.

    Source:
        Jacob et al. (2018), arXiv 1712.05877; Krishnamoorthi (2018), arXiv 1806.08342, section 2.2.

    >>> integers, scale = quantize_symmetric(np.array([0.524, -1.27, 0.033]))
    >>> integers.tolist(), round(float(scale), 4)
    ([52, -127, 3], 0.01)
    """
    weights = checks.numbers("weights", weights, finite=False).astype(np.float32)
    bits = checks.whole("bits", bits, 2, 16)
    if not np.isfinite(weights).all():
        raise ValueError("the weights must be finite, got nan or inf among them")
    others = None
    if axis is not None:
        axis = checks.whole("axis", axis, -weights.ndim, weights.ndim - 1) % weights.ndim
        others = tuple(place for place in range(weights.ndim) if place != axis)
    largest = 2 ** (bits - 1) - 1
    reach = np.abs(weights).max(axis=others, keepdims=others is not None, initial=0)
    enough = largest * np.finfo(np.float32).tiny  # below it, a scale would have few digits or none
    scale = np.where(reach > enough, reach / np.float32(largest), 1).astype(np.float32)
    return np.round(weights / scale).astype(np.int32), scale


def to_float16(model: keras.Model, path: str | Path) -> Path:
    """Write a model as a LiteRT file with weights as ``float16``: half the bytes.

    The weights become ``float32`` again when the file is opened, so it is no faster.

    Args, Returns, Raises:
        As for :func:`cifarlib.export.to_litert`.
    """
    import tensorflow as tf

    check_model(model)
    path = checked_path(path, ".tflite")
    with converter(model) as work:
        work.optimizations = [tf.lite.Optimize.DEFAULT]
        work.target_spec.supported_types = [tf.float16]
        content = work.convert()
    write_atomically(path, lambda file: file.write(content))
    return path


def to_int8(
    model: keras.Model,
    path: str | Path,
    images: np.ndarray,
    *,
    preprocess: Callable | None = None,
) -> Path:
    """Write a model as a LiteRT file that computes in ``int8``: a quarter of the bytes.

    Weights are known, and get their scales from themselves. How large activations become shows only
    on images, so some must be given.

    Args:
        model: any Keras model with one input and one output; a reader's own, too.
        path: the file to write; it ends in ``.tflite``. An old one is replaced.
        images: ``(n, 32, 32, 3)``, 0..255, of the kind that the model will see: training images,
            never test images; 200 are usually enough.
        preprocess: for a model that takes something else: a function from ``float32
            (n, 32, 32, 3)``, 0..255, to what it takes, such as ``lambda images: images / 255``.

    Returns:
        The path. Inputs and outputs of the file stay ``float32``, and are converted inside.

    Raises:
        TypeError, ValueError: the model cannot be exported, the path ends otherwise, or the images
            have the wrong shape, are none, or look as if scaled to 0..1 already.
        RuntimeError or TensorFlow's ConverterError: an operation of the model has no ``int8`` form.
        OSError: the file cannot be written; found out before the work.

    Source:
        Jacob et al. (2018), arXiv 1712.05877.
    """
    import tensorflow as tf

    check_model(model)
    path = checked_path(path, ".tflite")
    images = check_images(images).astype(np.float32)
    images = np.asarray(checks.preprocessed(images, preprocess), np.float32)
    with converter(model) as work:
        work.optimizations = [tf.lite.Optimize.DEFAULT]
        work.representative_dataset = lambda: ([image[None]] for image in images)
        # Rather fail than compute some of it in float32
        work.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        content = work.convert()
    write_atomically(path, lambda file: file.write(content))
    return path


def quantized_weights(path: str | Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The weights that a LiteRT file has as ``int8``, with their scales.

    Args:
        path: a file that :func:`to_int8` wrote.

    Returns:
        ``{name: (integers, scales)}``: ``int8``, and ``float32`` with one scale for each slice. In
        kernels of convolutions ``(filters, height, width, channels)`` each filter has its own.

    Raises:
        ModuleNotFoundError: ``ai-edge-litert`` is not installed.
        FileNotFoundError: there is no such file.
        ValueError: the name ends otherwise, or the file is damaged.
    """
    path = checks.path("path", path)
    if path.suffix != ".tflite":
        raise ValueError(f"the name of the file must end in .tflite, got {path.name!r}")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: export the model first")
    require("ai_edge_litert")
    from ai_edge_litert.interpreter import Interpreter

    # Without the accelerator, which packs the weights in a form of its own
    try:
        interpreter = Interpreter(str(path))
    except ValueError as error:
        raise ValueError(f"{path} is damaged, or no network: {error}") from error
    found = {}
    for detail in interpreter.get_tensor_details():
        scales = detail["quantization_parameters"]["scales"]
        if detail["dtype"] == np.int8 and len(detail["shape"]) > 1 and len(scales):
            try:
                found[detail["name"]] = interpreter.get_tensor(detail["index"]), scales
            except ValueError:  # it is no constant: an activation, of which there is no value yet
                continue
    return found
