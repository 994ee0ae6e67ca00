"""Corruptions: each against SciPy, Pillow, Python's own color conversion or its formula."""

import colorsys
import io

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from scipy import integrate, ndimage, stats

from cifarlib import load_cifar10
from cifarlib.images import CORRUPTIONS, SEVERITIES, corrupt
from cifarlib.images.blurring import disk_kernel, filtered, gaussian_kernel, line_kernels
from cifarlib.images.fog import plasma

WITH_CHANCE = ["gaussian_noise", "shot_noise", "impulse_noise", "motion_blur", "fog"]
ALL = sorted(CORRUPTIONS)


@pytest.fixture(scope="module")
def images():
    return load_cifar10().x_test[:40]


def strength(name, severity):
    return CORRUPTIONS[name].strengths[severity - 1]


def gray(level, count=20):
    return np.full((count, 32, 32, 3), level, np.uint8)


# All of them


def test_there_are_a_dozen_with_five_strengths_each():
    assert len(CORRUPTIONS) == 12
    assert {len(kind.strengths) for kind in CORRUPTIONS.values()} == {len(SEVERITIES)} == {5}


@pytest.mark.parametrize("name", ALL)
def test_pictures_come_back_as_pictures_and_those_given_stay(images, name):
    before = images.copy()
    after = corrupt(images, name, 3)
    assert after.dtype == np.uint8
    assert after.shape == images.shape
    assert_array_equal(images, before)
    changed = (after != images).any(axis=(1, 2, 3))
    assert changed.sum() >= 39  # one of the forty is gray already, and stays


@pytest.mark.parametrize("name", ALL)
def test_the_severer_the_further_from_the_picture(images, name):
    changes = [np.abs(corrupt(images, name, s).astype(int) - images).mean() for s in SEVERITIES]
    assert changes == sorted(changes)
    assert changes[-1] > 1.5 * changes[0] or name == "jpeg"  # even its mildest loses much


@pytest.mark.parametrize("name", ALL)
def test_the_seed_decides_and_nothing_else(images, name):
    first, again = corrupt(images, name, 2, seed=4), corrupt(images, name, 2, seed=4)
    assert_array_equal(first, again)
    other = corrupt(images, name, 2, seed=5)
    assert (first != other).any() == (name in WITH_CHANCE)


@pytest.mark.parametrize("name", ALL)
def test_an_image_does_not_depend_on_how_many_follow(images, name):
    assert_array_equal(corrupt(images[:7], name, 3), corrupt(images, name, 3)[:7])


@pytest.mark.parametrize("name", WITH_CHANCE)
def test_equal_images_get_chance_of_their_own(images, name):
    one, other = corrupt(np.stack([images[1], images[1]]), name, 3)
    assert (one != other).any()


# Noise, by its statistics


@pytest.mark.parametrize("severity", SEVERITIES)
def test_gaussian_noise_has_its_deviation(severity):
    noise = corrupt(gray(128), "gaussian_noise", severity).astype(float) - 128
    expected = 255 * strength("gaussian_noise", severity)
    assert noise.std() == pytest.approx(np.hypot(expected, 12**-0.5), rel=0.02)
    assert abs(noise.mean()) < 0.5
    assert stats.kstest(noise[0].ravel() / expected, "norm").statistic < 0.06


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("level", [40, 160])
def test_shot_noise_counts_photons(severity, level):
    """The variance of a count is its mean, so bright places are noisier."""
    photons = strength("shot_noise", severity)
    seen = corrupt(gray(level), "shot_noise", severity).astype(float) / 255
    assert seen.mean() == pytest.approx(level / 255, rel=0.02)
    rounding = (1 / 255) ** 2 / 12
    assert seen.var() == pytest.approx(level / 255 / photons + rounding, rel=0.05)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_impulse_noise_makes_half_of_its_share_black_and_half_white(severity):
    after, share = (
        corrupt(gray(128), "impulse_noise", severity),
        strength("impulse_noise", severity),
    )
    assert (after == 0).mean() == pytest.approx(share / 2, rel=0.15)
    assert (after == 255).mean() == pytest.approx(share / 2, rel=0.15)
    assert ((after == 128) | (after == 0) | (after == 255)).all()


# Blur, by SciPy


@pytest.mark.parametrize("severity", SEVERITIES)
def test_gaussian_blur_is_that_of_scipy(images, severity):
    sigma = strength("gaussian_blur", severity)
    expected = ndimage.gaussian_filter(images.astype(float), (0, sigma, sigma, 0), mode="reflect")
    after = corrupt(images, "gaussian_blur", severity).astype(float)
    assert np.abs(after - expected).max() < 0.51


@pytest.mark.parametrize("severity", SEVERITIES)
def test_defocus_spreads_each_pixel_over_a_disk(images, severity):
    radius = strength("defocus_blur", severity)
    kernel = disk_kernel(radius)
    expected = ndimage.convolve(images.astype(float), kernel[None, :, :, None], mode="reflect")
    after = corrupt(images, "defocus_blur", severity).astype(float)
    assert np.abs(after - expected).max() < 0.51


@pytest.mark.parametrize("radius", [0.8, 1.0, 1.25, 1.5, 2.0, 3.0])
def test_a_disk_covers_what_a_circle_covers(radius):
    kernel = disk_kernel(radius)
    half = len(kernel) // 2
    expected = np.empty_like(kernel)
    for row, column in np.ndindex(kernel.shape):
        left, low = column - half - 0.5, row - half - 0.5

        def height(x, low=low):
            """How much of a vertical line through the pixel lies in the circle."""
            reach = np.sqrt(max(0, radius**2 - x**2))
            return max(0, min(low + 1, reach) - max(low, -reach))

        expected[row, column] = integrate.quad(height, left, left + 1, limit=200)[0]
    assert expected.sum() == pytest.approx(np.pi * radius**2, rel=1e-3)  # all of it is there
    assert_allclose(kernel, expected / expected.sum(), atol=0.01)
    assert kernel.sum() == pytest.approx(1)


@pytest.mark.parametrize("degrees", [-45, -20, 0, 10, 45])
def test_a_motion_is_a_line_of_its_length_and_direction(degrees):
    length = 7.0
    kernel = line_kernels(length, np.array([degrees]))[0]
    half = len(kernel) // 2
    rows, columns = np.mgrid[-half : half + 1, -half : half + 1]
    pairs = [(rows, rows), (columns, columns), (rows, columns)]
    spread = [(kernel * a * b).sum() for a, b in pairs]
    angle = np.deg2rad(degrees)
    along = length**2 / 12  # the variance of a uniform distribution
    assert kernel.sum() == pytest.approx(1)
    assert spread[2] == pytest.approx(along * np.sin(angle) * np.cos(angle), abs=0.05)
    # Sharing a point among its nearest pixels adds up to a quarter to each
    assert spread[0] == pytest.approx(along * np.sin(angle) ** 2, abs=0.26)
    assert spread[1] == pytest.approx(along * np.cos(angle) ** 2, abs=0.26)


def test_each_image_is_filtered_by_its_own_kernel(images):
    some = images[:3].astype(np.float32)
    kernels = line_kernels(5.0, np.array([-30.0, 0.0, 40.0]))
    for image, kernel, after in zip(some, kernels, filtered(some, kernels), strict=True):
        expected = ndimage.correlate(image.astype(float), kernel[:, :, None], mode="reflect")
        assert_allclose(after, expected, atol=1e-3)


def test_blur_leaves_what_is_even():
    for name in ("gaussian_blur", "defocus_blur", "motion_blur"):
        assert_array_equal(corrupt(gray(77), name, 5), gray(77))
    assert gaussian_kernel(1.0).shape == (9, 9)


# Weather and light


def test_fog_is_a_cloud_from_nothing_to_its_amount(images):
    amount, _ = strength("fog", 4)
    before, after = images.astype(float) / 255, corrupt(images, "fog", 4).astype(float) / 255
    brightest = before.max(axis=(1, 2, 3), keepdims=True)
    cloud = after * (brightest + amount) / brightest - before  # the formula, solved for the cloud
    assert_allclose(cloud.std(axis=-1), 0, atol=0.01)  # gray
    assert_allclose(cloud.min(axis=(1, 2, 3)), 0, atol=0.02)
    assert_allclose(cloud.max(axis=(1, 2, 3)), amount, atol=0.02)


def test_the_larger_the_decay_the_smoother_the_clouds():
    def roughness(decay):
        fields = plasma(50, decay, np.random.default_rng(0))
        return np.abs(np.diff(fields, axis=1)).mean()

    assert roughness(1.5) > 1.5 * roughness(2.0) > 1.5 * roughness(3.0)


def test_clouds_have_no_preferred_place():
    mean = plasma(2000, 2.0, np.random.default_rng(0)).mean(axis=0)
    assert 0.4 < mean.min() < mean.max() < 0.6


def by_colorsys(image, change):
    """An image whose hue, saturation and value are changed by Python's own functions."""
    result = np.empty(image.shape)
    for y, x in np.ndindex(image.shape[:2]):
        result[y, x] = colorsys.hsv_to_rgb(*change(*colorsys.rgb_to_hsv(*image[y, x] / 255)))
    return 255 * result


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_brightness_adds_to_the_value_alone(images, severity):
    added = strength("brightness", severity)
    for image, after in zip(images[:4], corrupt(images[:4], "brightness", severity), strict=True):
        expected = by_colorsys(image, lambda h, s, v: (h, s, min(1, v + added)))
        assert_allclose(after, expected, atol=0.51)


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_saturation_falls_and_nothing_else(images, severity):
    factor = strength("saturation", severity)
    for image, after in zip(images[:4], corrupt(images[:4], "saturation", severity), strict=True):
        expected = by_colorsys(image, lambda h, s, v: (h, s * factor, v))
        assert_allclose(after, expected, atol=0.51)
    assert (np.ptp(corrupt(images, "saturation", 5), axis=-1) == 0).all()  # all gray


def test_black_gets_brighter_too():
    assert_array_equal(corrupt(gray(0, 1), "brightness", 2), gray(26, 1))


@pytest.mark.parametrize("severity", SEVERITIES)
def test_contrast_draws_all_toward_the_mean_of_its_color(images, severity):
    factor = strength("contrast", severity)
    mean = images.astype(float).mean(axis=(1, 2), keepdims=True)
    expected = np.clip(mean + factor * (images - mean), 0, 255)
    assert np.abs(corrupt(images, "contrast", severity) - expected).max() < 0.51


# Files and screens, by Pillow


@pytest.mark.parametrize("severity", SEVERITIES)
def test_jpeg_is_what_a_file_gives_back(images, severity):
    for image, after in zip(images[:5], corrupt(images[:5], "jpeg", severity), strict=True):
        file = io.BytesIO()
        Image.fromarray(image).save(file, format="JPEG", quality=strength("jpeg", severity))
        assert_array_equal(after, np.asarray(Image.open(file)))


@pytest.mark.parametrize("severity", SEVERITIES)
def test_pixelated_pictures_have_fewer_pixels(images, severity):
    side = strength("pixelate", severity)
    for image, after in zip(images[:5], corrupt(images[:5], "pixelate", severity), strict=True):
        small = Image.fromarray(image).resize((side, side), Image.Resampling.BOX)
        assert_array_equal(after, np.asarray(small.resize((32, 32), Image.Resampling.BOX)))


# Bad input


def test_bad_input_is_refused_with_what_there_is(images):
    with pytest.raises(ValueError, match=r"name must be one of .*'fog'.*, got 'frost'"):
        corrupt(images, "frost", 1)
    with pytest.raises(ValueError, match="severity must be a whole number from 1 to 5, got 0"):
        corrupt(images, "fog", 0)
    with pytest.raises(ValueError, match=r"shape \(n, 32, 32, 3\)"):
        corrupt(images[0], "fog", 1)
    with pytest.raises(ValueError, match="do not divide by 255"):
        corrupt(images / 255, "fog", 1)
    with pytest.raises(ValueError, match=r"must be uint8, 0\.\.255, got float64"):
        corrupt(images.astype(float), "fog", 1)
    with pytest.raises(ValueError, match="seed must be a whole number of at least 0"):
        corrupt(images, "fog", 1, seed=-1)
