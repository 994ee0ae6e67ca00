"""The learning rate at every step, against formulas written out."""

import math

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cifarlib.recipes import SHAPES
from cifarlib.training import Schedule


@pytest.mark.parametrize(
    ("shape", "expected"),  # at 0, 10, 20, 50, 60, 75, 100 and 150
    [
        ("constant", [0.1, 0.25, 0.4, 0.4, 0.4, 0.4, 0.4, 0.4]),
        ("linear", [0.1, 0.25, 0.4, 0.275, 0.7 / 3, 0.17083333, 0.2 / 3, 0.2 / 3]),
        ("cosine", [0.1, 0.25, 0.4, 0.2971125, 0.7 / 3, 0.14073942, 0.2 / 3, 0.2 / 3]),
        ("step", [0.1, 0.25, 0.4, 0.04, 0.04, 0.004, 0.004, 0.004]),
    ],
)
def test_rate_at_the_corners_also_after_saving(shape, expected):
    schedule = Schedule(shape, 0.4, steps=100, warmup=0.2, start=0.25, final=1 / 6)
    saved = keras.optimizers.schedules.serialize(schedule)
    steps = keras.ops.convert_to_tensor([0, 10, 20, 50, 60, 75, 100, 150], "int32")
    for same in (schedule, keras.optimizers.schedules.deserialize(saved)):
        np.testing.assert_allclose([float(same(step)) for step in steps], expected, rtol=1e-5)


def share_of_peak(shape, steps, warmup, start, final, step):
    rise = warmup * steps
    if step < rise:
        return start + (1 - start) * step / rise
    left = max(0, steps - step) / (steps - rise)  # 1 after the warm-up, 0 at the end
    return {
        "constant": 1,
        "linear": final + (1 - final) * left,
        "cosine": final + (1 - final) * math.sin(math.pi / 2 * left) ** 2,
        "step": 1 if 2 * step < steps else 0.1 if 4 * step < 3 * steps else 0.01,
    }[shape]


@given(
    shape=st.sampled_from(SHAPES), peak=st.floats(1e-4, 10), steps=st.integers(1, 99),
    warmup=st.just(0.0) | st.floats(0.01, 0.45), start=st.floats(0, 1), final=st.floats(0, 1),
)  # fmt: skip
@settings(max_examples=40, deadline=None, derandomize=True)
def test_rate_follows_the_formula_up_to_the_peak_and_down_again(shape, peak, **chosen):
    every, end = np.arange(chosen["steps"] + 3), chosen["warmup"] * chosen["steps"]
    found = np.asarray(Schedule(shape, peak, **chosen)(every)) / peak
    expected = [share_of_peak(shape, step=step, **chosen) for step in every]
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert (np.diff(found)[every[1:] < end] >= 0).all()
    assert (np.diff(found)[every[:-1] > end] <= 0).all()
    assert found.min() >= 0 and found.max() <= 1 + 1e-6


@pytest.mark.parametrize(
    ("shape", "settings"),
    [
        ("cosin", {}),
        ("cosine", {"steps": 0}),
        ("cosine", {"peak": -1.0}),
        ("cosine", {"warmup": 1.0}),
        ("cosine", {"start": -0.1}),
        ("cosine", {"final": float("nan")}),
    ],
)
def test_settings_outside_their_range_are_refused_with_their_value(shape, settings):
    name, value = next(iter(settings.items()), ("shape", shape))
    arguments = {"peak": 1.0, "steps": 10} | settings
    with pytest.raises(ValueError, match=f"^{name} must be .* got {value!r}$"):
        Schedule(shape, **arguments)
