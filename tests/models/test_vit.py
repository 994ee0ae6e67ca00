"""Vision Transformers in NumPy's words: tokens, attention, positions."""

import itertools
import math

import keras
import numpy as np
import pytest
from networks import assert_close, gives_logits, kinds, worn
from numpy_blocks import conv2d, dense, gelu, layer_norm, max_pool, normalized, relu
from scipy.special import softmax

from cifarlib.explain import attention_maps
from cifarlib.layers import ClassToken, PositionEmbedding
from cifarlib.models import resnet, vit
from cifarlib.models.vit import POOLINGS, POSITIONS, TOKENIZERS

layers = keras.layers


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
        patch_size=8, dim=12, depth=2, heads=3, mlp_ratio=1.5, dropout=0.1, drop_path_rate=0.1,
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
