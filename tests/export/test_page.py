"""The file for the page Try it holds the network, and what the page cannot show is refused."""

import base64
import json

import keras
import numpy as np
import pytest
from keras import layers

from cifarlib import models
from cifarlib.export import to_page


def network(*inside, shape=(32, 32, 3)):
    return keras.Sequential([keras.Input(shape), *inside])


def ending(classes=10, activation="softmax"):
    return [layers.Flatten(), layers.Dense(classes, activation=activation)]


def written(model, folder, **settings):
    return json.loads(to_page(model, folder / "a.json", **settings).read_text(encoding="utf-8"))


def weights(stored):
    values = np.frombuffer(base64.b64decode(stored["data"]), "<f4")
    return values.reshape(stored["shape"])


def answer(content, image):
    """What the file's network answers, by NumPy, for valid padding and steps of one."""
    x = image.astype(np.float64)
    for layer in content["layers"]:
        if layer["kind"] == "scale":
            x = x * layer["scale"] + layer["offset"]
        elif layer["kind"] == "conv":
            kernel = weights(layer["kernel"])
            patches = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(0, 1))
            x = np.einsum("yxcij,ijcf->yxf", patches, kernel) + weights(layer["bias"])
        elif layer["kind"] == "pool":
            (high, wide), (rows, columns) = layer["size"], (s // 2 for s in x.shape[:2])
            assert (high, wide) == (2, 2)
            x = x[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2, -1).max(axis=(1, 3))
        elif layer["kind"] == "dense":
            x = x @ weights(layer["kernel"]) + weights(layer["bias"])
        elif layer["kind"] == "flatten":
            x = x.ravel()
        if layer.get("relu") or layer["kind"] == "relu":
            x = np.maximum(x, 0)
    return x


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.float32)


def test_the_library_s_network_gives_the_same_logits(tmp_path, image):
    model = models.simple_cnn()
    found = answer(written(model, tmp_path), image)
    np.testing.assert_allclose(found, model.predict(image[None], verbose=0)[0], atol=1e-5)


def test_the_first_pages_network_is_fed_with_images_from_0_to_1(tmp_path, image):
    model = network(
        layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(2), layers.Dropout(0.5),
        layers.Conv2D(4, 5), layers.ReLU(), layers.Flatten(), layers.Dense(6, activation="relu"),
        layers.Dense(10, activation="softmax"),
    )  # fmt: skip
    content = written(model, tmp_path)
    assert content["layers"][0] == {
        "kind": "scale", "name": "scaling", "scale": [1 / 255] * 3, "offset": [0] * 3
    }  # fmt: skip
    kinds = [layer["kind"] for layer in content["layers"]]
    assert kinds == ["scale", "conv", "pool", "conv", "flatten", "dense", "dense"]
    powers = np.exp(answer(content, image))
    wanted = model.predict(image[None] / 255, verbose=0)[0]
    np.testing.assert_allclose(powers / powers.sum(), wanted, atol=1e-6)


def test_another_preprocessing_is_measured(tmp_path, image):
    def preprocess(images):
        return (images - np.array([125, 123, 114], np.float32)) / 64

    model = network(*ending(activation=None))
    found = answer(written(model, tmp_path, preprocess=preprocess), image)
    wanted = model.predict(preprocess(image[None]), verbose=0)[0]
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    raw = written(model, tmp_path, preprocess=lambda images: images)
    assert raw["layers"][0]["scale"] == [1, 1, 1]


@pytest.mark.parametrize(
    "preprocess",
    [np.sqrt, lambda x: x[..., ::-1], lambda x: x - x.mean(axis=(1, 2, 3), keepdims=True)],
)
def test_a_preprocessing_that_does_more_is_refused(tmp_path, preprocess):
    with pytest.raises(ValueError, match="only scale and shift each channel"):
        to_page(network(*ending()), tmp_path / "a.json", preprocess=preprocess)


def test_a_preprocessing_that_changes_the_size_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must keep the shape"):
        to_page(network(*ending()), tmp_path / "a.json", preprocess=lambda x: x[:, ::2])


def test_names_classes_and_temperature_go_with_it(tmp_path):
    model = network(*ending(3))
    content = written(model, tmp_path, class_names=["a", "b", "c"], temperature=1.5)
    assert content["classes"] == ["a", "b", "c"] and content["temperature"] == 1.5
    assert content["name"] == model.name


REFUSED = {
    "an average": (lambda: network(layers.AveragePooling2D(2), *ending()), r"\(AveragePooling2D\)"),
    "a normalization": (
        lambda: network(layers.BatchNormalization(), *ending()),
        r"\(BatchNormalization\)",
    ),
    "groups": (lambda: network(layers.Conv2D(6, 3, groups=3), *ending()), "groups or dilation"),
    "holes": (
        lambda: network(layers.Conv2D(6, 3, dilation_rate=2), *ending()),
        "groups or dilation",
    ),
    "tanh": (
        lambda: network(layers.Conv2D(6, 3, activation="tanh"), *ending()),
        "activation 'tanh'",
    ),
    "GELU": (lambda: network(layers.Activation("gelu"), *ending()), "'gelu'"),
    "a leak": (lambda: network(layers.ReLU(negative_slope=0.1), *ending()), "not a plain ReLU"),
    "scaled maps": (
        lambda: network(layers.Conv2D(6, 3), layers.Rescaling(2.0), *ending()),
        "rescales feature maps",
    ),
    "softmax inside": (
        lambda: network(layers.Flatten(), layers.Dense(9, "softmax"), layers.Dense(10)),
        "must be the end",
    ),
    "no Flatten": (lambda: network(layers.Dense(4), *ending()), "needs a Flatten before it"),
    "no Dense": (
        lambda: network(layers.Conv2D(10, 32), layers.Flatten()),
        "no Dense layer that gives the classes",
    ),
    "small images": (lambda: network(*ending(), shape=(28, 28, 1)), r"takes \(28, 28, 1\)"),
    "other classes": (lambda: network(*ending(7)), "there are 10 class names"),
    "no weights": (lambda: keras.Sequential(ending()), "no weights yet"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_page_cannot_show_is_refused_by_name(tmp_path, what):
    make, words = REFUSED[what]
    with pytest.raises(ValueError, match=words):
        to_page(make(), tmp_path / "a.json")
    assert not (tmp_path / "a.json").exists()


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    model = network(*ending())
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    with pytest.raises(ValueError, match="nan or inf"):
        to_page(model, tmp_path / "a.json")


def test_no_sequential_and_another_ending_are_refused(tmp_path):
    with pytest.raises(TypeError, match=r"keras\.Sequential .* got Functional"):
        to_page(models.build("resnet20"), tmp_path / "a.json")
    with pytest.raises(ValueError, match=r"must end in \.json"):
        to_page(network(*ending()), tmp_path / "a.keras")
    with pytest.raises(ValueError, match="temperature"):
        to_page(network(*ending()), tmp_path / "a.json", temperature=0)
