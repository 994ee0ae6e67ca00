"""What a model costs: multiply-accumulates, layer by layer."""

from __future__ import annotations

import math

import keras

from cifarlib import _checks as checks
from cifarlib.layers import ClassToken, PositionEmbedding


def macs(model: keras.Model) -> int:
    """Multiply-accumulates of one forward pass for one image, in convolutions and dense layers.

    A convolution spends ``kernel height x kernel width x channels in`` on each output value, a
    dense layer its number of inputs, a product of matrices (``ops.matmul``, ``ops.dot``, ``@``) the
    length of the axis that it sums over; ``ops.einsum`` of two tensors one for each combination of
    its letters. Additions of biases, activations, products of values at the same place, pooling
    and normalization are left out, as the literature does.

    Raises:
        ValueError: a layer is not built, a layer or an operation is of a kind that this function
            does not know how to count, or the model is no graph of layers.
    """
    checks.model(model)
    if not isinstance(model, keras.Sequential) and not hasattr(model, "operations"):
        raise ValueError(f"do not know how to count {model.name!r}: it is no graph of layers")
    for entry in model.get_config()["layers"]:
        if len(entry.get("inbound_nodes") or ()) > 1:
            raise ValueError(f"do not know how to count {entry['config']['name']!r}, used twice")
    layers = model.layers
    bare = [op for op in getattr(model, "operations", ()) if not isinstance(op, keras.Layer)]
    return sum(map(layer_macs, layers)) + sum(map(operation_macs, bare))


_FREE = (
    keras.layers.BatchNormalization, keras.layers.LayerNormalization,
    keras.layers.GroupNormalization, keras.layers.PReLU, keras.layers.Embedding,
    ClassToken, PositionEmbedding,
)  # fmt: skip
_KNOWN = (
    keras.layers.Conv2D, keras.layers.Dense, keras.layers.DepthwiseConv2D, keras.layers.Dot,
    keras.layers.MultiHeadAttention,
)  # fmt: skip
_MULTIPLY = (
    keras.layers.Dot, keras.layers.Attention, keras.layers.AdditiveAttention, keras.layers.Lambda,
)  # fmt: skip


def layer_macs(layer: keras.layers.Layer) -> int:
    """What :func:`macs` counts for one layer; 0 for a layer without a kernel.

    Raises:
        ValueError: it is no layer, not built, or of a kind that this function does not know how to
            count.
    """
    if not isinstance(layer, keras.Layer):
        raise ValueError(f"layer must be a layer of a built model, got {layer!r}")
    if isinstance(layer, keras.Model):
        return macs(layer)
    if not layer.built:
        raise ValueError(f"{layer.name!r} is not built: it has no sizes until it has had an input")
    if isinstance(layer, _FREE) or not (layer.weights or _may_multiply(layer)):
        return 0
    if type(layer) in _KNOWN:
        sizes = {tuple(t.shape[1:] for t in node.outputs) for node in layer._inbound_nodes}
        if len(sizes) > 1 or any(None in shape for shapes in sizes for shape in shapes):
            raise ValueError(f"do not know how to count {layer.name!r}: its output has no one size")
    if type(layer) is keras.layers.MultiHeadAttention:
        return _attention_macs(layer)
    if type(layer) is keras.layers.Dot and isinstance(layer.axes, int):
        contracted = layer.input[0].shape[layer.axes]
        return math.prod(layer.output.shape[1:]) * contracted
    if type(layer) is keras.layers.DepthwiseConv2D:  # each value sums over its own channel alone
        return math.prod(layer.output.shape[1:]) * math.prod(layer.kernel.shape[:2])
    if type(layer) not in (keras.layers.Conv2D, keras.layers.Dense):
        raise ValueError(f"do not know how to count {type(layer).__name__} {layer.name!r}")
    # Kernel (..., channels in, channels out): each output value is a sum over all but the last axis
    outputs = math.prod(layer.output.shape[1:])
    return outputs * math.prod(layer.kernel.shape[:-1])


def _may_multiply(layer: keras.layers.Layer) -> bool:
    """Whether a layer without weights may have products of matrices: one that a reader wrote."""
    known = type(layer).__module__.split(".")[0] in ("keras", "cifarlib")
    return isinstance(layer, _MULTIPLY) or not known


# Modules of Keras' operations that work on each value, move values or sum them up, but for these
_FREE_MODULES = ("numpy", "nn", "core", "math", "einops")
_COUNTED = ("Matmul", "Dot", "Einsum", "Conv", "DepthwiseConv")
_PRODUCTS = (
    "Tensordot", "Inner", "Outer", "Vdot", "Kron", "Correlate", "CDist", "DotProductAttention",
    "SeparableConv", "ConvTranspose",
    "FFT", "FFT2", "IFFT2", "RFFT", "IRFFT", "STFT", "ISTFT",
    "Map", "Scan", "AssociativeScan", "VectorizedMap", "WhileLoop", "ForiLoop", "Cond", "Switch",
)  # fmt: skip


def operation_macs(operation: keras.Operation) -> int:
    """What :func:`macs` counts for an operation that stands in a graph without a layer.

    Raises:
        ValueError: it is of a kind that this function does not know how to count.
    """
    kind, module = type(operation).__name__, type(operation).__module__
    if module.startswith("keras.src.ops.") and kind in _COUNTED:
        call = operation._inbound_nodes[0].arguments
        tensors = [*call.args, *call.kwargs.values()]
        if kind == "Einsum":
            return _einsum_macs(operation, tensors)
        if kind in ("Conv", "DepthwiseConv"):  # kernel (..., channels in, channels out)
            summed = tensors[1].shape[: -1 if kind == "Conv" else -2]
        elif not all(len(getattr(tensor, "shape", ())) for tensor in tensors[:2]):
            return 0  # a product with a number sums nothing up
        else:
            summed = tensors[0].shape[-1:]
        return _per_image(operation, [*operation.output.shape, *summed])
    home = module.removeprefix("keras.src.ops.")
    if home not in _FREE_MODULES or kind in _PRODUCTS:
        raise ValueError(
            f"do not know how to count {kind} {operation.name!r}; write it as ops.matmul, "
            "ops.einsum or layers, if it is a product"
        )
    return 0


def _einsum_macs(operation: keras.Operation, tensors: list) -> int:
    if len(tensors) == 1:
        return 0
    inputs = operation.subscripts.replace(" ", "").split("->")[0].split(",")
    if len(tensors) > 2 or "." in operation.subscripts:
        raise ValueError(
            f"do not know how to count Einsum {operation.name!r} ({operation.subscripts}): use two "
            "tensors at a time, and a letter for each axis"
        )
    sizes = {}
    for letters, tensor in zip(inputs, tensors, strict=True):
        for letter, size in zip(letters, tensor.shape, strict=True):
            sizes[letter] = size if sizes.get(letter) in (None, 1) else sizes[letter]
    return _per_image(operation, list(sizes.values()))


def _per_image(operation: keras.Operation, sizes: list[int | None]) -> int:
    """The product of some sizes, of which one, the number of images, is unknown."""
    if sizes.count(None) != 1:
        raise ValueError(
            f"do not know how to count {type(operation).__name__} {operation.name!r}: it has "
            f"{sizes.count(None)} axes of unknown size, and one is expected, the images"
        )
    return math.prod(size for size in sizes if size is not None)


def _attention_macs(layer: keras.layers.MultiHeadAttention) -> int:
    """Of self-attention: four projections of each token, scores and weighted sums of each pair."""
    inputs = layer.input if isinstance(layer.input, list | tuple) else [layer.input]
    if len({id(tensor) for tensor in inputs}) > 1:
        raise ValueError(f"do not know how to count {layer.name!r}: not self-attention")
    _, tokens, _ = inputs[0].shape
    kernels = [weight for weight in layer.weights if "kernel" in weight.path.rsplit("/", 1)[-1]]
    projections = tokens * sum(math.prod(kernel.shape) for kernel in kernels)
    scores = tokens * tokens * layer.num_heads * layer.key_dim
    sums = tokens * tokens * layer.num_heads * (layer.value_dim or layer.key_dim)
    return projections + scores + sums
