"""Shuffled batches: every image once an epoch, in an order that repeats."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cifarlib.batches import Batches


def numbered(count):
    """Images that carry their number, and labels that follow from it."""
    x = np.zeros((count, 32, 32, 3), np.float32)
    x[:, 0, 0, 0] = np.arange(count)
    return x, (np.arange(count) * 7 % 10).astype(np.uint8)


def order(batches):
    """The numbers of the images in the order of the batches; checks that labels came along."""
    pairs = [batches[index] for index in range(len(batches))]
    found = np.concatenate([x[:, 0, 0, 0].astype(int) for x, _ in pairs])
    np.testing.assert_array_equal(np.concatenate([y for _, y in pairs]), found * 7 % 10)
    return found.tolist()


@given(count=st.integers(1, 60), batch_size=st.integers(1, 70), epoch=st.integers(0, 5))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_every_epoch_has_every_image_exactly_once(count, batch_size, epoch):
    batches = Batches(*numbered(count), batch_size, seed=4)
    batches.start_epoch(epoch)
    assert sorted(order(batches)) == list(range(count))
    sizes = [len(batches[index][0]) for index in range(len(batches))]
    assert sizes[:-1] == [batch_size] * (len(sizes) - 1)  # all full but the last
    assert 1 <= sizes[-1] <= batch_size


def test_order_depends_on_the_seed_and_the_epoch_alone():
    def order_of(seed, *epochs):
        batches = Batches(*numbered(50), 8, seed)
        for epoch in epochs:
            batches.start_epoch(epoch)
        return order(batches)

    assert order_of(1, 3) == order_of(1, 0, 1, 2, 3)  # however it got there
    assert order_of(1, 3) == order_of(1, 3, 2, 3)
    assert order_of(1) == order_of(1, 0)
    assert order_of(1, 3) != order_of(1, 2)
    assert order_of(1, 3) != order_of(2, 3)
    assert order_of(1, 2) != order_of(2, 1)  # the seed and the epoch do not just add up


def test_order_is_random():
    found = np.array(order(Batches(*numbered(500), 64)))
    correlation = np.corrcoef(found, np.arange(500))[0, 1]
    assert abs(correlation) < 0.2  # 4.5 deviations of chance


def test_order_does_not_touch_numpy_s_global_generator():
    np.random.seed(0)  # noqa: NPY002
    expected = np.random.rand()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    Batches(*numbered(5), 2).start_epoch(1)
    assert np.random.rand() == expected  # noqa: NPY002


def test_batches_are_copies():
    x, y = numbered(10)
    images, labels = Batches(x, y, 5)[0]
    images[:] = -1
    labels[:] = 99
    np.testing.assert_array_equal(x, numbered(10)[0])
    np.testing.assert_array_equal(y, numbered(10)[1])


def test_types_stay_as_they_are():
    x = np.zeros((4, 32, 32, 3), np.uint8)
    images, labels = Batches(x, np.zeros(4, np.int64), 3)[0]
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)


@pytest.mark.parametrize("index", [2, 100])
def test_index_past_the_end_is_an_error(index):
    with pytest.raises(IndexError):
        Batches(*numbered(4), 2)[index]
