"""RandAugment: each operation against a computation by hand, and how they are drawn."""

from math import cos, radians, sin

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from scipy.stats import chisquare

from cifarlib.images import OPERATIONS, rand_augment


@pytest.fixture
def image():
    """A gradient and noise; red is brighter than blue."""
    noise = np.random.default_rng(0).integers(0, 60, (32, 32, 3))
    return (noise + np.linspace(10, 130, 32)[:, None, None] + (50, 30, 0)).astype(np.uint8)


def applied(name, image, level=1.0, sign=1):
    return np.asarray(OPERATIONS[name](Image.fromarray(image), level, sign)).astype(int)


@pytest.mark.parametrize("name", OPERATIONS)
def test_strength_zero_changes_nothing_but_where_there_is_no_strength(image, name):
    changed = [(applied(name, image, level) != image).any() for level in (0, 1)]
    assert changed == [name in ("autocontrast", "equalize"), name != "identity"]
    assert len(OPERATIONS) == 14  # as in the paper


@pytest.mark.parametrize(("level", "threshold"), [(0.25, 192), (0.5, 128), (1.0, 0)])
def test_solarize_inverts_what_is_bright(image, level, threshold):
    expected = np.where(image < threshold, image, 255 - image)
    assert_array_equal(applied("solarize", image, level), expected)


@pytest.mark.parametrize(("level", "step"), [(0.2, 1), (0.25, 2), (0.5, 4), (1.0, 16)])
def test_posterize_keeps_the_upper_bits(image, level, step):
    assert_array_equal(applied("posterize", image, level), image // step * step)


def brightness_of(image):
    return (image @ [0.299, 0.587, 0.114])[..., None]


def smoothed(image):
    """Each pixel averaged with its neighbors, itself five times; the border stays as it is."""
    result = image.astype(float)
    for y, x in np.ndindex(30, 30):
        around, own = image[y : y + 3, x : x + 3], image[y + 1, x + 1]
        result[y + 1, x + 1] = (around.sum(axis=(0, 1)) + 4.0 * own) / 13
    return result


@pytest.mark.parametrize("factor", [0.1, 0.64, 1.36, 1.9])
@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("brightness", np.zeros_like), ("color", brightness_of), ("sharpness", smoothed),
        ("contrast", lambda image: np.round(brightness_of(image).mean())),
    ],
)  # fmt: skip
def test_enhancements_go_away_from_the_plain_image_or_towards_it(image, name, plain, factor):
    expected = np.clip(plain(image) + factor * (image - plain(image)), 0, 255)
    found = applied(name, image, abs(factor - 1) / 0.9, np.sign(factor - 1))
    assert_allclose(found, expected, atol=2)  # rounding


def test_autocontrast_stretches_each_channel_to_the_full_range(image):
    low, high = image.min(axis=(0, 1)), image.max(axis=(0, 1))
    assert_allclose(applied("autocontrast", image), (image - low) * (255 / (high - low)), atol=1)


def test_equalize_uses_all_levels_equally_often():
    """Levels in the ratio 1:1:2 become the shares of pixels that are darker."""
    levels = np.repeat(np.array([90, 91, 92, 92], np.uint8), 768).reshape(32, 32, 3)
    expected = np.select([levels == 90, levels == 91], [0, 128], 255)
    assert_allclose(applied("equalize", levels), expected, atol=1)


@pytest.mark.parametrize("level", [0.3, -0.3, 1.0, -1.0])
def test_changes_of_geometry_take_each_pixel_from_its_source_or_gray_from_outside(image, level):
    c, s = cos(radians(30 * level)), sin(radians(30 * level))
    sources = {
        "translate x": lambda x, y: (x + 10 * level, y),
        "translate y": lambda x, y: (x, y + 10 * level),
        "shear x": lambda x, y: (x + 0.3 * level * y, y),
        "shear y": lambda x, y: (x, y + 0.3 * level * x),
        "rotate": lambda x, y: (16 + c * (x - 16) - s * (y - 16), 16 + s * (x - 16) + c * (y - 16)),
    }
    for name, source in sources.items():
        expected = np.full((32, 32, 3), (125, 123, 114))
        for row, column in np.ndindex(32, 32):
            x, y = source(column + 0.5, row + 0.5)  # the center of the pixel
            if 0 <= x < 32 and 0 <= y < 32:
                expected[row, column] = image[int(y), int(x)]
        same = applied(name, image, abs(level), np.sign(level)) == expected
        assert same.all(axis=-1).mean() > 0.99, name  # a tie may be rounded the other way


@pytest.fixture
def drawn(monkeypatch):
    """A list of what is applied, in order: the operation, its name, level and sign."""
    calls = []
    for name, operation in OPERATIONS.items():

        def recorded(*arguments, call=(operation, name)):
            calls.append((*call, *arguments[1:]))
            return call[0](*arguments)

        monkeypatch.setitem(OPERATIONS, name, recorded)
    return calls


def test_all_operations_and_both_signs_are_equally_likely(drawn, image):
    rand_augment(image[None].repeat(1400, axis=0), 1, 6, np.random.default_rng(0))
    kinds, counts = np.unique([f"{name} {sign}" for _, name, _, sign in drawn], return_counts=True)
    assert len(kinds) == 28
    assert chisquare(counts).pvalue > 0.001
    assert {level for _, _, level, _ in drawn} == {0.2}  # 6 of 30


@pytest.mark.parametrize("operations", [2, 14])
def test_each_image_gets_its_own_operations_one_after_another_none_twice(drawn, image, operations):
    images = image[None].repeat(30, axis=0)
    generators = [np.random.default_rng(seed) for seed in (0, 0, 1)]
    one, same, other = (rand_augment(images, operations, 9, rng) for rng in generators)
    assert (images == image).all() and (one == same).all() and (one != other).any()
    chosen = [drawn[n * operations : (n + 1) * operations] for n in range(30)]
    for steps, found in zip(chosen, one, strict=True):
        expected = Image.fromarray(image)
        for operation, _, level, sign in steps:
            expected = operation(expected, level, sign)
        assert_array_equal(found, np.asarray(expected))
        assert len({name for _, name, _, _ in steps}) == operations
    assert len({str(steps) for steps in chosen}) > 15
