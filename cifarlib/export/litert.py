"""A Keras model as a LiteRT file (.tflite), which telephones and small boards run."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import keras

from cifarlib._files import write_atomically
from cifarlib.export.traced import check_model, checked_path, traced


def to_litert(model: keras.Model, path: str | Path) -> Path:
    """Write a model as a LiteRT file: what it computes, and its weights, as ``float32``.

    Args:
        model: any Keras model with one input and one output; a reader's own, too.
        path: the file to write; it ends in ``.tflite``. An old one is replaced.

    Returns:
        The path. The file's input is called ``images``, its output ``outputs``; both have the
        model's shapes and dtypes, with any number of images.

    Raises:
        TypeError, ValueError: the model cannot be exported, or the path ends otherwise.
        OSError: the file cannot be written; found out before the work.

    Source:
        https://ai.google.dev/edge/litert
    """
    check_model(model)
    path = checked_path(path, ".tflite")
    with converter(model) as work:
        content = work.convert()
    write_atomically(path, lambda file: file.write(content))
    return path


@contextlib.contextmanager
def converter(model: keras.Model) -> Iterator:
    """TensorFlow's converter for a model, to be set up inside the ``with`` block.

    It goes by a SavedModel in a folder of its own. From a traced function it is quicker, but with
    Keras 3 the weights get lost without a word: the file is small, and its answers are NaN.
    """
    import tensorflow as tf

    function, _ = traced(model)
    with tempfile.TemporaryDirectory() as folder, _quiet(tf.get_logger()):
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint("serve", function)
        archive.write_out(folder, verbose=False)
        yield tf.lite.TFLiteConverter.from_saved_model(folder)


@contextlib.contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Let TensorFlow keep to itself which temporary files it writes."""
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
