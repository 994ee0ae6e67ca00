"""Risk and coverage of a model that may stay silent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from cifarlib.evaluation import risk_coverage


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=30))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_risk_and_coverage_are_counted_at_every_threshold(pairs):
    confidence, wrong = (np.array(part) for part in zip(*pairs, strict=True))
    found = risk_coverage(wrong.astype(int), np.zeros(len(wrong), int), confidence)
    assert found.threshold.tolist() == sorted(set(confidence), reverse=True)
    for threshold, coverage, risk in zip(found.threshold, found.coverage, found.risk, strict=True):
        answered = confidence >= threshold
        assert coverage == pytest.approx(answered.mean())
        expected = 1 - accuracy_score(np.zeros(answered.sum()), wrong[answered])
        assert risk == pytest.approx(expected, abs=1e-12)


def test_area_is_the_mean_risk_over_random_orders_of_equals():
    rng = np.random.default_rng(0)
    confidence = rng.integers(0, 5, 40)
    wrong = rng.random(40) < 0.5 - 0.1 * confidence
    areas = []
    for _ in range(4000):
        order = np.lexsort((rng.random(40), -confidence))
        areas.append(np.mean([wrong[order[:k]].mean() for k in range(1, 41)]))
    found = risk_coverage(wrong.astype(int), np.zeros(40, int), confidence)
    assert found.area == pytest.approx(np.mean(areas), abs=0.002)


def test_area_without_ties_and_the_best_one_written_out():
    rng = np.random.default_rng(1)
    shares = rng.dirichlet([1, 1, 1], size=60)
    labels = rng.integers(0, 3, 60)
    wrong = shares.argmax(axis=1) != labels
    order = np.argsort(-shares.max(axis=1))
    found = risk_coverage(shares, labels)
    expected = np.mean([wrong[order[:k]].mean() for k in range(1, 61)])
    assert found.area == pytest.approx(expected, abs=1e-12)
    count = wrong.sum()
    best = sum((k - (60 - count)) / k for k in range(60 - count + 1, 61)) / 60
    assert found.best_area == pytest.approx(best, abs=1e-12)
    assert found.best_area < found.area
    assert found.risk[-1] == pytest.approx(wrong.mean()) and found.coverage[-1] == 1


def test_confidence_may_be_anything_that_orders_the_answers():
    shares = np.random.default_rng(2).dirichlet([1, 1, 1], size=50)
    labels = shares.argmax(axis=1)
    labels[:20] = 0
    found = risk_coverage(np.log(shares), labels)
    other = risk_coverage(shares.argmax(axis=1), labels, 7 * shares.max(axis=1) - 3)
    np.testing.assert_allclose(found.risk, other.risk)
    assert found.area == pytest.approx(other.area)
    turned = risk_coverage(shares, labels, -shares.max(axis=1))
    assert turned.area != pytest.approx(found.area, abs=1e-3)


def test_what_is_no_confidence_is_refused():
    with pytest.raises(ValueError, match=r"one number per image, \(3,\), got float64 \(2,\)"):
        risk_coverage(np.zeros(3, int), np.zeros(3, int), np.zeros(2))
    with pytest.raises(ValueError, match="confidence contains NaN"):
        risk_coverage(np.zeros(2, int), np.zeros(2, int), np.array([1, np.nan]))
    with pytest.raises(ValueError, match="a row of two numbers or more"):
        risk_coverage(np.zeros(3, int), np.zeros(3, int))
