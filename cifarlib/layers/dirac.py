"""Kernels that begin as an identity (dirac initialization)."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("cifarlib")
class PartlyIdentity(keras.initializers.Initializer):
    """Kernels ``(kh, kw, c_in, c_out)`` whose first ``c_in`` filters pass their channel through.

    The other filters are uniform within ``1 / sqrt(kh * kw * c_in)``.

    Source:
        Jordan (2024), arXiv 2404.00498, section 3.3 (identity initialization).
    """

    def __call__(self, shape, dtype=None):
        height, width, channels, filters = shape
        uniform = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        kernel = np.array(keras.ops.convert_to_numpy(uniform(shape, dtype="float32")))
        count = min(channels, filters)
        kernel[..., :count] = 0
        kernel[height // 2, width // 2, range(count), range(count)] = 1
        return ops.cast(kernel, dtype)

    def get_config(self) -> dict:
        return {}
