"""Neighbors and the linear probe against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from cifarlib.evaluation import linear_probe, nearest, neighbors_vote


@pytest.fixture
def clouds():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300)
    return rng.normal(size=(300, 6)) + 1.5 * np.eye(6)[labels] + 1, labels


def test_the_nearest_have_the_largest_cosines(clouds):
    x, _ = clouds
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    wanted = np.argsort(-(unit[:20] @ unit[20:].T), axis=1)[:, :7]
    assert (nearest(x[:20], x[20:], 7) == wanted).all()
    assert nearest(x[:2], x, 1)[:, 0].tolist() == [0, 1], "each is nearest to itself"


def test_the_vote_is_scikit_learns(clouds):
    x, y = clouds
    judge = KNeighborsClassifier(7, metric="cosine").fit(x[100:], y[100:])
    theirs = judge.predict(x[:100])
    ours = neighbors_vote(x[:100], x[100:], y[100:], 7)
    assert (ours == theirs).mean() > 0.95, "they differ in ties alone"


def test_a_tie_goes_to_the_closer_neighbor():
    bank = np.array([[1.0, 0.0], [1.0, 0.2], [0.0, 1.0]])
    assert neighbors_vote(np.array([[1.0, 0.01]]), bank, np.array([2, 1, 0]), 2).tolist() == [2]


def test_the_probe_is_scikit_learns(clouds):
    x, y = clouds
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    theirs = LogisticRegression(C=1 / (300 * 0.01), tol=1e-8, max_iter=1000).fit(scaled, y)
    ours = linear_probe(x, y, decay=0.01, steps=2000)
    np.testing.assert_allclose(ours.weights.T, theirs.coef_, atol=2e-3)
    centered = ours.bias - ours.bias.mean()
    np.testing.assert_allclose(centered, theirs.intercept_ - theirs.intercept_.mean(), atol=2e-3)
    assert (ours.logits(x).argmax(axis=1) == theirs.predict(scaled)).mean() > 0.99


def test_a_constant_feature_does_no_harm(clouds):
    x, y = clouds
    padded = np.concatenate([x, np.full((300, 1), 3.0)], axis=1)
    assert np.isfinite(linear_probe(padded, y).logits(padded)).all()


def test_mistakes_are_named(clouds):
    x, y = clouds
    with pytest.raises(ValueError, match="features have 6 numbers a row, those of the bank 5"):
        nearest(x, x[:, :5], 1)
    with pytest.raises(ValueError, match="count must be"):
        nearest(x, x, 0)
    with pytest.raises(ValueError, match="one label per image"):
        linear_probe(x, y[:-1])
    with pytest.raises(ValueError, match="finite"):
        linear_probe(np.full((3, 2), np.nan), np.array([0, 1, 1]))
    with pytest.raises(ValueError, match="decay must be positive"):
        linear_probe(x, y, decay=0)


def test_among_very_many_neighbors_the_majority_wins():
    angles = np.deg2rad(np.linspace(0, 80, 2001))
    bank = np.c_[np.cos(angles), np.sin(angles)]
    labels = np.repeat([0, 1], [1000, 1001])
    assert neighbors_vote(np.array([[1.0, 0.0]]), bank, labels, count=2001).tolist() == [1]


def test_of_equally_many_votes_the_more_similar_win():
    angles = np.deg2rad(range(1, 7))
    bank = np.c_[np.cos(angles), np.sin(angles)]
    answer = neighbors_vote(np.array([[1.0, 0.0]]), bank, np.array([1, 0, 0, 0, 1, 1]), count=6)
    assert answer.tolist() == [0]  # the ranks 1, 2, 3 against 0, 4, 5


def test_a_probe_can_be_compared_and_kept_in_a_set():
    x, y = np.random.default_rng(0).normal(size=(20, 3)), np.arange(20) % 2
    one, other = linear_probe(x, y), linear_probe(x, y)
    assert one != other
    assert len({one, other}) == 2
