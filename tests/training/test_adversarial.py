"""Training against attacks: what the network is shown, and that nothing of it stays behind."""

import dataclasses

import keras
import numpy as np
import pytest

from cifarlib import load_cifar10
from cifarlib.recipes import Recipe
from cifarlib.training import against_attacks, train

EPSILON = 8.0
RECIPE = Recipe(epochs=2, batch_size=16, optimizer="sgd", learning_rate=0.01)


class Spying(keras.Sequential):
    """Notes the images that each step is given."""

    def train_step(self, data):
        self.seen.append(np.array(data[0]))
        return super().train_step(data)


def spying(weights):
    """Logits that are weighted sums of the pixels, so that the gradient's signs are known."""
    model = Spying(
        [
            keras.Input((4, 4, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(2, use_bias=False),
        ]
    )
    object.__setattr__(model, "seen", [])
    model.set_weights([weights])
    model.compile(
        keras.optimizers.SGD(0.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        run_eagerly=True,
    )
    return model


def some(low, high, count=40):
    rng = np.random.default_rng(0)
    images = rng.integers(low, high, (count, 4, 4, 3)).astype(np.uint8)
    return images, rng.integers(0, 2, count), rng.normal(size=(48, 2)).astype(np.float32)


def test_each_value_moves_up_the_loss_and_no_further_than_epsilon():
    images, labels, weights = some(50, 200)
    model = spying(weights)
    with against_attacks(model, EPSILON):
        model.train_on_batch(images, labels)
    moved = model.seen[0] - images
    # The loss grows with the other class's score and falls with the label's
    one = (weights[:, 1] - weights[:, 0]).reshape(4, 4, 3)
    uphill = moved * np.sign(np.where((labels == 0)[:, None, None, None], one, -one))
    # A start anywhere from -8 to 8, then 10 up, cut at 8: 2 at the least, and mostly 8
    assert np.abs(moved).max() <= EPSILON + 1e-4
    assert uphill.min() > 0.25 * EPSILON - 1e-3
    assert np.mean(uphill > EPSILON - 1e-3) == pytest.approx(0.625, abs=0.05)
    assert len(np.unique(np.round(uphill, 3))) > 100  # the start is random


def test_values_stay_within_what_a_picture_can_have():
    images, labels, weights = some(0, 256)
    images[:20], images[20:] = 0, 255
    model = spying(weights)
    with against_attacks(model, EPSILON):
        model.train_on_batch(images, labels)
    assert model.seen[0].min() == 0
    assert model.seen[0].max() == 255


def test_starts_depend_on_seed_and_step():
    images, labels, weights = some(50, 200)
    model = spying(weights)
    for seed in (0, 1):
        with against_attacks(model, EPSILON, seed):
            model.train_on_batch(images, labels)
            model.train_on_batch(images, labels)
    again = spying(weights)
    with against_attacks(again, EPSILON, 0):
        again.train_on_batch(images, labels)
    assert np.array_equal(again.seen[0], model.seen[0])
    different = [not np.array_equal(model.seen[0], other) for other in model.seen[1:]]
    assert all(different)


def test_nothing_stays_behind():
    images, labels, weights = some(50, 200)
    model = spying(weights)
    with against_attacks(model, 0):
        assert "train_step" not in vars(model)
    with pytest.raises(KeyError), against_attacks(model, EPSILON):
        raise KeyError
    model.train_on_batch(images, labels)
    assert np.array_equal(model.seen[0], images)
    assert "train_step" not in vars(model)


def test_a_block_inside_another_leaves_the_outer_one_in_force():
    images, labels, weights = some(50, 200)
    model = spying(weights)
    with against_attacks(model, EPSILON):
        with against_attacks(model, EPSILON / 2):
            pass
        model.train_on_batch(images, labels)
    assert not np.array_equal(model.seen[0], images)
    assert "train_step" not in vars(model)


def test_other_backends_are_refused_by_name(monkeypatch):
    model = spying(some(0, 255)[2])
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with (
        pytest.raises(NotImplementedError, match="for TensorFlow, Keras runs on jax"),
        against_attacks(model, 1),
    ):
        pass


def linear():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.1])  # labels are classes, or shares of the classes
def test_a_recipe_with_an_epsilon_trains_another_network(smoothing):
    x, y = load_cifar10().train
    plain = dataclasses.replace(RECIPE, label_smoothing=smoothing)
    attacked = dataclasses.replace(plain, adversarial_epsilon=EPSILON)
    losses = {}
    for recipe in (plain, attacked):
        model = linear()
        run = train(model, (x[:64], y[:64]), recipe, verbose=False)
        losses[recipe.adversarial_epsilon] = run.curves["loss"]
        assert "train_step" not in vars(model)
    assert losses[EPSILON][0] > losses[0][0] + 0.05


def test_a_stopped_training_goes_on_exactly(tmp_path):
    x, y = load_cifar10().train
    recipe = dataclasses.replace(RECIPE, adversarial_epsilon=EPSILON)
    through, stopped = linear(), linear()
    train(through, (x[:64], y[:64]), recipe, verbose=False)
    path = tmp_path / "state.npz"
    train(stopped, (x[:64], y[:64]), recipe, epochs=1, checkpoint=path, verbose=False)
    train(stopped, (x[:64], y[:64]), recipe, checkpoint=path, verbose=False)
    for one, other in zip(through.get_weights(), stopped.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_a_negative_epsilon_is_refused():
    with pytest.raises(ValueError, match="adversarial_epsilon"):
        dataclasses.replace(RECIPE, adversarial_epsilon=-1)
