"""Test-time augmentation: the six views of an image, and how their logits are averaged."""

import keras
import numpy as np
import pytest

from cifarlib import load_cifar10
from cifarlib.evaluation import logits


@pytest.fixture(scope="module")
def images():
    return load_cifar10().x_test[:4]


@pytest.fixture(scope="module")
def place_reader():
    """A model whose logits are pixels at fixed places: any wrong shift or mirror shows."""
    kernel = np.zeros((32, 32, 3, 10), np.float32)
    for number in range(10):
        kernel[3 * number, 31 - 2 * number, number % 3, number] = 1
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Flatten(),
            keras.layers.Dense(10, use_bias=False),
        ]
    )
    model.set_weights([kernel.reshape(-1, 10)])
    return model


def moved(images, down, right):
    """Each image moved by whole pixels, its border filled by reflection, pixel by pixel."""
    found = np.empty_like(images)
    for row in range(32):
        for column in range(32):
            r, c = abs(row - down), abs(column - right)
            r, c = (62 - r if r > 31 else r), (62 - c if c > 31 else c)
            found[:, row, column] = images[:, r, c]
    return found


def test_six_views_are_weighed_as_the_source_says(images, place_reader):
    def read(views):
        return np.asarray(place_reader(views), np.float64)

    expected = 0
    for weight, (down, right) in ((0.25, (0, 0)), (0.125, (-1, -1)), (0.125, (1, 1))):
        views = moved(images, down, right)
        expected = expected + weight * (read(views) + read(views[:, :, ::-1]))
    found = logits(place_reader, images, test_time_augmentation=True)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert not np.allclose(found, logits(place_reader, images), rtol=1e-3)


def test_a_model_that_sees_no_place_is_left_as_it_was(images):
    model = keras.Sequential(
        [keras.Input((32, 32, 3)), keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(10)]
    )
    dot = np.zeros((1, 32, 32, 3), np.uint8)
    dot[0, 16, 16] = 200  # far from the border: it is in every view
    np.testing.assert_allclose(
        logits(model, dot, test_time_augmentation=True), logits(model, dot), rtol=1e-5
    )


def test_images_are_checked_and_left_alone(images, place_reader):
    before = images.copy()
    logits(place_reader, images, test_time_augmentation=True)
    np.testing.assert_array_equal(images, before)
    with pytest.raises(ValueError, match="must be raw values from 0 to 255"):
        logits(place_reader, images / 255, test_time_augmentation=True)
