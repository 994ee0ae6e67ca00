"""Networks that learned from the 50,000 training images without labels, and what they are worth.

``python -m cifarlib.zoo.unlabeled NAME`` repeats one: it pretrains with one seed, and judges by
neighbors, a linear probe and few labels. Record and weights (``float16``) lie beside this file.
"""

from __future__ import annotations

from pathlib import Path

import keras

from cifarlib import _checks as checks
from cifarlib.zoo import store
from cifarlib.zoo.unlabeled import running
from cifarlib.zoo.unlabeled.pretrainings import PRETRAININGS, Pretraining
from cifarlib.zoo.unlabeled.records import UnlabeledRecord
from cifarlib.zoo.unlabeled.running import run

FOLDER = Path(__file__).parent

__all__ = [
    "PRETRAININGS",
    "Pretraining",
    "UnlabeledRecord",
    "autoencoder",
    "encoder",
    "read",
    "run",
]


def read(name: str, folder: Path | None = None) -> UnlabeledRecord:
    """The record of a pretraining: its curves, and what its features are worth.

    Args:
        name: ``"contrastive"`` or ``"masked"``.
        folder: where its files lie; by default, those of the package.

    Raises:
        ValueError: there is no such pretraining; the message lists those there are.
        OSError: its record is missing or damaged.
    """
    _check(name)
    return store.read(_folder(folder) / f"{name}.json", UnlabeledRecord)


def encoder(
    name: str, folder: Path | None = None, *, random_seed: int | None = None
) -> keras.Model:
    """The encoder of a pretraining, trained or, for comparison, with random weights.

    Args:
        name: ``"contrastive"`` or ``"masked"``.
        folder: where its files lie; by default, those of the package.
        random_seed: draws random weights in place of the learned ones. It sets the seeds of
            Python, NumPy and Keras, as ``keras.utils.set_random_seed`` does.

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to features ``(n, d)``.

    Raises:
        ValueError: there is no such pretraining.
        OSError: its weights are missing or damaged.
    """
    _check(name)
    if random_seed is not None:
        random_seed = checks.whole("random_seed", random_seed, 0, 2**32 - 1)
    return running.networks(name, _folder(folder), random_seed=random_seed)[0]


def autoencoder(folder: Path | None = None) -> keras.Model:
    """The masked autoencoder, trained, with its decoder.

    Args:
        folder: where its files lie; by default, those of the package.

    Returns:
        A model from images and the places of visible patches to the pixels of all patches; see
        :func:`cifarlib.models.masked_autoencoder`.

    Raises:
        OSError: its weights are missing or damaged.
    """
    return running.networks("masked", _folder(folder))[1]


def _folder(folder: Path | None) -> Path:
    """Where the files lie; by default, those of the package."""
    return FOLDER if folder is None else checks.path("folder", folder)


def _check(name: str) -> None:
    if not isinstance(name, str) or name not in PRETRAININGS:
        raise ValueError(f"no pretraining is called {name!r}; there are {', '.join(PRETRAININGS)}")
