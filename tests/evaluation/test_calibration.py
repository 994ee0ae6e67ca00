"""Reliability in bins, the calibration error and what chance adds to it, temperature, log loss."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss as sklearn_s_log_loss

from cifarlib.evaluation import fit_temperature, log_loss, probabilities, reliability


def promised(count, classes=10, kept=1.0, seed=0):
    """Logits, and labels drawn from the softmax of ``kept`` times the logits."""
    rng = np.random.default_rng(seed)
    scores = 2 * rng.normal(size=(count, classes))
    shares = softmax(kept * scores, axis=1)
    labels = (rng.random((count, 1)) < shares.cumsum(axis=1)).argmax(axis=1)
    return scores, labels


# Probabilities


def test_probabilities_are_scipy_s_softmax_and_large_logits_do_not_overflow():
    scores = 300 * np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    for temperature in (0.3, 1, 7):
        expected = softmax(scores.astype(np.float64) / temperature, axis=1)
        np.testing.assert_allclose(probabilities(scores, temperature), expected, atol=1e-12)


def test_probabilities_of_probabilities_are_themselves_and_can_be_tempered():
    scores = np.random.default_rng(0).normal(size=(50, 4))
    shares = softmax(scores, axis=1)
    np.testing.assert_allclose(probabilities(shares), shares, atol=1e-12)
    np.testing.assert_allclose(probabilities(shares, 3), softmax(scores / 3, axis=1), atol=1e-12)
    assert probabilities(np.array([[1.0, 0.0]])) == pytest.approx(np.array([[1, 0]]), abs=1e-300)


@pytest.mark.parametrize(
    ("predictions", "temperature", "message"),
    [
        (np.zeros(3), 1, r"got float64 \(3,\)"),
        (np.zeros((0, 3)), 1, r"got float64 \(0, 3\)"),
        (np.zeros((3, 1)), 1, r"got float64 \(3, 1\)"),
        (np.array([[0.0, np.nan]]), 1, "NaN or infinite"),
        (np.zeros((3, 2)), 0, "temperature must be positive"),
    ],
)
def test_what_gives_no_probabilities_is_refused(predictions, temperature, message):
    with pytest.raises(ValueError, match=message):
        probabilities(predictions, temperature)


# Reliability


@pytest.mark.parametrize(("kind", "strategy"), [("width", "uniform"), ("mass", "quantile")])
@pytest.mark.parametrize("bins", [1, 5, 15])
def test_bins_are_scikit_learn_s(kind, strategy, bins):
    scores, labels = promised(3000, kept=0.5)
    shares = softmax(scores, axis=1)
    right = shares.argmax(axis=1) == labels
    accuracy, confidence = calibration_curve(
        right, shares.max(axis=1), n_bins=bins, strategy=strategy
    )
    found = reliability(scores, labels, bins, kind)
    full = found.count > 0
    np.testing.assert_allclose(found.accuracy[full], accuracy, atol=1e-9)
    np.testing.assert_allclose(found.confidence[full], confidence, atol=1e-9)
    assert found.count.sum() == 3000 and len(found.edges) == bins + 1
    assert np.isnan(found.accuracy[~full]).all()
    if kind == "mass":
        assert found.count.tolist() == [3000 // bins] * bins


def test_error_is_the_formula_of_guo_et_al_written_out():
    scores, labels = promised(2000, kept=0.5)
    shares = softmax(scores, axis=1)
    confidence, right = shares.max(axis=1), shares.argmax(axis=1) == labels
    total, gaps = 0.0, []
    for m in range(15):
        inside = (confidence > m / 15) & (confidence <= (m + 1) / 15)
        if inside.any():
            gaps.append(abs(right[inside].mean() - confidence[inside].mean()))
            total += inside.mean() * gaps[-1]
    found = reliability(scores, labels)
    assert found.error == pytest.approx(total, abs=1e-12)
    assert found.largest == pytest.approx(max(gaps), abs=1e-12)
    assert total > 0.15  # it promises far more than it keeps


def test_an_edge_belongs_to_the_bin_below_it():
    shares = np.array([[0.5, 0.5], [0.75, 0.25]])
    assert reliability(shares, np.array([0, 0]), bins=4).count.tolist() == [0, 1, 1, 0]
    assert reliability(np.array([[1.0, 0.0]]), np.array([0]), bins=4).count.tolist() == [0, 0, 0, 1]


def test_equal_confidences_stay_in_one_bin():
    shares = np.array([[0.9, 0.1]] * 50 + [[0.6, 0.4]] * 2)
    found = reliability(shares, np.zeros(52, int), bins=4, kind="mass")
    assert sorted(found.count)[-1] >= 50 and found.count.sum() == 52
    assert np.isfinite(found.error)


def test_error_by_chance_is_the_exact_expectation():
    """One bin of 6 answers: the distribution of the number of hits, by convolution."""
    scores, labels = promised(6, classes=3)
    found = reliability(scores, labels, bins=1)
    confidence = softmax(scores, axis=1).max(axis=1)
    chances = np.ones(1)
    for share in confidence:
        chances = np.convolve(chances, [1 - share, share])
    exact = (chances * np.abs(np.arange(7) - confidence.sum())).sum() / 6
    assert found.error_by_chance(draws=20_000) == pytest.approx(exact, rel=0.02)


def test_error_by_chance_is_what_a_perfect_model_gets_and_falls_with_the_images():
    errors = [reliability(*promised(500, seed=seed), bins=15).error for seed in range(60)]
    by_chance = reliability(*promised(500), bins=15).error_by_chance()
    assert by_chance == pytest.approx(np.mean(errors), rel=0.1)
    assert by_chance > 0.02
    more = reliability(*promised(8000), bins=15)
    assert more.error_by_chance() == pytest.approx(by_chance / 4, rel=0.15)


def test_squared_error_of_a_perfect_model_is_0_on_average_and_otherwise_the_truth():
    perfect = [reliability(*promised(300, seed=seed), bins=10) for seed in range(200)]
    unbiased = np.array([one.squared_error for one in perfect])
    assert abs(unbiased.mean()) < 3 * unbiased.std() / np.sqrt(200)
    naive = [np.nansum(one.count * (one.accuracy - one.confidence) ** 2) / 300 for one in perfect]
    assert np.mean(naive) > 10 * abs(unbiased.mean())
    # Always 90 % promised and 60 % kept, each bin having the same: the truth is 0.3 squared
    rng = np.random.default_rng(0)
    shares = np.tile([0.9, 0.1], (100, 1))
    found = [
        reliability(shares, (rng.random(100) > 0.6).astype(int), bins=10).squared_error
        for _ in range(400)
    ]
    assert np.mean(found) == pytest.approx(0.09, abs=0.005)
    alone = reliability(np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([0, 1]), bins=10)
    assert np.isnan(alone.squared_error)  # one answer in each bin says nothing about chance


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bins": 0}, "bins must be a whole number of at least 1"),
        ({"kind": "size"}, "kind must be one of 'width', 'mass'"),
        ({"labels": np.zeros(3, int)}, r"must have the shape \(4,\)"),
        ({"predictions": np.zeros(4, int)}, r"got int64 \(4,\)"),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    arguments = {"predictions": np.zeros((4, 10)), "labels": np.zeros(4, int)} | changes
    with pytest.raises(ValueError, match=message):
        reliability(**arguments)


# Log loss and temperature


def test_log_loss_is_scikit_learn_s():
    scores, labels = promised(500)
    expected = sklearn_s_log_loss(labels, softmax(scores, axis=1), labels=range(10))
    assert log_loss(scores, labels) == pytest.approx(expected, abs=1e-9)
    assert log_loss(scores, np.eye(10)[labels]) == pytest.approx(expected, abs=1e-9)
    assert log_loss(np.zeros((5, 10)), np.arange(5)) == pytest.approx(np.log(10))
    assert log_loss(np.array([[1000.0, 0.0]]), np.array([1])) == 1000  # however wrong


@pytest.mark.parametrize("kept", [0.2, 1.0, 5.0])
def test_temperature_is_where_scipy_finds_the_lowest_log_loss(kept):
    scores, labels = promised(4000, kept=kept)

    def loss(log_temperature):
        logs = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -logs[np.arange(len(labels)), labels].mean()

    expected = np.exp(minimize_scalar(loss, bracket=(-1, 1), tol=1e-12).x)
    found = fit_temperature(scores, labels)
    assert found == pytest.approx(expected, rel=1e-6)
    assert found == pytest.approx(1 / kept, rel=0.15)  # what the labels were drawn with
    assert fit_temperature(scores.astype(np.float32) + 50, np.eye(10)[labels]) == pytest.approx(
        found, rel=1e-4
    )


def test_temperature_makes_two_classes_keep_their_promise_exactly():
    """The confidence of a gap of 3 becomes 0.7 at 3 / T = log(0.7 / 0.3)."""
    scores = np.tile([3.0, 0.0], (10, 1))
    found = fit_temperature(scores, np.array([0] * 7 + [1] * 3))
    assert found == pytest.approx(3 / np.log(0.7 / 0.3), rel=1e-9)
    assert fit_temperature(softmax(scores, axis=1), [0] * 7 + [1] * 3) == pytest.approx(found)


def test_without_a_best_temperature_there_is_an_error():
    scores = np.array([[3.0, 0.0], [2.0, 0.0]])
    with pytest.raises(ValueError, match="all 2 answers are right"):
        fit_temperature(scores, np.array([0, 0]))
    with pytest.raises(ValueError, match="in the order of the images"):
        fit_temperature(scores, np.array([1, 1]))
    with pytest.raises(ValueError, match=r"must have the shape \(2,\)"):
        fit_temperature(scores, np.array([1]))


def test_the_lowest_temperatures_leave_the_largest_alone():
    assert probabilities(np.array([[2.0, 1.0]]), 1e-309).tolist() == [[1.0, 0.0]]
