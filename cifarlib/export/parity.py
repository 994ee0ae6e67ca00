"""Run an exported file, and compare what it answers with what Keras answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from cifarlib import _checks as checks
from cifarlib.data.arrays import check_images
from cifarlib.export.traced import require


@dataclass(frozen=True)
class Parity:
    """How far a file's answers are from Keras'.

    Attributes:
        difference: the largest absolute difference of two outputs.
        agreement: the share of images for which both name the same class, 0..1.
        images: how many were compared.
    """

    difference: float
    agreement: float
    images: int


def open_exported(path: str | Path, *, threads: int | None = None) -> Callable:
    """Open a file for use: a function from a batch to the outputs.

    Args:
        path: an ``.onnx`` file, which ONNX Runtime runs, or a ``.tflite`` file, which LiteRT runs.
        threads: how many to compute with; by default the runtime's choice.

    Returns:
        A function from ``float32 (n, 32, 32, 3)``, as the model takes it, to ``(n, classes)``, for
        any n. It is not for two threads at a time.

    Raises:
        FileNotFoundError: there is no such file.
        ModuleNotFoundError: ``onnxruntime`` or ``ai-edge-litert`` is not installed.
        ValueError: the name ends otherwise, the file is damaged, or ``threads`` is not at least 1.
    """
    path = checks.path("path", path)
    if threads is not None:
        threads = checks.whole("threads", threads, 1)
    if path.suffix not in _OPENERS:
        raise ValueError(f"the name of the file must end in .onnx or .tflite, got {path.name!r}")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: export the model first")
    try:
        return _OPENERS[path.suffix](path, threads)
    except ModuleNotFoundError:
        raise
    except Exception as error:  # each runtime has its own
        raise ValueError(f"{path} is damaged, or no network: {error}") from error


def run_exported(
    path: str | Path,
    images: np.ndarray,
    batch_size: int = 100,
    *,
    preprocess: Callable | None = None,
) -> np.ndarray:
    """What an exported file answers for raw images.

    Args:
        path: as for :func:`open_exported`.
        images: ``(n, 32, 32, 3)``, 0..255.
        batch_size: images per step; a matter of speed and memory only.
        preprocess: for a model that takes something else: a function from ``float32
            (n, 32, 32, 3)``, 0..255, to what it takes, such as ``lambda images: images / 255``.

    Returns:
        ``float32 (n, classes)``: logits, or probabilities if the model ends with a softmax.

    Raises:
        ValueError: images have the wrong shape, or look as if scaled to 0..1 already; or as for
            :func:`open_exported`.
        FileNotFoundError, ModuleNotFoundError: as for :func:`open_exported`.
    """
    images = check_images(images)
    checks.function("preprocess", preprocess)
    batch_size = checks.whole("batch_size", batch_size, 1)
    answer = open_exported(path)
    outputs = []
    for start in range(0, len(images), batch_size):
        batch = images[start : start + batch_size].astype(np.float32)
        batch = np.asarray(checks.preprocessed(batch, preprocess), np.float32)
        outputs.append(answer(batch))
    return np.concatenate(outputs)


def parity(
    model: keras.Model,
    path: str | Path,
    images: np.ndarray,
    *,
    preprocess: Callable | None = None,
) -> Parity:
    """Compare the outputs of a model and of the file that was made of it.

    Args:
        model: the Keras model.
        path: the ``.onnx`` or ``.tflite`` file.
        images: ``(n, 32, 32, 3)``, 0..255, at least one.
        preprocess: as for :func:`run_exported`; both get it.

    Returns:
        Their largest difference (of logits, or of probabilities if the model ends with a softmax),
        and how often they name the same class.

    Raises:
        ValueError, FileNotFoundError, ModuleNotFoundError: as for :func:`run_exported`.
    """
    checks.model(model)
    images = check_images(images)
    found = run_exported(path, images, preprocess=preprocess)
    batch = images.astype(np.float32)
    batch = np.asarray(checks.preprocessed(batch, preprocess), np.float32)
    wanted = model.predict(batch, batch_size=100, verbose=0)
    same = found.argmax(axis=1) == wanted.argmax(axis=1)
    return Parity(float(np.abs(found - wanted).max()), float(same.mean()), len(images))


def _open_onnx(path: Path, threads: int | None) -> Callable:
    require("onnxruntime")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; that it folds constants is none
    if threads is not None:
        options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: np.asarray(images, np.float32)})[0]


def _open_litert(path: Path, threads: int | None) -> Callable:
    require("ai_edge_litert")
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=threads)
    place = interpreter.get_input_details()[0]["index"]
    out = interpreter.get_output_details()[0]["index"]
    shape = None

    def answer(images: np.ndarray) -> np.ndarray:
        nonlocal shape
        images = np.asarray(images, np.float32)
        if images.shape != shape:  # costs more than an image: only where it must be
            shape = None  # until the new one is known to be accepted
            interpreter.resize_tensor_input(place, images.shape)
            interpreter.allocate_tensors()
            shape = images.shape
        interpreter.set_tensor(place, images)
        interpreter.invoke()
        return interpreter.get_tensor(out)

    return answer


_OPENERS = {".onnx": _open_onnx, ".tflite": _open_litert}
