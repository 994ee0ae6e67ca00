"""Gradients, feature maps, and images that excite a unit."""

import keras
import numpy as np
import pytest
from keras import ops

from cifarlib import load_cifar10, zoo
from cifarlib.explain import exciting_image, feature_maps, input_gradient
from cifarlib.models import vit


@pytest.fixture(scope="module")
def images():
    return load_cifar10().x_test[:3]


@pytest.fixture(scope="module")
def model():
    return zoo.load("simple_cnn")


def test_gradient_is_that_of_finite_differences(model, images):
    inputs = images.astype(np.float32)
    value, gradient = input_gradient(lambda x: model(x)[:, 3], inputs)
    assert gradient.shape == inputs.shape
    assert value == pytest.approx(np.asarray(model(inputs))[:, 3].sum(), rel=1e-5)
    rng = np.random.default_rng(0)
    direction = rng.normal(size=inputs.shape).astype(np.float32)
    there, back = (
        np.asarray(model(inputs + sign * direction))[:, 3].astype(np.float64).sum()
        for sign in (1, -1)
    )
    assert (gradient * direction).sum() == pytest.approx((there - back) / 2, rel=0.05)


def test_gradient_of_what_does_not_depend_on_the_input_is_zero():
    _, gradient = input_gradient(lambda x: ops.zeros((2,)), np.ones((2, 3)))
    np.testing.assert_array_equal(gradient, np.zeros((2, 3)))


def test_other_backends_are_refused_by_name(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(NotImplementedError, match="Keras runs on torch"):
        input_gradient(ops.sum, np.ones(3))


def test_feature_maps_are_the_outputs_of_the_named_layers(model, images):
    names = [model.layers[1].name, model.layers[-1].name]
    maps = feature_maps(model, images, names)
    assert list(maps) == names
    assert maps[names[0]].shape == (3, 30, 30, 32)
    np.testing.assert_allclose(maps[names[1]], np.asarray(model(images)), atol=1e-5)
    alone = feature_maps(model, images, names[:1])
    np.testing.assert_array_equal(alone[names[0]], maps[names[0]])


def blue_left_edge():
    """One unit that likes blue on the left of every 2 x 2 patch and no blue on its right."""
    kernel = np.zeros((2, 2, 3, 2), np.float32)
    kernel[:, 0, 2, 1], kernel[:, 1, 2, 1] = 1, -1
    model = keras.Sequential(
        [keras.Input((32, 32, 3)), keras.layers.Conv2D(2, 2, activation="relu", name="edges")]
    )
    model.set_weights([kernel, np.zeros(2, np.float32)])
    return model


def test_exciting_image_excites_its_unit_far_more_than_noise_or_photos(images):
    model = blue_left_edge()
    made = exciting_image(model, "edges", 1, steps=32)
    assert made.shape == (32, 32, 3)
    assert made.dtype == np.uint8

    def excitement(image):
        return feature_maps(model, image[None], ["edges"])["edges"][..., 1].mean()

    noise = np.random.default_rng(1).integers(100, 150, (32, 32, 3)).astype(np.uint8)
    assert excitement(made) > 3 * excitement(noise)
    assert excitement(made) > 3 * max(excitement(image) for image in images)
    contrast = made.astype(float).std(axis=(0, 1))
    assert contrast[2] > 3 * max(contrast[:2])  # it paints in blue alone


def test_exciting_image_takes_the_tokens_of_an_attention_layer():
    model = vit(dim=16, depth=1)
    name = next(one.name for one in model.layers if "MultiHead" in type(one).__name__)
    assert exciting_image(model, name, 15, steps=1).shape == (32, 32, 3)


def test_exciting_image_depends_on_its_seed_alone():
    model = blue_left_edge()
    first, again, other = (exciting_image(model, "edges", 1, steps=4, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_unit_that_is_silent_on_noise_is_refused_instead_of_shown_as_noise():
    silent = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Conv2D(
                1, 3, activation="relu", name="dead",
                kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(-1),
            ),
        ]
    )  # fmt: skip
    with pytest.raises(ValueError, match="unit 0 of 'dead' is silent on noise"):
        exciting_image(silent, "dead", 0)


def test_unit_of_a_dense_layer_can_be_excited(model):
    made = exciting_image(model, model.layers[-1].name, 5, steps=16)
    start = exciting_image(model, model.layers[-1].name, 5, steps=0)
    logits = np.asarray(model(np.stack([made, start])))
    assert logits[0, 5] > logits[1, 5] + 3
    assert logits[0].argmax() == 5


def test_unknown_layers_and_units_are_refused_with_what_there_is(model, images):
    with pytest.raises(ValueError, match="no layer 'conv9'; it has ") as error:
        feature_maps(model, images, ["conv9"])
    assert model.layers[1].name in str(error.value)
    with pytest.raises(ValueError, match="no layer 'conv9'; it has "):
        exciting_image(model, "conv9", 0)
    with pytest.raises(ValueError, match="unit must be a whole number from 0 to 9, got 10"):
        exciting_image(model, model.layers[-1].name, 10)
    with pytest.raises(ValueError, match="must be raw values from 0 to 255"):
        feature_maps(model, images / 255, [model.layers[1].name])


@pytest.fixture(scope="module")
def scaled(model):
    """The same network without its first step, so that it takes 0..1."""
    kept = [
        layer.from_config(layer.get_config())
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer | keras.layers.Rescaling)
    ]
    inner = keras.Sequential([keras.Input((32, 32, 3)), *kept])
    inner.set_weights(model.get_weights())
    assert np.allclose(inner(np.ones((1, 32, 32, 3)) / 255), model(np.ones((1, 32, 32, 3))))
    return inner


def test_maps_of_a_network_for_scaled_images_are_those_of_the_one_that_scales(
    model, scaled, images
):
    name = next(layer.name for layer in scaled.layers if isinstance(layer, keras.layers.Conv2D))
    (expected,) = feature_maps(model, images, [name]).values()
    (found,) = feature_maps(scaled, images, [name], preprocess=lambda x: x / 255).values()
    np.testing.assert_allclose(found, expected, atol=1e-4)
    (raw,) = feature_maps(scaled, images, [name]).values()
    assert np.abs(raw - expected).max() > 1


def test_image_that_excites_a_network_for_scaled_images_is_that_of_the_one_that_scales(
    model, scaled
):
    settings = {"layer": model.layers[-1].name, "unit": 3, "steps": 4}
    expected = exciting_image(model, **settings).astype(int)
    found = exciting_image(scaled, preprocess=lambda x: x / 255, **settings).astype(int)
    assert np.abs(found - expected).max() <= 2
