"""Scores of familiarity against SciPy, and what they are blind to."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import log_softmax, logsumexp, softmax

from cifarlib.evaluation import energy, max_probability

LOGITS = np.random.default_rng(0).normal(0, 6, (50, 10))


def test_max_probability_is_that_of_a_softmax():
    assert_allclose(max_probability(LOGITS), softmax(LOGITS, axis=1).max(axis=1))
    assert_allclose(max_probability(log_softmax(LOGITS, axis=1)), max_probability(LOGITS))
    assert_allclose(max_probability(LOGITS.astype(np.float32)), max_probability(LOGITS), rtol=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1, 2.0])
def test_energy_is_minus_the_log_of_the_sum_of_exponentials(temperature):
    expected = -temperature * logsumexp(LOGITS / temperature, axis=1)
    assert_allclose(energy(LOGITS, temperature), expected)


def test_adding_to_all_logits_changes_the_energy_and_no_probability():
    assert_allclose(energy(LOGITS + 7), energy(LOGITS) - 7)
    assert_allclose(max_probability(LOGITS + 7), max_probability(LOGITS))


def test_huge_logits_overflow_nothing():
    huge = np.array([[5000.0, 0.0], [-5000.0, -5000.0]])
    assert_allclose(max_probability(huge), [1, 0.5])
    assert_allclose(energy(huge), [-5000, 5000 - np.log(2)])


def test_energy_of_probabilities_is_refused():
    with pytest.raises(ValueError, match="the scores before the softmax"):
        energy(log_softmax(LOGITS, axis=1).astype(np.float32))
    with pytest.raises(ValueError, match="before the softmax"):
        energy(np.log(softmax(LOGITS / 10, axis=1).round(3)))


@pytest.mark.parametrize("score", [energy, max_probability])
def test_bad_input_is_refused(score):
    for bad in (LOGITS[0], LOGITS[:, :1], LOGITS[:0]):
        with pytest.raises(ValueError, match=r"shape \(n, classes\)"):
            score(bad)
    with pytest.raises(ValueError, match="finite"):
        score(np.where(LOGITS > 10, np.nan, LOGITS))
    with pytest.raises(ValueError, match="temperature must be positive"):
        energy(LOGITS, 0)
