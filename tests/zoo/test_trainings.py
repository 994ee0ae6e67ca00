"""Trainings: refused where they cannot be run, and one place that knows them all."""

import dataclasses

import pytest

from cifarlib import models, zoo
from cifarlib.models import simple_cnn
from cifarlib.recipes import SIMPLE_CNN
from cifarlib.zoo import TRAININGS, Training

GIVEN = Training(simple_cnn, SIMPLE_CNN)


@pytest.mark.parametrize(
    ("name", "message", "values"),
    [
        ("images", "must be a whole number of at least 1, got ", [0, -1, 2.0, "5", None, True]),
        (
            "precision",
            "must be one of 'float32', 'mixed_bfloat16', ",
            ["float16", "bfloat16", None],
        ),
        ("validate_on_test", "must be True or False, got ", ["no", 1, None]),
        ("test_time_augmentation", "must be True or False, got ", ["no", 1, None]),
    ],
)
def test_settings_outside_their_range_are_refused_with_their_value(name, message, values):
    for value in values:
        with pytest.raises(ValueError, match=f"^{name} {message}") as error:
            dataclasses.replace(GIVEN, **{name: value})
        assert str(error.value).endswith(f"got {value!r}")


def test_settings_are_the_recipe_s_and_what_is_not_at_its_default():
    """A record's hash stands on these: no default may ever change."""
    assert GIVEN.settings() == SIMPLE_CNN.settings()
    assert dataclasses.replace(GIVEN, images=10).settings() == SIMPLE_CNN.settings()
    changes = {
        "held_out": 5_000, "precision": "fastest", "validate_on_test": True,
        "test_time_augmentation": True,
    }  # fmt: skip
    for name, value in changes.items():
        changed = dataclasses.replace(GIVEN, **{name: value})
        assert changed.settings() == SIMPLE_CNN.settings() | {name: value}


def test_what_the_registry_adds_is_not_part_of_a_record_s_hash():
    registered = TRAININGS["speednet"]
    other = dataclasses.replace(registered, seeds=9, for_a_gpu=True)
    assert other.settings() == registered.settings()
    plain = Training(
        registered.model, registered.recipe, precision="fastest", test_time_augmentation=True
    )
    assert plain.settings() == registered.settings()


def test_unknown_training_lists_the_known_ones():
    with pytest.raises(ValueError, match="no training is called 'vgg19'; there are alexnet, cct"):
        zoo.training("vgg19")
    assert zoo.training("vgg") is TRAININGS["vgg"]


def test_a_training_is_no_model():
    """The names of longer trainings once stood among those of the models."""
    assert {"vit_200", "cct_200"} <= set(TRAININGS) - set(models.BUILDERS)
    assert TRAININGS["vit_200"].model is TRAININGS["vit"].model is models.vit


def test_what_the_zoo_trained_as_vgg_is_narrower_than_the_paper_s():
    trained = TRAININGS["vgg"].model()
    assert trained.count_params() == models.vgg(16, width=16).count_params()
    assert trained.count_params() < models.build("vgg").count_params() / 10


@pytest.mark.parametrize("name", sorted(TRAININGS))
def test_every_training_takes_all_images(name):
    assert TRAININGS[name].images == 50_000
    assert TRAININGS[name].seeds >= 1
