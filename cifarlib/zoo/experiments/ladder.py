"""From 69 to 94 percent, rung by rung: what is each worth?"""

from __future__ import annotations

import functools
from dataclasses import replace

import keras
from keras import layers

from cifarlib import _checks as checks
from cifarlib.data import load_cifar10
from cifarlib.images import Augmentation
from cifarlib.layers import (
    BatchNormalization,
    PartlyIdentity,
    Whitening,
    normalization,
    raw_images,
    whitening_kernel,
)
from cifarlib.models import simple_cnn
from cifarlib.recipes import SIMPLE_CNN, Recipe
from cifarlib.zoo.experiments.experiment import Experiment
from cifarlib.zoo.trainings import Training

WIDTHS = (16, 32, 64)  # speednet has 64, 256, 256


def rung_network(*, normalized: bool = False, prepared: bool = False) -> keras.Model:
    """A narrow speednet, with its peculiarities left to choose.

    Args:
        normalized: whether a batch normalization follows each convolution but the first; without
            it, the convolutions have biases instead.
        prepared: whether it begins as speednet does: the first layer's filters are made from the
            images and stay, the other kernels begin partly as the identity, and the shifts of the
            batch normalizations are learned faster.

    Returns:
        A model from raw images ``(n, 32, 32, 3)``, 0..255, to logits ``(n, 10)``.

    Raises:
        ValueError: a setting is neither True nor False.
    """
    checks.truth("normalized", normalized)
    checks.truth("prepared", prepared)
    first = layers.Conv2D(24, 2, use_bias=False, trainable=not prepared, name="first")
    inputs = raw_images()
    x = first(normalization()(inputs))  # (31, 31, 24)
    if prepared:
        kernel = whitening_kernel(load_cifar10().x_train[:5000], 2, 12)
        first.set_weights([kernel])
        first.kernel_initializer = Whitening(kernel)
    x = layers.Activation("relu", name="first_activation")(x)
    for group, width in enumerate(WIDTHS, start=1):
        for number in (1, 2):
            place = f"group{group}_{{}}{number}".format
            x = layers.Conv2D(
                width, 3, padding="same", use_bias=not normalized, name=place("conv"),
                kernel_initializer=PartlyIdentity() if prepared else "glorot_uniform",
            )(x)  # fmt: skip
            if number == 1:
                x = layers.MaxPooling2D(2, name=f"group{group}_pool")(x)  # 31 -> 15 -> 7 -> 3
            if normalized:
                x = BatchNormalization(
                    scale=False, beta_factor=8 if prepared else 1, name=place("norm")
                )(x)
            x = layers.Activation("relu", name=place("activation"))(x)
    x = layers.GlobalMaxPooling2D(name="pool")(x)  # (64,)
    x = layers.Dense(10, use_bias=False, dtype="float32", name="classes")(x)
    x = layers.Rescaling(1 / 9, dtype="float32", name="logits")(x)
    return keras.Model(inputs, x, name="rung")


_ADAM = replace(SIMPLE_CNN, epochs=12)
# cifarlib.recipes.SPEEDNET with its rate rescaled from batches of 1,024 to 256, and without what
# further rungs add
_SGD = Recipe(
    epochs=12, batch_size=256, optimizer="sgd", learning_rate=0.375, momentum=0.85,
    weight_decay=8.87e-3, decay_all=True, schedule="linear", warmup=0.23, start=0.2, final=0.07,
)  # fmt: skip
_MOVED = replace(_SGD, augmentation=Augmentation(crop=2, flip="alternating"))
_SMOOTHED = replace(_MOVED, label_smoothing=0.1)
_AVERAGED = replace(_SMOOTHED, lookahead=20)

_NORMALIZED = functools.partial(rung_network, normalized=True)
_PREPARED = functools.partial(rung_network, normalized=True, prepared=True)
# Judged on images that nobody trains on here. The test set is not looked at.
_run = functools.partial(
    Training, images=45_000, held_out=5_000, precision="mixed_bfloat16",
    test_time_augmentation=True,
)  # fmt: skip

LADDER = Experiment(
    "What is each step from the simple CNN to speednet worth?",
    {
        "the simple CNN": _run(simple_cnn, _ADAM),
        "a deeper network": _run(rung_network, _ADAM),
        "batch normalization": _run(_NORMALIZED, _ADAM),
        "SGD with a schedule": _run(_NORMALIZED, _SGD),
        "shifts and flips": _run(_NORMALIZED, _MOVED),
        "label smoothing": _run(_NORMALIZED, _SMOOTHED),
        "a prepared start": _run(_PREPARED, _SMOOTHED),
        "averaged weights": _run(_PREPARED, _AVERAGED),
    },
)
