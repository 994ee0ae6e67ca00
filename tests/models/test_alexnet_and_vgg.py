"""AlexNet and VGG in NumPy's words."""

import math

import keras
import numpy as np
import pytest
from networks import SMALL, assert_close, kinds, worn
from numpy_blocks import conv2d, dense, max_pool, normalize, normalized, relu

from cifarlib.layers import BatchNormalization, LocalResponseNormalization
from cifarlib.models import alexnet, vgg

layers = keras.layers


def test_alexnet_computes_what_numpy_does(images):
    model = worn(alexnet(width=3), images)
    convolutions = kinds(model, layers.Conv2D)
    x = normalized(images)
    for number, convolution in enumerate(convolutions):
        kernel, bias = convolution.get_weights()
        x = relu(conv2d(x, kernel) + bias)
        x = max_pool(x, 3, 2) if number in (0, 1, 4) else x
    x = x.reshape(8, -1)
    *hidden, last = kinds(model, layers.Dense)
    for layer in hidden:
        x = relu(dense(x, layer))
    assert_close(model(images), dense(x, last))
    assert [layer.rate for layer in kinds(model, layers.Dropout)] == [0.5, 0.5]


def local_response(x):
    """Krizhevsky et al. (2012), section 3.3, channel by channel, with k = 2, alpha = 0.4."""
    channels = x.shape[-1]
    result = np.empty_like(x)
    for c in range(channels):
        around = x[..., max(0, c - 2) : min(channels, c + 3)]
        result[..., c] = x[..., c] / (2 + 0.4 * (around**2).sum(axis=-1)) ** 0.75
    return result


@pytest.mark.parametrize("channels", [1, 4, 5, 24])
def test_local_response_normalization_is_that_of_numpy_and_tensorflow(channels):
    x = np.random.default_rng(0).normal(0, 2, (2, 3, 4, channels)).astype(np.float32)
    ours = np.asarray(LocalResponseNormalization()(x))
    assert_close(ours, local_response(x))
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        theirs = tf.nn.local_response_normalization(x, depth_radius=2, bias=2, alpha=0.4, beta=0.75)
        assert_close(ours, theirs)


@pytest.mark.parametrize("norm", ["response", "batch"])
def test_alexnet_normalizes_the_first_two_convolutions(norm, images):
    model = worn(alexnet(width=3, norm=norm), images)
    norms = iter(kinds(model, BatchNormalization))
    x, parts = normalized(images), []
    for number, convolution in enumerate(kinds(model, layers.Conv2D)[:2]):
        kernel, bias = convolution.get_weights()
        x = relu(conv2d(x, kernel) + bias)
        x = normalize(x, next(norms)) if norm == "batch" else local_response(x)
        x = max_pool(x, 3, 2)
        parts.append(kinds(model, layers.MaxPooling2D)[number].output)
    assert_close(keras.Model(model.inputs[0], parts[1])(images), x)
    assert next(norms, None) is None


def test_initialization_of_alexnet_can_be_another():
    keras.utils.set_random_seed(0)
    kernel = alexnet(initializer="glorot_uniform").layers[1].kernel
    bound = math.sqrt(6 / (75 + 25 * 24))
    assert 0.99 * bound < np.abs(np.asarray(kernel)).max() <= bound


@pytest.mark.parametrize("batch_norm", [True, False])
def test_vgg_computes_what_numpy_does(batch_norm, images):
    model = worn(vgg(13, width=2, batch_norm=batch_norm), images)
    norms = iter(kinds(model, BatchNormalization))
    x = normalized(images)
    for number, convolution in enumerate(kinds(model, layers.Conv2D)):
        kernel, *bias = convolution.get_weights()
        x = conv2d(x, kernel)
        x = relu(normalize(x, next(norms)) if batch_norm else x + bias[0])
        x = max_pool(x, 2, 2) if number % 2 else x
    assert_close(model(images), dense(x.reshape(8, -1), model.layers[-1]))


def test_kernels_of_vgg_can_start_small_as_in_the_paper():
    keras.utils.set_random_seed(0)
    for initializer, deviation in (("small", lambda fan_in: 0.01), ("he_normal", he_normal)):
        model = vgg(11, width=16, initializer=initializer)
        for layer in kinds(model, layers.Conv2D)[1:]:  # at least 4,608 draws: 1 % is a deviation
            kernel = np.asarray(layer.kernel)
            assert kernel.std() == pytest.approx(deviation(kernel[..., 0].size), rel=0.05)


def he_normal(fan_in):
    return math.sqrt(2 / fan_in)


@pytest.mark.parametrize("name", ["alexnet", "speednet"])
def test_activation_can_be_another(name, images):
    keras.utils.set_random_seed(0)
    default = SMALL[name]()
    for activation in ("tanh", "gelu"):
        other = SMALL[name](activation=activation)
        other.set_weights(default.get_weights())
        assert np.abs(np.asarray(other(images)) - np.asarray(default(images))).max() > 1e-3
        used = {getattr(layer, "activation", None) for layer in other.layers}
        assert keras.activations.get(activation) in used
        assert keras.activations.relu not in used
