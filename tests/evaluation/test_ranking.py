"""The area under the ROC curve."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu
from sklearn.metrics import roc_auc_score

from cifarlib.evaluation import auroc

FEW = st.lists(st.integers(-3, 3), min_size=1, max_size=30)  # with many ties


@given(high=FEW, low=FEW)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_it_is_scikit_learn_s(high, low):
    expected = roc_auc_score([1] * len(high) + [0] * len(low), high + low)
    assert auroc(high, low) == pytest.approx(expected, abs=1e-12)
    assert auroc(low, high) == pytest.approx(1 - expected, abs=1e-12)


def test_it_is_mann_and_whitney_s_statistic_of_real_scores():
    rng = np.random.default_rng(0)
    high, low = rng.normal(0.7, 1, 3000).astype(np.float32), rng.normal(size=2000)
    expected = mannwhitneyu(high, low).statistic / (3000 * 2000)
    assert auroc(high, low) == pytest.approx(expected, abs=1e-12)
    assert 0.65 < expected < 0.72


def test_scores_that_are_apart_and_scores_that_are_alike():
    assert auroc([2, np.inf], [1, -np.inf]) == 1
    assert auroc([1, 2], [3, 4]) == 0
    assert auroc(np.ones(5), np.ones(7)) == 0.5


def test_large_scores_keep_their_order():
    """In float32, 16,777,217 would be 16,777,216."""
    assert auroc([2**24 + 1], [2**24]) == 1


@pytest.mark.parametrize(
    ("high", "low", "message"),
    [
        ([], [1.0], r"high must be one score per image.*\(0,\)"),
        ([1.0], np.zeros((2, 1)), r"low must be .*\(2, 1\)"),
        ([1.0], ["a"], "low must be"),
        ([np.nan], [1.0], "high contains NaN"),
    ],
)
def test_what_is_no_list_of_scores_is_refused(high, low, message):
    with pytest.raises(ValueError, match=message):
        auroc(high, low)
