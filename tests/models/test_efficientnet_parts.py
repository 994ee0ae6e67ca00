"""What EfficientNet is made of: each part against loops over its definition, in NumPy."""

import itertools
import math

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from cifarlib.evaluation import macs
from cifarlib.models.efficientnet import STAGES, efficientnet, squeeze_and_excitation

EXAMPLES = settings(max_examples=15, deadline=None, derandomize=True)

images_of = st.tuples(st.integers(1, 3), st.integers(4, 9), st.integers(4, 9), st.integers(1, 5))
windows = st.integers(1, 4)
strides = st.integers(1, 3)
paddings = st.sampled_from(["valid", "same"])
seeds = st.integers(0, 2**32 - 1)


def random(seed, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def span(size, window, stride, padding):
    """How many windows fit along a side, and where the first begins."""
    if padding == "valid":
        return (size - window) // stride + 1, 0
    count = math.ceil(size / stride)
    return count, -(max((count - 1) * stride + window - size, 0) // 2)


def depthwise(x, kernel, stride, padding):
    """Each channel under its own windows (h, w, c, m), a product at a time."""
    n, height, width, channels = x.shape
    high, wide, _, multiplier = kernel.shape
    rows, top = span(height, high, stride, padding)
    columns, left = span(width, wide, stride, padding)
    y = np.zeros((n, rows, columns, channels * multiplier))
    for row, column, u, v in itertools.product(
        range(rows), range(columns), range(high), range(wide)
    ):
        i, j = row * stride + top + u, column * stride + left + v
        if not (0 <= i < height and 0 <= j < width):
            continue
        for c, m in itertools.product(range(channels), range(multiplier)):
            y[:, row, column, c * multiplier + m] += x[:, i, j, c] * float(kernel[u, v, c, m])
    return y


def output(layer, x, weights):
    layer.build(x.shape)
    layer.set_weights(weights)
    return np.asarray(layer(x))


def assert_close(found, expected):
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-4)


# Depthwise and separable convolution


@given(images_of, windows, windows, st.integers(1, 3), strides, paddings, seeds)
@EXAMPLES
def test_depthwise_convolution_matches_the_definition_for_any_size_and_stride(
    shape, high, wide, multiplier, stride, padding, seed
):
    x, kernel = random(seed, shape, (high, wide, shape[-1], multiplier))
    layer = layers.DepthwiseConv2D(
        (high, wide), stride, padding, depth_multiplier=multiplier, use_bias=False
    )
    assert_close(output(layer, x, [kernel]), depthwise(x, kernel, stride, padding))


@given(images_of, windows, windows, st.integers(1, 6), strides, paddings, seeds)
@EXAMPLES
def test_depthwise_then_pointwise_is_separable_convolution(
    shape, high, wide, filters, stride, padding, seed
):
    channels = shape[-1]
    x, kernel, mix, bias = random(
        seed, shape, (high, wide, channels, 1), (1, 1, channels, filters), (filters,)
    )
    expected = depthwise(x, kernel, stride, padding) @ mix[0, 0].astype(float) + bias
    layer = layers.SeparableConv2D(filters, (high, wide), stride, padding)
    assert_close(output(layer, x, [kernel, mix, bias]), expected)


@given(images_of, windows, st.integers(1, 6), strides, paddings, seeds)
@EXAMPLES
def test_separable_convolution_is_a_convolution_whose_kernel_is_a_product(
    shape, window, filters, stride, padding, seed
):
    channels = shape[-1]
    x, kernel, mix = random(seed, shape, (window, window, channels, 1), (channels, filters))
    settings_ = {"strides": stride, "padding": padding, "use_bias": False}
    separable = output(
        layers.SeparableConv2D(filters, window, **settings_), x, [kernel, mix[None, None]]
    )
    assert_close(output(layers.Conv2D(filters, window, **settings_), x, [kernel * mix]), separable)
    alone = output(layers.DepthwiseConv2D(window, **settings_), x, [kernel])
    diagonal = kernel * np.eye(channels, dtype=np.float32)
    assert_close(output(layers.Conv2D(channels, window, **settings_), x, [diagonal]), alone)


@given(st.integers(1, 5), st.integers(1, 40), st.integers(1, 40))
@EXAMPLES
def test_the_bill_of_a_separable_convolution(window, channels, filters):
    whole, first, second = (
        macs(keras.Sequential([keras.Input((6, 6, channels)), layer]))
        for layer in (
            layers.Conv2D(filters, window, padding="same"),
            layers.DepthwiseConv2D(window, padding="same"),
            layers.Conv2D(filters, 1),
        )
    )
    assert (first + second) / whole == pytest.approx(1 / filters + 1 / window**2)


# Squeeze and excitation


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def gates_in_numpy(x, w1, b1, w2, b2):
    """For each image, a factor for each channel, a number at a time: ``(n, c)``."""
    gates = np.zeros((len(x), x.shape[-1]))
    for n, image in enumerate(x.astype(float)):
        means = [image[..., c].sum() / image[..., c].size for c in range(x.shape[-1])]
        sums = [b + sum(m * w for m, w in zip(means, w1[:, u], strict=True))
                for u, b in enumerate(b1)]  # fmt: skip
        hidden = [s * sigmoid(s) for s in sums]
        for c, b in enumerate(b2):
            gates[n, c] = sigmoid(b + sum(h * w for h, w in zip(hidden, w2[:, c], strict=True)))
    return gates


def excited(x, units, seed):
    """The block's output, and its four weights, all random."""
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, squeeze_and_excitation(inputs, units))
    channels = x.shape[-1]
    shapes = [(1, 1, channels, units), (units,), (1, 1, units, channels), (channels,)]
    assert [w.shape for w in model.get_weights()] == shapes
    weights = random(seed, *shapes)
    model.set_weights(weights)
    return np.asarray(model(x)), weights


@given(images_of, st.integers(1, 4), seeds)
@EXAMPLES
def test_squeeze_and_excitation_matches_the_definition_for_any_size(shape, units, seed):
    x = random(seed, shape)[0] + 0.5
    found, (w1, b1, w2, b2) = excited(x, units, seed)
    gates = gates_in_numpy(x, w1[0, 0], b1, w2[0, 0], b2)
    assert_close(found, x * gates[:, None, None, :])


def test_gates_shrink_and_keep_the_sign_and_see_the_whole_image_but_no_other():
    x = random(3, (2, 4, 6, 5))[0]
    found, _ = excited(x, 2, seed=4)
    assert (np.sign(found) == np.sign(x)).all() and (np.abs(found) < np.abs(x)).all()
    far = x.copy()
    far[0, -1, -1] += 9.0  # one corner of the first image
    changed = excited(far, 2, seed=4)[0]
    assert np.abs(changed[0, 0, 0] - found[0, 0, 0]).min() > 1e-3, "felt in the opposite corner"
    np.testing.assert_allclose(changed[1], found[1], rtol=1e-6)
    turned = excited(x[:, ::-1, ::-1], 2, seed=4)[0]
    np.testing.assert_allclose(turned, found[:, ::-1, ::-1], rtol=1e-5)


# The stages


def convolutions(model):
    """Kind, side of the output and channels in and out of each convolution with a 3 x 3 window."""
    return [
        (type(layer).__name__, layer.output.shape[1], layer.input.shape[-1], layer.output.shape[-1])
        for layer in model.layers
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D) and layer.kernel_size == (3, 3)
    ]


def test_given_stages_give_the_blocks_asked_for():
    stages = [(False, 2, 24, 2, 2), (True, 3, 8, 1, 1), (True, 1, 8, 2, 2)]
    model = efficientnet(stages=stages, drop_path_rate=0.0)
    assert convolutions(model) == [
        ("Conv2D", 32, 3, 16),  # the stem
        ("DepthwiseConv2D", 16, 32, 32), ("DepthwiseConv2D", 16, 48, 48),
        ("Conv2D", 16, 24, 72),
        ("Conv2D", 8, 8, 8), ("Conv2D", 8, 8, 8),
    ]  # fmt: skip
    additions = [layer.output.shape[1:] for layer in model.layers if isinstance(layer, layers.Add)]
    assert additions == [(16, 16, 24), (8, 8, 8)]
    gates = [layer for layer in model.layers if isinstance(layer, layers.Multiply)]
    assert [layer.output.shape[-1] for layer in gates] == [32, 48]


@given(st.lists(
    st.tuples(st.booleans(), st.integers(1, 3), st.sampled_from([8, 16]), st.integers(1, 2),
              st.integers(1, 2)),
    min_size=1, max_size=3,
))  # fmt: skip
@settings(EXAMPLES, max_examples=6)
def test_any_stages_give_as_many_blocks_of_each_kind(stages):
    model = efficientnet(stages=stages, resolution=16)
    kinds = [kind for kind, *_ in convolutions(model)][1:]
    assert kinds == [
        "Conv2D" if fused else "DepthwiseConv2D"
        for fused, _, _, blocks, _ in stages
        for _ in range(blocks)
    ]
    side = 16
    for *_, stride in stages:
        side = math.ceil(side / stride)
    assert convolutions(model)[-1][1] == side
    assert model.output_shape == (None, 10)


def test_width_and_depth_scale_given_stages():
    model = efficientnet(stages=[(True, 4, 16, 2, 1)], width=2.0, depth=1.5)
    assert convolutions(model) == [("Conv2D", 32, 3, 32)] + [("Conv2D", 32, 32, 128)] * 3


def test_without_stages_the_network_is_what_it_was():
    default, spelled = efficientnet(), efficientnet(stages=STAGES)
    assert (default.count_params(), macs(default)) == (806_850, 45_660_928)
    for first, second in zip(default.weights, spelled.weights, strict=True):
        assert first.shape == second.shape
    assert [kind for kind, *_ in convolutions(default)] == ["Conv2D"] * 7 + ["DepthwiseConv2D"] * 3
