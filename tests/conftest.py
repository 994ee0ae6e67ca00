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
