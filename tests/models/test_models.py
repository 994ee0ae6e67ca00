"""The networks: their size, what they compute, what they refuse."""

import contextlib
import functools
import random

import keras
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from cifarlib import load_cifar10, models
from cifarlib._checks import keras_name
from cifarlib.models import BUILDERS, build, simple_cnn
from cifarlib.models.efficientnet import inverted_residual, squeeze_and_excitation


@pytest.fixture(scope="module")
def images():
    return load_cifar10().x_test[:6]


@pytest.fixture(scope="module")
def model():
    """A simple CNN whose biases are not zero, as they are before training."""
    keras.utils.set_random_seed(3)
    model = simple_cnn()
    rng = np.random.default_rng(3)
    model.set_weights([w + rng.normal(0, 0.05, w.shape) for w in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def built():
    """Each model, built once for the tests that leave it as it is."""
    return functools.cache(build)


def conv2d(x, kernel, bias):
    """Unpadded convolution with ReLU, from its definition."""
    windows = sliding_window_view(x, kernel.shape[:2], axis=(1, 2))  # (n, h, w, c, kh, kw)
    return np.maximum(np.einsum("nhwcij,ijcf->nhwf", windows, kernel) + bias, 0)


def max_pool(x):
    """The maximum of each 2 x 2 block; an odd last row and column are dropped."""
    n, h, w, c = x.shape
    return x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c).max(axis=(2, 4))


def simple_cnn_in_numpy(images, weights):
    """Each intermediate result, in double precision, with no help from Keras."""
    k1, b1, k2, b2, k3, b3, d1, c1, d2, c2 = [np.asarray(w, np.float64) for w in weights]
    steps = [images / 255]
    steps.append(conv2d(steps[-1], k1, b1))
    steps.append(max_pool(steps[-1]))
    steps.append(conv2d(steps[-1], k2, b2))
    steps.append(max_pool(steps[-1]))
    steps.append(conv2d(steps[-1], k3, b3))
    steps.append(steps[-1].reshape(len(images), -1))
    steps.append(np.maximum(steps[-1] @ d1 + c1, 0))
    steps.append(steps[-1] @ d2 + c2)
    return steps


def test_simple_cnn_has_the_published_number_of_parameters():
    # TensorFlow's first tutorial on convolutional networks prints this total
    assert simple_cnn().count_params() == 122_570
    by_hand = [3 * 3 * 3 * 32 + 32, 3 * 3 * 32 * 64 + 64, 3 * 3 * 64 * 64 + 64]
    by_hand += [4 * 4 * 64 * 64 + 64, 64 * 10 + 10]
    assert sum(by_hand) == 122_570


def test_simple_cnn_has_the_shapes_its_docstring_tells(model):
    shapes = [layer.output.shape[1:] for layer in model.layers]
    assert shapes == [
        (32, 32, 3), (30, 30, 32), (15, 15, 32), (13, 13, 64), (6, 6, 64), (4, 4, 64),
        (1024,), (64,), (64,), (10,),
    ]  # fmt: skip
    assert model.input_shape == (None, 32, 32, 3)
    assert model.output_shape == (None, 10)


def test_simple_cnn_computes_what_numpy_does_at_every_layer(model, images):
    steps = simple_cnn_in_numpy(images, model.get_weights())
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.Dropout)]
    outputs = keras.Model(model.inputs[0], [layer.output for layer in layers])(images)
    assert len(outputs) == len(steps)
    for layer, found, expected in zip(layers, outputs, steps, strict=True):
        scale = np.abs(expected).max()
        assert scale > 0.1
        np.testing.assert_allclose(
            np.asarray(found), expected, rtol=0, atol=1e-5 * scale, err_msg=layer.name
        )


def test_outputs_are_logits_not_probabilities(model, images):
    logits = np.asarray(model(images))
    assert logits.min() < 0
    assert not np.allclose(logits.sum(axis=1), 1)


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_every_model_normalizes_raw_images_itself(name, images, built):
    model = built(name)
    raw, as_floats = np.asarray(model(images)), np.asarray(model(images.astype(np.float32)))
    np.testing.assert_array_equal(raw, as_floats)
    first = next(layer for layer in model.layers if type(layer).__name__ != "InputLayer")
    normalized = np.asarray(first(images))
    assert np.abs(normalized).max() < 3
    assert normalized.std() > 0.2


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_every_model_survives_saving_and_loading(name, images, built, tmp_path):
    model = built(name)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(loaded(images)), np.asarray(model(images)))
    assert [type(layer) for layer in loaded.layers] == [type(layer) for layer in model.layers]


def fixed(model):
    """The weights that training leaves alone, apart from the seeds of dropout."""
    return {
        path: np.asarray(weight)
        for weight in model.non_trainable_weights
        if "seed" not in (path := weight.path.split("/", 1)[-1])
    }


SMALLEST = {
    "speednet": {"widths": (1, 1, 1)}, "vgg": {"width": 1}, "alexnet": {"width": 1},
    "resnet20": {"width": 1}, "vit": {"positions": "sincos", "depth": 1}, "cct": {"depth": 1},
    "convmixer": {"dim": 2}, "simple_cnn": {}, "efficientnet": {"width": 0.1, "depth": 0.1},
}  # fmt: skip


def by_json(model):
    return keras.models.model_from_json(model.to_json())


@pytest.mark.parametrize("copy", [keras.models.clone_model, by_json])
@pytest.mark.parametrize("name", SMALLEST)
def test_a_copy_of_a_model_s_configuration_has_the_weights_that_are_not_trained(name, copy):
    builder = BUILDERS[name]
    builder = getattr(builder, "func", builder)
    expected = fixed(builder(**SMALLEST[name]))
    found = fixed(copy(builder(**SMALLEST[name])))
    assert len(found) == len(expected)
    for one, other in zip(found.values(), expected.values(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_every_model_takes_any_number_of_images(name, images, built):
    model = built(name)
    all_at_once = np.asarray(model(images))
    assert all_at_once.shape == (6, 10)
    one_by_one = np.concatenate([np.asarray(model(images[i : i + 1])) for i in range(6)])
    scale = np.abs(all_at_once).max()
    np.testing.assert_allclose(one_by_one, all_at_once, rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize("name", sorted(set(BUILDERS) & set(models.__all__)))
def test_a_name_builds_what_the_function_of_that_name_builds(name, built):
    """Once ``build("vgg")`` was a quarter as wide as ``vgg()``."""
    assert built(name).count_params() == getattr(models, name)().count_params()


OPTIONS = {
    **{name: functools.partial(BUILDERS[name], **s) for name, s in SMALLEST.items()},
    "alexnet, response": functools.partial(models.alexnet, width=1, norm="response"),
    "alexnet, batch": functools.partial(models.alexnet, width=1, norm="batch"),
    "vgg, plain": functools.partial(models.vgg, 11, width=1, batch_norm=False),
    "resnet, projection": functools.partial(models.resnet, 8, width=1, shortcut="projection"),
    "resnet, plain": functools.partial(models.resnet, 8, width=1, residual=False),
    "resnet18": functools.partial(models.resnet18, width=1),
    "efficientnet": functools.partial(models.efficientnet, width=0.1, resolution=40),
    "vit, mean": functools.partial(models.vit, depth=2, pooling="mean", drop_path_rate=0.1),
}


@pytest.mark.parametrize("options", OPTIONS)
def test_two_models_in_one_process_have_the_same_names(options):
    """Keras would number the second one's layers on, and code that names a layer would fail."""
    first, second = (
        [layer.name for layer in OPTIONS[options]().layers if isinstance(layer, keras.Layer)]
        for _ in range(2)
    )
    assert first == second
    assert (first[0], first[-1]) in (("images", "logits"), ("scaling", "logits"),
                                     ("normalization", "logits"))  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS)
def test_any_number_of_classes_and_any_name(options):
    model = OPTIONS[options](classes=3, name="mine")
    assert model.output_shape == (None, 3)
    assert model.name == "mine"
    assert OPTIONS[options]().output_shape == (None, 10)


@pytest.mark.parametrize("options", OPTIONS)
def test_a_headless_model_gives_what_the_last_dense_layer_takes(options, images):
    whole, headless = OPTIONS[options](), OPTIONS[options](classes=None)
    dense = whole.get_layer("classes" if options == "speednet" else "logits")
    expected = keras.Model(whole.inputs[0], dense.input)(images)
    kept = whole.get_weights()[: -len(dense.weights)]
    headless.set_weights(kept)
    np.testing.assert_array_equal(np.asarray(headless(images)), np.asarray(expected))
    assert [layer.name for layer in headless.layers] == [
        layer.name for layer in whole.layers if layer.name not in ("classes", "logits")
    ]
    assert headless.output_shape == (None, dense.kernel.shape[0])


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_the_name_of_a_model_is_that_of_its_kind(name, built):
    assert built(name).name == {"vgg": "vgg16"}.get(name, name)


def test_seed_before_building_decides_the_weights():
    weights = []
    for seed in (0, 0, 1):
        keras.utils.set_random_seed(seed)
        weights.append(simple_cnn().get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(weights[0], weights[1], strict=True))
    assert not np.array_equal(weights[0][0], weights[2][0])


@pytest.mark.parametrize(
    ("module", "value"),
    [("initializers", "he_normal"), ("initializers", "no such"), ("activations", "relu")],
)
def test_checking_a_name_draws_no_random_number(module, value):
    before = random.getstate()
    with contextlib.suppress(ValueError):
        keras_name("setting", value, module)
    assert random.getstate() == before, "else the weights of a seed would change"


def test_dropout_acts_in_training_only_and_at_its_rate(images):
    model = simple_cnn(dropout=0.25)
    head = keras.Model(model.layers[-2].input, model.layers[-2].output)
    ones = np.ones((1000, 64), np.float32)
    np.testing.assert_array_equal(np.asarray(head(ones)), ones)
    dropped = np.asarray(head(ones, training=True))
    assert (dropped == 0).mean() == pytest.approx(0.25, abs=0.01)  # 64,000 draws: 5.8 deviations
    np.testing.assert_allclose(dropped[dropped != 0], 1 / 0.75, rtol=1e-6)


@pytest.mark.parametrize("dropout", [-0.1, 1, 1.5, float("nan")])
def test_impossible_dropout_is_refused(dropout):
    with pytest.raises(ValueError, match="dropout must be at least 0 and below 1") as error:
        simple_cnn(dropout=dropout)
    assert str(dropout) in str(error.value)


def test_dropout_may_be_zero(images):
    model = simple_cnn(dropout=0)
    np.testing.assert_array_equal(
        np.asarray(model(images, training=True)), np.asarray(model(images))
    )


def test_build_passes_settings_on():
    assert build("simple_cnn", dropout=0.125).layers[-2].rate == 0.125
    assert build("simple_cnn").layers[-2].rate == 0.5


def test_build_of_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="no model is called 'simple_ccn'") as error:
        build("simple_ccn")
    assert all(name in str(error.value) for name in BUILDERS)


# Channels first


@pytest.mark.parametrize("name", sorted(set(models.__all__) - {"BUILDERS", "imagenet_names"}))
def test_no_network_is_built_where_keras_puts_channels_first(name, channels_first):
    """Some would be built without a word, and convolve over the wrong axes."""
    settings = ["simple_cnn"] if name == "build" else []
    with pytest.raises(ValueError, match="channels last, but Keras is set to 'channels_first'"):
        getattr(models, name)(*settings)


@pytest.mark.parametrize("block", [inverted_residual, squeeze_and_excitation])
def test_no_block_is_built_where_keras_puts_channels_first(block, channels_first):
    with pytest.raises(ValueError, match="channels last, but Keras is set to 'channels_first'"):
        block(keras.Input((8, 8, 8)), 8, *[1][: block is inverted_residual])


def test_networks_built_before_keep_computing_the_same(images, built, request):
    model = built("simple_cnn")
    expected = np.asarray(model(images))
    request.getfixturevalue("channels_first")
    np.testing.assert_array_equal(np.asarray(model(images)), expected)
