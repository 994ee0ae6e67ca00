"""The few layers that Keras lacks, or has in a slower form, one idea a file.

Importing the package registers all of them, so that Keras loads saved models that have them.
"""

from cifarlib.layers.batch_norm import BatchNormalization
from cifarlib.layers.depth import stochastic_depth
from cifarlib.layers.dirac import PartlyIdentity
from cifarlib.layers.hidden_tokens import FillInTokens, TakeTokens
from cifarlib.layers.inputs import (
    CHANNEL_DEVIATIONS,
    CHANNEL_MEANS,
    normalization,
    raw_images,
    require_channels_last,
)
from cifarlib.layers.positions import PositionEmbedding, sincos_positions
from cifarlib.layers.response import LocalResponseNormalization
from cifarlib.layers.shortcut import PaddedShortcut
from cifarlib.layers.tokens import ClassToken
from cifarlib.layers.whitening import Whitening, whitening_kernel

__all__ = [
    "CHANNEL_DEVIATIONS", "CHANNEL_MEANS", "BatchNormalization", "ClassToken", "FillInTokens",
    "LocalResponseNormalization", "PaddedShortcut", "PartlyIdentity", "PositionEmbedding",
    "TakeTokens", "Whitening", "normalization", "raw_images", "require_channels_last",
    "sincos_positions", "stochastic_depth", "whitening_kernel",
]  # fmt: skip
