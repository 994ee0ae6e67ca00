"""ConvMixer: its published size, what it computes in NumPy's words, that it learns."""

import keras
import numpy as np
import pytest
from networks import assert_close, kinds, worn
from numpy_blocks import depthwise, gelu, normalize, normalized

from cifarlib.evaluation import macs
from cifarlib.layers import BatchNormalization
from cifarlib.models import build, convmixer
from cifarlib.recipes import CONVMIXER, Recipe
from cifarlib.training import train

layers = keras.layers


# In NumPy, in double precision, with no help from Keras


def weights_of(layer):
    return [weight.astype(np.float64) for weight in layer.get_weights()]


def gelu_norm(x, norm):
    return normalize(gelu(x), norm)


def patches(x, layer, size):
    """One dense layer on the pixels of each patch."""
    kernel, bias = weights_of(layer)
    side = 32 // size
    x = x.reshape(-1, side, size, side, size, 3).swapaxes(2, 3).reshape(-1, side, side, size**2 * 3)
    return x @ kernel.reshape(size**2 * 3, -1) + bias


def in_numpy(model, images, patch_size):
    norms = iter(kinds(model, BatchNormalization))
    first, *mixing = kinds(model, layers.Conv2D)
    x = gelu_norm(patches(normalized(images), first, patch_size), next(norms))
    depthwises = kinds(model, layers.DepthwiseConv2D)
    mixing = [layer for layer in mixing if layer not in depthwises]
    for depthwise_layer, pointwise in zip(depthwises, mixing, strict=True):
        kernel, bias = weights_of(depthwise_layer)
        x = x + gelu_norm(depthwise(x, kernel) + bias, next(norms))
        kernel, bias = weights_of(pointwise)
        x = gelu_norm(x @ kernel[0, 0] + bias, next(norms))
    assert next(norms, None) is None
    kernel, bias = weights_of(model.layers[-1])
    return x.mean(axis=(1, 2)) @ kernel + bias


@pytest.mark.parametrize(("kernel_size", "patch_size"), [(5, 4), (4, 8), (3, 16), (9, 4), (1, 2)])
def test_convmixer_computes_what_numpy_does(kernel_size, patch_size, data):
    keras.utils.set_random_seed(0)
    model = convmixer(dim=6, depth=2, kernel_size=kernel_size, patch_size=patch_size)
    images = data[0][:4]
    assert_close(worn(model, images)(images), in_numpy(model, images, patch_size))


# Size


def by_the_formula(dim, depth, kernel_size, patch_size):
    """Of the paper: patches, blocks and classifier, each convolution with a bias and a norm."""
    block = kernel_size**2 + dim + 6
    return dim * (depth * block + 3 * patch_size**2 + 3 + 10) + 10


@pytest.mark.parametrize(
    ("dim", "depth", "kernel_size", "patch_size", "published"),
    [  # ConvMixer-256/8 for CIFAR-10: 0.707 M parameters with kernels of 9 pixels, patches of 1
        (256, 8, 9, 1, 706_570), (256, 8, 5, 2, 594_186), (192, 8, 5, 4, None), (3, 1, 2, 32, None),
    ],
)  # fmt: skip
def test_convmixer_has_the_published_size(dim, depth, kernel_size, patch_size, published):
    model = convmixer(dim=dim, depth=depth, kernel_size=kernel_size, patch_size=patch_size)
    trainable = sum(weight.numpy().size for weight in model.trainable_weights)
    assert trainable == by_the_formula(dim, depth, kernel_size, patch_size)
    assert published in (None, trainable)
    # And two moving averages for each channel of each batch normalization
    assert model.count_params() == trainable + 2 * dim * (2 * depth + 1)


def test_multiply_accumulates_are_those_of_the_sums_written_out():
    positions = 8 * 8
    block = 192 * 25 + 192 * 192
    assert macs(build("convmixer")) == positions * (192 * 48 + 8 * block) + 192 * 10


@pytest.mark.parametrize("patch_size", [1, 2, 4, 8])
def test_size_stays_the_same_from_the_patches_to_the_mean(patch_size):
    model = convmixer(dim=5, depth=2, kernel_size=3, patch_size=patch_size)
    shapes = {layer.output.shape[1:] for layer in model.layers if len(layer.output.shape) == 4}
    side = 32 // patch_size
    assert shapes == {(32, 32, 3), (side, side, 5)}


# What it refuses


@pytest.mark.parametrize("name", ["dim", "depth", "kernel_size"])
@pytest.mark.parametrize("value", [0, -1, 2.0, "8", None, True])
def test_counts_must_be_whole_numbers_of_at_least_one(name, value):
    with pytest.raises(ValueError, match=f"^{name} must be a whole number of at least 1") as error:
        convmixer(**{name: value})
    assert str(error.value).endswith(f"got {value!r}")


@pytest.mark.parametrize("value", [0, -4, 3, 5, 64, 4.0, "4", None, True])
def test_patch_size_must_divide_32(value):
    with pytest.raises(ValueError, match=r"^patch_size must be a divisor of 32, got ") as error:
        convmixer(patch_size=value)
    assert str(error.value).endswith(f"got {value!r}")


# That it learns, and survives


def test_convmixer_learns_64_images_by_heart(data):
    x, y = data[0][:64], data[1][:64]
    keras.utils.set_random_seed(0)
    model = convmixer(dim=32, depth=2, kernel_size=3)
    recipe = Recipe(epochs=28, batch_size=16, optimizer="adam", learning_rate=4e-3)
    run = train(model, (x, y), recipe, verbose=False)
    assert run.curves["loss"][-1] < 0.3 * run.curves["loss"][0]
    assert (np.asarray(model(x)).argmax(axis=1) == y).mean() > 0.95


def test_recipe_takes_a_step_that_reaches_every_weight(data):
    keras.utils.set_random_seed(0)
    model = convmixer(dim=8, depth=1)
    before = [weight.numpy() for weight in model.trainable_weights]
    recipe = Recipe(**vars(CONVMIXER) | {"epochs": 1, "batch_size": 16, "warmup": 0.0})
    train(model, (data[0][:32], data[1][:32]), recipe, verbose=False)
    for weight, old in zip(model.trainable_weights, before, strict=True):
        assert np.isfinite(weight.numpy()).all()
        assert not np.array_equal(weight.numpy(), old), weight.path


def test_convmixer_survives_saving_and_loading(data, tmp_path):
    model = worn(convmixer(dim=6, depth=2), data[0][:64])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(loaded(data[0][:4])), np.asarray(model(data[0][:4])))
