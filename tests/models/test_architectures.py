"""Every architecture learns, and works in every precision."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from networks import NAMES, SMALL, assert_close, kinds, seeded, worn

from cifarlib.machine import precision
from cifarlib.models import build
from cifarlib.recipes import Recipe
from cifarlib.training import train

layers = keras.layers


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
    # Steps that shrink to 0: at a constant rate it is chance whether the last ones undo it again
    recipe = Recipe(
        epochs=40, batch_size=16, optimizer="adam", learning_rate=4e-3, schedule="cosine"
    )
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
