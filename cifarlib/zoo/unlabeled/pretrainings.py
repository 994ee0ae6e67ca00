"""Which networks learned from all training images without labels, and how."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import keras
import numpy as np

from cifarlib.images import Augmentation
from cifarlib.models import masked_autoencoder, speednet
from cifarlib.recipes import Recipe
from cifarlib.training import (
    HiddenPatches,
    MaskedImages,
    NTXent,
    ViewPairs,
    partner_found,
    with_projection,
)
from cifarlib.training.pretraining import Unlabeled


@dataclass(frozen=True)
class Pretraining:
    """One way to learn without labels, and the same network learning from labels for comparison.

    Attributes:
        networks: gives the encoder, from images to features, and the model that is trained; the
            two share their weights.
        batches: from images and a seed to the batches.
        loss: gives the loss.
        recipe: of the pretraining.
        keeps_model: whether the whole trained model is kept, and not the encoder alone.
        metrics: give further curves.
        supervised: gives a new network of the same kind with logits; None where none is trained
            for comparison.
        supervised_recipe: how it learns from labels.
        supervised_epochs: for so many labeled images, the numbers of epochs to choose from.
        precision: what all of them compute in while they are trained.
    """

    networks: Callable[[], tuple[keras.Model, keras.Model]]
    batches: Callable[[np.ndarray, int], Unlabeled]
    loss: Callable[[], keras.losses.Loss]
    recipe: Recipe
    keeps_model: bool
    metrics: Callable[[], list[keras.metrics.Metric]]
    supervised: Callable[[], keras.Model] | None = None
    supervised_recipe: Recipe | None = None
    supervised_epochs: dict[int, tuple[int, ...]] = field(default_factory=dict)
    precision: str = "mixed_bfloat16"

    def settings(self) -> dict:
        """What the fingerprint covers besides the model."""
        return self.recipe.settings() | {"precision": self.precision}


_ENCODER = functools.partial(
    speednet, widths=(32, 64, 128), patch_size=4, stride=2, components=24, bn_momentum=0.8
)


def _contrastive() -> tuple[keras.Model, keras.Model]:
    encoder = _ENCODER(classes=None)
    return encoder, with_projection(encoder)


def _found() -> list[keras.metrics.Metric]:
    return [keras.metrics.MeanMetricWrapper(partner_found, "partner_found")]


_masked = functools.partial(masked_autoencoder, dim=96, decoder_dim=48)


def _transformer() -> keras.Model:
    """The masked autoencoder's encoder, and scores of ten classes from its features."""
    encoder, _ = _masked()
    scores = keras.layers.Dense(10, dtype="float32", name="logits")(encoder.output)
    return keras.Model(encoder.input, scores, name="transformer")


_SUPERVISED = Recipe(
    epochs=20, batch_size=128, optimizer="adamw", learning_rate=2e-3, weight_decay=0.05,
    schedule="cosine", warmup=0.1, augmentation=Augmentation(crop=4, flip="random"),
)  # fmt: skip

PRETRAININGS: dict[str, Pretraining] = {
    "contrastive": Pretraining(
        networks=_contrastive,
        batches=lambda x, seed: ViewPairs(x, 512, seed),
        loss=lambda: NTXent(0.5),
        recipe=Recipe(
            epochs=60, batch_size=512, optimizer="adamw", learning_rate=2e-3, weight_decay=1e-3,
            schedule="cosine", warmup=0.05,
        ),
        keeps_model=False,
        metrics=_found,
        supervised=_ENCODER,
        supervised_recipe=_SUPERVISED,
        supervised_epochs={500: (60, 120), 5_000: (15, 30), 50_000: (10,)},
    ),
    # He et al. (2022), appendix A.1: AdamW, weight decay 0.05, crops and flips alone
    "masked": Pretraining(
        networks=_masked,
        batches=lambda x, seed: MaskedImages(x, 256, seed),
        loss=HiddenPatches,
        recipe=Recipe(
            epochs=40, batch_size=256, optimizer="adamw", learning_rate=1.5e-3, weight_decay=0.05,
            schedule="cosine", warmup=0.1,
        ),
        keeps_model=True,
        metrics=list,
        supervised=_transformer,
        supervised_recipe=replace(_SUPERVISED, learning_rate=1e-3),
        supervised_epochs={500: (60, 120), 5_000: (30,), 50_000: (10,)},
    ),
}  # fmt: skip
