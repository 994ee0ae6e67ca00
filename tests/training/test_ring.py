"""The ring all-reduce in NumPy: what is where after each round."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cifarlib.training.distributed import ring_all_reduce, ring_bytes, ring_steps


@given(st.integers(1, 6), st.integers(0, 13), st.integers(0, 2**32 - 1))
def test_every_worker_has_the_sum(workers, length, seed):
    arrays = list(np.random.default_rng(seed).integers(-50, 50, (workers, length)))
    before = [array.copy() for array in arrays]
    for found in ring_all_reduce(arrays):
        np.testing.assert_array_equal(found, np.sum(before, axis=0))
    np.testing.assert_array_equal(arrays, before)  # what was given is left alone


def test_three_workers_with_a_pencil():
    steps = ring_steps([np.array([1, 2, 3]), np.array([10, 20, 30]), np.array([100, 200, 300])])
    whole = [[np.concatenate(chunks).tolist() for chunks in step.chunks] for step in steps]
    assert [step.phase for step in steps] == ["start", "add", "add", "copy", "copy"]
    assert [step.sent for step in steps] == [(), (0, 1, 2), (2, 0, 1), (1, 2, 0), (0, 1, 2)]
    assert whole[1] == [[1, 2, 303], [11, 20, 30], [100, 220, 300]]
    assert whole[2] == [[1, 222, 303], [11, 20, 333], [111, 220, 300]]
    assert whole[3] == [[111, 222, 303], [11, 222, 333], [111, 220, 333]]
    assert whole[4] == [[111, 222, 333]] * 3


@pytest.mark.parametrize("workers", [2, 3, 5])
def test_in_each_round_every_worker_sends_one_chunk_to_the_next_alone(workers):
    steps = ring_steps([np.arange(10) + rank for rank in range(workers)])
    assert len(steps) == 2 * workers - 1
    for before, after in itertools.pairwise(steps):
        for rank in range(workers):
            changed = [
                chunk for chunk in range(workers)
                if not np.array_equal(before.chunks[rank][chunk], after.chunks[rank][chunk])
            ]  # fmt: skip
            assert changed == [after.sent[rank - 1]]


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_the_bytes_are_those_of_the_chunks_that_are_sent(workers):
    arrays = [np.ones(7 * 6, np.float32)] * workers
    sent = sum(step.chunks[0][step.sent[0]].nbytes for step in ring_steps(arrays) if step.sent)
    assert ring_bytes(arrays[0].nbytes, workers) == pytest.approx(sent)


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match=r"got the shapes \[\(2,\), \(3,\)\]"):
        ring_steps([np.zeros(2), np.zeros(3)])
    with pytest.raises(ValueError, match=r"got the shapes \[\]"):
        ring_steps([])
    with pytest.raises(ValueError, match=r"\(2, 2\)"):
        ring_steps([np.zeros((2, 2))])
    with pytest.raises(ValueError, match="workers must be a whole number of at least 1, got 0"):
        ring_bytes(1, 0)
    with pytest.raises(ValueError, match="size must be finite and at least 0, got -1"):
        ring_bytes(-1, 2)
