"""The arrays of CIFAR-10: what they are called, how they are checked and split."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cifarlib import _checks as checks

CLASS_NAMES = (
    "airplane", "automobile", "bird", "cat", "deer",
    "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


class LabeledImages(NamedTuple):
    """Images ``x``, ``uint8 (n, 32, 32, 3)``, 0..255, and labels ``y``, ``uint8 (n,)``, 0..9."""

    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, eq=False)  # arrays have no single truth value to compare by
class Cifar10:
    """CIFAR-10 in memory.

    Attributes:
        x_train: training images, ``uint8 (n, 32, 32, 3)``, 0..255, RGB.
        y_train: training labels, ``uint8 (n,)``, indices into :data:`CLASS_NAMES`.
        x_test: the 10,000 test images, in the same form.
        y_test: their labels.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    @property
    def train(self) -> LabeledImages:
        """The training images and labels as a pair."""
        return LabeledImages(self.x_train, self.y_train)

    @property
    def test(self) -> LabeledImages:
        """The test images and labels as a pair."""
        return LabeledImages(self.x_test, self.y_test)

    def split(self, validation: float = 0.1, seed: int = 0) -> tuple[LabeledImages, LabeledImages]:
        """Split the training images into a training and a validation part; spare the test set.

        The split is stratified: each class gives the same fraction of its images to the validation
        part, to within one image. Both parts keep the official order.

        Args:
            validation: the fraction to hold out, between 0 and 1, both excluded.
            seed: chooses the images; the same seed gives the same split.

        Returns:
            ``(train, validation)``, each a :class:`LabeledImages`.

        Raises:
            ValueError: ``validation`` is not between 0 and 1, or leaves one part empty.

        >>> from cifarlib import load_cifar10
        >>> train, held_out = load_cifar10().split(validation=0.1, seed=0)
        >>> len(train.x), len(held_out.x)
        (9000, 1000)
        """
        if not checks.is_number(validation) or not 0 < validation < 1:
            raise ValueError(
                f"validation must be a fraction between 0 and 1, such as 0.1; got {validation!r}"
            )
        seed = checks.whole("seed", seed, 0)
        rng = np.random.default_rng(seed)
        shares = validation * np.bincount(self.y_train)
        counts = np.floor(shares).astype(int)
        # Whole images: the classes with the largest remainders give one more, up to the wanted sum
        missing = round(validation * len(self.y_train)) - counts.sum()
        counts[np.argsort(counts - shares, kind="stable")[:missing]] += 1
        held_out = np.zeros(len(self.y_train), dtype=bool)
        for label, count in enumerate(counts):
            members = rng.permutation(np.flatnonzero(self.y_train == label))
            held_out[members[:count]] = True
        if held_out.all() or not held_out.any():
            raise ValueError(
                f"validation={validation} of {len(self.y_train)} images leaves one part empty"
            )
        return (
            LabeledImages(self.x_train[~held_out], self.y_train[~held_out]),
            LabeledImages(self.x_train[held_out], self.y_train[held_out]),
        )


# SHA-256 of the C-ordered bytes of each array, in the official order. Whatever file or server the
# images come from, these decide whether they are CIFAR-10.
EMBEDDED_SHA256 = {
    "x_train": "fc115a3de050d667b88cbd5b0b9612ebf996c54230fe7758f3a14bb5af9a1c27",
    "y_train": "d829dbdf32167c9d7b3687cee66d92d80d46c441308b5aca0d11e8b69e27dac9",
    "x_test": "f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04",
    "y_test": "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
}
FULL_SHA256 = {
    "x_train": "47af8b02cfcfb6cdf3dbbd1969ad7f1b70f4413f6f80f437b020ee4e5bc8304a",
    "y_train": "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
    "x_test": EMBEDDED_SHA256["x_test"],
    "y_test": EMBEDDED_SHA256["y_test"],
}


@dataclass(frozen=True)
class Description:
    """What a whole set must be, whoever delivers it: its hashes and the size of its six batches."""

    sha256: Mapping[str, str]
    batch: int = 10_000

    @property
    def limit(self) -> int:
        """The bytes that an honest archive may have, packed or unpacked: half as many again."""
        return 9 * self.batch * 3073 + 2**20


CIFAR10 = Description(FULL_SHA256)


def verify(data: Cifar10, expected: Mapping[str, str]) -> Cifar10:
    """Return ``data`` if the SHA-256 of each of its arrays is the expected one.

    Raises:
        ValueError: an array differs; the message names it and both hashes.
    """
    for name, digest in expected.items():
        array = getattr(data, name)
        found = hashlib.sha256(np.ascontiguousarray(array)).hexdigest()
        shape = (32, 32, 3) if name.startswith("x") else ()
        if array.dtype != np.uint8 or array.shape[1:] != shape or found != digest:
            raise ValueError(
                f"{name} is not CIFAR-10's: SHA-256 of its {array.dtype} {array.shape} bytes is "
                f"{found}, expected {digest}"
            )
    return data


def check_images(x: np.ndarray, name: str = "images") -> np.ndarray:
    """Return ``x`` if a model of this package can take it: ``(n, 32, 32, 3)``, values 0..255.

    Raises:
        ValueError: the shape differs, the values are no numbers from 0 to 255, or they look as if
            they were scaled to 0..1 already. That is the commonest mistake, and without this check
            a silent one.
    """
    x = checks.array(name, x)
    if x.ndim != 4 or x.shape[1:] != (32, 32, 3) or len(x) == 0:
        raise ValueError(f"{name} must have the shape (n, 32, 32, 3) with n > 0, got {x.shape}")
    if x.dtype.kind not in "iuf" or not (x.min() >= 0 and x.max() <= 255):  # NaN is neither
        raise ValueError(f"{name} must be numbers from 0 to 255, got {x.dtype} {_range(x)}")
    if x.dtype.kind == "f" and 0 < x.max() <= 1:  # black is black on either scale
        raise ValueError(
            f"{name} must be raw values from 0 to 255, got {x.dtype} {_range(x)}: do not divide by "
            "255, the model does so itself"
        )
    return x


def check_labels(
    y: np.ndarray, count: int, name: str = "labels", *, classes: int = len(CLASS_NAMES)
) -> np.ndarray:
    """Labels as whole numbers from 0 to ``classes - 1``, shape ``(count,)``.

    Args:
        y: they themselves; or as a column ``(count, 1)``, as ``keras.datasets`` gives them; or
            one-hot ``(count, classes)``: a row of zeros with a single 1 for each image.
        count: how many there must be.
        name: what an error calls them.
        classes: how many classes there are.

    Raises:
        ValueError: the shape, the type or a value differs.
    """
    y = checks.array(name, y)
    if y.shape == (count, classes) and classes > 1:
        if y.dtype.kind not in "iufb" or not ((y == 0) | (y == 1)).all() or (y.sum(1) != 1).any():
            raise ValueError(f"{name} of the shape {y.shape} must be one-hot, a single 1 per row")
        return y.argmax(axis=1)
    if y.shape not in {(count,), (count, 1)}:
        raise ValueError(
            f"{name} must have the shape ({count},), ({count}, 1) or, one-hot, "
            f"({count}, {classes}): one label per image; got {y.shape}"
        )
    if y.dtype.kind not in "iu" or (y.size and not 0 <= y.min() <= y.max() < classes):
        raise ValueError(
            f"{name} must be whole numbers from 0 to {classes - 1}, got {y.dtype} {_range(y)}"
        )
    return y if y.ndim == 1 else y[:, 0]


def checked_pair(
    data: tuple[np.ndarray, np.ndarray], what: str, classes: int = len(CLASS_NAMES)
) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels, as :func:`check_images` and :func:`check_labels` give them.

    Raises:
        ValueError: they are no pair, or one of them is refused; ``what`` is what the message calls
            them, such as "training".
    """
    if not isinstance(data, list | tuple) or len(data) != 2:
        found = f"{type(data).__name__} of {len(data)}" if hasattr(data, "__len__") else repr(data)
        raise ValueError(f"{what} data must be a pair, images and labels, got {found}")
    x = check_images(data[0], f"{what} images")
    return x, check_labels(data[1], len(x), f"{what} labels", classes=classes)


def _range(values: np.ndarray) -> str:
    """The range of some values for an error message; empty for what has none."""
    return f"from {values.min()} to {values.max()}" if values.dtype.kind in "iufb" else ""
