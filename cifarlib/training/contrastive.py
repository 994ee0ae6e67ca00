"""Learn without labels by comparing: two views of one image attract, all others repel."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops

from cifarlib import _checks as checks
from cifarlib.images import random_views
from cifarlib.training.whole_batches import WholeBatches


class ViewPairs(WholeBatches):
    """Batches ``(views, numbers)`` for ``fit``: two random views of each image, and whose they are.

    ``views`` is ``uint8 (2 * batch_size, 32, 32, 3)``: first views, then second ones. ``numbers``
    is ``int32 (2 * batch_size,)``: two views are of the same image where their numbers are equal.
    As in :class:`Batches`, order and views depend on ``seed`` and the number of the epoch alone.
    What does not fill a batch is left out of an epoch, as the loss depends on how many views it
    compares.

    Args:
        x: images ``uint8 (n, 32, 32, 3)``. No labels.
        batch_size: images per batch, at least 2.
        seed: chooses the order and the views.
        **views: settings of :func:`cifarlib.images.random_views`.

    Raises:
        ValueError: there are fewer images than a batch has, or a setting is outside its range.
    """

    def __init__(self, x: np.ndarray, batch_size: int, seed: int = 0, **views: float) -> None:
        super().__init__(x, batch_size, seed, least=2)
        random_views(x[:1], np.random.default_rng(0), **views)  # refuses bad settings early
        self.views = {name: checks.plain(value) for name, value in views.items()}

    def settings(self) -> dict[str, float]:
        return self.views

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen, rng = self.chosen(index), self.rng(index)
        images = self.x[np.concatenate([chosen, chosen])]
        numbers = np.tile(np.arange(self.batch_size, dtype=np.int32), 2)
        return random_views(images, rng, **self.views), numbers


def with_projection(encoder: keras.Model, *, hidden: int = 128, dim: int = 64) -> keras.Model:
    """The encoder and, behind its features, a network of two layers for the loss alone.

    The loss may throw away in the projection what two views differ in, color for instance, and the
    features may keep it. After the training the projection is thrown away.

    Args:
        encoder: from images to features ``(n, d)``; ``cifarlib.models`` build one where they are
            called with ``classes=None``.
        hidden: units of the hidden layer.
        dim: length of a projection.

    Returns:
        A model from what the encoder takes to projections ``float32 (n, dim)``. It shares the
        encoder's weights.

    Raises:
        ValueError: a setting is no whole number of at least 1, or the encoder gives no features.

    Source:
        Chen et al. (2020), arXiv 2002.05709, sections 2.1 and 4.2.
    """
    checks.model(encoder, "encoder")
    outputs = getattr(encoder, "outputs", ())
    if len(outputs) != 1 or len(outputs[0].shape) != 2:
        shape = getattr(encoder, "output_shape", "none that is known")
        raise ValueError(f"the encoder must give features (n, d), {encoder.name!r} gives {shape}")
    hidden, dim = checks.whole("hidden", hidden, 1), checks.whole("dim", dim, 1)
    x = layers.Dense(hidden, activation="relu", name="projection_hidden")(outputs[0])
    x = layers.Dense(dim, dtype="float32", name="projection")(x)
    return keras.Model(encoder.inputs[0], x, name=f"{encoder.name}_projected")


@keras.saving.register_keras_serializable("cifarlib")
class NTXent(keras.losses.Loss):
    """The loss of SimCLR, NT-Xent: find the other view of the same image among all others.

    For each view, the cosine similarities to all other views of the batch, divided by the
    temperature, are taken as logits, and the loss is the cross-entropy for its partner.

    Args:
        temperature: above 0. The lower, the more the most similar strangers count.

    ``y_true`` are the numbers of the images, ``(2n,)``, as :class:`ViewPairs` gives them, and
    ``y_pred`` the projections ``(2n, d)``. If an image has more than two views in the batch, its
    loss is the mean over the partners.

    Source:
        Chen et al. (2020), arXiv 2002.05709, equation 1.

    >>> projections = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    >>> round(float(NTXent(0.5)(np.array([0, 1, 0, 1]), projections)), 3)  # partners agree
    0.24
    >>> round(float(NTXent(0.5)(np.array([0, 0, 1, 1]), projections)), 3)  # strangers do
    2.24
    """

    def __init__(
        self,
        temperature: float = 0.5,
        name: str = "nt_xent",
        reduction: str = "sum_over_batch_size",
        dtype=None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.temperature = checks.positive("temperature", temperature)

    def call(self, y_true, y_pred):
        similarity = _without_self(_cosines(y_pred) / self.temperature)
        partners = _partners(y_true, similarity)
        logs = ops.log_softmax(similarity, axis=1)
        return -ops.sum(partners * logs, axis=1) / ops.sum(partners, axis=1)

    def get_config(self) -> dict:
        return super().get_config() | {"temperature": self.temperature}


@keras.saving.register_keras_serializable("cifarlib")
def partner_found(y_true, y_pred):
    """Whether the view most similar to each view is of the same image: 0 or 1, ``(2n,)``.

    The arguments are those of :class:`NTXent`.
    """
    similarity = _without_self(_cosines(y_pred))
    partners = _partners(y_true, similarity)
    nearest = ops.one_hot(ops.argmax(similarity, axis=1), ops.shape(similarity)[1])
    return ops.sum(partners * nearest, axis=1)


def _cosines(projections):
    """The cosine similarity of each projection to each: ``(2n, 2n)``."""
    unit = ops.normalize(ops.cast(projections, "float32"), axis=1)
    return ops.matmul(unit, ops.transpose(unit))


def _without_self(similarity):
    """A view is no candidate for its own partner."""
    return similarity - 1e9 * ops.eye(ops.shape(similarity)[0])


def _partners(numbers, similarity):
    """1 where two different views are of the same image, else 0: ``float32 (2n, 2n)``."""
    numbers = ops.reshape(numbers, (-1,))
    same = ops.cast(ops.equal(numbers[:, None], numbers[None, :]), "float32")
    return same - ops.eye(ops.shape(similarity)[0])
