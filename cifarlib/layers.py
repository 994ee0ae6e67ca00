"""The few layers that Keras lacks, or has in a slower form."""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops

from cifarlib.checks import choice, positive
from cifarlib.inputs import require_channels_last

# Mean and standard deviation of each channel of the 50,000 training images, 0..255
CHANNEL_MEANS = (125.3069, 122.9504, 113.8654)
CHANNEL_DEVIATIONS = (62.9932, 62.0887, 66.7049)


def normalization() -> keras.layers.Layer:
    """The layer that each model begins with: raw pixels to zero mean and unit deviation.

    It computes in ``float32`` under any dtype policy, as ``bfloat16`` has too few digits for it.
    """
    require_channels_last()
    return keras.layers.Normalization(
        mean=list(CHANNEL_MEANS),
        variance=[deviation**2 for deviation in CHANNEL_DEVIATIONS],
        dtype="float32",
    )


def stochastic_depth(rate: float) -> keras.layers.Layer:
    """Drop the whole input of an image with probability ``rate`` in training, scale up the others.

    Put it at the end of a residual branch, before the addition.

    Source:
        Huang et al. (2016), arXiv 1603.09382.
    """
    return keras.layers.Dropout(rate, noise_shape=(None, 1, 1, 1))


@keras.saving.register_keras_serializable("cifarlib")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalization, by TensorFlow's fused kernel where that is possible.

    Keras computes mean, variance and the rest one after another, in ``float32``. The fused kernel
    reads a map twice and works in ``bfloat16`` too: a step of ``speednet`` took 1.2 s with Keras'
    layer and 0.8 s with this one (two Xeon cores, ``bfloat16``). Its moving variance has Bessel's
    correction, as in PyTorch. For ``float64``, other shapes than ``(n, h, w, c)``, another axis,
    masks, ``renorm`` and ``synchronized`` it is Keras' own way, without the correction.

    Args:
        beta_factor: the layer adds ``beta_factor * beta``. With SGD that is the same as a learning
            rate for beta ``beta_factor**2`` times as large, at the same weight decay.
        **settings: those of ``keras.layers.BatchNormalization``. Epsilon is 1e-5 and momentum 0.9
            unless given.

    Raises:
        ValueError: ``beta_factor`` is not positive.

    Source:
        Ioffe and Szegedy (2015), arXiv 1502.03167; the factor: Jordan (2024), arXiv 2404.00498.
    """

    def __init__(self, *, beta_factor: float = 1.0, **settings) -> None:
        super().__init__(**{"epsilon": 1e-5, "momentum": 0.9} | settings)
        positive("beta_factor", beta_factor)
        self.beta_factor = beta_factor

    def call(self, inputs, training=None, mask=None):
        if mask is None and self._fits_the_kernel(inputs):
            return self._fused(inputs, bool(training) and self.trainable)
        outputs = super().call(inputs, training=training, mask=mask)
        if self.center and self.beta_factor != 1:
            shape = [1] * len(inputs.shape)
            shape[self.axis] = -1
            extra = ops.reshape((self.beta_factor - 1) * self.beta, shape)
            outputs = outputs + ops.cast(extra, outputs.dtype)
        return outputs

    def _fits_the_kernel(self, inputs) -> bool:
        dtype = keras.backend.standardize_dtype(inputs.dtype)
        return (
            keras.backend.backend() == "tensorflow"
            and (len(inputs.shape), self.axis % 4) == (4, 3)
            and dtype == self.compute_dtype != "float64"
            and not self.synchronized
            and not getattr(self, "renorm", False)  # which came after Keras 3.8
        )

    def _fused(self, inputs, training: bool):
        import tensorflow as tf

        def exact(variable):
            return tf.cast(tf.convert_to_tensor(variable), tf.float32)

        channels = inputs.shape[-1]
        ones, zeros, empty = tf.ones([channels]), tf.zeros([channels]), tf.zeros([0])
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=exact(self.gamma) if self.scale else ones,
            offset=self.beta_factor * exact(self.beta) if self.center else zeros,
            mean=empty if training else exact(self.moving_mean),
            variance=empty if training else exact(self.moving_variance),
            epsilon=self.epsilon,
            is_training=training,
        )
        if training:
            for moving, now in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(exact(moving) * self.momentum + now * (1 - self.momentum))
        return outputs

    def get_config(self) -> dict:
        return super().get_config() | {"beta_factor": self.beta_factor}


@keras.saving.register_keras_serializable("cifarlib")
class PaddedShortcut(keras.layers.Layer):
    """The shortcut without parameters: every ``stride``-th pixel, and new channels of zeros.

    Args:
        filters: channels of the output, at least those of the input.
        stride: the step between the pixels kept.

    Source:
        He et al. (2015), arXiv 1512.03385, section 3.3, option A.
    """

    def __init__(self, filters: int, stride: int, **settings) -> None:
        super().__init__(**settings)
        require_channels_last()
        self.filters, self.stride = filters, stride

    def call(self, inputs):
        kept = inputs[:, :: self.stride, :: self.stride]
        new = self.filters - inputs.shape[-1]
        return ops.pad(kept, [(0, 0), (0, 0), (0, 0), (new // 2, new - new // 2)])

    def compute_output_shape(self, shape):
        return shape[0], *(math.ceil(side / self.stride) for side in shape[1:3]), self.filters

    def get_config(self) -> dict:
        return super().get_config() | {"filters": self.filters, "stride": self.stride}


@keras.saving.register_keras_serializable("cifarlib")
class ClassToken(keras.layers.Layer):
    """Put a learned token in front of the others: ``(n, t, d)`` to ``(n, t + 1, d)``.

    Source:
        Dosovitskiy et al. (2020), arXiv 2010.11929, equation 1.
    """

    def build(self, shape) -> None:
        self.token = self.add_weight(shape=(1, 1, shape[-1]), initializer="zeros", name="token")

    def call(self, inputs):
        count, _, dim = ops.shape(inputs)
        return ops.concatenate([ops.broadcast_to(self.token, (count, 1, dim)), inputs], axis=1)

    def compute_output_shape(self, shape):
        return shape[0], shape[1] + 1, shape[2]


@keras.saving.register_keras_serializable("cifarlib")
class PositionEmbedding(keras.layers.Layer):
    """Add to each token a vector that tells its place: ``(n, t, d)`` to ``(n, t, d)``.

    Args:
        kind: ``"learned"``, or ``"sincos"`` for fixed sines and cosines of row and column; for
            those, the last ``side * side`` tokens are a square grid, and a class token before them
            gets zeros.

    Raises:
        ValueError: ``kind`` is neither.

    Source:
        Dosovitskiy et al. (2020), arXiv 2010.11929, section 3.1; fixed ones: Beyer et al. (2022),
        arXiv 2205.01580.
    """

    def __init__(self, kind: str = "learned", **settings) -> None:
        super().__init__(**settings)
        choice("kind", kind, ("learned", "sincos"))
        self.kind = kind

    def build(self, shape) -> None:
        tokens, dim = shape[-2:]
        learned = self.kind == "learned"
        self.positions = self.add_weight(
            shape=(1, tokens, dim),
            initializer=keras.initializers.TruncatedNormal(stddev=0.02)
            if learned
            else lambda shape, dtype=None: ops.cast(sincos_positions(tokens, dim)[None], dtype),
            trainable=learned,
            name="positions",
        )

    def call(self, inputs):
        return inputs + self.positions

    def get_config(self) -> dict:
        return super().get_config() | {"kind": self.kind}


def sincos_positions(tokens: int, dim: int) -> np.ndarray:
    """Sines and cosines of row and column, each a quarter of the vector: ``float32 (tokens, dim)``.

    The wavelengths run from 2 pi to 20,000 pi tokens. Where ``tokens`` is one more than a square,
    the first, a class token, gets zeros.

    Raises:
        ValueError: ``dim`` is no multiple of 4, or ``tokens`` neither a square nor one more.
    """
    side = math.isqrt(tokens)
    if dim % 4 or tokens - side * side not in (0, 1):
        raise ValueError(
            "sincos positions need a dim that is a multiple of 4 and a square of tokens, or one "
            f"more, got dim={dim}, tokens={tokens}"
        )
    frequencies = 10_000.0 ** -(np.arange(dim // 4) / max(dim // 4 - 1, 1))
    angles = np.arange(side)[:, None] * frequencies  # (side, dim / 4)
    waves = np.concatenate([np.sin(angles), np.cos(angles)], axis=1)  # (side, dim / 2)
    rows, columns = np.repeat(waves, side, axis=0), np.tile(waves, (side, 1))
    grid = np.concatenate([columns, rows], axis=1)
    return np.concatenate([np.zeros((tokens - side * side, dim)), grid]).astype(np.float32)


@keras.saving.register_keras_serializable("cifarlib")
class PartlyIdentity(keras.initializers.Initializer):
    """Kernels ``(kh, kw, c_in, c_out)`` whose first ``c_in`` filters pass their channel through.

    The other filters are uniform within ``1 / sqrt(kh * kw * c_in)``.

    Source:
        Jordan (2024), arXiv 2404.00498, section 3.2 (dirac initialization).
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
