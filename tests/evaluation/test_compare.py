"""McNemar's test and the paired bootstrap."""

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap, chi2

from cifarlib.evaluation import mcnemar, paired_bootstrap


def answers(wins, losses, both=10, neither=3):
    """Answers of two models with these numbers of images, and labels."""
    labels = np.full(wins + losses + both + neither, 4)
    first = np.repeat([4, 0, 4, 1], [wins, losses, both, neither])
    second = np.repeat([0, 4, 4, 1], [wins, losses, both, neither])
    mixed = np.random.default_rng(0).permutation(len(labels))
    return first[mixed], second[mixed], labels


COUNTS = [(6, 1), (0, 9), (5, 5), (1, 0), (38, 22), (403, 317), (1612, 453), (7000, 6900)]


@pytest.mark.parametrize(("wins", "losses"), COUNTS)
def test_exact_p_is_scipy_s_of_a_fair_coin(wins, losses):
    found = mcnemar(*answers(wins, losses))
    assert (found.wins, found.losses) == (wins, losses)
    assert found.p == pytest.approx(binomtest(wins, wins + losses).pvalue, rel=1e-8)
    other = answers(wins, losses)
    assert mcnemar(other[1], other[0], other[2]).p == pytest.approx(found.p, rel=1e-12)


@pytest.mark.parametrize(("wins", "losses"), [pair for pair in COUNTS if pair[0] != pair[1]])
def test_approximate_p_is_that_of_chi_squared(wins, losses):
    """As statsmodels' ``mcnemar(exact=False, correction=True)`` computes it."""
    statistic = (abs(wins - losses) - 1) ** 2 / (wins + losses)
    found = mcnemar(*answers(wins, losses), exact=False)
    assert found.p == pytest.approx(chi2.sf(statistic, 1), rel=1e-8)


def test_equals_get_a_p_of_1():
    for exact in (True, False):
        assert mcnemar(*answers(0, 0), exact=exact).p == 1
        assert mcnemar(*answers(5, 5), exact=exact).p == 1


def test_it_reads_well():
    assert str(mcnemar(*answers(1612, 453))) == "1,612 wins, 453 losses, p = 9.3e-152"


def test_logits_and_one_hot_labels_will_do():
    first, second, labels = answers(38, 22)
    expected = mcnemar(first, second, labels)
    scores = 5 * np.eye(10)[first] - 2
    assert mcnemar(scores, second, labels[:, None]) == expected
    assert mcnemar(scores, np.eye(10)[second], np.eye(10)[labels]) == expected


def test_bootstrap_is_scipy_s_of_the_differences_image_by_image():
    first, second, labels = answers(90, 60, both=300, neither=50)
    gains = (first == labels).astype(float) - (second == labels)
    expected = bootstrap(
        (gains,), np.mean, n_resamples=20_000, method="percentile", rng=1, vectorized=True
    ).confidence_interval
    found = paired_bootstrap(first, second, labels, resamples=20_000)
    assert found.value == pytest.approx(0.06)
    assert found.low == pytest.approx(expected.low, abs=0.003)
    assert found.high == pytest.approx(expected.high, abs=0.003)
    turned = paired_bootstrap(second, first, labels, resamples=20_000)
    assert turned.value == -found.value and turned.high == pytest.approx(-found.low, abs=0.003)


def test_bootstrap_has_the_width_that_theory_gives_on_many_images():
    first, second, labels = answers(700, 500, both=8000, neither=800)
    found = paired_bootstrap(first, second, labels)
    deviation = np.sqrt((0.12 - 0.02**2) / 10_000)  # of the mean of +1, -1 and 0
    assert found.high - found.low == pytest.approx(2 * 1.96 * deviation, rel=0.03)
    assert found == paired_bootstrap(first, second, labels)
    assert found != paired_bootstrap(first, second, labels, seed=1)


def test_two_models_that_answer_alike_differ_by_nothing():
    first, _, labels = answers(7, 5)
    found = paired_bootstrap(first, first, labels)
    assert (found.value, found.low, found.high) == (0, 0, 0)
    assert str(found) == "+0.00 points (95 % interval +0.00 to +0.00)"


def test_what_does_not_fit_is_refused():
    first, second, labels = answers(3, 2)
    with pytest.raises(ValueError, match="must have the shape"):
        mcnemar(first, second[:-1], labels)
    with pytest.raises(ValueError, match="resamples must be a whole number of at least 100"):
        paired_bootstrap(first, second, labels, resamples=10)
