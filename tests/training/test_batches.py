"""Batches: every image once an epoch, in an order and with an augmentation that repeat."""

import time

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cifarlib.images import Augmentation
from cifarlib.training import Batches

# What the batches draw themselves; the flip is drawn for all images of an epoch
DRAWN = Augmentation(operations=2, magnitude=9, crop=4, cutout=8, mixup=0.5, cutmix=0.5)


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


def test_without_shuffling_the_order_is_that_of_the_images():
    batches = Batches(*numbered(20), 6, seed=3, shuffle=False)
    batches.start_epoch(2)
    assert order(batches) == list(range(20))


# Augmentation


def noise(count):
    """Random images and one-hot labels."""
    rng = np.random.default_rng(5)
    images = rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
    return images, np.eye(10, dtype=np.float32)[rng.integers(0, 10, count)]


def contents(batches, indices=range(4)):
    """The bytes of some batches, by index, asked for in the order given."""
    pairs = {index: batches[index] for index in indices}
    return {index: (x.tobytes(), y.tobytes()) for index, (x, y) in sorted(pairs.items())}


def test_augmentation_depends_on_the_seed_the_epoch_and_the_index_alone():
    def batches_of(seed, *epochs):
        batches = Batches(*noise(32), 8, seed, DRAWN, shuffle=False)
        for epoch in epochs:
            batches.start_epoch(epoch)
            batches[1]
        return batches

    one = batches_of(1, 3)
    expected = contents(one)
    assert contents(one) == expected  # asking does not change the answer
    assert contents(batches_of(1, 0, 5, 3), [2, 0, 3, 1]) == expected  # nor does the order
    np.random.seed(0)  # noqa: NPY002
    assert contents(batches_of(1, 3)) == expected
    for other in (batches_of(1, 2), batches_of(2, 3), batches_of(3, 1)):
        assert not set(contents(other).values()) & set(expected.values())


def test_every_batch_of_an_epoch_is_augmented_in_its_own_way():
    x, y = np.tile(noise(1)[0], (32, 1, 1, 1)), np.zeros(32, np.uint8)
    batches = Batches(x, y, 8, augmentation=Augmentation(crop=4, cutout=8))
    assert len(set(contents(batches).values())) == 4


@pytest.mark.parametrize(
    "augmentation",
    [
        Augmentation(flip="random"),
        Augmentation(cutout=9),
        Augmentation(operations=2, magnitude=9),
        DRAWN,
    ],
)
def test_augmentation_leaves_the_images_and_labels_given_alone(augmentation):
    x, y = noise(12)
    x.flags.writeable = y.flags.writeable = False
    batches = Batches(x, y, 12, augmentation=augmentation, shuffle=False)
    images, labels = batches[0]
    assert (images != x).any()
    images[:] = 0  # what is done to a batch stays in it
    labels[:] = 0
    np.testing.assert_array_equal(x, noise(12)[0])
    np.testing.assert_array_equal(y, noise(12)[1])


@pytest.mark.parametrize("shuffle", [False, True])
def test_an_image_flips_from_epoch_to_epoch_wherever_the_order_puts_it(shuffle):
    x = np.zeros((40, 32, 32, 3), np.uint8)
    x[:, 0, 0] = x[:, 0, 31] = np.arange(40)[:, None]  # the number, at both ends
    x[:, 1, 31] = 1  # tells right from left
    batches = Batches(
        x, np.zeros(40), 7, augmentation=Augmentation(flip="alternating"), shuffle=shuffle
    )
    sides = np.zeros((3, 40))
    for epoch in range(3):
        batches.start_epoch(epoch)
        images = np.concatenate([batches[index][0] for index in range(len(batches))])
        sides[epoch, images[:, 0, 0, 0]] = images[:, 1, 0, 0]
    assert 8 < sides[0].sum() < 32  # both sides are there
    np.testing.assert_array_equal(sides[1], 1 - sides[0])
    np.testing.assert_array_equal(sides[2], sides[0])


def test_labels_come_along_with_augmented_images():
    x, y = np.zeros((40, 32, 32, 3), np.uint8), np.arange(40)
    x[:] = np.arange(40)[:, None, None, None]
    batches = Batches(x, y, 7, augmentation=Augmentation(crop=4, flip="random"))
    for index in range(len(batches)):
        images, labels = batches[index]
        assert images.dtype == np.uint8
        np.testing.assert_array_equal(images[:, 9, 9, 0], labels)


@pytest.mark.parametrize("seed", range(6))
def test_keras_hands_on_mixed_images_as_they_are(seed):
    """TensorFlow casts each batch to the type of the first one, without a word."""
    mixing = Augmentation(mixup=0.5, cutmix=0.5)
    batches = Batches(*noise(40), 10, seed, mixing, shuffle=False)
    expected = np.concatenate([batches[index][0] for index in range(4)])
    images = keras.Input((32, 32, 3))
    same = keras.Model(images, keras.layers.Rescaling(1.0)(images))
    np.testing.assert_array_equal(same.predict(batches, verbose=0), expected)


@pytest.mark.parametrize("mixing", [{"mixup": 0.5}, {"cutmix": 0.5}])
def test_classes_cannot_be_mixed_and_that_is_said_at_once(mixing):
    x, _ = noise(4)
    with pytest.raises(ValueError, match=r"shares of the classes \(n, 10\).*got shape \(4,\)"):
        Batches(x, np.zeros(4, np.uint8), 2, augmentation=Augmentation(**mixing))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.zeros(5)}, "4 images and 5 labels"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1, got 0"),
        ({"shuffle": "no"}, "shuffle must be True or False, got 'no'"),
    ],
)
def test_batches_that_cannot_be_made_are_refused(change, message):
    settings = {"x": noise(4)[0], "y": np.zeros(4), "batch_size": 2}
    with pytest.raises(ValueError, match=message):
        Batches(**settings | change)


# Workers


class Uneven(Batches):
    """Every other batch takes longer, so that workers overtake each other."""

    def __getitem__(self, index):
        time.sleep(0.004 * (index % 2))
        return super().__getitem__(index)


class OneWeight:
    """Gradient descent on one weight: its steps do not commute, so the order of batches shows."""

    def __init__(self, count, batch_size):
        rng = np.random.default_rng(0)
        self.numbers = rng.uniform(0.1, 1, count).astype(np.float32)
        self.x = np.zeros((count, 32, 32, 3), np.float32)
        self.x[:, 0, 0, 0] = self.numbers
        self.y = np.cos(9 * self.numbers)
        self.batches, self.batch_size = Uneven(self.x, self.y, batch_size, seed=3), batch_size
        images = keras.Input((32, 32, 3))
        dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
        self.model = keras.Model(images, dense(images[:, 0, 0, :1]))
        self.model.compile(keras.optimizers.SGD(0.4), "mse")
        self.found = []  # the weight after each epoch

    def fit(self, epochs, callbacks=()):
        end = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: self.found.append(self.model.get_weights()[0].item())
        )
        settings = {"callbacks": [*callbacks, end], "shuffle": False, "verbose": 0}
        self.model.fit(self.batches, epochs=epochs, **settings)

    def expected(self, *epochs):
        """The weight after each of these epochs, by their numbers."""
        weight, after = 0.0, []
        for epoch in epochs:
            order = np.random.default_rng([3, epoch]).permutation(len(self.x))
            for some in np.split(order, range(self.batch_size, len(order), self.batch_size)):
                error = weight * self.numbers[some] - self.y[some]
                weight -= 0.4 * np.mean(2 * error * self.numbers[some])
            after.append(weight)
        return after


def test_workers_do_not_disturb_the_order():
    one = OneWeight(60, 2)
    tell = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: one.batches.start_epoch(epoch)
    )
    one.fit(3, [tell])
    np.testing.assert_allclose(one.found, one.expected(0, 1, 2), rtol=1e-4)
    logits = one.model.predict(Uneven(one.x, one.y, 7, shuffle=False), verbose=0)
    np.testing.assert_allclose(logits[:, 0], one.numbers * one.found[-1], rtol=1e-4)


@pytest.mark.parametrize(
    "batch_size", [2, 7, 20, 40]
)  # 40: two batches, which Keras looks at first
def test_a_plain_fit_goes_from_epoch_to_epoch_and_the_next_goes_on(batch_size):
    one = OneWeight(60, batch_size)
    one.fit(3)
    one.fit(2)
    np.testing.assert_allclose(one.found, one.expected(0, 1, 2, 3, 4), rtol=1e-4)
    assert abs(one.expected(0, 0)[1] - one.expected(0, 1)[1]) > 1e-3  # a repetition would show


def test_a_plain_fit_starts_at_the_epoch_it_is_told():
    one = OneWeight(60, 4)
    one.batches.start_epoch(5)
    one.fit(2)
    np.testing.assert_allclose(one.found, one.expected(5, 6), rtol=1e-4)


def test_looking_at_batches_does_not_end_their_epoch():
    batches = Batches(*numbered(20), 6)
    first = [order(batches) for _ in range(2)]
    assert first[0] == first[1]
    batches.on_epoch_end()  # as Keras does before the first epoch
    assert batches.epoch == 0
