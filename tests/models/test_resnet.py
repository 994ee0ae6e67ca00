"""ResNet in NumPy's words, and what its shortcuts are for."""

import keras
import numpy as np
import pytest
from networks import assert_close, kinds, worn
from numpy_blocks import conv2d, dense, normalize, normalized, relu

from cifarlib.layers import BatchNormalization, PaddedShortcut
from cifarlib.models import resnet

layers = keras.layers


def norms_by_convolution(model):
    return {id(norm.input): norm for norm in kinds(model, BatchNormalization)}


def resnet_in_numpy(model, images, shortcut, branch=1.0):
    """Logits; ``branch`` is a factor on the output of each residual branch."""
    norms = norms_by_convolution(model)
    convolutions = kinds(model, layers.Conv2D)
    threes = iter([layer for layer in convolutions if layer.kernel_size == (3, 3)])
    ones = iter([layer for layer in convolutions if layer.kernel_size == (1, 1)])

    def conv_norm(x, convolution, stride=1):
        kernel = np.asarray(convolution.kernel, np.float64)
        return normalize(conv2d(x, kernel, stride), norms[id(convolution.output)])

    x = relu(conv_norm(normalized(images), next(threes)))
    for number in range(len(convolutions) // 2):
        first = next(threes, None)
        if first is None:
            break
        stride = first.filters // x.shape[-1]
        y = relu(conv_norm(x, first, stride))
        y = branch * conv_norm(y, next(threes))
        if shortcut == "pad" and stride == 2:
            new = x.shape[-1] // 2
            x = np.pad(x[:, ::2, ::2], ((0, 0), (0, 0), (0, 0), (new, new)))
        elif shortcut == "projection" and stride == 2:
            x = conv_norm(x, next(ones), 2)
        x = relu(y if shortcut is None else x + y)
        assert number < 9
    return dense(x.mean(axis=(1, 2)), model.layers[-1])


@pytest.mark.parametrize("shortcut", ["pad", "projection", None])
def test_resnet_computes_what_numpy_does(shortcut, images):
    settings = {"residual": False} if shortcut is None else {"shortcut": shortcut}
    model = worn(resnet(14, width=4, **settings), images)
    assert_close(model(images), resnet_in_numpy(model, images, shortcut))


def without_branches(model):
    """Switch off each residual branch: the scale and shift of its last normalization are zero."""
    norms = norms_by_convolution(model)
    threes = [c for c in kinds(model, layers.Conv2D) if c.kernel_size == (3, 3)]
    for convolution in threes[2::2]:
        norm = norms[id(convolution.output)]
        norm.gamma.assign(norm.gamma * 0)
        norm.beta.assign(norm.beta * 0)
    return model


@pytest.mark.parametrize("shortcut", ["pad", "projection"])
def test_without_its_branches_a_resnet_passes_the_image_on(shortcut, images):
    model = without_branches(worn(resnet(14, width=4, shortcut=shortcut), images))
    found = np.asarray(model(images))
    assert_close(found, resnet_in_numpy(model, images, shortcut, branch=0.0))
    assert found.std(axis=0).min() > 1e-3


def test_without_the_same_layers_the_plain_twin_sees_nothing(images):
    model = without_branches(worn(resnet(14, width=4, residual=False), images))
    bias = np.asarray(model.layers[-1].bias)
    np.testing.assert_allclose(np.asarray(model(images)), np.tile(bias, (8, 1)), atol=1e-6)
    assert not kinds(model, layers.Add) and not kinds(model, PaddedShortcut)


def test_plain_twin_computes_something_else_with_the_same_weights(images):
    model, plain = resnet(8, width=4), resnet(8, width=4, residual=False)
    plain.set_weights(model.get_weights())
    assert np.abs(np.asarray(model(images)) - np.asarray(plain(images))).max() > 0.1
