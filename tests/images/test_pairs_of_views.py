"""Random views: the crop against np.interp, the colors against what must stay."""

import numpy as np
import pytest

from cifarlib.images import random_views
from cifarlib.images.views import _GRAY, _interpolation, _turned


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)


def test_interpolation_is_numpys():
    share = np.array([1.0, 0.5, 0.8])
    weights = _interpolation(share, 32, np.random.default_rng(3))
    begins = np.random.default_rng(3).uniform(0, 1, 3) * (1 - share) * 32
    values = np.random.default_rng(1).random(32)
    for matrix, begin, kept in zip(weights, begins, share, strict=True):
        at = begin + (np.arange(32) + 0.5) * kept - 0.5
        np.testing.assert_allclose(matrix @ values, np.interp(at, np.arange(32), values), atol=1e-5)


def test_rows_are_rows_and_columns_are_columns():
    ramp = np.zeros((50, 32, 32, 3), np.uint8)
    ramp[:] = (4 * np.arange(32))[:, None, None]  # brighter from top to bottom
    views = random_views(ramp, np.random.default_rng(0), jitter=0, gray=0).astype(int)
    assert (views == views[:, :, :1]).all()
    assert (np.diff(views[:, :, 0, 0], axis=1) >= 0).all(), "no view stands on its head"
    across = random_views(ramp.swapaxes(1, 2), np.random.default_rng(0), jitter=0, gray=0)
    rises = across[:, 0, -1, 0].astype(int) > across[:, 0, 0, 0]
    assert 10 < rises.sum() < 40, "about half of the views are mirrored"


def test_crops_keep_at_least_the_smallest_area():
    ramp = np.zeros((200, 32, 32, 3), np.uint8)
    ramp[..., 0] = 4 * np.arange(32)[:, None]
    ramp[..., 1] = 4 * np.arange(32)
    views = random_views(ramp, np.random.default_rng(0), smallest=0.5, jitter=0, gray=0)
    high = np.ptp(views[..., 0].astype(int), axis=(1, 2)) / 124
    wide = np.ptp(views[..., 1].astype(int), axis=(1, 2)) / 124
    assert (high * wide).min() > 0.4 and (high * wide).min() < 0.6
    assert (high * wide).max() > 0.9


def test_gray_views_have_one_brightness_for_all_channels(images):
    views = random_views(images, np.random.default_rng(0), smallest=1, jitter=0, gray=1)
    assert (views == views[..., :1]).all()
    flat = np.zeros((1, 32, 32, 3), np.uint8) + np.array([200, 50, 100], np.uint8)
    gray = random_views(flat, np.random.default_rng(0), jitter=0, gray=1)
    assert abs(int(gray[0, 0, 0, 0]) - np.array([200, 50, 100]) @ _GRAY) <= 1


def test_the_hue_turns_red_to_green_and_leaves_gray():
    turn = _turned(np.array([2 * np.pi / 3]))[0]
    np.testing.assert_allclose(turn @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(turn @ [5, 5, 5], [5, 5, 5], atol=1e-12)


def test_contrast_turns_around_the_mean_and_brightness_does_not():
    flat = np.full((300, 32, 32, 3), 100, np.uint8)
    values = random_views(flat, np.random.default_rng(0), gray=0)[:, 0, 0, 0]
    assert values.min() >= 60 and values.max() <= 140, "factors from 0.6 to 1.4, contrast none"
    assert values.min() < 65 and values.max() > 135
    assert 0.1 < (values == 100).mean() < 0.3, "one of five keeps its colors"


def test_views_are_repeatable_and_differ(images):
    first = random_views(images, np.random.default_rng(5))
    assert (first == random_views(images, np.random.default_rng(5))).all()
    assert (first != random_views(images, np.random.default_rng(6))).any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"smallest": 0}, "smallest"), ({"jitter": 2}, "jitter"), ({"gray": -1}, "gray")],
)
def test_bad_settings_are_named(images, settings, words):
    with pytest.raises(ValueError, match=words):
        random_views(images, np.random.default_rng(0), **settings)


def test_float_images_are_refused(images):
    with pytest.raises(ValueError, match="uint8"):
        random_views(images / 255, np.random.default_rng(0))
