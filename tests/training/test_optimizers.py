"""The optimizer that a recipe asks for: each step against its formula."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from cifarlib.models import vit
from cifarlib.recipes import Recipe
from cifarlib.training import build_optimizer

SGD = {"optimizer": "sgd", "learning_rate": 0.1}
GRADIENTS = [np.array([3.0, -4.0]), np.array([0.5, 0.25]), np.array([-1.0, 2.0])]


def step(optimizer, model, gradients):
    tensors = [keras.ops.convert_to_tensor(gradient, "float32") for gradient in gradients]
    optimizer.apply(tensors, model.trainable_variables)


def stepped(settings, gradients, start=(1.0, -2.0), steps=10):
    """Kernel and bias of a dense layer after each step; the bias has a tenth of the gradient."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2)])
    model.set_weights([np.array([start]), np.array(start)])
    optimizer = build_optimizer(Recipe(epochs=1, batch_size=1, **settings), model, steps)
    found = []
    for gradient in gradients:
        step(optimizer, model, [gradient[None], gradient / 10])
        kernel, bias = model.get_weights()
        found.append((kernel[0].copy(), bias.copy()))
    return np.array(found)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_has_nesterov_momentum(momentum):
    weights, velocity = np.array([1.0, -2.0]), 0
    found = stepped(SGD | {"momentum": momentum}, GRADIENTS)
    for gradient, (kernel, _) in zip(GRADIENTS, found, strict=True):
        velocity = momentum * velocity + gradient
        weights = weights - 0.1 * (gradient + momentum * velocity)  # a look ahead along the way
        assert_allclose(kernel, weights, rtol=1e-5)


@pytest.mark.parametrize(("name", "decay"), [("adam", 0.0), ("adam", 0.3), ("adamw", 0.3)])
def test_adam_goes_by_its_rate_against_each_sign_and_decays_what_was_there(name, decay):
    """In the first step the moments are the gradient and its square, so it is divided by itself."""
    settings = {"optimizer": name, "learning_rate": 0.1, "weight_decay": decay}
    kernel, bias = stepped(settings, GRADIENTS[:1])[0]
    assert_allclose(kernel, [1.0 - 0.1 * decay - 0.1, -2.0 + 0.2 * decay + 0.1], rtol=1e-5)
    assert_allclose(bias, [1.0 - 0.1, -2.0 + 0.1], rtol=1e-5)


@pytest.mark.parametrize("change", [{}, {"momentum": 0.9}, {"optimizer": "adamw"}])
def test_decay_takes_rate_times_decay_of_a_weight_whatever_the_gradient(change):
    decay = {"weight_decay": 0.25, "schedule": "linear"}  # over 4 steps: 0.1, 0.075, 0.05, 0.025
    found = stepped(SGD | decay | change, 3 * [np.zeros(2)], steps=4)
    shares = np.cumprod([1 - 0.1 * 0.25, 1 - 0.075 * 0.25, 1 - 0.05 * 0.25])
    assert_allclose(found[:, 0], np.outer(shares, [1, -2]), rtol=1e-6)
    assert (found[:, 1] == [1, -2]).all()


@pytest.mark.parametrize("decay_all", [False, True])
def test_only_kernels_decay_unless_all_weights_do(decay_all):
    transformer = vit(patch_size=16, dim=8, depth=1, heads=2)
    images, layers = keras.Input((32, 32, 3)), keras.layers
    x = layers.DepthwiseConv2D(3)(layers.BatchNormalization()(layers.Conv2D(4, 3)(images)))
    model = keras.Model([images, transformer.input], [x, transformer.output])
    model.set_weights([np.ones_like(weight) for weight in model.get_weights()])
    recipe = Recipe(1, 1, **SGD, weight_decay=0.5, decay_all=decay_all)
    variables = model.trainable_variables
    step(build_optimizer(recipe, model, 10), model, [np.zeros(v.shape) for v in variables])
    values = [(v.path.split("/")[-1], np.unique(keras.ops.convert_to_numpy(v))) for v in variables]
    found = {(name, round(float(value), 6)) for name, some in values for value in some}
    others = ("bias", "gamma", "beta", "token", "positions")
    assert found == {("kernel", 0.95)} | {(name, 0.95 if decay_all else 1) for name in others}


def test_the_norm_of_each_weight_s_gradient_is_clipped_by_itself():
    [(kernel, bias)] = stepped(SGD | {"clip_norm": 2.0}, GRADIENTS[:1])  # norms 5 and 1/2
    assert_allclose(kernel, [1 - 0.12, -2 + 0.16], rtol=1e-6)
    assert_allclose(bias, [1 - 0.03, -2 + 0.04], rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "rates"),
    [
        ({}, [1, 1, 1, 1]),
        ({"warmup": 0.5, "start": 0.2}, [0.2, 0.6, 1, 1]),
        ({"schedule": "linear", "warmup": 0.5, "start": 0.2, "final": 0.1}, [0.2, 0.6, 1, 0.55]),
        ({"schedule": "cosine"}, [1, 0.5 + 0.125**0.5, 0.5, 0.5 - 0.125**0.5]),
        ({"schedule": "step"}, [1, 1, 0.1, 0.01]),
    ],
)
def test_each_step_is_made_at_the_rate_of_the_schedule(settings, rates):
    found = stepped(SGD | settings, 4 * [np.ones(2)], start=(0.0, 0.0), steps=4)
    assert_allclose(found[:, 0, 1], -0.1 * np.cumsum(rates), rtol=1e-5)


def test_adamw_without_weight_decay_decays_nothing():
    """Keras' default for it is 0.004."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.set_weights([np.ones((1, 1))])
    optimizer = build_optimizer(Recipe(1, 1, "adamw", 0.1), model, 10)
    optimizer.apply_gradients([(keras.ops.zeros((1, 1)), model.trainable_variables[0])])
    assert model.get_weights()[0].item() == 1
