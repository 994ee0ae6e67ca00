"""The architectures have the sizes of their papers: parameters, multiply-accumulates, maps."""

import functools
import math

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import gives_logits, kinds, trainable

from cifarlib.evaluation import macs
from cifarlib.explain import attention_maps
from cifarlib.layers import BatchNormalization, ClassToken
from cifarlib.models import alexnet, cct, efficientnet, resnet, resnet18, speednet, vgg, vit
from cifarlib.models.vit import POOLINGS, POSITIONS

layers = keras.layers
FEW = settings(max_examples=4, deadline=None, derandomize=True)


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


# Maps


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
    found = rates(efficientnet(drop_path_rate=0.4))
    np.testing.assert_allclose(found, 0.05 * np.array([2, 4, 5, 7, 8]))
    found = rates(vit(dim=8, depth=5, heads=2, drop_path_rate=0.4))
    np.testing.assert_allclose(found, [0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.4, 0.4])
    assert rates(vit(dim=8, depth=5, heads=2)) == rates(efficientnet(drop_path_rate=0)) == []


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
    other = cct(dim=8, pooling="class", drop_path_rate=0.0)
    assert rates(other) == [] and len(kinds(other, ClassToken)) == 1
