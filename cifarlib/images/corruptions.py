"""Corruptions: what cameras, weather and file formats do to a picture, in five severities.

After the corruptions of Hendrycks and Dietterich (2019), but **not CIFAR-10-C**: the code is this
book's own, and where it differs, so do the pictures. Accuracies on one do not compare with
accuracies on the other.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from cifarlib import _checks as checks
from cifarlib.data.arrays import check_images
from cifarlib.images.blurring import disk_kernel, filtered, gaussian_kernel, line_kernels
from cifarlib.images.fog import plasma

SEVERITIES = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Corruption:
    """A kind of corruption.

    Attributes:
        function: from images, ``float32 (n, 32, 32, 3)``, 0..1, a strength and a generator to the
            corrupted images, in the same form; what leaves 0..1 is cut off afterwards.
        strengths: one for each of the five severities.
        meaning: of a strength.
    """

    function: Callable[[np.ndarray, object, np.random.Generator], np.ndarray]
    strengths: tuple
    meaning: str


def corrupt(images: np.ndarray, name: str, severity: int, seed: int = 0) -> np.ndarray:
    """The images, corrupted.

    Args:
        images: ``uint8 (n, 32, 32, 3)``.
        name: one of :data:`CORRUPTIONS`.
        severity: 1 (mild) to 5.
        seed: for noise, fog and the direction of a motion. An image's corruption depends on the
            seed and on its place among the images (for shot noise, on the images before it, too),
            and not on how many follow.

    Returns:
        ``uint8 (n, 32, 32, 3)``; the images given stay as they are.

    Raises:
        ValueError: the images are not ``uint8`` of that shape, or there is no such corruption or
            severity.

    Source:
        Hendrycks and Dietterich (2019), arXiv 1903.12261, and their script for CIFAR-10
        (hendrycks/robustness, make_cifar_c.py), whose strengths these are, but for the defocus and
        motion blur (another shape of kernel), fog (another noise) and saturation (only less of it).

    >>> image = np.full((1, 32, 32, 3), 100, np.uint8)
    >>> corrupt(image, "brightness", 3)[0, 0, 0]
    array([138, 138, 138], dtype=uint8)
    """
    images = check_images(images)
    if images.dtype != np.uint8:
        raise ValueError(f"images must be uint8, 0..255, got {images.dtype}")
    checks.choice("name", name, list(CORRUPTIONS))
    severity = checks.whole("severity", severity, 1, len(SEVERITIES))
    seed = checks.whole("seed", seed, 0)
    kind = CORRUPTIONS[name]
    unit = images.astype(np.float32) / 255
    changed = kind.function(unit, kind.strengths[severity - 1], np.random.default_rng(seed))
    return np.rint(np.clip(changed, 0, 1) * 255).astype(np.uint8)


# Each draws its numbers in a single call, image by image, so that an image's do not depend on how
# many follow; and, but for shot noise, the same ones for each severity.


def _gaussian_noise(images, deviation, rng):
    return images + deviation * rng.standard_normal(images.shape, np.float32)


def _shot_noise(images, photons, rng):
    return rng.poisson(images * photons).astype(np.float32) / photons


def _impulse_noise(images, share, rng):
    drawn = rng.random(images.shape, np.float32)
    with_black = np.where(drawn < share / 2, np.float32(0), images)
    return np.where(drawn > 1 - share / 2, np.float32(1), with_black)


def _gaussian_blur(images, sigma, rng):
    return filtered(images, gaussian_kernel(sigma))


def _defocus_blur(images, radius, rng):
    return filtered(images, disk_kernel(radius))


def _motion_blur(images, length, rng):
    return filtered(images, line_kernels(length, rng.uniform(-45, 45, len(images))))


def _fog(images, strength, rng):
    amount, decay = strength
    brightest = images.max(axis=(1, 2, 3), keepdims=True)
    foggy = images + amount * plasma(len(images), decay, rng)[..., None]
    return foggy * brightest / (brightest + amount)


def _brightness(images, added, rng):
    """More of HSV's value: hue and saturation stay, so the three colors keep their ratios."""
    value = images.max(axis=-1, keepdims=True)
    brighter = np.minimum(value + np.float32(added), 1)
    ratio = np.divide(brighter, value, out=np.zeros_like(value), where=value > 0)
    return np.where(value > 0, images * ratio, brighter)


def _contrast(images, factor, rng):
    mean = images.mean(axis=(1, 2), keepdims=True)  # of each color of each image
    return (images - mean) * np.float32(factor) + mean


def _saturation(images, factor, rng):
    """Less of HSV's saturation: each color moves toward the pixel's largest."""
    value = images.max(axis=-1, keepdims=True)
    return value - (value - images) * np.float32(factor)


def _pixelate(images, side, rng):
    return _by_pillow(images, lambda image: _resized(_resized(image, side), image.width))


def _resized(image, side):
    return image.resize((side, side), Image.Resampling.BOX)


def _jpeg(images, quality, rng):
    def compressed(image):
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(file)

    return _by_pillow(images, compressed)


def _by_pillow(images, function):
    pictures = np.rint(images * 255).astype(np.uint8)
    changed = [np.asarray(function(Image.fromarray(picture))) for picture in pictures]
    return np.stack(changed).astype(np.float32) / 255


CORRUPTIONS: dict[str, Corruption] = {
    "gaussian_noise": Corruption(
        _gaussian_noise, (0.04, 0.06, 0.08, 0.09, 0.10), "standard deviation, white = 1"
    ),
    "shot_noise": Corruption(_shot_noise, (500, 250, 100, 75, 50), "photons that make white"),
    "impulse_noise": Corruption(
        _impulse_noise, (0.01, 0.02, 0.03, 0.05, 0.07), "share of values that turn 0 or 255"
    ),
    "gaussian_blur": Corruption(_gaussian_blur, (0.4, 0.6, 0.7, 0.8, 1.0), "sigma, pixels"),
    "defocus_blur": Corruption(_defocus_blur, (0.8, 1.0, 1.25, 1.5, 2.0), "radius, pixels"),
    "motion_blur": Corruption(_motion_blur, (2.0, 3.0, 4.0, 5.5, 7.0), "length, pixels"),
    "fog": Corruption(
        _fog, ((0.2, 3.0), (0.5, 3.0), (0.75, 2.5), (1.0, 2.0), (1.5, 1.75)), "amount, smoothness"
    ),
    "brightness": Corruption(_brightness, (0.05, 0.1, 0.15, 0.2, 0.3), "added, white = 1"),
    "contrast": Corruption(_contrast, (0.75, 0.5, 0.4, 0.3, 0.15), "factor"),
    "saturation": Corruption(_saturation, (0.6, 0.4, 0.25, 0.1, 0.0), "factor"),
    "pixelate": Corruption(_pixelate, (30, 28, 27, 24, 20), "pixels along a side"),
    "jpeg": Corruption(_jpeg, (80, 65, 58, 50, 40), "quality"),
}
