"""The architectures refuse settings outside their range, by name and value."""

import functools
import math

import keras
import numpy as np
import pytest

from cifarlib import _checks as checks
from cifarlib.models import alexnet, cct, efficientnet, resnet, resnet18, speednet, vgg, vit

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
        (efficientnet, {"drop_rate": 1.0}, "drop_rate must be .* got 1.0"),
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
        (vit, {"drop_rate": -0.1}, "drop_rate must be .* got -0.1"),
        (cct, {"depth": 0}, "depth must be .* got 0"),
        (cct, {"pooling": "max"}, "pooling must be .* got 'max'"),
        (speednet, {"activation": "rellu"}, "rellu"),
        (speednet, {"widths": (64, 0, 1)}, r"widths must be 3 .* got \(64, 0, 1\)"),
        (speednet, {"widths": (64, 256)}, r"widths must be 3 .* got \(64, 256\)"),
        (speednet, {"widths": (64, 256, 2.5)}, r"widths must be 3 .* got \(64, 256, 2.5\)"),
        (speednet, {"widths": 64}, "widths must be 3 .* got 64"),
        (speednet, {"widths": "abc"}, "widths must be 3 .* got 'abc'"),
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
    (checks.whole, (3,), [3, 4, 10**9]),
    (checks.whole, (0, 5), [0, 5]),
    (functools.partial(checks.positive_integers, count=2), (), [(1, 2), [7, 1]]),
    (checks.choice, (("a", None, 3),), ["a", None, 3]),
]
REFUSED = [
    (checks.fraction, (), [-1e-9, 1, math.nan, math.inf, "0.5", None, False]),
    (checks.not_negative, (), [-1e-9, math.nan, math.inf, "1", None, True]),
    (checks.positive, (), [0, -1, math.nan, math.inf, "1", None, True]),
    (checks.truth, (), [0, 1, None, "True"]),
    (checks.whole, (3,), [2, 3.0, "3", None, True, math.nan]),
    (checks.whole, (0, 5), [-1, 6]),
    (functools.partial(checks.positive_integers, count=2), (), [(1,), (1, 0), (1, 2.0), "12", 12]),
    (checks.choice, (("a", None, 3),), ["b", 3.0, "", 4]),
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
