"""The confusion matrix, and precision, recall and F1 of each class."""

import math

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix as sklearn_s_matrix
from sklearn.metrics import precision_recall_fscore_support

from cifarlib import CLASS_NAMES
from cifarlib.evaluation import confusion_matrix, per_class


@pytest.fixture(params=[2, 3, 10])
def case(request):
    """Scores and labels of some classes, right more often than not, and not symmetrically wrong."""
    classes = request.param
    rng = np.random.default_rng(classes)
    labels = rng.integers(0, classes, 400)
    scores = (
        rng.normal(size=(400, classes)) + np.eye(classes)[labels] + np.arange(classes) / 2 / classes
    )
    return scores, labels


def test_it_is_scikit_learn_s_and_rows_are_labels(case):
    scores, labels = case
    answers = scores.argmax(axis=1)
    found = confusion_matrix(scores, labels)
    expected = sklearn_s_matrix(labels, answers)
    assert found.dtype == np.int64 and (found == expected).all()
    assert (expected != expected.T).any()
    for form in (labels[:, None], np.eye(scores.shape[1])[labels], labels.astype(np.uint8)):
        assert (confusion_matrix(scores, form) == expected).all()


def test_answers_alone_are_of_ten_classes():
    found = confusion_matrix(np.array([0, 3, 3], np.uint8), np.array([0, 3, 9], np.uint8))
    assert found.shape == (10, 10) and found.sum() == 3
    assert found[0, 0] == found[3, 3] == found[9, 3] == 1


def test_precision_recall_and_f1_are_scikit_learn_s(case):
    scores, labels = case
    found = per_class(confusion_matrix(scores, labels))
    expected = precision_recall_fscore_support(labels, scores.argmax(axis=1), zero_division=np.nan)
    for mine, theirs in zip(
        (found.precision, found.recall, found.f1, found.images), expected, strict=True
    ):
        np.testing.assert_allclose(mine, theirs, atol=1e-12)


def test_what_cannot_be_said_is_nan():
    found = per_class(np.array([[5, 0, 0], [2, 0, 0], [0, 0, 0]]), ("a", "b", "c"))
    np.testing.assert_allclose(found.precision, [5 / 7, math.nan, math.nan])
    np.testing.assert_allclose(found.recall, [1, 0, math.nan])
    np.testing.assert_allclose(found.f1, [10 / 12, 0, math.nan])
    assert "nan" in str(found)


def test_ten_classes_are_called_as_in_cifar_10():
    matrix = 90 * np.eye(10, dtype=int) + 1
    assert per_class(matrix).names == CLASS_NAMES
    assert "automobile      91.0%   91.0%  91.0%     100" in str(per_class(matrix))
    assert per_class(np.eye(3, dtype=int)).names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("matrix", "names", "message"),
    [
        (np.ones((2, 3), int), None, r"got int64 \(2, 3\)"),
        (np.ones((2, 2)), None, "got float64"),
        (np.array([[1, -1], [0, 1]]), None, "no number below 0"),
        (np.zeros((2, 2), int), None, "at least one above"),
        (np.eye(2, dtype=int), ("a",), "1 names for 2 classes"),
    ],
)
def test_what_counts_nothing_is_refused(matrix, names, message):
    with pytest.raises(ValueError, match=message):
        per_class(matrix, names)


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"must have the shape \(4,\)"):
        confusion_matrix(np.zeros((4, 10)), np.zeros(3, int))


def test_small_whole_numbers_do_not_overflow():
    counts = np.array([[200, 4], [2, 8]])
    found = per_class(counts.astype(np.uint8), names=("a", "b"))
    np.testing.assert_array_equal(found.f1, per_class(counts, names=("a", "b")).f1)
    assert found.f1[0] > 0.98
