"""A Keras model as an ONNX file, which any machine with ONNX Runtime can run."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from cifarlib._files import write_atomically
from cifarlib.export.traced import check_model, checked_path, require, traced

# The version of ONNX' set of operations; ONNX Runtime has known it since 2023
OPSET = 18


def to_onnx(model: keras.Model, path: str | Path) -> Path:
    """Write a model as an ONNX file: what it computes, and its weights, as ``float32``.

    ``model.export(path, format="onnx")`` is the same in two lines of Keras, but its files are
    broken for a model that begins with a ``Normalization`` of given mean and variance (they come
    out as two more inputs), or that has an exact GELU (its erfc has no counterpart in ONNX). Here
    the former are put into the file, and erfc(x) is written as 1 - erf(x). The model stays as it
    is.

    Args:
        model: any Keras model with one input and one output; a reader's own, too.
        path: the file to write; it ends in ``.onnx``. An old one is replaced.

    Returns:
        The path. The file's input is called ``images``, its output ``outputs``; both have the
        model's shapes and dtypes, with any number of images.

    Raises:
        ModuleNotFoundError: ``onnx`` or ``tf2onnx`` is not installed.
        TypeError, ValueError: the model cannot be exported, or the path ends otherwise.
        OSError: the file cannot be written; found out before the work.

    Source:
        https://onnx.ai/onnx/ and https://github.com/onnx/tensorflow-onnx
    """
    require("onnx", "tf2onnx")
    check_model(model)
    path = checked_path(path, ".onnx")
    import onnx
    import tf2onnx

    function, signature = traced(model)
    proto, _ = tf2onnx.convert.from_function(
        function, signature, opset=OPSET, custom_op_handlers={"Erfc": (_erfc, [])}
    )
    _put_in_constants(proto.graph, function.get_concrete_function())
    for value in (*proto.graph.input, *proto.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "n"
    onnx.checker.check_model(proto)
    write_atomically(path, lambda file: file.write(proto.SerializeToString()))
    return path


def _put_in_constants(graph, function) -> None:
    """Make constants of the arrays that the traced function took from outside.

    TensorFlow hands them over at each call, as it does with variables; the converter puts the
    variables' values into the file and takes the arrays for inputs.
    """
    import onnx
    import tensorflow as tf

    arrays = {
        inner.name: outer.numpy()
        for outer, inner in function.graph.captures
        if inner.dtype != tf.resource
    }
    kept = [value for value in graph.input if value.name not in arrays]
    del graph.input[:]
    graph.input.extend(kept)
    used = {name for node in graph.node for name in node.input}
    for name in sorted(used & arrays.keys()):
        graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(arrays[name]), name))


def _erfc(graph, node, name, args) -> None:
    """What tf2onnx does with a node that computes erfc, the complement of the error function."""
    import tf2onnx

    dtype, shape = graph.get_dtype(node.output[0]), graph.get_shape(node.output[0])
    inputs, outputs = list(node.input), list(node.output)
    number = tf2onnx.utils.map_onnx_to_numpy_type(dtype)
    one = graph.make_const(tf2onnx.utils.make_name("one"), np.array(1, number))
    graph.remove_node(node.name)
    erf = graph.make_node("Erf", inputs, dtypes=[dtype], shapes=[shape])
    graph.make_node(
        "Sub", [one.output[0], erf.output[0]], outputs=outputs, dtypes=[dtype], shapes=[shape]
    )
