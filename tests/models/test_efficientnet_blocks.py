"""The blocks of EfficientNet in NumPy's words."""

import keras
import numpy as np
import pytest
from networks import assert_close, kinds, worn
from numpy_blocks import conv2d, depthwise, normalize, swish
from scipy.special import expit

from cifarlib.layers import BatchNormalization
from cifarlib.models.efficientnet import inverted_residual, squeeze_and_excitation

layers = keras.layers


def test_squeeze_and_excitation_computes_what_numpy_does():
    x = np.random.default_rng(0).normal(1, 2, (3, 4, 5, 8))
    inputs = keras.Input((4, 5, 8))
    model = worn(keras.Model(inputs, squeeze_and_excitation(inputs, 2)), x)
    w1, b1, w2, b2 = model.get_weights()
    assert w1.shape == (1, 1, 8, 2) and w2.shape == (1, 1, 2, 8)
    gate = expit(swish(x.mean(axis=(1, 2)) @ w1[0, 0] + b1) @ w2[0, 0] + b2)
    assert_close(model(x), x * gate[:, None, None])


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(("filters", "stride"), [(8, 1), (12, 1), (8, 2)])
def test_inverted_residual_computes_what_numpy_does(fused, filters, stride):
    x = np.random.default_rng(0).normal(1, 2, (3, 6, 6, 8))
    inputs = keras.Input((6, 6, 8))
    outputs = inverted_residual(inputs, filters, 4, stride, fused=fused)
    model = worn(keras.Model(inputs, outputs), x)
    convolutions = kinds(model, layers.Conv2D | layers.DepthwiseConv2D)
    kernels = [np.asarray(layer.kernel, np.float64) for layer in convolutions]
    first, *middle, last = kinds(model, BatchNormalization)
    y = swish(normalize(conv2d(x, kernels[0], stride if fused else 1), first))
    assert y.shape[-1] == 32
    if not fused:
        y = swish(normalize(depthwise(y, kernels[1], stride), middle[0]))
        squeeze, excite = convolutions[2:4]
        gate = swish(y.mean(axis=(1, 2)) @ kernels[2][0, 0] + np.asarray(squeeze.bias))
        gate = expit(gate @ kernels[3][0, 0] + np.asarray(excite.bias))
        assert squeeze.filters == 2  # a quarter of the block's input channels
        y = y * gate[:, None, None]
    y = normalize(conv2d(y, kernels[-1]), last)
    assert_close(model(x), x + y if (filters, stride) == (8, 1) else y)


def test_a_fused_block_that_expands_nothing_gives_the_filters_that_were_asked_for():
    found = inverted_residual(keras.Input((6, 6, 8)), 12, 1, fused=True)
    assert found.shape == (None, 6, 6, 12)
