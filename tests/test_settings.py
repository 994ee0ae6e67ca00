"""The architectures refuse settings outside their range, by name and value."""

import dataclasses
import functools
import json
import math

import keras
import numpy as np
import pytest

from cifarlib import _checks as checks
from cifarlib.images import Augmentation
from cifarlib.models import (
    alexnet,
    cct,
    convmixer,
    efficientnet,
    resnet,
    resnet18,
    simple_cnn,
    speednet,
    vgg,
    vit,
)
from cifarlib.recipes import SIMPLE_CNN
from cifarlib.training import fingerprint

layers = keras.layers


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (alexnet, {"width": 0}, "width must be a whole number of at least 1, got 0"),
        (alexnet, {"width": 24.0}, "width must be .* got 24.0"),
        (alexnet, {"width": "24"}, "width must be .* got '24'"),
        (alexnet, {"width": True}, "width must be .* got True"),
        (alexnet, {"dropout": 1}, "dropout must be at least 0 and below 1, got 1"),
        (alexnet, {"dropout": -0.5}, "dropout must be .* got -0.5"),
        (alexnet, {"dropout": math.nan}, "dropout must be .* got nan"),
        (alexnet, {"activation": "rellu"}, "rellu"),
        (alexnet, {"norm": "layer"}, "norm must be .*'layer'"),
        (vgg, {"depth": 12}, "depth must be one of 11, 13, 16, 19, got 12"),
        (vgg, {"depth": "16"}, "depth must be one of 11, 13, 16, 19, got '16'"),
        (vgg, {"width": -1}, "width must be .* got -1"),
        (vgg, {"batch_norm": "no"}, "batch_norm must be True or False, got 'no'"),
        (vgg, {"initializer": "tiny"}, "tiny"),
        (vgg, {"dropout": 1.5}, "dropout must be .* got 1.5"),
        (resnet, {"depth": 21}, r"depth must be 6 n \+ 2, so 8, 14, 20, ..., got 21"),
        (resnet, {"depth": 2}, "depth must be .* got 2"),
        (resnet, {"depth": -4}, "depth must be .* got -4"),
        (resnet, {"depth": 20.0}, "depth must be .* got 20.0"),
        (resnet, {"width": 0}, "width must be .* got 0"),
        (resnet, {"shortcut": "zeros"}, "shortcut must be one of 'pad', 'projection', got 'zeros'"),
        (resnet, {"residual": "no"}, "residual must be True or False, got 'no'"),
        (resnet, {"residual": None}, "residual must be .* got None"),
        (resnet18, {"width": 0}, "width must be .* got 0"),
        (resnet18, {"shortcut": None}, "shortcut must be .* got None"),
        (efficientnet, {"width": 0}, "width must be positive and finite, got 0"),
        (efficientnet, {"width": math.inf}, "width must be .* got inf"),
        (efficientnet, {"depth": -1.0}, "depth must be positive and finite, got -1.0"),
        (efficientnet, {"depth": math.nan}, "depth must be .* got nan"),
        (efficientnet, {"resolution": 0}, "resolution must be .* got 0"),
        (efficientnet, {"resolution": 48.0}, "resolution must be .* got 48.0"),
        (efficientnet, {"dropout": 1}, "dropout must be .* got 1"),
        (efficientnet, {"drop_path_rate": 1.0}, "drop_path_rate must be .* got 1.0"),
        (vit, {"patch_size": 5}, "patch_size must be a divisor of 32, got 5"),
        (vit, {"patch_size": 0}, "patch_size must be .* got 0"),
        (vit, {"patch_size": 64}, "patch_size must be .* got 64"),
        (vit, {"patch_size": 4.0}, "patch_size must be .* got 4.0"),
        (vit, {"dim": 0}, "dim must be .* got 0"),
        (vit, {"depth": 0}, "depth must be .* got 0"),
        (vit, {"heads": 0}, "heads must be .* got 0"),
        (vit, {"heads": 3}, "heads must be a divisor of dim, got heads=3, dim=128"),
        (vit, {"mlp_ratio": 0}, "mlp_ratio must be positive and finite, got 0"),
        (vit, {"mlp_ratio": math.inf}, "mlp_ratio must be .* got inf"),
        (vit, {"tokenizer": "pixels"}, "tokenizer must be one of 'patch', .* got 'pixels'"),
        (vit, {"pooling": "max"}, "pooling must be one of 'class', .* got 'max'"),
        (vit, {"positions": "sine"}, "positions must be one of 'learned', .* got 'sine'"),
        (vit, {"positions": "sincos", "dim": 6, "heads": 1}, "multiple of 4.* got dim=6"),
        (vit, {"dropout": 1}, "dropout must be .* got 1"),
        (vit, {"drop_path_rate": -0.1}, "drop_path_rate must be .* got -0.1"),
        (cct, {"depth": 0}, "depth must be .* got 0"),
        (cct, {"pooling": "max"}, "pooling must be .* got 'max'"),
        (speednet, {"activation": "rellu"}, "rellu"),
        (speednet, {"widths": (64, 0, 1)}, r"widths must be 3 .* got \(64, 0, 1\)"),
        (speednet, {"widths": (64, 256)}, r"widths must be 3 .* got \(64, 256\)"),
        (speednet, {"widths": (64, 256, 2.5)}, r"widths must be 3 .* got \(64, 256, 2.5\)"),
        (speednet, {"widths": 64}, "widths must be 3 .* got 64"),
        (speednet, {"widths": "abc"}, "widths must be 3 .* got 'abc'"),
        (simple_cnn, {"classes": 0}, "classes must be .* got 0"),
        (speednet, {"classes": 2.0}, "classes must be .* got 2.0"),
        (vit, {"classes": "10"}, "classes must be .* got '10'"),
    ],
)
def test_settings_outside_their_range_are_refused_with_the_value_given(model, settings, message):
    with pytest.raises(ValueError, match=message):
        model(**settings)


TAKEN = [
    (checks.fraction, (), [0, 0.999, np.float32(0.5)]),
    (checks.not_negative, (), [0, 1e9, 0.5]),
    (checks.positive, (), [1e-9, 7]),
    (checks.truth, (), [True, False]),
    (checks.whole, (3,), [3, 4, 10**9, np.int64(5), np.uint8(3)]),
    (checks.whole, (0, 5), [0, 5]),
    (functools.partial(checks.positive_integers, count=2), (), [(1, 2), [7, 1], (np.int64(2), 1)]),
    (checks.choice, (("a", None, 3),), ["a", None, 3, np.int64(3)]),
    (checks.divisor, (32,), [1, 8, 32, np.int64(4)]),
]
REFUSED = [
    (checks.fraction, (), [-1e-9, 1, math.nan, math.inf, "0.5", None, False]),
    (checks.not_negative, (), [-1e-9, math.nan, math.inf, "1", None, True]),
    (checks.positive, (), [0, -1, math.nan, math.inf, "1", None, True]),
    (checks.truth, (), [0, 1, None, "True"]),
    (checks.whole, (3,), [2, 3.0, "3", None, True, math.nan]),
    (checks.whole, (0, 5), [-1, 6]),
    (functools.partial(checks.positive_integers, count=2), (), [(1,), (1, 0), (1, 2.0), "12", 12]),
    (checks.choice, (("a", None, 3),), ["b", 3.0, "", 4, np.float64(3)]),
    (checks.divisor, (32,), [0, 5, 64, -1, 4.0, True, "4", None]),
]


def cases(table):
    return [(check, limits, value) for check, limits, values in table for value in values]


@pytest.mark.parametrize(("check", "limits", "value"), cases(TAKEN))
def test_settings_at_the_edge_of_their_range_are_taken(check, limits, value):
    check("rate", value, *limits)


@pytest.mark.parametrize(("check", "limits", "value"), cases(REFUSED))
def test_settings_beyond_the_edge_are_refused_by_name_and_value(check, limits, value):
    with pytest.raises(ValueError, match=r"^rate must be ") as error:
        check("rate", value, *limits)
    assert str(error.value).endswith(f"got {value!r}")


@pytest.mark.parametrize(("check", "limits", "value"), cases(TAKEN))
def test_numbers_come_back_as_python_s_own(check, limits, value):
    """NumPy's pass for numbers, but neither for JSON nor, everywhere, for Keras."""
    found = check("rate", value, *limits)
    if found is not None:  # a word, or True and False, of which there is one kind
        json.dumps(found)
        np.testing.assert_array_equal(found, value)


NUMPY_SETTINGS = [
    (alexnet, {"width": np.int64(12)}),
    (vgg, {"depth": np.int64(11), "width": np.int16(4)}),
    (resnet, {"depth": np.int64(8), "width": np.int64(4)}),
    (efficientnet, {"width": np.float32(0.5), "resolution": np.int64(16)}),
    (vit, {"dim": np.int64(16), "depth": np.int64(1), "heads": np.int64(2)}),
    (vit, {"dim": 16, "depth": 1, "patch_size": np.int8(8)}),
    (convmixer, {"dim": np.int64(16), "depth": np.int64(1), "kernel_size": np.int64(3)}),
    (speednet, {"widths": np.array([4, 8, 8]), "stride": np.int64(2)}),
    (simple_cnn, {"dropout": np.float32(0.25), "classes": np.int64(3)}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "settings"),
    NUMPY_SETTINGS,
    ids=[f"{model.__name__}, {' '.join(settings)}" for model, settings in NUMPY_SETTINGS],
)
def test_settings_may_be_numbers_of_numpy(model, settings):
    plain = {
        name: value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        for name, value in settings.items()
    }
    found, expected = model(**settings), model(**plain)
    json.dumps(found.get_config())
    assert fingerprint(found, SIMPLE_CNN) == fingerprint(expected, SIMPLE_CNN)


def test_a_recipe_may_have_numbers_of_numpy():
    taken = dataclasses.replace(
        SIMPLE_CNN, epochs=np.int64(3), learning_rate=np.float32(0.5), weight_decay=np.float64(0)
    )
    assert taken == dataclasses.replace(SIMPLE_CNN, epochs=3, learning_rate=0.5)
    json.dumps(taken.settings())
    assert Augmentation(crop=np.int64(4), mixup=np.float32(1)) == Augmentation(crop=4, mixup=1.0)
    json.dumps(dataclasses.asdict(Augmentation(crop=np.int64(4))))
