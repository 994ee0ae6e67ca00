"""Lookahead: the recursion of slow weights, its end, and its state across an interruption."""

import dataclasses

import keras
import numpy as np
import pytest

from cifarlib.recipes import Recipe
from cifarlib.training import Lookahead, build_optimizer, checkpoints, train
from cifarlib.training.lookahead import averaged

RNG = np.random.default_rng(0)
DATA = RNG.integers(0, 256, (36, 32, 32, 3), dtype=np.uint8), RNG.integers(0, 10, 36)
# Five steps an epoch, 15 in all; slow weights every four, so not at the ends of epochs
RECIPE = Recipe(3, 8, "sgd", 0.3, momentum=0.8, schedule="cosine", lookahead=4)


def tiny(seed=0, dropout=0.0):
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    return keras.Sequential([
        keras.Input((32, 32, 3)), layers.Rescaling(1 / 255), layers.AveragePooling2D(8),
        layers.Flatten(), layers.BatchNormalization(momentum=0.5), layers.Dropout(dropout),
        layers.Dense(10),
    ])  # fmt: skip


def trained(model, **settings):
    train(model, DATA, RECIPE, verbose=False, **settings)
    return [weight.copy() for weight in model.get_weights()]


def test_training_ends_with_the_slow_weights_of_the_recursion():
    model = tiny()
    optimizer = build_optimizer(dataclasses.replace(RECIPE, lookahead=0), model, 15)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    slow = [weight.copy() for weight in model.get_weights()]
    for step in range(1, 16):
        epoch, batch = divmod(step - 1, 5)
        order = np.random.default_rng([0, epoch]).permutation(36)[8 * batch : 8 * batch + 8]
        model.train_on_batch(DATA[0][order], DATA[1][order])
        if step % 4 == 0 or step == 15:  # and after the last step
            share, fast = 0.95**4 * (step / 15) ** 3, model.get_weights()
            slow = [share * a + (1 - share) * b for a, b in zip(slow, fast, strict=True)]
            model.set_weights(slow)
    found = trained(tiny())
    assert len(found) == 6  # with the moving statistics
    for a, b, c in zip(found, slow, fast, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
        assert np.abs(a - c).max() > 1e-3  # not where the optimizer left them


@pytest.mark.parametrize("steps", [5, 6])  # the last step is not one of a mix, or would be
def test_share_of_the_slow_weights_rises_with_the_cube_of_the_steps(steps):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    lookahead = Lookahead(every=2, steps=steps)
    lookahead.set_model(model)
    model.set_weights([np.zeros((1, 1))])
    lookahead.on_train_begin()
    found = []
    for step, fast in enumerate([7.0, 10.0, 20.0, 100.0, 9.0, 30.0][:steps]):
        model.set_weights([np.full((1, 1), fast)])
        lookahead.on_train_batch_end(step)
        found.append(model.get_weights()[0].item())
    first = 10 * (1 - 0.9025 * (2 / steps) ** 3)  # 0.95 squared
    second = 100 + (first - 100) * 0.9025 * (4 / steps) ** 3
    last = {5: 9.0, 6: 30.0}[steps]
    third = last + (second - last) * 0.9025
    expected = [7, first, 20, second, *[9] * (steps - 5), third]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_trained_weights_and_moving_statistics_are_averaged_and_nothing_else():
    names = [variable.path.split("/")[-1] for variable in averaged(tiny(dropout=0.5))]
    # Not the state of the dropout
    assert names == ["gamma", "beta", "kernel", "bias", "moving_mean", "moving_variance"]


def test_interrupted_training_goes_on_exactly(tmp_path, monkeypatch):
    straight = trained(tiny(dropout=0.3))
    checkpoint, save = tmp_path / "state.npz", checkpoints.save

    def stop(path, model, identity, progress):
        save(path, model, identity, progress)
        if progress.epochs == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoints, "save", stop)
    with pytest.raises(KeyboardInterrupt):
        trained(tiny(dropout=0.3), checkpoint=checkpoint)
    monkeypatch.undo()
    for _ in range(2):  # the second time there is nothing left to do
        resumed = trained(tiny(seed=9, dropout=0.3), checkpoint=checkpoint)
        for a, b in zip(resumed, straight, strict=True):
            np.testing.assert_array_equal(a, b)
