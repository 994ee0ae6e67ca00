"""CIFAR-10: 60,000 labeled color photographs of 32 x 32 pixels in ten classes."""

from cifarlib._checks import truth
from cifarlib.data.arrays import CLASS_NAMES, Cifar10, LabeledImages
from cifarlib.data.cache import cache_folder, clear_cache
from cifarlib.data.embedded import load_embedded
from cifarlib.data.folders import check_image_folder
from cifarlib.data.photos import photo, photos
from cifarlib.data.sources import load_full

__all__ = [
    "CLASS_NAMES",
    "Cifar10",
    "LabeledImages",
    "cache_folder",
    "check_image_folder",
    "clear_cache",
    "load_cifar10",
    "photo",
    "photos",
]


def load_cifar10(full: bool = False) -> Cifar10:
    """Load CIFAR-10 as NumPy arrays.

    Args:
        full: ``False`` gives the images that come with the package: the first 10,000 training
            images and all 10,000 test images. It needs no network. ``True`` gives all 60,000;
            the first call fetches them and keeps them in the cache folder.

    Returns:
        A :class:`Cifar10` with images ``uint8 (n, 32, 32, 3)``, 0..255, RGB, and labels
        ``uint8 (n,)``, 0..9, both in the official order.

    Raises:
        OSError: the images in the package are missing or damaged, or (``full=True``) no source
            could deliver all 60,000; the message names each source and its reason.
        ValueError: ``full`` is neither True nor False, or ``CIFARLIB_SOURCES`` in the environment
            names a source that does not exist.

    Source:
        Krizhevsky (2009), *Learning Multiple Layers of Features from Tiny Images*.

    >>> d = load_cifar10()
    >>> d.x_train.shape, d.x_test.shape, CLASS_NAMES[d.y_test[0]]
    ((10000, 32, 32, 3), (10000, 32, 32, 3), 'cat')
    """
    truth("full", full)
    return load_full() if full else load_embedded()
