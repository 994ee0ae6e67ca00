"""Adversarial training: every batch is changed against the network before it learns from it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras

from cifarlib import _checks as checks


@contextlib.contextmanager
def against_attacks(model: keras.Model, epsilon: float, seed: int = 0) -> Iterator[None]:
    """For a while, each step of ``fit`` trains on attacked images in place of those given.

    The attack starts at a random place within ``epsilon`` of each value, goes one step of
    ``1.25 * epsilon`` up the loss of the network as it is at that moment (without dropout), by the
    gradient's sign, and is pulled back to within ``epsilon`` and within 0..255. So a step costs a
    second pass through the network, forward and back to the image.

    Args:
        model: compiled, with a loss of Keras; takes raw images, 0..255.
        epsilon: how far a value may move, on the scale of 0..255; 0 changes nothing.
        seed: of the random starts. Together with the number of the step it decides them, so a
            training that was stopped goes on exactly as it would have.

    Raises:
        ValueError: a number is outside its range, or the model is none or not compiled.
        NotImplementedError: ``epsilon`` is above 0, and Keras runs on another backend than
            TensorFlow.

    Source:
        Wong, Rice and Kolter (2020), arXiv 2001.03994, algorithm 3; the idea is that of Goodfellow
        et al. (2015), arXiv 1412.6572, section 6.

    >>> import numpy as np
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    >>> model.set_weights([np.array([[1.0]])])
    >>> model.compile(keras.optimizers.SGD(0.0), "mse")
    >>> x, y = np.array([[100.0]]), np.array([[0.0]])
    >>> with against_attacks(model, epsilon=8):  # 8 down and 10 up at the least, 108 at the most
    ...     loss = model.train_on_batch(x, y)
    >>> bool(102**2 <= loss <= 108**2)
    True
    """
    epsilon, seed = checks.not_negative("epsilon", epsilon), checks.whole("seed", seed, 0)
    checks.model(model)
    if not epsilon:
        yield
        return
    if keras.backend.backend() != "tensorflow":
        raise NotImplementedError(
            "adversarial training is written for TensorFlow, Keras runs on "
            f"{keras.backend.backend()}"
        )
    import tensorflow as tf

    if not model.compiled:
        raise ValueError(f"the model {model.name!r} must be compiled first: model.compile(...)")
    loss = keras.losses.get(model.loss)
    train_step, before = model.train_step, vars(model).get("train_step")

    def step_on_attacked(data):
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        x = tf.cast(x, tf.float32)
        chance = tf.stack([tf.cast(seed, tf.int64), tf.cast(model.optimizer.iterations, tf.int64)])
        moved = x + tf.random.stateless_uniform(tf.shape(x), chance, -epsilon, epsilon)
        with tf.GradientTape() as tape:
            tape.watch(moved)
            value = loss(y, model(moved, training=False))
        moved = moved + 1.25 * epsilon * tf.sign(tape.gradient(value, moved))
        moved = tf.clip_by_value(tf.clip_by_value(moved, x - epsilon, x + epsilon), 0.0, 255.0)
        return train_step((moved, y, weight))

    # Past Keras' __setattr__, which looks for variables in everything that a model is given
    object.__setattr__(model, "train_step", step_on_attacked)
    model.train_function = None  # compiled anew with this step
    try:
        yield
    finally:
        if before is None:
            object.__delattr__(model, "train_step")
        else:  # one of the reader's, or of a block around this one
            object.__setattr__(model, "train_step", before)
        model.train_function = None
