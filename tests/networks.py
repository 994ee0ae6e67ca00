"""What tests of networks share: layers by kind, weights as after training, comparison by scale."""

import numpy as np

from cifarlib.layers import BatchNormalization


def kinds(model, kind):
    return [layer for layer in model.layers if isinstance(layer, kind)]


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
