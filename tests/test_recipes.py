"""Recipes refuse what cannot be trained, and say what a record needs to know."""

import dataclasses

import keras
import pytest

from cifarlib.recipes import RECIPES, SIMPLE_CNN, Recipe


def test_simple_cnn_is_trained_as_the_first_tutorials_do():
    assert dataclasses.astuple(SIMPLE_CNN) == (10, 64, "adam", 1e-3, True)
    rate = float(keras.optimizers.Adam().learning_rate)
    assert rate == pytest.approx(SIMPLE_CNN.learning_rate)  # Keras' default


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_names_an_optimizer_that_keras_knows(name):
    assert isinstance(keras.optimizers.get(RECIPES[name].optimizer), keras.optimizers.Optimizer)


@pytest.mark.parametrize("name", ["epochs", "batch_size"])
@pytest.mark.parametrize("value", [0, -1, 2.5, "3", None])
def test_counts_must_be_whole_numbers_of_at_least_one(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a whole number of at least 1") as error:
        dataclasses.replace(SIMPLE_CNN, **{name: value})
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("value", [0, -0.1, float("nan")])
def test_learning_rate_must_be_positive(value):
    with pytest.raises(ValueError, match="learning_rate must be positive"):
        dataclasses.replace(SIMPLE_CNN, learning_rate=value)


def test_a_recipe_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SIMPLE_CNN.epochs = 20


def test_settings_leave_out_what_is_at_its_default():
    assert Recipe(1, 2, "sgd", 0.5).settings() == {
        "epochs": 1, "batch_size": 2, "optimizer": "sgd", "learning_rate": 0.5,
    }  # fmt: skip
    assert SIMPLE_CNN.settings()["validate_on_test"] is True


def test_a_field_added_later_leaves_the_settings_of_older_recipes_alone():
    later = dataclasses.make_dataclass(
        "Later", [("momentum", float, 0.0)], bases=(Recipe,), frozen=True
    )
    old = dataclasses.asdict(SIMPLE_CNN)
    assert later(**old).settings() == SIMPLE_CNN.settings()
    assert later(**old, momentum=0.9).settings() == SIMPLE_CNN.settings() | {"momentum": 0.9}
