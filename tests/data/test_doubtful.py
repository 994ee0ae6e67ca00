"""The test images whose labels people did not confirm."""

from cifarlib import CLASS_NAMES, load_cifar10
from cifarlib.data.doubtful import DOUBTFUL, RELABELED


def test_there_are_as_many_as_the_study_counts():
    assert len(DOUBTFUL) == len(set(DOUBTFUL)) == 54
    assert list(DOUBTFUL) == sorted(DOUBTFUL) and DOUBTFUL[0] >= 0 and DOUBTFUL[-1] < 10_000
    assert len(RELABELED) == 18 and set(RELABELED) <= set(DOUBTFUL)


def test_another_class_is_another_than_the_label():
    labels = load_cifar10().y_test
    assert all(labels[place] != other for place, other in RELABELED.items())


def test_the_three_that_the_first_look_shows_are_a_frog_a_ship_and_a_horse():
    found = [CLASS_NAMES[RELABELED[place]] for place in (2405, 6877, 8058)]
    assert found == ["frog", "ship", "horse"]
