"""Images for tests of networks."""

import pytest

from cifarlib import load_cifar10


@pytest.fixture(scope="session")
def data():
    """The training images of the package, and their labels."""
    return load_cifar10().train


@pytest.fixture(scope="session")
def images(data):
    """Eight of them."""
    return data[0][:8]


@pytest.fixture
def channels_first():
    """Keras as a keras.json with ``"image_data_format": "channels_first"`` sets it."""
    import keras

    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    yield
    keras.config.set_image_data_format(before)
