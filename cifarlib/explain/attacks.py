"""Adversarial pictures: the small changes of a picture that raise a network's loss the most."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from cifarlib import _checks as checks
from cifarlib.data.arrays import check_images, check_labels
from cifarlib.explain.before_softmax import scores_of
from cifarlib.explain.gradients import input_gradient


def fgsm(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    epsilon: float,
    *,
    preprocess: Callable | None = None,
    batch_size: int = 250,
) -> np.ndarray:
    """One step of ``epsilon`` up the loss, in each value of each pixel: the fast gradient sign.

    Args:
        model: from raw images ``(n, 32, 32, 3)``, 0..255, to logits or probabilities
            ``(n, classes)``. Where its last layer is a softmax, the logits before it are attacked:
            a softmax that is very sure passes no gradient on.
        images: ``(n, 32, 32, 3)``, 0..255.
        labels: the classes to lead away from: whole numbers ``(n,)`` or ``(n, 1)``, or one-hot.
        epsilon: how far a value may move, on the scale of 0..255. The literature gives it on the
            scale of 0..1: 8/255 there is 8 here.
        preprocess: for a model that takes something else: a function of ``keras.ops`` from
            ``float32 (n, 32, 32, 3)``, 0..255, to what it takes, such as
            ``lambda images: images / 255``.
        batch_size: images per step; a matter of memory only.

    Returns:
        ``float32 (n, 32, 32, 3)``, 0..255, nowhere more than ``epsilon`` from ``images``. With
        whole-numbered pictures and ``epsilon``, whole numbers.

    Raises:
        ValueError: images, labels or ``epsilon`` are none, or the model gives no row of numbers.
        NotImplementedError: Keras runs on another backend than TensorFlow or JAX.

    Source:
        Goodfellow, Shlens and Szegedy (2015), arXiv 1412.6572, section 4.
    """
    attack = _Attack(model, images, labels, epsilon, preprocess)
    return attack.by_batches(lambda batch: attack.step(batch, epsilon), batch_size)


def pgd(
    model: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    epsilon: float,
    *,
    steps: int = 10,
    step_size: float | None = None,
    seed: int = 0,
    preprocess: Callable | None = None,
    batch_size: int = 250,
) -> np.ndarray:
    """Several small steps up the loss from a random start, each pulled back to within ``epsilon``.

    Args:
        model, images, labels, epsilon, preprocess, batch_size: as for :func:`fgsm`.
        steps: how many.
        step_size: of each, on the scale of 0..255; by default 2.5 times ``epsilon / steps``, so
            that the steps can reach every corner and still turn.
        seed: of the random start, anywhere within ``epsilon``.

    Returns:
        ``float32 (n, 32, 32, 3)``, 0..255, nowhere more than ``epsilon`` from ``images``.

    Raises:
        ValueError: images, labels or a number is none, or the model gives no row of numbers.
        NotImplementedError: Keras runs on another backend than TensorFlow or JAX.

    Source:
        Madry et al. (2018), arXiv 1706.06083, section 2.1.
    """
    steps = checks.whole("steps", steps, 1)
    seed = checks.whole("seed", seed, 0)
    attack = _Attack(model, images, labels, epsilon, preprocess)
    epsilon = attack.epsilon
    step_size = 2.5 * epsilon / steps if step_size is None else step_size
    step_size = checks.not_negative("step_size", step_size)
    rng = np.random.default_rng(seed)
    moved = rng.uniform(-epsilon, epsilon, attack.images.shape).astype(np.float32)
    starts = np.clip(attack.images + moved, 0, 255)

    def walk(batch: slice) -> np.ndarray:
        now = starts[batch]
        for _ in range(steps):
            now = attack.step(batch, step_size, now)
        return now

    return attack.by_batches(walk, batch_size)


class _Attack:
    """What both attacks share: the pictures, the loss, and how far one may go."""

    def __init__(self, model, images, labels, epsilon, preprocess) -> None:
        self.images = check_images(images).astype(np.float32)
        self.epsilon = checks.not_negative("epsilon", epsilon)
        self.scores = scores_of(model)
        checks.function("preprocess", preprocess)
        self.preprocess = preprocess
        shape = tuple(self._scores(self.images[:1]).shape)
        if len(shape) != 2 or shape[1] < 2:
            raise ValueError(
                f"the model must give a row of two numbers or more per image, got {shape}"
            )
        self.labels = check_labels(labels, len(self.images), classes=shape[1])

    def _scores(self, pictures):
        pictures = ops.convert_to_tensor(pictures, dtype="float32")
        if self.preprocess is not None:
            pictures = self.preprocess(pictures)
            if not hasattr(pictures, "shape"):
                raise ValueError(
                    f"preprocess must give back what the model takes, it gave {pictures!r}"
                )
        return self.scores(pictures)

    def step(self, batch: slice, size: float, now: np.ndarray | None = None) -> np.ndarray:
        """One step up the loss from ``now``, within epsilon of the pictures and within 0..255."""
        start = self.images[batch]
        labels = ops.convert_to_tensor(self.labels[batch])

        def loss(pictures):
            """The log of all other classes' exponentials, minus the score of the label.

            Cross-entropy is the softplus of that and so has a gradient of the same signs, but not
            in ``float32``: where the network is sure, it is rounded to 0.
            """
            scores = ops.cast(self._scores(pictures), "float32")  # 1e9 is too much for float16
            own = ops.one_hot(labels, scores.shape[1], dtype=scores.dtype)
            others = ops.logsumexp(scores - 1e9 * own, axis=1)
            return others - ops.sum(scores * own, axis=1)

        now = start if now is None else now
        _, gradient = input_gradient(loss, now)
        moved = now + np.float32(size) * np.sign(gradient)
        nearby = np.clip(moved, start - np.float32(self.epsilon), start + np.float32(self.epsilon))
        return np.clip(nearby, 0, 255)

    def by_batches(self, attacked: Callable, batch_size: int) -> np.ndarray:
        batch_size = checks.whole("batch_size", batch_size, 1)
        parts = [slice(i, i + batch_size) for i in range(0, len(self.images), batch_size)]
        return np.concatenate([attacked(part) for part in parts])
