"""Exported files answer as Keras does; for every model of the zoo: test_export_zoo.py."""

import functools

import export_needed
import keras
import numpy as np
import pytest
from keras import layers

from cifarlib import export, load_cifar10, zoo
from cifarlib.export import (
    Parity,
    missing_packages,
    open_exported,
    parity,
    run_exported,
    to_float16,
    to_int8,
    to_litert,
    to_onnx,
)
from cifarlib.export import traced as traced_module

needs_packages = pytest.mark.skipif(
    export_needed.reason_to_skip() is not None, reason=str(export_needed.reason_to_skip())
)
WRITERS = {".onnx": to_onnx, ".tflite": to_litert}
each_format = pytest.mark.parametrize("suffix", WRITERS)


@pytest.fixture(scope="module")
def data():
    return load_cifar10()


def write(model, path):
    return WRITERS[path.suffix](model, path)


@functools.cache
def own():
    """As a reader writes it: inputs 0..1, exact GELU, constants from outside, a softmax."""
    keras.utils.set_random_seed(0)
    images = keras.Input((32, 32, 3))
    x = layers.Normalization(mean=[0.5, 0.4, 0.3], variance=[0.04, 0.09, 0.01])(images)
    x = layers.Conv2D(8, 3, strides=2, activation="gelu")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.5)(layers.GlobalAveragePooling2D()(x))
    x = layers.Dense(16, activation="gelu")(x)
    model = keras.Model(images, layers.Dense(10, activation="softmax")(x))
    rng = np.random.default_rng(0)  # no bias, mean or variance stays at its 0 or 1
    model.set_weights(
        [w + rng.uniform(0, 0.2, w.shape) * (w.ndim == 1) for w in model.get_weights()]
    )
    return model


def scaled(images):
    return images / 255


# What is in a file


@needs_packages
def test_onnx_files_have_one_input_and_hold_only_standard_operations(tmp_path):
    import onnx

    model = zoo.load("cct")  # a captured normalization and GELU
    proto = onnx.load(to_onnx(model, tmp_path / "cct.onnx"))
    assert [value.name for value in proto.graph.input] == ["images"]
    assert [value.name for value in proto.graph.output] == ["outputs"]
    shape = proto.graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in shape] == ["n", 32, 32, 3]
    assert {node.domain for node in proto.graph.node} == {""}
    onnx.checker.check_model(proto, full_check=True)


def test_all_models_but_one_begin_with_constants_from_outside():
    """What the page says of Keras' own export."""
    starts = {name: zoo.training(name).model().layers for name in zoo.names()}
    without = [
        name for name, found in starts.items()
        if not any(isinstance(layer, layers.Normalization) for layer in found)
    ]  # fmt: skip
    assert without == ["simple_cnn"]


@needs_packages
def test_what_keras_writes_for_a_normalization_asks_for_more_inputs(tmp_path):
    """Why to_onnx is there. If this fails, Keras has cured it."""
    import onnx

    model = keras.Sequential([
        keras.Input((32, 32, 3)), layers.Normalization(mean=[1, 2, 3], variance=[4, 5, 6]),
        layers.Flatten(), layers.Dense(10),
    ])  # fmt: skip
    model(np.zeros((1, 32, 32, 3)))
    model.export(tmp_path / "keras.onnx", format="onnx", verbose=False)
    assert len(onnx.load(tmp_path / "keras.onnx").graph.input) == 3
    assert len(onnx.load(to_onnx(model, tmp_path / "ours.onnx")).graph.input) == 1


# A reader's own


@needs_packages
@each_format
def test_a_readers_own_model_gives_the_same_probabilities(suffix, data, tmp_path):
    path = write(own(), tmp_path / f"own{suffix}")
    found = parity(own(), path, data.x_test[:50], preprocess=scaled)
    assert found.difference < 1e-4 and found.agreement == 1 and found.images == 50
    outputs = run_exported(path, data.x_test[:50], preprocess=scaled)
    np.testing.assert_allclose(outputs.sum(axis=1), 1, atol=1e-5)
    other = run_exported(path, data.x_test[:50])  # without it the answers are others
    assert np.abs(outputs - other).max() > 0.01


@needs_packages
@each_format
def test_any_number_of_images_gives_the_same_answers(suffix, data, tmp_path):
    path = write(own(), tmp_path / f"own{suffix}")
    answer = open_exported(path, threads=1)
    batch = scaled(data.x_test[:7].astype("float32"))
    whole = answer(batch)
    assert whole.shape == (7, 10) and whole.dtype == np.float32
    np.testing.assert_allclose(answer(batch[:1]), whole[:1], atol=1e-6)
    np.testing.assert_allclose(answer(batch), whole, atol=1e-6)
    for size in (1, 3, 100):
        found = run_exported(path, data.x_test[:7], size, preprocess=scaled)
        np.testing.assert_allclose(found, whole, atol=1e-6)


@needs_packages
@each_format
def test_dropout_is_off_and_statistics_are_fixed(suffix, data, tmp_path):
    path = write(own(), tmp_path / f"own{suffix}")
    once = run_exported(path, data.x_test[:20], preprocess=scaled)
    assert np.array_equal(once, run_exported(path, data.x_test[:20], preprocess=scaled))


@needs_packages
def test_parity_sees_that_a_file_is_of_another_model(data, tmp_path):
    path = to_litert(own(), tmp_path / "own.tflite")
    other = keras.models.clone_model(own())
    weights = [weight.copy() for weight in own().get_weights()]
    weights[-1][3] += 2.0
    other.set_weights(weights)
    found = parity(other, path, data.x_test[:20], preprocess=scaled)
    batch = scaled(data.x_test[:20].astype("float32"))
    expected = np.abs(own().predict(batch, verbose=0) - other.predict(batch, verbose=0)).max()
    assert found.difference == pytest.approx(expected, abs=1e-4)
    assert found.difference > 0.1


@needs_packages
def test_agreement_is_the_share_of_equal_classes(data, tmp_path, monkeypatch):
    path = to_litert(own(), tmp_path / "own.tflite")
    module = __import__("cifarlib.export.parity", fromlist=["parity"])
    shifted = run_exported(path, data.x_test[:8], preprocess=scaled)
    shifted[:2] = np.roll(shifted[:2], 1, axis=1)
    monkeypatch.setattr(module, "run_exported", lambda *a, **k: shifted)
    assert parity(own(), path, data.x_test[:8], preprocess=scaled).agreement == 0.75


# Smaller files


@needs_packages
def test_float16_halves_the_file_and_hardly_changes_the_answers(data, tmp_path):
    model = zoo.load("simple_cnn")
    full = to_litert(model, tmp_path / "full.tflite").stat().st_size
    half = to_float16(model, tmp_path / "half.tflite")
    assert 0.5 < half.stat().st_size / full < 0.55
    found = parity(model, half, data.x_test[:200])
    assert 0 < found.difference < 0.05
    rounded = keras.models.clone_model(model)
    rounded.set_weights([w.astype("float16").astype("float32") for w in model.get_weights()])
    assert parity(rounded, half, data.x_test[:200]).difference < 0.02


@needs_packages
def test_int8_quarters_the_file_and_needs_images_of_the_right_kind(data, tmp_path):
    model = zoo.load("simple_cnn")
    full = to_litert(model, tmp_path / "full.tflite").stat().st_size
    path = to_int8(model, tmp_path / "int8.tflite", data.x_train[:50])
    assert 0.25 < path.stat().st_size / full < 0.3
    good = parity(model, path, data.x_test[:300])
    assert 0 < good.difference < 3 and good.agreement > 0.93
    dark = to_int8(model, tmp_path / "dark.tflite", data.x_train[:50] // 64)  # values 0 to 3
    assert parity(model, dark, data.x_test[:300]).agreement < 0.5


@needs_packages
def test_int8_weights_are_those_of_symmetric_quantization(data, tmp_path):
    model = zoo.load("simple_cnn")
    path = to_int8(model, tmp_path / "int8.tflite", data.x_train[:10])
    stored = export.quantized_weights(path)
    kernel = model.get_layer("conv2").kernel.numpy()  # (3, 3, 32, 64)
    ((integers, scales),) = (pair for name, pair in stored.items() if "conv2" in name)
    wanted, scale = export.quantize_symmetric(kernel, axis=-1)
    np.testing.assert_allclose(scales, scale.ravel(), rtol=1e-6)
    off = np.abs(integers.astype(int) - wanted.transpose(3, 0, 1, 2))
    assert off.max() <= 1 and (off > 0).mean() < 0.001  # halves, which may go either way


@needs_packages
def test_int8_of_a_readers_own_model(data, tmp_path):
    images = data.x_train[:50]
    path = to_int8(own(), tmp_path / "i.tflite", images, preprocess=scaled)
    found = parity(own(), path, data.x_test[:100], preprocess=scaled)
    assert found.difference < 0.15
    raw = to_int8(own(), tmp_path / "raw.tflite", images)  # calibrated for 0..255, fed with 0..1
    wrong = parity(own(), raw, data.x_test[:100], preprocess=scaled)
    assert wrong.difference > 2 * found.difference and wrong.agreement < found.agreement - 0.2


# Errors


@each_format
@pytest.mark.parametrize("name", ["model.keras", "model", "model.onnx.txt"])
def test_the_ending_must_fit(suffix, name, tmp_path):
    if missing_packages():
        pytest.skip("the packages are asked for first")
    with pytest.raises(ValueError, match=f"must end in {suffix}, got '{name}'"):
        WRITERS[suffix](own(), tmp_path / name)
    with pytest.raises(ValueError, match=r"must end in \.onnx or \.tflite"):
        open_exported(tmp_path / name)


@pytest.mark.parametrize("writer", [to_litert, to_float16])
def test_a_path_that_cannot_be_written_is_found_out_before_the_work(writer, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(traced_module, "traced", None)
    with pytest.raises(OSError, match="cannot be written"):
        writer(own(), tmp_path / "file" / "model.tflite")


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(TypeError, match="a Keras model is exported, got str"):
        to_litert("resnet20", tmp_path / "a.tflite")


def test_a_model_that_was_never_built_is_refused(tmp_path):
    with pytest.raises(ValueError, match="one input and one output of known shape"):
        to_litert(keras.Sequential([layers.Dense(3)]), tmp_path / "a.tflite")


def test_two_inputs_are_refused(tmp_path):
    inputs = [keras.Input((4,)), keras.Input((4,))]
    model = keras.Model(inputs, layers.Add()(inputs))
    with pytest.raises(ValueError, match="got 2 inputs and 1 outputs"):
        to_litert(model, tmp_path / "a.tflite")


def test_another_precision_is_refused_with_the_way_out(tmp_path):
    model = keras.Sequential(
        [keras.Input((32, 32, 3)), layers.Flatten(), layers.Dense(10, dtype="mixed_bfloat16")]
    )
    with pytest.raises(ValueError, match=r"computes in bfloat16.*set_dtype_policy"):
        to_litert(model, tmp_path / "a.tflite")


def test_another_backend_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="KERAS_BACKEND=tensorflow"):
        to_litert(own(), tmp_path / "a.tflite")


def test_images_scaled_already_are_refused(data, tmp_path):
    with pytest.raises(ValueError, match="raw values from 0 to 255"):
        to_int8(own(), tmp_path / "a.tflite", data.x_train[:5] / 255)
    with pytest.raises(ValueError, match="n > 0"):
        to_int8(own(), tmp_path / "a.tflite", data.x_train[:0])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.onnx is not there"):
        open_exported(tmp_path / "none.onnx")


@pytest.mark.parametrize("threads", [0, -1, 1.5])
def test_threads_are_whole(threads, tmp_path):
    with pytest.raises(ValueError, match="threads"):
        open_exported(tmp_path / "none.onnx", threads=threads)


def test_a_missing_package_is_named_with_the_way_to_install_it(monkeypatch, tmp_path):
    real = traced_module.importlib.util.find_spec
    monkeypatch.setattr(
        traced_module.importlib.util, "find_spec",
        lambda name, *rest: None if name == "tf2onnx" else real(name, *rest),
    )  # fmt: skip
    assert "tf2onnx" in missing_packages()
    with pytest.raises(ModuleNotFoundError, match=r"tf2onnx.*python -m pip install .*tf2onnx"):
        to_onnx(own(), tmp_path / "a.onnx")


def test_parity_is_a_record():
    assert Parity(0.5, 1.0, 3) == Parity(difference=0.5, agreement=1.0, images=3)
