"""Grad-CAM: against a computation by hand, and the same map however a model is put together."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from networks import SMALL, seeded, worn

from cifarlib import zoo
from cifarlib.explain import grad_cam
from cifarlib.explain.grad_cam import _last_maps
from cifarlib.explain.listening import listen
from cifarlib.models import cct, convmixer, simple_cnn, vit


def enlarged(small):
    """(n, h, w) as (n, 32, 32), bilinear: a weight matrix for each axis, from the definition."""

    def matrix(size):
        centers = (np.arange(32) + 0.5) * size / 32 - 0.5
        near = np.clip(1 - np.abs(centers[:, None] - np.arange(-1, size + 1)), 0, None)
        near[:, 1] += near[:, 0]  # beyond the edge, the value of the edge
        near[:, -2] += near[:, -1]
        return near[:, 1:-1]

    return np.einsum("ih,nhw,jw->nij", matrix(small.shape[1]), small, matrix(small.shape[2]))


def by_graph(model, name, images, classes):
    """The published way, for a functional model with logits: a second output and a tape."""
    import tensorflow as tf

    both = keras.Model(model.inputs[0], [model.get_layer(name).output, model.outputs[0]])
    with tf.GradientTape() as tape:
        maps, logits = both(images.astype(np.float32), training=False)
        score = tf.reduce_sum(tf.gather(logits, classes, axis=1, batch_dims=1))
    weights = tape.gradient(score, maps).numpy().mean(axis=(1, 2))
    return enlarged(np.maximum(np.einsum("nhwk,nk->nhw", maps.numpy(), weights), 0))


@pytest.fixture(scope="module")
def resnet20():
    return zoo.load("resnet20")


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="by TensorFlow's tape")
def test_map_is_the_published_computation(resnet20, images):
    answers = np.asarray(resnet20(images)).argmax(axis=1)
    expected = by_graph(resnet20, "stage3_block3_relu2", images, answers)
    np.testing.assert_allclose(grad_cam(resnet20, images), expected, rtol=1e-3, atol=1e-4)
    classes = np.arange(8)
    found = grad_cam(resnet20, images, "stage2_block1_conv2", classes)
    expected = by_graph(resnet20, "stage2_block1_conv2", images, classes)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def corner_network(softmax=False, weight=4.0):
    """Brightness in four quarters; class 0 gets the mean times ``weight``, class 1 its negative."""
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.AveragePooling2D(16, name="quarters"),
            layers.Conv2D(1, 1, name="maps"),
            layers.GlobalAveragePooling2D(name="pool"),
            layers.Dense(2, activation="softmax" if softmax else None, name="answer"),
        ]
    )
    model.set_weights(
        [np.full((1, 1, 3, 1), 1 / 3), np.zeros(1), np.array([[weight, -weight]]), np.zeros(2)]
    )
    return model


def test_map_of_a_linear_network_is_known_by_hand():
    picture = np.zeros((1, 32, 32, 3), np.uint8)
    picture[:, :16, 16:] = 200  # upper right
    found = grad_cam(corner_network(), picture, classes=0)
    quarters = np.array([[[0.0, 200.0], [0.0, 0.0]]])  # times 4, and each a quarter of the mean
    np.testing.assert_allclose(found, enlarged(quarters), atol=1e-3)
    assert found.shape == (1, 32, 32) and found.dtype == np.float32
    assert found[0, 0, 31] == pytest.approx(200) and found[0, 31, 0] == 0
    against = grad_cam(corner_network(), picture, classes=1)
    np.testing.assert_array_equal(against, np.zeros((1, 32, 32)))


def test_a_softmax_at_the_end_makes_no_difference(images):
    expected = grad_cam(corner_network(), images, classes=0)
    assert expected.max() > 10
    model = corner_network(softmax=True)  # so sure of class 0 that the softmax has no gradient
    np.testing.assert_allclose(grad_cam(model, images), expected, rtol=1e-5)
    assert np.asarray(model(images)).sum(axis=1) == pytest.approx(1)  # and it is back afterwards


ENDINGS = {
    "activation": lambda x: layers.Dense(10, activation="softmax", name="logits")(x),
    "Softmax": lambda x: layers.Softmax()(layers.Dense(10, name="logits")(x)),
    "Activation": lambda x: layers.Activation("softmax")(layers.Dense(10, name="logits")(x)),
    "function": lambda x: ops.softmax(layers.Dense(10, name="logits")(x)),
    "float32": lambda x: layers.Activation("linear", dtype="float32")(
        layers.Dense(10, activation="softmax", name="logits")(x)
    ),
}


@pytest.fixture(scope="module")
def trained():
    return zoo.load("simple_cnn")


@pytest.mark.parametrize("ending", list(ENDINGS))
def test_every_kind_of_softmax_is_left_out(trained, images, ending):
    features = simple_cnn(classes=None, name="features")
    for mine, theirs in zip(features.weights, trained.weights, strict=False):
        mine.assign(theirs)
    model = keras.Model(features.inputs, ENDINGS[ending](features.outputs[0]))
    model.get_layer("logits").set_weights(trained.get_layer("logits").get_weights())
    assert np.asarray(model(images)).sum(axis=1) == pytest.approx(1, abs=1e-3)
    found, expected = grad_cam(model, images), grad_cam(trained, images)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    found = grad_cam(keras.Sequential([keras.Input((32, 32, 3)), model]), images)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_nested_models_give_the_map_of_the_flat_one(resnet20, images):
    expected = grad_cam(resnet20, images)
    pool = resnet20.get_layer("pool")
    backbone = keras.Model(resnet20.inputs, pool.input, name="backbone")
    logits = resnet20.get_layer("logits")

    inputs = keras.Input((32, 32, 3))
    head = layers.Dense(10, activation="softmax", name="head")
    functional = keras.Model(inputs, head(layers.GlobalAveragePooling2D()(backbone(inputs))))
    head.set_weights(logits.get_weights())
    sequential = keras.Sequential(
        [keras.Input((32, 32, 3)), backbone, layers.GlobalAveragePooling2D(), head]
    )
    whole = keras.Sequential([keras.Input((32, 32, 3)), layers.Rescaling(1.0), resnet20])
    for model in (functional, sequential, whole):
        np.testing.assert_allclose(grad_cam(model, images), expected, rtol=1e-3, atol=1e-4)
    named = grad_cam(functional, images, "backbone")  # by the inner model's own name
    np.testing.assert_allclose(named, expected, rtol=1e-3, atol=1e-4)
    named = grad_cam(functional, images, "stage2_block1_conv2")  # by a layer inside it
    expected = grad_cam(resnet20, images, "stage2_block1_conv2")
    np.testing.assert_allclose(named, expected, rtol=1e-3, atol=1e-4)


def test_a_reader_s_own_class_of_model_works_and_inputs_from_0_to_1(trained, images):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.convolution = layers.Conv2D(4, 3, activation="relu", name="maps")
            self.pool = layers.GlobalMaxPooling2D()
            self.answer = layers.Dense(10, activation="softmax")

        def call(self, x):
            return self.answer(self.pool(self.convolution(x)))

    own = seeded(Own)
    own(images[:1] / np.float32(255))
    inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    flat = keras.Model(inputs, ops.matmul(own.pool(own.convolution(x)), own.answer.kernel))
    found = grad_cam(own, images, classes=3, preprocess=lambda raw: raw / 255)
    assert found.max() > 0
    np.testing.assert_allclose(found, grad_cam(flat, images, classes=3), rtol=1e-4, atol=1e-6)


def test_a_layer_that_is_called_twice_counts_the_last_time(images):
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    inputs = keras.Input((32, 32, 3))
    x = layers.GlobalAveragePooling2D()(layers.Activation("tanh")(shared(shared(inputs))))
    model = seeded(lambda: keras.Model(inputs, layers.Dense(10)(x)))
    once = layers.Conv2D(3, 3, padding="same", name="once")
    y = layers.GlobalAveragePooling2D()(layers.Activation("tanh")(once(shared(inputs))))
    twin = keras.Model(inputs, model.layers[-1](y))
    once.set_weights(shared.get_weights())
    found, expected = grad_cam(model, images, "shared"), grad_cam(twin, images, "once")
    assert expected.max() > 0
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


LAST = {
    "alexnet": (8, 8), "vgg": (2, 2), "resnet": (8, 8), "resnet18": (4, 4),
    "efficientnet": None, "speednet": (3, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", list(LAST))
def test_every_convolutional_network_of_the_zoo_has_maps(name, images):
    model = worn(seeded(SMALL[name]), images)
    heard = listen(model, images[:1].astype(np.float32))
    target = _last_maps(model, heard)
    shape = next(output.shape for one, output in reversed(heard) if one is target)
    assert shape[1] * shape[2] > 1 and LAST[name] in (None, tuple(shape[1:3]))
    after = [one for one, _ in heard[[one for one, _ in heard].index(target) + 1 :]]
    assert not any(isinstance(one, layers.Conv2D) for one in after)
    maps = grad_cam(model, images, classes=np.arange(8))
    assert maps.shape == (8, 32, 32) and np.isfinite(maps).all() and maps.min() >= 0
    assert maps.max() > 0


def test_convmixer_has_maps(images):
    maps = grad_cam(worn(seeded(lambda: convmixer(dim=8, depth=1)), images), images)
    assert maps.shape == (8, 32, 32) and maps.max() > 0


def test_transformers_are_refused_by_the_name_of_what_they_have_instead(images):
    for model in (vit(dim=16, depth=1, heads=1), cct(dim=16, depth=1, heads=1)):
        with pytest.raises(ValueError, match=r"is a transformer.*attention_rollout\(attention_m"):
            grad_cam(model, images)
    outer = keras.Sequential([keras.Input((32, 32, 3)), vit(dim=16, depth=1, heads=1)])
    with pytest.raises(ValueError, match="attention_rollout"):
        grad_cam(outer, images)
    convolution = "tokens_conv2" if "tokens_conv2" in {x.name for x in model.layers} else None
    assert convolution and grad_cam(model, images, convolution).shape == (8, 32, 32)


def test_a_network_without_maps_is_refused(images):
    dense = keras.Sequential([keras.Input((32, 32, 3)), layers.Flatten(), layers.Dense(10)])
    with pytest.raises(ValueError, match=r"no layer that gives maps.*occlusion_map"):
        grad_cam(dense, images)


def test_unknown_layers_and_those_without_maps_are_refused_with_what_there_is(trained, images):
    with pytest.raises(ValueError, match=r"no layer 'conv9'; layers with maps are .*conv3"):
        grad_cam(trained, images, "conv9")
    with pytest.raises(ValueError, match=r"'hidden' gives no maps \(n, h, w, k\); .*conv3"):
        grad_cam(trained, images, "hidden")
    with pytest.raises(ValueError, match="must be whole numbers from 0 to 9"):
        grad_cam(trained, images, classes=10)
    with pytest.raises(ValueError, match="must be raw values from 0 to 255"):
        grad_cam(trained, images / 255)


def test_other_outputs_than_a_row_of_scores_are_refused(images):
    with pytest.raises(ValueError, match="a row of two numbers or more per image"):
        grad_cam(keras.Sequential([keras.Input((32, 32, 3)), layers.Conv2D(2, 3)]), images)
    x = keras.Input((32, 32, 3))
    shares = ops.softmax(layers.Dense(10)(layers.Flatten()(layers.Conv2D(2, 3)(x))))
    with pytest.raises(ValueError, match="no softmax was found at its end"):
        grad_cam(keras.Model(x, shares * 1.0), images)


def test_nothing_is_left_changed_in_the_model(trained, images):
    before = [dict(vars(layer)) for layer in trained.layers]
    answers = np.asarray(trained(images))
    grad_cam(trained, images)
    for layer, kept in zip(trained.layers, before, strict=True):
        assert "call" not in vars(layer) and set(vars(layer)) == set(kept)
    np.testing.assert_array_equal(np.asarray(trained(images)), answers)
