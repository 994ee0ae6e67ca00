"""Symmetric quantization, against its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cifarlib.export import quantize_symmetric


def test_five_weights_by_pencil():
    integers, scale = quantize_symmetric(np.array([0.524, -1.27, 0.033, 0.898, -0.306]))
    assert integers.tolist() == [52, -127, 3, 90, -31]
    assert float(scale) == pytest.approx(0.01)


def test_four_bits_have_seven_steps_to_each_side():
    integers, scale = quantize_symmetric(np.array([0.7, -0.7, 0.24, 0.0]), bits=4)
    assert integers.tolist() == [7, -7, 2, 0]
    assert float(scale) == pytest.approx(0.1)


def test_each_filter_has_its_own_scale():
    kernel = np.stack([[0.1, 0.2], [10.0, -20.0]], axis=-1)  # the filters are the last axis
    integers, scale = quantize_symmetric(kernel, axis=-1)
    assert scale.shape == (1, 2)
    np.testing.assert_allclose(scale.ravel(), [0.2 / 127, 20 / 127], rtol=1e-6)
    np.testing.assert_array_equal(integers[:, 0], [64, 127])  # 63.5 goes to the even number
    together, _ = quantize_symmetric(kernel)
    np.testing.assert_array_equal(together[:, 0], [1, 1])  # beside large ones, hardly anything


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(np.float32, arrays.array_shapes(min_dims=1, max_dims=3, max_side=5),
                  elements=st.floats(-1000, 1000, width=32)),
    st.integers(2, 12),
)  # fmt: skip
def test_no_weight_is_off_by_more_than_half_a_scale(weights, bits):
    integers, scale = quantize_symmetric(weights, bits)
    largest = 2 ** (bits - 1) - 1
    assert np.abs(integers).max() <= largest
    assert np.abs(integers * scale - weights).max() <= scale * (0.5 + 1e-4 * largest)
    if np.abs(weights).max() > 1e-30:
        assert np.abs(integers).max() == largest


def test_zeros_stay_zeros():
    integers, scale = quantize_symmetric(np.zeros((2, 3)), axis=0)
    assert not integers.any() and scale.tolist() == [[1.0], [1.0]]


@pytest.mark.parametrize("bits", [1, 0, 17, 8.5, True])
def test_bits_have_a_range(bits):
    with pytest.raises(ValueError, match="bits must be a whole number from 2 to 16"):
        quantize_symmetric(np.ones(3), bits)


def test_axis_must_be_there():
    with pytest.raises(ValueError, match="axis must be a whole number from -1 to 0"):
        quantize_symmetric(np.ones(3), axis=1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_must_be_finite(value):
    with pytest.raises(ValueError, match="finite"):
        quantize_symmetric(np.array([1.0, value]))
