"""A network as one file for the page Try it, which runs it in a browser and shows its inside."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers

from cifarlib._checks import function, names, positive, preprocessed
from cifarlib._files import write_atomically
from cifarlib.data import CLASS_NAMES
from cifarlib.export.traced import checked_path

FORMAT = "cifarlib network for a page"
VERSION = 1  # what static/try_it/network.js reads
ACCEPTED = (
    "a built keras.Sequential of Rescaling, Conv2D, ReLU, MaxPooling2D, Flatten, Dropout and Dense "
    "that takes images (32, 32, 3)"
)
_PROBES = np.array([0, 1, 51, 128, 254, 255], np.float32)


def to_page(
    model: keras.Sequential,
    path: str | Path,
    *,
    preprocess: Callable | None = None,
    temperature: float = 1.0,
    class_names: Sequence[str] = CLASS_NAMES,
) -> Path:
    """Write a network as the file that the page Try it takes: drop it there to run it.

    The page shows every layer of it, so it must be made of layers that the page can explain: those
    of the book's first network, in any number and of any size.

    Args:
        model: a built ``keras.Sequential`` of Rescaling, Conv2D, ReLU, MaxPooling2D, Flatten,
            Dropout and Dense (activations: none, ReLU, and a softmax at the end) that takes images
            ``(32, 32, 3)``.
        path: the file to write; it ends in ``.json``. An old one is replaced.
        preprocess: what your program did to the images before the network, as a function from
            ``float32 (n, 32, 32, 3)``, 0..255; it may scale and shift each channel. By default a
            network that begins with a Rescaling gets raw images, and any other one gets
            ``images / 255``, as on the book's first page. ``lambda images: images`` gives it raw
            ones.
        temperature: what the page divides the logits by, above 0; find yours with
            :func:`cifarlib.evaluation.fit_temperature` on your validation images.
        class_names: a name for each output, in their order.

    Returns:
        The path. The file is JSON: names, sizes, and weights as ``float32`` in base64.

    Raises:
        TypeError: it is no Sequential.
        ValueError: it has a layer or a setting that the page cannot show, its inputs or outputs do
            not fit, or the path ends otherwise. The message says what is accepted.
        OSError: the file cannot be written.

    >>> import tempfile
    >>> from cifarlib.models import simple_cnn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = to_page(simple_cnn(), Path(folder) / "mine.json")
    ...     content = json.loads(file.read_text())
    >>> [layer["name"] for layer in content["layers"]]
    ['scaling', 'conv1', 'pool1', 'conv2', 'pool2', 'conv3', 'flatten', 'hidden', 'logits']
    """
    if not isinstance(model, keras.Sequential):
        raise TypeError(f"the page takes {ACCEPTED}, got {type(model).__name__}")
    path = checked_path(path, ".json")
    temperature = positive("temperature", temperature)
    class_names = names("class_names", class_names)
    function("preprocess", preprocess)
    _check_shapes(model, list(class_names))
    entries = [] if preprocess is None else [_measured(preprocess)]
    if preprocess is None and not isinstance(model.layers[0], layers.Rescaling):
        entries = [_scale("scaling", 1 / 255, 0)]
    for layer in model.layers:
        _append(entries, layer)
    if not any(entry["kind"] == "dense" for entry in entries):
        raise ValueError(f"the network has no Dense layer that gives the classes; {_accepted()}")
    content = {
        "format": FORMAT, "version": VERSION, "name": model.name,
        "classes": list(class_names), "temperature": temperature,
        "layers": [entry for entry in entries if entry["kind"] != "softmax"],
    }  # fmt: skip
    write_atomically(path, lambda file: file.write(json.dumps(content).encode()))
    return path


def _accepted() -> str:
    return f"accepted is {ACCEPTED}"


def _check_shapes(model: keras.Sequential, class_names: list) -> None:
    if not model.built:
        raise ValueError(f"the network has no weights yet: call it once, or fit it; {_accepted()}")
    taken, given = model.input_shape[1:], model.output_shape[1:]
    if taken != (32, 32, 3):
        raise ValueError(f"the network takes {taken}; {_accepted()}")
    if given != (len(class_names),):
        raise ValueError(
            f"the network gives {given}, and there are {len(class_names)} class names: the last "
            "Dense layer must have as many units as there are names (class_names=[...])"
        )


def _append(entries: list[dict], layer: layers.Layer) -> None:
    """Add what the page needs to know about a layer; nothing for one that only trains."""
    if entries and entries[-1]["kind"] == "softmax":
        raise ValueError(f"{layer.name!r} follows a softmax, which must be the end; {_accepted()}")
    kind = type(layer)
    if kind in (layers.InputLayer, layers.Dropout):
        return
    if kind not in _WRITERS:
        raise ValueError(f"the page cannot show {layer.name!r} ({kind.__name__}); {_accepted()}")
    if getattr(layer, "data_format", None) == "channels_first":
        raise ValueError(f"{layer.name!r} has its channels first; the page shows channels last")
    if kind is layers.Rescaling and any(entry["kind"] != "scale" for entry in entries):
        raise ValueError(f"{layer.name!r} rescales feature maps; the page scales images alone")
    entry = _WRITERS[kind](layer)
    if entry["kind"] == "relu" and entries and entries[-1].get("relu") is False:
        entries[-1]["relu"] = True  # of the layer before: the page shows both in one step
    elif entry["kind"] != "linear":
        flat = any(other["kind"] == "flatten" for other in entries)
        if entry["kind"] == "dense" and not flat:
            raise ValueError(f"{layer.name!r} needs a Flatten before it; {_accepted()}")
        entries.append(entry)
    else:
        return
    activation = entry.pop("activation", "linear")
    if activation == "softmax":
        entries.append({"kind": "softmax"})


def _scale(name: str, scale, offset) -> dict:
    """Each channel times a number, plus a number."""
    scale, offset = (np.broadcast_to(np.asarray(v, float), 3).tolist() for v in (scale, offset))
    return {"kind": "scale", "name": name, "scale": scale, "offset": offset}


def _measured(preprocess: Callable) -> dict:
    """What a function does to raw images, if it only scales and shifts the channels."""
    grays = np.broadcast_to(_PROBES[:, None, None, None], (len(_PROBES), 32, 32, 3)).copy()
    found = np.asarray(preprocessed(grays, preprocess), np.float64)
    if found.shape != grays.shape:
        raise ValueError(f"preprocess must keep the shape (n, 32, 32, 3), gave {found.shape}")
    offset = found[0, 0, 0]
    scale = (found[-1, 0, 0] - offset) / 255
    near = 1e-4 * max(1, np.abs(found).max())
    noise = np.random.default_rng(0).integers(0, 256, grays.shape).astype(np.float32)
    for images in (grays, noise):
        if not np.allclose(images * scale + offset, preprocess(images.copy()), atol=near):
            raise ValueError("preprocess must only scale and shift each channel, as images / 255")
    return _scale("scaling", scale, offset)


def _rescaling(layer: layers.Rescaling) -> dict:
    return _scale(layer.name, layer.scale, layer.offset)


def _conv(layer: layers.Conv2D) -> dict:
    if tuple(layer.dilation_rate) != (1, 1) or layer.groups != 1:
        raise ValueError(f"{layer.name!r} has groups or dilation, which the page cannot show")
    return {
        "kind": "conv", "name": layer.name, "strides": list(layer.strides),
        "padding": layer.padding, **_weights(layer, ("relu", "linear")),
    }  # fmt: skip


def _pool(layer: layers.MaxPooling2D) -> dict:
    return {
        "kind": "pool", "name": layer.name, "size": list(layer.pool_size),
        "strides": list(layer.strides), "padding": layer.padding,
    }  # fmt: skip


def _dense(layer: layers.Dense) -> dict:
    return {"kind": "dense", "name": layer.name, **_weights(layer, ("relu", "linear", "softmax"))}


def _weights(layer: layers.Layer, activations: tuple[str, ...]) -> dict:
    """Kernel and bias of a convolution or a dense layer, and what follows them."""
    activation = getattr(layer.activation, "__name__", str(layer.activation))
    if activation not in activations:
        raise ValueError(
            f"{layer.name!r} has the activation {activation!r}; the page shows "
            + " and ".join(map(repr, activations)) + ", a softmax only at the end"
        )  # fmt: skip
    kernel = keras.ops.convert_to_numpy(layer.kernel)
    bias = keras.ops.convert_to_numpy(layer.bias) if layer.use_bias else np.zeros(kernel.shape[-1])
    if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
        raise ValueError(f"weights of {layer.name!r} are nan or inf: the training went wrong")
    return {
        "kernel": _array(kernel), "bias": _array(bias),
        "relu": activation == "relu", "activation": activation,
    }  # fmt: skip


def _array(values: np.ndarray) -> dict:
    data = base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()
    return {"shape": list(values.shape), "data": data}


def _relu(layer: layers.ReLU) -> dict:
    if layer.max_value is not None or layer.negative_slope or layer.threshold:
        raise ValueError(f"{layer.name!r} is not a plain ReLU, which is what the page shows")
    return {"kind": "relu", "name": layer.name}


def _activation(layer: layers.Activation) -> dict:
    name = getattr(layer.activation, "__name__", str(layer.activation))
    if name not in ("relu", "linear", "softmax"):
        raise ValueError(f"{layer.name!r} is {name!r}; the page shows ReLU, and softmax at the end")
    return {"kind": name, "name": layer.name}


_WRITERS: dict[type, Callable[..., dict]] = {
    layers.Rescaling: _rescaling,
    layers.Conv2D: _conv,
    layers.MaxPooling2D: _pool,
    layers.Flatten: lambda layer: {"kind": "flatten", "name": layer.name},
    layers.Dense: _dense,
    layers.ReLU: _relu,
    layers.Activation: _activation,
    layers.Softmax: lambda layer: {"kind": "softmax"},
}
