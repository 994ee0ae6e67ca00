"""What a frozen network says of images, computed once and kept on the disk."""

from __future__ import annotations

import contextlib
import hashlib
import sys
from pathlib import Path

import keras
import numpy as np

from cifarlib import _checks as checks
from cifarlib._files import check_writable, write_atomically
from cifarlib.data.bounds import plain_file
from cifarlib.data.cache import cache_folder
from cifarlib.training import fingerprint


def cached_features(
    model: keras.Model,
    images: np.ndarray,
    *,
    batch_size: int = 100,
    folder: str | Path | None = None,
    verbose: bool = True,
) -> np.ndarray:
    """The outputs of a network that stays as it is, from the cache if they have been there before.

    The cache knows them by the network's layers and settings (the size that it resizes images to
    among them), its weights, and the images. If one of these changes, they are computed anew.

    Args:
        model: takes raw images, 0..255, and gives features ``(n, f)``.
        images: ``(n, height, width, 3)``, 0..255.
        batch_size: images per step; a matter of speed and memory only.
        folder: where to keep them; by default ``features`` in the user's cache folder
            (``CIFARLIB_CACHE`` in the environment moves it).
        verbose: whether to show a progress bar, on standard error.

    Returns:
        ``float32 (n, f)``, rounded to ``float16``, as which they are kept: 2.5 KB per image for
        1,280 features.

    Raises:
        ValueError: ``images`` has another shape or range, or looks as if scaled to 0..1 already; or
            the model's outputs are no row of numbers per image, or not finite.
        OSError: the folder cannot be written; found out before the work.

    >>> from cifarlib import load_cifar10
    >>> from cifarlib.models import simple_cnn
    >>> import tempfile
    >>> images, folder = load_cifar10().x_test[:8], tempfile.mkdtemp()
    >>> cached_features(simple_cnn(classes=None), images, folder=folder, verbose=False).shape
    (8, 64)
    """
    checks.model(model)
    batch_size = checks.whole("batch_size", batch_size, 1)
    images = _checked(images)
    shape = checks.output_shape(model)
    if not isinstance(shape, tuple) or len(shape) != 2:
        raise ValueError(
            f"the model must give a row of features per image, {model.name!r} gives the shape "
            f"{shape}: end it with a global pooling"
        )
    if folder is None:
        folder = cache_folder() / "features"
    path = checks.path("folder", folder) / f"{_key(model, images)}.npy"
    found = _kept(path, len(images), shape[1])
    if found is not None:
        return found.astype(np.float32)
    check_writable(path, 2 * len(images) * shape[1])
    computed = _computed(model, images, batch_size, verbose)
    with np.errstate(over="ignore"):
        rounded = computed.astype(np.float16)
    if not np.isfinite(rounded).all():
        raise ValueError(f"the features of {model.name!r} are not finite, or too large for float16")
    write_atomically(path, lambda file: np.save(file, rounded))
    return rounded.astype(np.float32)


def _computed(model: keras.Model, images: np.ndarray, batch_size: int, verbose: bool) -> np.ndarray:
    """The features, batch by batch."""
    from tqdm import tqdm  # here, so that importing stays fast

    rows = np.empty((len(images), model.output_shape[1]), np.float32)
    shown = verbose and sys.stderr is not None
    with tqdm(total=len(images), desc="features", unit="image", disable=not shown) as bar:
        for start in range(0, len(images), batch_size):
            batch = images[start : start + batch_size]
            short = batch_size - len(batch) if start else 0
            # A last batch of another size would make TensorFlow build the network once more
            padded = np.concatenate([batch, images[:short]]) if short else batch
            rows[start : start + len(batch)] = model.predict_on_batch(padded)[: len(batch)]
            bar.update(len(batch))
    return rows


def _key(model: keras.Model, images: np.ndarray) -> str:
    """SHA-256 of all that decides the features."""
    digest = hashlib.sha256(fingerprint(model, _Nothing()).encode())
    for array in (*model.get_weights(), images):
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()[:32]


class _Nothing:
    """In place of a recipe, where nothing is trained."""

    def settings(self) -> dict:
        """None at all."""
        return {}


def _kept(path: Path, count: int, width: int) -> np.ndarray | None:
    """The features in a file; None if there is none, or it is damaged."""
    with contextlib.suppress(Exception):  # NumPy fails in many ways, tokenize.TokenError among them
        array = np.load(plain_file(path, 2 * count * width + 1000), allow_pickle=False)
        if array.shape == (count, width) and array.dtype == np.float16:
            return array if np.isfinite(array).all() else None
    return None


def _checked(images: np.ndarray) -> np.ndarray:
    images = checks.array("images", images)
    if images.ndim != 4 or images.shape[3] != 3 or 0 in images.shape:
        raise ValueError(
            f"images must have the shape (n, height, width, 3) with n > 0, got {images.shape}"
        )
    if images.dtype.kind not in "iuf" or not (images.min() >= 0 and images.max() <= 255):
        raise ValueError(f"images must be numbers from 0 to 255, got {images.dtype}")
    if images.dtype.kind == "f" and 0 < images.max() <= 1:
        raise ValueError(
            "images must be raw values from 0 to 255, these are at most "
            f"{images.max():g}: do not divide by 255, the model does so itself"
        )
    return images
