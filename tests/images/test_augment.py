"""Augmentation: pixels move and mix as they should, chance is fair, labels keep in step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chisquare, kstest

from cifarlib.images import Augmentation, augment, cutmix, cutout, mirrored, mixup, shift
from cifarlib.images import augmentation as module

SEEDS = st.integers(0, 2**32 - 1)
MOST = {"operations": 14, "magnitude": 30, "crop": 16, "cutout": 32}
few = settings(max_examples=20, deadline=None, derandomize=True)


def rng(seed=0):
    return np.random.default_rng(seed)


def coded(count):
    """Images whose every pixel tells its row, its column and the number of its image."""
    images = np.zeros((count, 32, 32, 3), np.uint8)
    images[..., 0] = 7 * np.arange(32)[:, None]
    images[..., 1] = 7 * np.arange(32)
    images[..., 2] = np.arange(count)[:, None, None]
    return images


def offsets(images, pixels):
    """The shift of each coded image; checks that pixels moved and nothing else happened."""
    padded = [*range(16, 0, -1), *range(32), *range(30, 14, -1)]  # the border is not repeated
    moves = {tuple(padded[16 + by : 48 + by]): by for by in range(-pixels, pixels + 1)}
    for image, source in zip(images, coded(len(images)), strict=True):
        rows, columns = image[:, 0, 0] // 7, image[0, :, 1] // 7
        assert_array_equal(image, source[np.ix_(rows, columns)])
        assert tuple(rows) in moves and tuple(columns) in moves, "no window of the padded image"
        yield moves[tuple(rows)], moves[tuple(columns)]


def box(covered):
    """The first and last row and the first and last column of the rectangle that is covered."""
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    corners = [*rows[[0, -1]], *columns[[0, -1]]] if len(rows) else [0, -1, 0, -1]
    height, width = np.diff(corners)[[0, 2]] + 1
    assert covered.sum() == height * width, "not a rectangle"
    return corners


@given(pixels=st.integers(0, 16), seed=SEEDS)
@few
def test_shift_gives_a_window_of_the_image_padded_by_reflection(pixels, seed):
    assert len(list(offsets(shift(coded(5), pixels, rng(seed)), pixels))) == 5


def test_shift_moves_each_image_by_itself_and_by_every_offset_equally_often():
    found = list(offsets(shift(coded(1500), 1, rng()), 1))
    _, counts = np.unique(found, axis=0, return_counts=True)
    assert len(counts) == 9 and chisquare(counts).pvalue > 0.001


@pytest.mark.parametrize("flip", ["random", "alternating"])
def test_half_of_the_images_are_mirrored_and_the_seed_decides_which(flip):
    chosen = mirrored(10_000, flip, 1, 4)
    assert chosen.dtype == bool and chosen.shape == (10_000,)
    assert abs(chosen.mean() - 0.5) < 0.02  # 4 deviations of chance
    assert_array_equal(chosen, mirrored(10_000, flip, 1, 4))
    # Another seed, and with "random" another epoch, have nothing to do with it
    for other in (mirrored(10_000, flip, 2, 4), mirrored(10_000, "random", 1, 5)):
        assert abs((chosen == other).mean() - 0.5) < 0.02
    assert not mirrored(10_000, "none", 1, 4).any()


@pytest.mark.parametrize("flip", ["Random", "alternate", "", None])
def test_an_unknown_flip_is_refused_and_not_taken_for_alternating(flip):
    with pytest.raises(ValueError, match="flip must be one of 'none', 'random', 'alternating'"):
        mirrored(4, flip, 1, 0)


@given(epoch=st.integers(0, 500), seed=SEEDS)
@few
def test_alternating_flip_shows_both_sides_in_any_two_epochs_in_a_row(epoch, seed):
    sides = [mirrored(50, "alternating", seed, epoch + later) for later in range(3)]
    assert_array_equal(sides[0], ~sides[1])
    assert_array_equal(sides[0], sides[2])


@given(side=st.integers(1, 32), seed=SEEDS)
@few
def test_cutout_covers_a_square_around_a_pixel_and_leaves_the_rest(side, seed):
    images = rng(seed).integers(0, 100, (6, 32, 32, 3), dtype=np.uint8)  # no pixel is so bright
    result = cutout(images, side, rng(seed))
    assert result.dtype == np.uint8
    # The published means of the training images are 0.4914, 0.4822, 0.4465
    gray = (result == np.round(255 * np.array([0.4914, 0.4822, 0.4465]))).all(axis=-1)
    assert_array_equal(result[~gray], images[~gray])
    for first, last in np.reshape([box(covered) for covered in gray], (12, 2)):
        length, at_border = last - first + 1, first == 0 or last == 31
        assert length == side or (at_border and side / 2 <= length < side)


def test_cutout_chooses_every_place_equally_often():
    covered = cutout(np.zeros((10_240, 32, 32, 3), np.uint8), 1, rng()).any(axis=-1)
    assert (covered.sum(axis=(1, 2)) == 1).all()
    assert chisquare(covered.sum(axis=0).ravel()).pvalue > 0.001


@given(alpha=st.floats(0.05, 20), seed=SEEDS)
@few
def test_mixup_gives_labels_the_weights_of_their_images(alpha, seed):
    images = rng(seed).integers(0, 256, (10, 32, 32, 3), dtype=np.uint8)
    mixed, labels = mixup(images, np.eye(10), alpha, rng(seed))  # each image has its own class
    assert mixed.dtype == labels.dtype == np.float32
    assert_allclose(labels.sum(axis=1), 1, rtol=1e-6)
    assert labels.min() >= 0 and (np.count_nonzero(labels, axis=1) <= 2).all()
    assert_allclose(mixed, np.tensordot(labels.astype(float), images, 1), atol=1e-3)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_mixup_draws_a_weight_for_each_image_from_the_beta_distribution(alpha):
    labels = mixup(np.zeros((1000, 1, 1, 3)), np.eye(1000), alpha, rng())[1]
    weights = labels.diagonal()[(labels > 0).sum(axis=1) == 2]  # not of images mixed with itself
    assert len(weights) > 900
    assert kstest(weights, "beta", (alpha, alpha)).pvalue > 0.001


@given(alpha=st.floats(0.05, 20), seed=SEEDS)
@few
def test_cutmix_gives_labels_the_area_of_their_images_exactly(alpha, seed):
    mixed, labels = cutmix(coded(10), np.eye(10, dtype=np.float32), alpha, rng(seed))
    assert (mixed.dtype, labels.dtype) == (np.uint8, np.float32)
    assert_array_equal(mixed[..., :2], coded(10)[..., :2])  # each pixel in its place
    for number, image in enumerate(mixed):
        counts = np.bincount(image[..., 2].ravel(), minlength=10)
        assert_array_equal(labels[number], counts / 1024)  # exact in float32
        assert np.count_nonzero(counts) <= 2
        top, bottom, left, right = box(image[..., 2] != number)
        cut_off = top == 0 or left == 0 or bottom == 31 or right == 31
        assert bottom - top == right - left or cut_off


def test_cutmix_draws_areas_from_the_beta_distribution():
    """Of 10^6, nearly always 1/2: a square of 23 pixels; of 10^-3, nearly always 0 or 1."""
    images, shares = coded(200), np.eye(200, dtype=np.float32)
    mixed = cutmix(images, shares, 1e6, rng())[0]
    boxes = [box(image[..., 2] != number) for number, image in enumerate(mixed)]
    assert {bottom - top + 1 for top, bottom, *_ in boxes if top > 0 and bottom < 31} == {23}
    kept = cutmix(images, shares, 1e-3, rng())[1].diagonal()
    assert abs((kept == 1).mean() - 0.5) < 0.15  # 4 deviations of chance
    assert ((kept == 1) | (kept <= 0.75)).all()  # a square of 32 covers a quarter at least


def test_steps_come_in_their_order(monkeypatch):
    seen = []
    for name in ("rand_augment", "shift", "cutout", "mixup"):

        def step(images, *rest, name=name):
            seen.append((name, int(images[0, 0, 0, 1]) // 7))  # the column that is at the left
            return (images, rest[0]) if name == "mixup" else images.copy()

        monkeypatch.setattr(module, name, step)
    everything = Augmentation(operations=1, magnitude=9, crop=4, flip="random", cutout=8, mixup=1.0)
    augment(coded(1), np.eye(10)[:1], everything, np.array([True]), rng())
    assert seen == [("rand_augment", 0), ("shift", 0), ("cutout", 31), ("mixup", 31)]


@pytest.mark.parametrize("crop", [0, 3])
def test_the_images_chosen_are_mirrored_and_no_others(crop):
    mirror = np.array([True, False, False, True])
    result, labels = augment(coded(4), np.arange(4), Augmentation(crop=crop), mirror, rng())
    result[mirror] = result[mirror][:, :, ::-1]
    assert len(list(offsets(result, crop))) == 4
    assert_array_equal(labels, np.arange(4))


def test_with_mixup_and_cutmix_a_coin_decides_for_each_batch():
    batch = coded(10), np.eye(10), Augmentation(mixup=1.0, cutmix=1.0), np.zeros(10, bool)
    found = [augment(*batch, rng(seed)) for seed in range(200)]
    mixed = [(images % 1 != 0).any() for images, _ in found]  # mixup alone gives fractions
    assert 70 < sum(mixed) < 130  # 4 deviations of chance
    for seed, (images, labels) in enumerate(found):
        coin = rng(seed)
        kind = mixup if coin.random() < 0.5 else cutmix
        expected, shares = kind(coded(10), np.eye(10), 1.0, coin)
        assert_array_equal(images, expected)
        assert_array_equal(labels, shares)


@pytest.mark.parametrize("given", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize(("mix", "cut"), [(0, 0), (0, 1.0), (1.0, 0), (1.0, 1.0)])
def test_settings_alone_decide_the_type_of_images_and_labels(mix, cut, given):
    """TensorFlow takes the type of the first batch for all: fractions would be floored."""
    shares = np.eye(10)[:4]
    chosen = Augmentation(crop=2, flip="random", cutout=4, mixup=mix, cutmix=cut)
    batch = coded(4).astype(given), shares, chosen, np.arange(4) > 1
    found = [augment(*batch, rng(seed)) for seed in range(20)]
    assert {images.dtype for images, _ in found} == {np.dtype(np.float32 if mix else given)}
    assert {labels.dtype for _, labels in found} == {
        np.dtype(np.float32 if mix or cut else np.float64)
    }


@given(
    counts=st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 16)),
    side=st.integers(0, 32), mix=st.tuples(*2 * [st.sampled_from([0.0, 0.5])]), seed=SEEDS,
)  # fmt: skip
@few
def test_any_augmentation_repeats_and_leaves_shape_and_the_arrays_given(counts, side, mix, seed):
    shares = np.eye(10, dtype=np.float32)[:4]
    batch = coded(4), shares.copy(), Augmentation(*counts, "random", side, *mix), np.arange(4) > 1
    images, labels = augment(*batch, rng(seed))
    for one, other in zip((images, labels), augment(*batch, rng(seed)), strict=True):
        assert_array_equal(one, other)
    assert_array_equal(batch[0], coded(4))
    assert_array_equal(batch[1], shares)
    assert images.shape == (4, 32, 32, 3) and not np.shares_memory(images, batch[0])
    assert images.dtype == (np.float32 if mix[0] else np.uint8)
    assert_allclose(labels.sum(axis=1), 1, rtol=1e-6)
    assert any(mix) or (labels == shares).all()


@pytest.mark.parametrize(("name", "most"), MOST.items())
def test_counts_outside_their_range_are_refused_with_their_value(name, most):
    Augmentation(**{name: most})
    for value in (most + 1, -1, True, 1.0, "1", None):
        with pytest.raises(ValueError, match=f"^{name} must be .* 0 to {most}, got {value!r}$"):
            Augmentation(**{name: value})


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "a", None, True])
@pytest.mark.parametrize("name", ["mixup", "cutmix", "flip"])
def test_other_settings_outside_their_range_are_refused_with_their_value(name, value):
    kinds = "one of 'none', 'random', 'alternating'", "finite and at least 0"
    kind = kinds[name != "flip"]
    with pytest.raises(ValueError, match=f"^{name} must be {kind}, got {value!r}$"):
        Augmentation(**{name: value})


@pytest.mark.parametrize("mix", [mixup, cutmix])
def test_classes_cannot_be_mixed_only_their_shares(mix):
    with pytest.raises(ValueError, match=r"shares of the classes \(n, 10\).*got shape \(4,\)"):
        mix(coded(4), np.arange(4), 1.0, rng(0))
    assert mix(coded(4), np.eye(10)[:4], 1.0, rng(0))[1].dtype == np.float32


@pytest.mark.parametrize("mix", [mixup, cutmix])
def test_classes_in_a_column_are_no_shares(mix):
    x = np.zeros((2, 32, 32, 3), np.uint8)
    with pytest.raises(ValueError, match="shares"):
        mix(x, np.array([[3], [5]]), 1.0, np.random.default_rng(0))
