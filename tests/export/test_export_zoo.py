"""Both kinds of files answer as Keras does, for every model of the zoo."""

import os

import export_needed
import numpy as np
import pytest

from cifarlib import load_cifar10, zoo
from cifarlib.export import run_exported, to_litert, to_onnx

needs_packages = pytest.mark.skipif(
    export_needed.reason_to_skip() is not None, reason=str(export_needed.reason_to_skip())
)
# Those that take a while to compute; 1,000 images of each with EXPORT_IMAGES=1000
SLOW = {"cct", "convmixer", "efficientnet", "speednet", "vit", "vit_muon"}
WRITERS = {".onnx": to_onnx, ".tflite": to_litert}


@pytest.fixture(scope="module")
def data():
    return load_cifar10()


@needs_packages
@pytest.mark.parametrize("name", zoo.names())
def test_both_files_give_keras_logits_for_every_model_of_the_zoo(name, data, tmp_path):
    count = int(os.environ.get("EXPORT_IMAGES", "100" if name in SLOW else "1000"))
    images, model = data.x_test[:count], zoo.load(name)
    wanted = model.predict(images.astype("float32"), batch_size=100, verbose=0)
    before = [weight.copy() for weight in model.get_weights()]
    for suffix, writer in WRITERS.items():
        path = writer(model, tmp_path / f"model{suffix}")
        np.testing.assert_allclose(run_exported(path, images), wanted, atol=1e-3)
    assert wanted.std() > 1  # a tolerance of 0.001 says something
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
