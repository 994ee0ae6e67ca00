"""What tests of networks share: layers by kind, weights as after training, comparison by scale."""

import functools
import math

import keras
import numpy as np

from cifarlib.layers import BatchNormalization
from cifarlib.models import (
    BUILDERS,
    alexnet,
    cct,
    efficientnet,
    resnet,
    resnet18,
    speednet,
    vgg,
    vit,
)

# One for each network
NAMES = sorted(BUILDERS)
# One of each kind, as small as it can be and still be itself
SMALL = {
    "alexnet": functools.partial(alexnet, width=9, dropout=0.0),
    "vgg": functools.partial(vgg, 11, width=8),
    "resnet": functools.partial(resnet, 8, width=8),
    "resnet18": functools.partial(resnet18, width=4),
    "efficientnet": functools.partial(efficientnet, width=0.5, depth=0.25, dropout=0.0),
    "vit": functools.partial(vit, dim=32, depth=1, heads=2),
    "cct": functools.partial(cct, dim=32, depth=1, drop_path_rate=0.0),
    "speednet": functools.partial(speednet, widths=(16, 32, 32)),
}


def kinds(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


def trainable(model):
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def seeded(make):
    """The same weights, whatever was drawn before: by chance, rounding can do far more harm."""
    keras.utils.set_random_seed(0)
    return make()


def gives_logits(model, images):
    found = np.asarray(model(images[:2]))
    return found.shape == (2, 10) and found.dtype == np.float32 and np.isfinite(found).all()


def settle(model, images):
    """Give batch normalization the statistics of ``images``, which it would have after training.

    In an untrained deep network they are far off, and activations explode.
    """
    norms = kinds(model, BatchNormalization)
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    model(images, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    return model


def worn(model, images, seed=0):
    """The model as after training: no bias at 0, no scale at 1, statistics that fit."""
    rng = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        if "kernel" not in weight.path.rsplit("/", 1)[-1]:
            weight.assign(weight + rng.normal(0, 0.1, weight.shape))
    return settle(model, images)


def assert_close(found, expected, tolerance=1e-4):
    """Equal up to a share of the largest value expected."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    scale = np.abs(expected).max()
    assert scale > 1e-2
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)
