"""The shortcut of a residual block that has no parameters."""

from __future__ import annotations

import math

import keras
from keras import ops

from cifarlib._checks import whole
from cifarlib.layers.inputs import require_channels_last


@keras.saving.register_keras_serializable("cifarlib")
class PaddedShortcut(keras.layers.Layer):
    """The shortcut without parameters: every ``stride``-th pixel, and new channels of zeros.

    Args:
        filters: channels of the output, at least those of the input.
        stride: the step between the pixels kept.

    Raises:
        ValueError: one is no whole number of at least 1, Keras is set to ``"channels_first"``, or
            the input has more channels than ``filters``.

    Source:
        He et al. (2016), arXiv 1512.03385, section 3.3, option A.
    """

    def __init__(self, filters: int, stride: int, **settings) -> None:
        super().__init__(**settings)
        require_channels_last()
        self.filters, self.stride = whole("filters", filters, 1), whole("stride", stride, 1)

    def call(self, inputs):
        kept = inputs[:, :: self.stride, :: self.stride]
        new = self.filters - inputs.shape[-1]
        return ops.pad(kept, [(0, 0), (0, 0), (0, 0), (new // 2, new - new // 2)])

    def compute_output_shape(self, shape):
        if shape[-1] > self.filters:
            raise ValueError(
                f"filters must be at least the input's {shape[-1]} channels, got {self.filters}"
            )
        return shape[0], *(math.ceil(side / self.stride) for side in shape[1:3]), self.filters

    def get_config(self) -> dict:
        return super().get_config() | {"filters": self.filters, "stride": self.stride}
