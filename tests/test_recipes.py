"""Recipes refuse what cannot be trained, and say what a record needs to know."""

import dataclasses
import json
import math

import keras
import pytest

from cifarlib import recipes
from cifarlib.images import Augmentation
from cifarlib.recipes import RESNET110, RESNET_PAPER, SIMPLE_CNN, Recipe
from cifarlib.training import build_optimizer

RECIPES = {name: item for name, item in vars(recipes).items() if isinstance(item, Recipe)}
REQUIRED = {"epochs": 1, "batch_size": 2, "optimizer": "sgd", "learning_rate": 0.5}


def test_simple_cnn_is_trained_as_the_first_tutorials_do():
    assert SIMPLE_CNN.settings() == {
        "epochs": 10, "batch_size": 64, "optimizer": "adam", "learning_rate": 1e-3,
    }  # fmt: skip
    rate = float(keras.optimizers.Adam().learning_rate)
    assert rate == pytest.approx(SIMPLE_CNN.learning_rate)  # Keras' default


def test_deep_resnets_are_trained_as_in_the_paper():
    """He et al. (2015), section 4.2: 64,000 steps of 128 images, rates of 0.1, 0.01 and 0.001."""
    for recipe, first in ((RESNET_PAPER, 0.1), (RESNET110, 0.01)):
        steps = recipe.epochs * math.ceil(50_000 / recipe.batch_size)
        assert recipe.batch_size == 128
        assert steps == pytest.approx(64_000, rel=0.01)
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        rate = build_optimizer(recipe, model, steps)._learning_rate
        found = [float(rate(step)) for step in (0, 500, 31_900, 32_100, 47_900, 48_200, 63_999)]
        assert found == pytest.approx([first, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001], rel=1e-5)
        assert recipe.momentum == 0.9
        assert recipe.weight_decay * (1 - recipe.momentum) == pytest.approx(1e-4)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_names_an_optimizer_that_can_be_built(name):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    optimizer = build_optimizer(RECIPES[name], model, 10)
    assert isinstance(optimizer, keras.optimizers.Optimizer)
    assert type(optimizer).__name__.lower() == RECIPES[name].optimizer


@pytest.mark.parametrize("name", ["epochs", "batch_size"])
@pytest.mark.parametrize("value", [0, -1, 2.5, "3", None])
def test_counts_must_be_whole_numbers_of_at_least_one(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a whole number of at least 1") as error:
        dataclasses.replace(SIMPLE_CNN, **{name: value})
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("value", [0, -0.1, float("nan"), float("inf")])
def test_learning_rate_must_be_positive(value):
    with pytest.raises(ValueError, match="learning_rate must be positive") as error:
        dataclasses.replace(SIMPLE_CNN, learning_rate=value)
    assert repr(value) in str(error.value)


NOT_NEGATIVE = "must be finite and at least 0, got "
A_SHARE = "must be at least 0 and below 1, got "


@pytest.mark.parametrize(
    ("name", "message", "values"),
    [
        ("lookahead", "must be a whole number of at least 0, got ", [-1, 2.0, "5", None, True]),
        *[
            (name, NOT_NEGATIVE, [-1e-9, float("nan"), float("inf"), "0", None, True])
            for name in ("weight_decay", "clip_norm", "start", "final")
        ],
        *[
            (name, A_SHARE, [-0.1, 1, 1.5, float("nan"), "0", None])
            for name in ("momentum", "warmup", "label_smoothing")
        ],
        ("decay_all", "must be True or False, got ", ["no", 1, None]),
        ("augmentation", "must be an Augmentation, got ", [None, {"crop": 4}]),
        (
            "optimizer",
            "must be one of 'sgd', 'adam', 'adamw', 'muon', got ",
            ["SGD", "rmsprop", None],
        ),
        (
            "schedule",
            "must be one of 'constant', 'cosine', 'linear', 'step', got ",
            ["cosin", None],
        ),
    ],
)
def test_other_settings_outside_their_range_are_refused_with_their_value(name, message, values):
    for value in values:
        with pytest.raises(ValueError, match=f"^{name} {message}") as error:
            Recipe(**REQUIRED | {name: value})
        assert str(error.value).endswith(f"got {value!r}")


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_momentum_belongs_to_sgd(optimizer):
    with pytest.raises(ValueError, match=f"momentum belongs to sgd, not to {optimizer}"):
        Recipe(**REQUIRED | {"optimizer": optimizer, "momentum": 0.9})


def test_a_recipe_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SIMPLE_CNN.epochs = 20


def test_settings_leave_out_what_is_at_its_default():
    assert Recipe(1, 2, "sgd", 0.5).settings() == REQUIRED
    assert recipes.SPEEDNET.settings()["decay_all"] is True
    crop = Recipe(**REQUIRED, lookahead=5, augmentation=Augmentation(crop=4, flip="none"))
    assert crop.settings() == REQUIRED | {"lookahead": 5, "augmentation": {"crop": 4}}
    assert Recipe(**REQUIRED, augmentation=Augmentation()).settings() == REQUIRED


def test_a_default_never_changes():
    """The settings of a record, and so its hash, stand on these: new ones may only be added."""
    found = dataclasses.asdict(Recipe(**REQUIRED))
    nothing = {
        "operations": 0, "magnitude": 0, "crop": 0, "flip": "none", "cutout": 0, "mixup": 0.0,
        "cutmix": 0.0,
    }  # fmt: skip
    assert found.pop("augmentation").items() >= nothing.items()
    defaults = {
        "momentum": 0.0, "weight_decay": 0.0, "decay_all": False,
        "schedule": "constant", "warmup": 0.0, "start": 0.0, "final": 0.0, "clip_norm": 0.0,
        "label_smoothing": 0.0, "lookahead": 0,
    }  # fmt: skip
    assert found.items() >= (REQUIRED | defaults).items()


def test_a_field_added_later_leaves_the_settings_of_older_recipes_alone():
    later = dataclasses.make_dataclass(
        "Later", [("invented", float, 0.0)], bases=(Recipe,), frozen=True
    )
    for recipe in (SIMPLE_CNN, *RECIPES.values()):
        old = vars(recipe)
        assert later(**old).settings() == recipe.settings()
        assert later(**old, invented=0.9).settings() == recipe.settings() | {"invented": 0.9}


def test_a_field_added_to_the_augmentation_leaves_the_settings_alone_too():
    later = dataclasses.make_dataclass(
        "Later", [("invented", float, 0.0)], bases=(Augmentation,), frozen=True
    )
    recipe = Recipe(**REQUIRED, augmentation=Augmentation(crop=4))
    assert dataclasses.replace(recipe, augmentation=later(crop=4)).settings() == recipe.settings()


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_settings_and_text_give_the_recipe_back(name):
    recipe = RECIPES[name]
    settings = json.loads(json.dumps(recipe.settings()))  # as in a record
    assert settings == recipe.settings()
    if "augmentation" in settings:
        settings["augmentation"] = Augmentation(**settings["augmentation"])
    assert Recipe(**settings) == recipe
    assert eval(repr(recipe)) == recipe


def test_text_names_what_is_set_and_nothing_else():
    expected = "Recipe(epochs=1, batch_size=2, optimizer='sgd', learning_rate=0.5, momentum=0.9)"
    assert repr(Recipe(**REQUIRED, momentum=0.9)) == expected


@pytest.mark.parametrize(
    ("settings", "soft"),
    [
        ({}, False),
        ({"augmentation": Augmentation(crop=4, flip="random", cutout=8)}, False),
        ({"label_smoothing": 0.1}, True),
        ({"augmentation": Augmentation(mixup=0.2)}, True),
        ({"augmentation": Augmentation(cutmix=1.0)}, True),
    ],
)
def test_labels_are_shares_where_something_mixes_them(settings, soft):
    assert Recipe(**REQUIRED, **settings).soft_labels is soft
