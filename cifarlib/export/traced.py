"""What every export begins with: the packages are there, the model can be traced, so trace it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import keras

from cifarlib import _checks as checks
from cifarlib._files import check_writable

# The extra "export": the name to import, and the name to install
PACKAGES = {
    "ai_edge_litert": "ai-edge-litert",
    "onnx": "onnx",
    "onnxruntime": "onnxruntime",
    "tf2onnx": "tf2onnx",
}


def missing_packages() -> list[str]:
    """Which packages of the extra ``export`` are not installed, by the names that pip knows."""
    return [pip for name, pip in PACKAGES.items() if importlib.util.find_spec(name) is None]


def require(*modules: str) -> None:
    """Refuse to go on without these packages of the extra ``export``.

    Raises:
        ModuleNotFoundError: one is missing; the message says how to install it.
    """
    missing = [PACKAGES[name] for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise ModuleNotFoundError(
            f"{' and '.join(missing)} must be installed for this: python -m pip install "
            + " ".join(missing)
        )


def checked_path(path: str | Path, suffix: str) -> Path:
    """The path of the file to write, found writable before the work is done.

    Raises:
        ValueError: it does not end in ``suffix``.
        OSError: it cannot be written.
    """
    path = checks.path("path", path)
    if path.suffix != suffix:
        raise ValueError(f"the name of this file must end in {suffix}, got {path.name!r}")
    check_writable(path)
    return path


def check_model(model: keras.Model) -> None:
    """Refuse a model that cannot be exported, and say what to do about it.

    Raises:
        TypeError: it is no Keras model.
        ValueError: Keras runs on another backend than TensorFlow, the model has not one input and
            one output, it has never been built, or it computes in another precision than
            ``float32``.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"a Keras model is exported, got {type(model).__name__}")
    if (backend := keras.backend.backend()) != "tensorflow":
        raise ValueError(
            f"models are exported by way of TensorFlow, but Keras runs on {backend!r}: set "
            "KERAS_BACKEND=tensorflow before Python starts, and load the model again"
        )
    inputs, outputs = (getattr(model, what, None) or [] for what in ("inputs", "outputs"))
    if (len(inputs), len(outputs)) != (1, 1):
        raise ValueError(
            "a model with one input and one output of known shape is exported (Sequential or "
            f"functional, and built), got {len(inputs)} inputs and {len(outputs)} outputs"
        )
    # The layers inside of layers, too. Without the casts, "bfloat16" would stay in the file, which
    # few machines compute
    for layer in model._flatten_layers(include_self=False):
        if layer.weights and layer.compute_dtype != "float32":
            raise ValueError(
                f"the layer {layer.name!r} computes in {layer.compute_dtype}: build the model "
                'again under keras.config.set_dtype_policy("float32") and give it the weights, '
                "new.set_weights(model.get_weights())"
            )


def traced(model: keras.Model):
    """The model in use (no dropout, fixed statistics) as a TensorFlow function.

    Returns:
        ``(function, signature)``: the function takes ``images``, any number of them, and gives
        ``{"outputs": ...}``, the names that the exported file has; the signature is the list of
        the one ``tf.TensorSpec`` that it takes.
    """
    import tensorflow as tf

    (images,) = model.inputs
    signature = [tf.TensorSpec((None, *images.shape[1:]), images.dtype, name="images")]

    @tf.function(input_signature=signature, autograph=False)
    def answer(images):
        return {"outputs": model(images, training=False)}

    return answer, signature
