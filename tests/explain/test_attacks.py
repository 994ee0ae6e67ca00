"""Attacks: exact where the network is linear, bounded always, and not stopped by a softmax."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal

from cifarlib import load_cifar10, zoo
from cifarlib.evaluation import logits
from cifarlib.explain import fgsm, pgd


@pytest.fixture(scope="module")
def few():
    data = load_cifar10()
    return data.x_test[:24], data.y_test[:24]


@pytest.fixture(scope="module")
def trained():
    return zoo.load("simple_cnn")


def linear(activation=None, scale=1.0, ending=()):
    """Two classes whose scores are x.w and 0; and w."""
    w = scale * np.random.default_rng(0).normal(0, 0.01, 3072).astype(np.float32)
    dense = layers.Dense(2, activation=activation)
    model = keras.Sequential([keras.Input((32, 32, 3)), layers.Flatten(), dense, *ending])
    dense.set_weights([np.stack([w, 0 * w], axis=1), np.zeros(2, np.float32)])
    return model, w.reshape(32, 32, 3)


def losses(model, images, labels):
    scores = tf.constant(logits(model, images))
    found = tf.nn.sparse_softmax_cross_entropy_with_logits(labels.astype(int), scores)
    return found.numpy()


@pytest.mark.parametrize("attack", [fgsm, pgd])
def test_where_the_score_is_linear_each_value_goes_all_the_way(few, attack):
    model, w = linear()
    images = few[0].clip(10, 245)  # so that black and white do not get in the way
    after = attack(model, images, np.zeros(24, int), 4)
    assert_allclose(after, images - 4 * np.sign(w), atol=1e-4)
    away_from_the_other = attack(model, images, np.ones(24, int), 4)
    assert_allclose(away_from_the_other, images + 4 * np.sign(w), atol=1e-4)


def test_fgsm_steps_along_the_sign_of_the_gradient(few, trained):
    images, labels = few
    x = tf.constant(images, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels.astype(int), trained(x))
    expected = np.clip(images + 2.0 * np.sign(tape.gradient(loss, x)), 0, 255)
    assert (fgsm(trained, images, labels, 2) == expected).mean() > 0.999  # tiny signs may differ


@pytest.mark.parametrize("epsilon", [0, 1, 7.5, 300])
@pytest.mark.parametrize("attack", [fgsm, pgd])
def test_nothing_leaves_its_bounds(few, trained, attack, epsilon):
    images, labels = few
    after = attack(trained, images, labels, epsilon)
    assert after.dtype == np.float32
    assert after.shape == images.shape
    assert np.abs(after - images).max() <= epsilon + 1e-4
    assert after.min() >= 0 and after.max() <= 255


def test_whole_numbers_stay_whole(few, trained):
    after = fgsm(trained, *few, 3)
    assert_array_equal(after, np.rint(after))


def test_pgd_raises_the_loss_further_than_fgsm_and_fgsm_further_than_chance(few, trained):
    images, labels = few
    chance = np.random.default_rng(0).choice([-4, 4], images.shape)
    random = losses(trained, np.clip(images + chance, 0, 255).astype(np.float32), labels).mean()
    one_step = losses(trained, fgsm(trained, images, labels, 4), labels).mean()
    ten_steps = losses(trained, pgd(trained, images, labels, 4), labels).mean()
    assert random + 1 < one_step < ten_steps


def test_a_single_step_without_a_random_start_would_be_fgsm(few, trained):
    """PGD's step is FGSM's: from any start, a step of twice epsilon ends where FGSM ends."""
    model, _ = linear()
    images = few[0].clip(10, 245)
    one = pgd(model, images, few[1] % 2, 4, steps=1, step_size=8)
    assert_allclose(one, fgsm(model, images, few[1] % 2, 4), atol=1e-4)


def test_the_seed_decides_the_start_and_batches_nothing(few, trained):
    first = pgd(trained, *few, 4, steps=2, seed=1)
    assert_allclose(first, pgd(trained, *few, 4, steps=2, seed=1, batch_size=7), atol=8)
    share = (np.abs(first - pgd(trained, *few, 4, steps=2, seed=1, batch_size=7)) < 1e-3).mean()
    assert share > 0.99
    assert (np.abs(first - pgd(trained, *few, 4, steps=2, seed=2)) > 0.1).mean() > 0.1


@pytest.mark.parametrize(
    "ending",
    [
        {"activation": "softmax"},
        {"ending": [layers.Softmax()]},
        {"ending": [layers.Activation("softmax")]},
    ],
)
def test_a_softmax_that_is_sure_does_not_stop_an_attack(few, ending):
    model, w = linear(scale=1000.0, **ending)
    probabilities = model.predict(few[0], verbose=0)
    assert probabilities.max(axis=1).min() > 0.999999  # so sure that its gradient is 0
    answers = probabilities.argmax(axis=1)
    after = fgsm(model, few[0].clip(10, 245), answers, 3)
    assert_allclose(after[0], few[0][0].clip(10, 245) + (2 * answers[0] - 1) * 3 * np.sign(w))


def test_a_readers_model_with_inputs_from_0_to_1(few, trained):
    images, labels = few
    inputs = keras.Input((32, 32, 3))
    theirs = keras.Model(inputs, trained(layers.Rescaling(255)(inputs)))
    after = fgsm(theirs, images, labels, 2, preprocess=lambda x: x / 255)
    assert (after == fgsm(trained, images, labels, 2)).mean() > 0.999


def test_labels_may_be_a_column_or_one_hot(few, trained):
    images, labels = few
    expected = fgsm(trained, images, labels, 2)
    assert_array_equal(fgsm(trained, images, labels[:, None], 2), expected)
    assert_array_equal(fgsm(trained, images, np.eye(10)[labels], 2), expected)


def test_dropout_is_off(few):
    model, w = linear()
    with_dropout = keras.Sequential([keras.Input((32, 32, 3)), layers.Dropout(0.9), *model.layers])
    images = few[0].clip(10, 245)
    assert_allclose(
        fgsm(with_dropout, images, np.zeros(24, int), 1), images - np.sign(w), atol=1e-4
    )


def test_bad_input_is_refused(few, trained):
    images, labels = few
    with pytest.raises(ValueError, match="do not divide by 255"):
        fgsm(trained, images / 255, labels, 1)
    with pytest.raises(ValueError, match="epsilon must be finite and at least 0, got -1"):
        pgd(trained, images, labels, -1)
    with pytest.raises(ValueError, match="one label per image"):
        fgsm(trained, images, labels[:5], 1)
    with pytest.raises(ValueError, match="steps must be a whole number of at least 1"):
        pgd(trained, images, labels, 1, steps=0)
    features = keras.Model(trained.inputs, trained.layers[2].output)
    with pytest.raises(ValueError, match="a row of two numbers or more per image"):
        fgsm(features, images, labels, 1)


def test_logits_in_16_bits_are_attacked(few):
    images, labels = few
    model = keras.Sequential(
        [keras.Input((32, 32, 3)), layers.Flatten(), layers.Dense(2, dtype="mixed_float16")]
    )
    after = fgsm(model, images, np.asarray(labels) % 2, 4)
    assert np.isfinite(after).all()
    assert np.abs(after - images).max() == pytest.approx(4, abs=1e-3)
