"""The architectures: their published sizes, what they compute in NumPy's words, that they learn."""

import functools
import itertools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import assert_close, kinds, worn
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import erf, expit, softmax

from cifarlib import checks, load_cifar10
from cifarlib.evaluation import macs
from cifarlib.layers import (
    CHANNEL_DEVIATIONS,
    CHANNEL_MEANS,
    BatchNormalization,
    ClassToken,
    PaddedShortcut,
    PositionEmbedding,
)
from cifarlib.machine import precision
from cifarlib.models import (
    BUILDERS,
    alexnet,
    attention_maps,
    build,
    cct,
    efficientnet,
    resnet,
    resnet18,
    speednet,
    vgg,
    vit,
)
from cifarlib.models.alexnet import LocalResponseNormalization
from cifarlib.models.efficientnet import inverted_residual, squeeze_and_excitation
from cifarlib.models.speednet import whitening_kernel
from cifarlib.models.vit import POOLINGS, POSITIONS, TOKENIZERS
from cifarlib.recipes import Recipe
from cifarlib.training import train

layers = keras.layers
FEW = settings(max_examples=4, deadline=None, derandomize=True)

# The names of the zoo, one for each network
NAMES = sorted({make: name for name, make in reversed(BUILDERS.items())}.values())
# One of each kind, as small as it can be and still be itself
SMALL = {
    "alexnet": functools.partial(alexnet, width=9, dropout=0.0),
    "vgg": functools.partial(vgg, 11, width=8),
    "resnet": functools.partial(resnet, 8, width=8),
    "resnet18": functools.partial(resnet18, width=4),
    "efficientnet": functools.partial(efficientnet, width=0.5, depth=0.25, dropout=0.0),
    "vit": functools.partial(vit, dim=32, depth=1, heads=2),
    "cct": functools.partial(cct, dim=32, depth=1, drop_rate=0.0),
    "speednet": functools.partial(speednet, widths=(16, 32, 32)),
}


@pytest.fixture(scope="module")
def data():
    return load_cifar10().train


@pytest.fixture(scope="module")
def images(data):
    return data[0][:8]


def trainable(model):
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def seeded(make):
    """The same weights, whatever was drawn before: by chance, rounding can do far more harm."""
    keras.utils.set_random_seed(0)
    return make()


# The building blocks in NumPy, in double precision, with no help from Keras


def normalized(images):
    return (images - np.array(CHANNEL_MEANS)) / np.array(CHANNEL_DEVIATIONS)


def windows(x, size, stride, fill=0.0):
    """Padded as TensorFlow pads "same": the odd pixel goes to the right and the bottom."""
    sides = []
    for side in x.shape[1:3]:
        total = max((-(-side // stride) - 1) * stride + size - side, 0)
        sides.append((total // 2, total - total // 2))
    x = np.pad(x, ((0, 0), *sides, (0, 0)), constant_values=fill)
    return sliding_window_view(x, (size, size), axis=(1, 2))[:, ::stride, ::stride]


def conv2d(x, kernel, stride=1):
    return np.einsum("nhwcij,ijcf->nhwf", windows(x, len(kernel), stride), kernel, optimize=True)


def depthwise(x, kernel, stride=1):
    return np.einsum("nhwcij,ijc->nhwc", windows(x, len(kernel), stride), kernel[..., 0])


def max_pool(x, size, stride):
    return windows(x, size, stride, -np.inf).max(axis=(-2, -1))


def normalize(x, layer):
    gamma, beta, mean, variance = (w.astype(np.float64) for w in layer.get_weights())
    return (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta


def layer_norm(x, layer):
    gamma, beta = layer.get_weights()
    x = x - x.mean(axis=-1, keepdims=True)
    return x / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-6) * gamma + beta


def relu(x):
    return np.maximum(x, 0)


def swish(x):
    return x * expit(x)


def gelu(x):
    return x * (1 + erf(x / math.sqrt(2))) / 2


def dense(x, layer):
    kernel, bias = (w.astype(np.float64) for w in layer.get_weights())
    return x @ kernel + bias


# Parameters


@pytest.mark.parametrize(
    ("depth", "exact", "millions", "million_macs"),
    [  # Table 6 of He et al. (2015); the exact counts are those of its usual implementations, the
        # multiply-accumulates of 56 and 110 those of Li et al. (2016), arXiv 1608.08710, table 1
        (20, 269_722, "0.27", 41), (32, 464_154, "0.46", 69), (44, 658_586, "0.66", 97),
        (56, 853_018, "0.85", 125), (110, 1_727_962, "1.7", 253),
    ],
)  # fmt: skip
def test_resnet_has_the_published_size(depth, exact, millions, million_macs):
    model = resnet(depth)
    assert trainable(model) == exact
    assert round(exact / 1e6, len(millions) - 2) == float(millions)
    assert round(macs(model) / 1e6) == million_macs


def test_plain_twin_has_the_same_weights():
    plain, model = resnet(20, residual=False), resnet(20)
    assert [w.shape for w in plain.weights] == [w.shape for w in model.weights]
    assert macs(plain) == macs(model)


def test_resnet18_has_the_published_size():
    # Those of the usual implementation for CIFAR-10 (Kuang Liu, pytorch-cifar)
    model = resnet18()
    assert trainable(model) == 11_173_962
    assert round(macs(model) / 1e9, 2) == 0.56


@pytest.mark.parametrize(
    ("depth", "published", "biases"),
    [
        (11, 9_231_114, 2_752), (13, 9_416_010, 2_944),
        (16, 14_728_266, 4_224), (19, 20_040_522, 5_504),
    ],
)  # fmt: skip
def test_vgg_has_the_published_number_of_parameters(depth, published, biases):
    # Kuang Liu's pytorch-cifar, which gives each convolution a bias beside that of its norm
    assert trainable(vgg(depth)) == published - biases


def test_vgg_without_normalization_has_biases_instead_of_scales_and_shifts():
    assert trainable(vgg(11, batch_norm=False)) == trainable(vgg(11)) - 2_752


def test_macs_of_vgg_are_those_published():
    assert round(macs(vgg(16)) / 1e6) == 313  # Li et al. (2016), arXiv 1608.08710, table 1


def test_alexnet_has_the_proportions_of_the_paper():
    model = alexnet(width=96)
    assert [layer.filters for layer in kinds(model, layers.Conv2D)] == [96, 256, 384, 384, 256]
    small = alexnet()
    assert [layer.filters for layer in kinds(small, layers.Conv2D)] == [24, 64, 96, 96, 64]
    assert [layer.units for layer in kinds(small, layers.Dense)] == [256, 256, 10]
    by_hand = [25 * 3 * 24 + 24, 25 * 24 * 64 + 64, 9 * 64 * 96 + 96, 9 * 96 * 96 + 96]
    by_hand += [9 * 96 * 64 + 64, 4 * 4 * 64 * 256 + 256, 256 * 256 + 256, 256 * 10 + 10]
    assert small.count_params() == sum(by_hand) == 564_842


def test_cct_has_the_published_size():
    # CCT-2/3x2: 0.28 M parameters, 0.04 G MACs (Hassani et al., 2021, table 1)
    assert round(cct().count_params() / 1e6, 2) == 0.28
    assert round(macs(cct()) / 1e9, 2) == 0.04


def test_speednet_has_the_published_size():
    # airbench94: 1.97 M (Jordan, 2024)
    model = speednet()
    by_hand = 9 * (24 * 64 + 64 * 64 + 64 * 256 + 3 * 256 * 256) + 2 * (64 + 256 + 256) + 256 * 10
    assert trainable(model) == by_hand == 1_971_328
    assert round(model.count_params() / 1e6, 2) == 1.97
    by_hand = 31 * 31 * (24 * 12 + 64 * 9 * 24) + 15 * 15 * (64 * 9 * 64 + 256 * 9 * 64)
    by_hand += (7 * 7 + 7 * 7 + 3 * 3) * 256 * 9 * 256 + 256 * 10
    assert macs(model) == by_hand
    assert round(by_hand / 1e6) == 118


def test_vit_base_has_the_published_number_of_parameters():
    # ViT-Base/16 for 224 x 224 images and 1,000 classes: 86,567,656, known from its implementations
    settings = {"patch_size": 16, "dim": 768, "heads": 12, "mlp_ratio": 4}
    one, two = (vit(depth=depth, **settings).count_params() for depth in (1, 2))
    other_places, other_classes = (14 * 14 - 2 * 2) * 768, 990 * (768 + 1)
    assert one + 11 * (two - one) + other_places + other_classes == 86_567_656


def resnet_count(depth, width, projection):
    blocks, total, before = (depth - 2) // 6, 27 * width + 2 * width, width
    for filters in (width, 2 * width, 4 * width):
        total += 9 * before * filters + 9 * filters**2 * (2 * blocks - 1) + 4 * filters * blocks
        if projection and filters != before:
            total += before * filters + 2 * filters
        before = filters
    return total + 10 * before + 10


def vit_count(patch, dim, depth, hidden, pooling, positions):
    tokens = (32 // patch) ** 2 + (pooling == "class")
    block = 4 * (dim * dim + dim) + 2 * dim * hidden + hidden + dim + 4 * dim
    total = (3 * patch * patch + 1) * dim + depth * block + 2 * dim + 10 * dim + 10
    total += dim * (pooling == "class") + (dim + 1) * (pooling == "sequence")
    return total + tokens * dim * (positions == "learned")


def gives_logits(model, images):
    found = np.asarray(model(images[:2]))
    return found.shape == (2, 10) and found.dtype == np.float32 and np.isfinite(found).all()


@given(
    n=st.integers(1, 3), width=st.integers(1, 6), shortcut=st.sampled_from(["pad", "projection"])
)
@FEW
def test_resnet_of_any_size_has_the_parameters_of_the_formula(images, n, width, shortcut):
    model = resnet(6 * n + 2, width=width, shortcut=shortcut)
    assert trainable(model) == resnet_count(6 * n + 2, width, shortcut == "projection")
    assert len(kinds(model, layers.Add)) == 3 * n
    assert gives_logits(model, images)


@given(
    patch=st.sampled_from([2, 4, 8, 16, 32]), head=st.integers(1, 3), heads=st.integers(1, 3),
    depth=st.integers(1, 3), hidden=st.integers(1, 9), pooling=st.sampled_from(POOLINGS),
    positions=st.sampled_from(POSITIONS),
)  # fmt: skip
@FEW
def test_vit_of_any_size_has_the_parameters_of_the_formula(
    images, patch, head, heads, depth, hidden, pooling, positions
):
    dim = 4 * head * heads
    model = vit(
        patch_size=patch, dim=dim, depth=depth, heads=heads, mlp_ratio=hidden / dim,
        pooling=pooling, positions=positions,
    )  # fmt: skip
    assert trainable(model) == vit_count(patch, dim, depth, hidden, pooling, positions)
    assert gives_logits(model, images)


@given(
    width=st.integers(1, 9), depth=st.sampled_from([11, 13, 16, 19]), batch_norm=st.booleans(),
    widths=st.tuples(*[st.integers(1, 9)] * 3), convolutions=st.tuples(*[st.integers(1, 3)] * 3),
)  # fmt: skip
@FEW
def test_others_of_any_size_give_logits(images, width, depth, batch_norm, widths, convolutions):
    assert gives_logits(alexnet(width=width), images)
    assert gives_logits(vgg(depth, width=width, batch_norm=batch_norm), images)
    assert gives_logits(resnet18(width=width), images)
    assert gives_logits(speednet(widths=widths, convolutions=convolutions), images)


@given(
    width=st.floats(0.01, 1.5), depth=st.floats(0.01, 1.4), resolution=st.integers(1, 40),
)  # fmt: skip
@FEW
def test_efficientnet_of_any_size_has_the_scaled_filters_and_blocks(
    images, width, depth, resolution
):
    model = efficientnet(width=width, depth=depth, resolution=resolution)
    assert gives_logits(model, images)
    filters = [max(8, 8 * round(count * width / 8)) for count in (16, 16, 32, 64, 112, 384)]
    blocks = [math.ceil(count * depth) for count in (1, 2, 3, 3)]
    total, before = 27 * filters[0] + 2 * filters[0], filters[0]
    total += blocks[0] * (9 * before * before + 2 * before)  # nothing expanded
    for after, count in zip(filters[2:4], blocks[1:3], strict=True):  # fused
        for channels in [before] + [after] * (count - 1):
            inside = 4 * channels
            total += 9 * channels * inside + 2 * inside + inside * after + 2 * after
        before = after
    for channels in [before] + [filters[4]] * (blocks[3] - 1):
        inside, units = 4 * channels, max(1, channels // 4)
        total += channels * inside + 9 * inside + 4 * inside  # expanded, depthwise, two norms
        total += inside * units + units + units * inside + inside  # squeeze and excitation
        total += inside * filters[4] + 2 * filters[4]
    total += filters[4] * filters[5] + 2 * filters[5] + 10 * filters[5] + 10
    assert trainable(model) == total


# Stages


@pytest.mark.parametrize(
    ("model", "stages"),
    [
        (
            functools.partial(resnet, 20),
            [(32, 32, 16)] * 7 + [(16, 16, 32)] * 6 + [(8, 8, 64)] * 6,
        ),
        (
            functools.partial(resnet18, shortcut="pad"),
            [(32, 32, 64)] * 5 + [(16, 16, 128)] * 4 + [(8, 8, 256)] * 4 + [(4, 4, 512)] * 4,
        ),
        (
            functools.partial(vgg, 16, width=16),
            [(32, 32, 16)] * 2 + [(16, 16, 32)] * 2 + [(8, 8, 64)] * 3 + [(4, 4, 128)] * 3
            + [(2, 2, 128)] * 3,
        ),
        (alexnet, [(32, 32, 24), (16, 16, 64), (8, 8, 96), (8, 8, 96), (8, 8, 64)]),
        (
            speednet,
            [(31, 31, 24), (31, 31, 64), (15, 15, 64), (15, 15, 256), (7, 7, 256), (7, 7, 256),
             (3, 3, 256)],
        ),
        (vit, [(8, 8, 128)]),
        (cct, [(32, 32, 64), (16, 16, 128)]),
    ],
    ids=["resnet", "resnet18", "vgg", "alexnet", "speednet", "vit", "cct"],
)  # fmt: skip
def test_convolutions_have_the_shapes_of_the_paper(model, stages):
    assert [layer.output.shape[1:] for layer in kinds(model(), layers.Conv2D)] == stages


def test_efficientnet_halves_the_map_at_the_start_of_three_stages():
    model = efficientnet(resolution=48)
    sides = [layer.output.shape[1] for layer in kinds(model, BatchNormalization)]
    assert list(dict.fromkeys(sides)) == [48, 24, 12, 6]
    assert sides == sorted(sides, reverse=True)
    assert [layer.output.shape[1:] for layer in kinds(model, layers.Add)] == [
        (48, 48, 16), (24, 24, 32), (12, 12, 64), (12, 12, 64), (6, 6, 112), (6, 6, 112),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tokenizer", "pooling", "tokens"),
    [("patch", "class", 65), ("patch", "mean", 64), ("convolution", "sequence", 64)],
)
def test_vit_has_a_token_a_patch_and_one_for_the_class(tokenizer, pooling, tokens):
    model = vit(dim=8, depth=3, heads=2, tokenizer=tokenizer, pooling=pooling)
    assert attention_maps(model).output_shape == [(None, 2, tokens, tokens)] * 3


def test_efficientnet_grows_in_width_depth_and_resolution():
    base, fine = efficientnet(), efficientnet(resolution=64)
    assert fine.count_params() == base.count_params()
    assert macs(fine) == pytest.approx(4 * macs(base), rel=0.01)
    wide = efficientnet(width=2)
    assert macs(wide) == pytest.approx(4 * macs(base), rel=0.05)
    deep = efficientnet(depth=2)
    assert len(kinds(deep, layers.Add)) == len(kinds(base, layers.Add)) + 9


def rates(model):
    return [layer.rate for layer in kinds(model, layers.Dropout) if layer.noise_shape]


def test_stochastic_depth_rises_linearly_from_nothing():
    # The first of 9 blocks has none, and blocks 2, 4 and 7 change the shape, so nothing is added
    found = rates(efficientnet(drop_rate=0.4))
    np.testing.assert_allclose(found, 0.05 * np.array([2, 4, 5, 7, 8]))
    found = rates(vit(dim=8, depth=5, heads=2, drop_rate=0.4))
    np.testing.assert_allclose(found, [0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.4, 0.4])
    assert rates(vit(dim=8, depth=5, heads=2)) == rates(efficientnet(drop_rate=0)) == []


def test_dropout_of_vit_is_everywhere_the_docstring_says():
    model = vit(dim=8, depth=2, heads=2, dropout=0.25)
    plain = [layer.rate for layer in kinds(model, layers.Dropout) if not layer.noise_shape]
    assert plain == [0.25] * (1 + 2 * 3)  # positions; of each block attention and two dense layers
    assert [attention.dropout for attention in kinds(model, layers.MultiHeadAttention)] == [
        0.25
    ] * 2


def test_cct_has_the_settings_of_the_paper_and_takes_others():
    model = cct()
    assert rates(model) == [0.1, 0.1]
    assert [a.num_heads for a in kinds(model, layers.MultiHeadAttention)] == [2, 2]
    other = cct(dim=8, pooling="class", drop_rate=0.0)
    assert rates(other) == [] and len(kinds(other, ClassToken)) == 1


# ResNet


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


# EfficientNet


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


# Vision Transformers


def tokens_in_numpy(model, images):
    x = normalized(images)
    convolutions = kinds(model, layers.Conv2D)
    if len(convolutions) == 1:
        kernel, bias = convolutions[0].get_weights()
        side = len(kernel)
        x = x.reshape(len(x), 32 // side, side, 32 // side, side, 3)
        x = np.einsum("nhiwjc,ijcf->nhwf", x, kernel) + bias
    else:
        for convolution in convolutions:
            x = max_pool(relu(conv2d(x, np.asarray(convolution.kernel))), 3, 2)
    x = x.reshape(len(x), -1, x.shape[-1])
    for layer in kinds(model, ClassToken):
        x = np.concatenate([np.tile(np.asarray(layer.token), (len(x), 1, 1)), x], axis=1)
    for layer in kinds(model, PositionEmbedding):
        x = x + np.asarray(layer.positions)
    return x


def vit_in_numpy(model, images, pooling):
    """Logits, and the attention maps of each block."""
    x, maps = tokens_in_numpy(model, images), []
    norms = iter(kinds(model, layers.LayerNormalization))
    denses = iter(kinds(model, layers.Dense))
    for attention in kinds(model, layers.MultiHeadAttention):
        wq, bq, wk, bk, wv, bv, wo, bo = attention.get_weights()
        y = layer_norm(x, next(norms))
        q, k, v = (
            np.einsum("ntd,dhe->nhte", y, w) + b[:, None] for w, b in ((wq, bq), (wk, bk), (wv, bv))
        )
        maps.append(softmax(q @ k.swapaxes(2, 3) / math.sqrt(q.shape[-1]), axis=-1))
        x = x + np.einsum("nhte,hed->ntd", maps[-1] @ v, wo) + bo
        y = gelu(dense(layer_norm(x, next(norms)), next(denses)))
        x = x + dense(y, next(denses))
    x = layer_norm(x, next(norms))
    if pooling == "class":
        x = x[:, 0]
    elif pooling == "mean":
        x = x.mean(axis=1)
    else:
        x = (softmax(dense(x, next(denses)), axis=1) * x).sum(axis=1)
    return dense(x, next(denses)), maps


@pytest.mark.parametrize(
    ("tokenizer", "pooling", "positions"),
    [
        ("patch", "class", "learned"),
        ("patch", "mean", "sincos"),
        ("patch", "sequence", "none"),
        ("convolution", "sequence", "learned"),
    ],
)
def test_vit_and_its_attention_maps_are_what_numpy_computes(tokenizer, pooling, positions, images):
    model = vit(
        patch_size=8, dim=12, depth=2, heads=3, mlp_ratio=1.5, dropout=0.1, drop_rate=0.1,
        tokenizer=tokenizer, pooling=pooling, positions=positions,
    )  # fmt: skip
    logits, maps = vit_in_numpy(worn(model, images), images, pooling)
    assert_close(model(images), logits)
    found = attention_maps(model)(images)
    assert len(found) == 2
    for one, expected in zip(found, maps, strict=True):
        np.testing.assert_allclose(np.asarray(one), expected, atol=1e-5)
        np.testing.assert_allclose(np.asarray(one).sum(axis=-1), 1, atol=1e-5)
        assert np.asarray(one).std() > 1e-3


def test_attention_maps_of_a_model_without_attention_are_refused():
    with pytest.raises(ValueError, match="the model 'resnet8' has no attention layers"):
        attention_maps(resnet(8, width=1))


@pytest.mark.parametrize(
    ("tokenizer", "pooling", "positions"),
    list(itertools.product(TOKENIZERS, POOLINGS, POSITIONS)),
)
def test_vit_takes_every_combination_of_its_options(tokenizer, pooling, positions, images):
    model = vit(dim=8, depth=1, heads=2, tokenizer=tokenizer, pooling=pooling, positions=positions)
    assert gives_logits(model, images)
    assert len(kinds(model, ClassToken)) == (pooling == "class")
    assert len(kinds(model, PositionEmbedding)) == (positions != "none")


def permuted(images, side, seed=0):
    """The images with their patches in another order, the same for all."""
    count = 32 // side
    patches = images.reshape(-1, count, side, count, side, 3).swapaxes(2, 3)
    patches = patches.reshape(len(images), count**2, side, side, 3)
    patches = patches[:, np.random.default_rng(seed).permutation(count**2)]
    patches = patches.reshape(-1, count, count, side, side, 3).swapaxes(2, 3)
    return patches.reshape(images.shape)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("positions", POSITIONS)
def test_only_positions_tell_a_transformer_where_a_patch_is(pooling, positions, images):
    model = worn(vit(dim=16, depth=2, heads=2, pooling=pooling, positions=positions), images)
    before, after = np.asarray(model(images)), np.asarray(model(permuted(images, 4)))
    difference = np.abs(after - before).max() / np.abs(before).max()
    assert difference < 1e-5 if positions == "none" else difference > 1e-2


# Speednet


@pytest.fixture(scope="module")
def kernel(data):
    return whitening_kernel(data[0][:300])


def test_whitened_patches_are_uncorrelated_and_of_like_size(data, kernel):
    x = normalized(data[0][:300]).astype(np.float32)
    responses = np.asarray(keras.ops.conv(x, kernel, padding="valid")).reshape(-1, 24)
    assert len(responses) == 300 * 31 * 31
    moments = responses.T @ responses / len(responses)
    assert np.abs(moments[:12, :12] - np.diag(np.diag(moments)[:12])).max() < 1e-3
    deviations = np.sqrt(np.diag(moments)[:12])
    assert deviations.max() < 1.001
    np.testing.assert_allclose(deviations[:6], 1, atol=0.02)
    assert deviations.min() > 0.7  # the least of all is held back most by the 5e-4
    np.testing.assert_array_equal(kernel[..., 12:], -kernel[..., :12])


def test_whitening_divides_each_component_by_its_deviation_the_largest_first(data, kernel):
    x = normalized(data[0][:300])
    moments = np.zeros((12, 12))
    for row in range(31):
        for column in range(31):
            patches = x[:, row : row + 2, column : column + 2].reshape(-1, 12)
            moments += patches.T @ patches
    moments /= 300 * 31 * 31
    filters = kernel.reshape(12, 24)[:, :12].astype(np.float64)
    # A principal component is turned into a multiple of itself, by its variance
    lengths = np.linalg.norm(filters, axis=0)
    variances = np.linalg.norm(moments @ filters, axis=0) / lengths
    np.testing.assert_allclose(moments @ filters, filters * variances, atol=1e-4)
    assert (np.diff(variances) < 0).all()
    np.testing.assert_allclose(lengths, 1 / np.sqrt(variances + 5e-4), rtol=1e-4)


def test_whitening_keeps_the_largest_components(data, kernel):
    fewer = whitening_kernel(data[0][:300], components=5)
    np.testing.assert_array_equal(fewer[..., :5], kernel[..., :5])
    np.testing.assert_array_equal(fewer[..., 5:], kernel[..., 12:17])


def test_larger_patches_are_whitened_too(data):
    kernel = whitening_kernel(data[0][:300], patch_size=4, components=16)
    x = normalized(data[0][:300]).astype(np.float32)
    responses = np.asarray(keras.ops.conv(x, kernel, padding="valid")).reshape(-1, 32)[:, :16]
    moments = responses.T @ responses / len(responses)
    np.testing.assert_allclose(moments, np.eye(16), atol=0.05)  # the rest is the 5e-4


def test_whitening_refuses_what_it_cannot_use(data):
    with pytest.raises(ValueError, match=r"components must be a whole number from 1 to 12, got 13"):
        whitening_kernel(data[0][:10], components=13)
    with pytest.raises(ValueError, match="patch_size must be a whole number from 1 to 32, got 33"):
        whitening_kernel(data[0][:10], patch_size=33)
    with pytest.raises(ValueError, match="raw values from 0 to 255"):
        whitening_kernel(data[0][:10] / 255)
    with pytest.raises(ValueError, match="n > 0"):
        speednet(images=data[0][:0])


def test_speednet_begins_with_fixed_whitening(data):
    layer = speednet(widths=(1, 1, 1)).get_layer("whitening")
    assert not layer.trainable_weights
    np.testing.assert_array_equal(layer.get_weights()[0], whitening_kernel(data[0][:5000]))
    other = speednet(widths=(1, 1, 1), images=data[0][:100]).get_layer("whitening")
    np.testing.assert_array_equal(other.get_weights()[0], whitening_kernel(data[0][:100]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"convolutions": (2, 0, 2)}, "convolutions must be 3 whole numbers of at least 1"),
        ({"stride": 0}, "stride must be"),
        ({"patch_size": 0}, "patch_size must be"),
        ({"components": 0}, "components must be"),
        ({"patch_size": 4, "stride": 5}, "need 8 x 8 places or more, got patch_size=4, stride=5"),
    ],
)
def test_speednet_refuses_settings_out_of_range(settings, message):
    with pytest.raises(ValueError, match=message):
        speednet(**settings)


@pytest.mark.parametrize(
    ("counts", "patch_size", "stride"), [((2, 2, 2), 2, 1), ((1, 3, 2), 4, 2), ((2, 1, 1), 3, 3)]
)
def test_speednet_computes_what_numpy_does(images, counts, patch_size, stride):
    settings = {"convolutions": counts, "patch_size": patch_size, "stride": stride}
    model = worn(speednet(widths=(3, 5, 4), components=7, **settings), images)
    first, *convolutions = kinds(model, layers.Conv2D)
    assert len(convolutions) == sum(counts)
    norms = iter(kinds(model, BatchNormalization))
    x = normalized(images)
    side = 33 - patch_size
    offsets = range(patch_size)
    parts = [x[:, i : side + i : stride, j : side + j : stride] for i in offsets for j in offsets]
    kernel = np.asarray(first.kernel, np.float64).reshape(-1, 14)
    x = relu(np.concatenate(parts, axis=-1) @ kernel)
    pooled = np.cumsum([0, *counts[:-1]])  # after the first convolution of each group
    for number, convolution in enumerate(convolutions):
        x = conv2d(x, np.asarray(convolution.kernel, np.float64))
        if number in pooled:
            side = x.shape[1] // 2 * 2
            x = x[:, :side, :side].reshape(8, side // 2, 2, side // 2, 2, -1).max(axis=(2, 4))
        beta, mean, variance = (w.astype(np.float64) for w in next(norms).get_weights())
        x = relu((x - mean) / np.sqrt(variance + 1e-12) + 8 * beta)
    logits = x.max(axis=(1, 2)) @ np.asarray(model.layers[-2].kernel) / 9
    assert_close(model(images), logits)


def test_speednet_keeps_the_share_of_old_statistics_it_is_told():
    momenta = [norm.momentum for norm in kinds(speednet(), BatchNormalization)]
    assert momenta == [0.6] * 6
    other = kinds(speednet(widths=(1, 1, 1), bn_momentum=0.95), BatchNormalization)
    assert {norm.momentum for norm in other} == {0.95}


# AlexNet and VGG


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


# Settings outside their range


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (alexnet, {"width": 0}, "width must be a whole number of at least 1, got 0"),
        (alexnet, {"width": 24.0}, "width must be .* got 24.0"),
        (alexnet, {"width": "24"}, "width must be .* got '24'"),
        (alexnet, {"width": True}, "width must be .* got True"),
        (alexnet, {"dropout": 1}, "dropout must be at least 0 and below 1, got 1"),
        (alexnet, {"dropout": -0.5}, "dropout must be .* got -0.5"),
        (alexnet, {"dropout": math.nan}, "dropout must be .* got nan"),
        (alexnet, {"activation": "rellu"}, "rellu"),
        (alexnet, {"norm": "layer"}, "norm must be .*'layer'"),
        (vgg, {"depth": 12}, "depth must be one of 11, 13, 16, 19, got 12"),
        (vgg, {"depth": "16"}, "depth must be one of 11, 13, 16, 19, got '16'"),
        (vgg, {"width": -1}, "width must be .* got -1"),
        (vgg, {"dropout": 1.5}, "dropout must be .* got 1.5"),
        (resnet, {"depth": 21}, r"depth must be 6 n \+ 2, so 8, 14, 20, ..., got 21"),
        (resnet, {"depth": 2}, "depth must be .* got 2"),
        (resnet, {"depth": -4}, "depth must be .* got -4"),
        (resnet, {"depth": 20.0}, "depth must be .* got 20.0"),
        (resnet, {"width": 0}, "width must be .* got 0"),
        (resnet, {"shortcut": "zeros"}, "shortcut must be one of 'pad', 'projection', got 'zeros'"),
        (resnet18, {"width": 0}, "width must be .* got 0"),
        (resnet18, {"shortcut": None}, "shortcut must be .* got None"),
        (efficientnet, {"width": 0}, "width must be positive and finite, got 0"),
        (efficientnet, {"width": math.inf}, "width must be .* got inf"),
        (efficientnet, {"depth": -1.0}, "depth must be positive and finite, got -1.0"),
        (efficientnet, {"depth": math.nan}, "depth must be .* got nan"),
        (efficientnet, {"resolution": 0}, "resolution must be .* got 0"),
        (efficientnet, {"resolution": 48.0}, "resolution must be .* got 48.0"),
        (efficientnet, {"dropout": 1}, "dropout must be .* got 1"),
        (efficientnet, {"drop_rate": 1.0}, "drop_rate must be .* got 1.0"),
        (vit, {"patch_size": 5}, "patch_size must be a divisor of 32, got 5"),
        (vit, {"patch_size": 0}, "patch_size must be .* got 0"),
        (vit, {"patch_size": 64}, "patch_size must be .* got 64"),
        (vit, {"patch_size": 4.0}, "patch_size must be .* got 4.0"),
        (vit, {"dim": 0}, "dim must be .* got 0"),
        (vit, {"depth": 0}, "depth must be .* got 0"),
        (vit, {"heads": 0}, "heads must be .* got 0"),
        (vit, {"heads": 3}, "heads must be a divisor of dim, got heads=3, dim=128"),
        (vit, {"mlp_ratio": 0}, "mlp_ratio must be positive and finite, got 0"),
        (vit, {"mlp_ratio": math.inf}, "mlp_ratio must be .* got inf"),
        (vit, {"tokenizer": "pixels"}, "tokenizer must be one of 'patch', .* got 'pixels'"),
        (vit, {"pooling": "max"}, "pooling must be one of 'class', .* got 'max'"),
        (vit, {"positions": "sine"}, "positions must be one of 'learned', .* got 'sine'"),
        (vit, {"positions": "sincos", "dim": 6, "heads": 1}, "multiple of 4.* got dim=6"),
        (vit, {"dropout": 1}, "dropout must be .* got 1"),
        (vit, {"drop_rate": -0.1}, "drop_rate must be .* got -0.1"),
        (cct, {"depth": 0}, "depth must be .* got 0"),
        (cct, {"pooling": "max"}, "pooling must be .* got 'max'"),
        (speednet, {"widths": (64, 0, 1)}, r"widths must be 3 .* got \(64, 0, 1\)"),
        (speednet, {"widths": (64, 256)}, r"widths must be 3 .* got \(64, 256\)"),
        (speednet, {"widths": (64, 256, 2.5)}, r"widths must be 3 .* got \(64, 256, 2.5\)"),
        (speednet, {"widths": 64}, "widths must be 3 .* got 64"),
        (speednet, {"widths": "abc"}, "widths must be 3 .* got 'abc'"),
    ],
)
def test_settings_outside_their_range_are_refused_with_the_value_given(model, settings, message):
    with pytest.raises(ValueError, match=message):
        model(**settings)


TAKEN = [
    (checks.fraction, (), [0, 0.999, np.float32(0.5)]),
    (checks.not_negative, (), [0, 1e9, 0.5]),
    (checks.positive, (), [1e-9, 7]),
    (checks.truth, (), [True, False]),
    (checks.whole, (3,), [3, 4, 10**9]),
    (checks.whole, (0, 5), [0, 5]),
    (functools.partial(checks.positive_integers, count=2), (), [(1, 2), [7, 1]]),
    (checks.choice, (("a", None, 3),), ["a", None, 3]),
]
REFUSED = [
    (checks.fraction, (), [-1e-9, 1, math.nan, math.inf, "0.5", None, False]),
    (checks.not_negative, (), [-1e-9, math.nan, math.inf, "1", None, True]),
    (checks.positive, (), [0, -1, math.nan, math.inf, "1", None, True]),
    (checks.truth, (), [0, 1, None, "True"]),
    (checks.whole, (3,), [2, 3.0, "3", None, True, math.nan]),
    (checks.whole, (0, 5), [-1, 6]),
    (functools.partial(checks.positive_integers, count=2), (), [(1,), (1, 0), (1, 2.0), "12", 12]),
    (checks.choice, (("a", None, 3),), ["b", 3.0, "", 4]),
]


def cases(table):
    return [(check, limits, value) for check, limits, values in table for value in values]


@pytest.mark.parametrize(("check", "limits", "value"), cases(TAKEN))
def test_settings_at_the_edge_of_their_range_are_taken(check, limits, value):
    check("rate", value, *limits)


@pytest.mark.parametrize(("check", "limits", "value"), cases(REFUSED))
def test_settings_beyond_the_edge_are_refused_by_name_and_value(check, limits, value):
    with pytest.raises(ValueError, match=r"^rate must be ") as error:
        check("rate", value, *limits)
    assert str(error.value).endswith(f"got {value!r}")


# They learn


@pytest.fixture(scope="module")
def built(images):
    """Each model of the zoo, as after training, for the tests that leave it as it is."""
    return functools.cache(lambda name: worn(seeded(functools.partial(build, name)), images))


def unseen(model):
    """The biases that are added to all scores of a softmax alike: it takes no notice of them."""
    keys = [w.path for w in model.trainable_weights if w.path.endswith("key/bias")]
    return keys + [layer.bias.path for layer in kinds(model, layers.Dense) if layer.units == 1]


@pytest.mark.parametrize("name", NAMES)
def test_a_gradient_reaches_every_weight(name, built, data):
    x, y = data[0][:8], data[1][:8]
    model = built(name)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        loss = loss_of(y, model(x))
    weights = model.trainable_weights
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    for weight, gradient in zip(weights, gradients, strict=True):
        assert gradient is not None, weight.path
        values = np.asarray(gradient)
        assert np.isfinite(values).all(), weight.path
        assert np.abs(values).max() > 1e-8 or weight.path in unseen(model), weight.path


@pytest.mark.parametrize("name", sorted(SMALL))
def test_every_architecture_learns_64_images_by_heart(name, data):
    x, y = data[0][:64], data[1][:64]
    keras.utils.set_random_seed(0)
    model = SMALL[name]()
    recipe = Recipe(epochs=28, batch_size=16, optimizer="adam", learning_rate=4e-3)
    run = train(model, (x, y), recipe, verbose=False)
    assert run.curves["loss"][-1] < 0.3 * run.curves["loss"][0]
    assert (np.asarray(model(x)).argmax(axis=1) == y).mean() > 0.95


# Mixed precision


def twin(make, model, policy):
    with precision(policy):
        half = make()
    half.set_weights(model.get_weights())
    return half


# Without the two that have the blocks of resnet20
@pytest.mark.parametrize("name", sorted(set(NAMES) - {"resnet56", "resnet110"}))
def test_models_of_the_zoo_give_like_logits_in_bfloat16(name, built, images):
    model = built(name)
    found = twin(lambda: build(name), model, "mixed_bfloat16")(images)
    assert found.dtype == "float32"
    assert_close(found, model(images), tolerance=0.1)


@pytest.fixture(scope="module")
def small(images):
    return functools.cache(lambda name: worn(seeded(SMALL[name]), images))


@pytest.mark.parametrize(
    ("policy", "tolerance"), [("mixed_bfloat16", 0.1), ("mixed_float16", 0.02)]
)
@pytest.mark.parametrize("name", sorted(SMALL))
def test_every_architecture_works_in_mixed_precision(name, policy, tolerance, small, data):
    x, y = data[0][:8], data[1][:8]
    model = small(name)
    half = twin(SMALL[name], model, policy)
    found = half(x)
    assert found.dtype == "float32"
    assert_close(found, model(x), tolerance)
    assert {weight.dtype for weight in half.trainable_weights} == {"float32"}
    half.compile(
        keras.optimizers.SGD(0.1),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        auto_scale_loss=True,
        run_eagerly=True,  # no graph to build for a single step
    )
    before = half.get_weights()
    assert np.isfinite(half.train_on_batch(x[:4], y[:4]))
    after = half.get_weights()
    assert all(np.isfinite(weight).all() for weight in after)
    if policy == "mixed_bfloat16":  # in float16 a first step may find the loss scaled too far up
        assert not np.array_equal(before[-1], after[-1])
