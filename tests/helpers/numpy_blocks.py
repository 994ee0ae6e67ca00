"""The building blocks of networks in NumPy, in double precision, with no help from Keras."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.special import erf, expit

from cifarlib.layers import CHANNEL_DEVIATIONS, CHANNEL_MEANS


def normalized(images):
    return (images - np.array(CHANNEL_MEANS)) / np.array(CHANNEL_DEVIATIONS)


def windows(x, size, stride, fill=0.0):
    """Padded as TensorFlow pads "same": the odd pixel goes to the right and the bottom."""
    sides = []
    for side in x.shape[1:3]:
        total = max((-(-side // stride) - 1) * stride + size - side, 0)
        sides.append((total // 2, total - total // 2))
    x = np.pad(x, ((0, 0), *sides, (0, 0)), constant_values=fill)
    return sliding_window_view(x, (size, size), axis=(1, 2))[:, ::stride, ::stride]


def conv2d(x, kernel, stride=1):
    return np.einsum("nhwcij,ijcf->nhwf", windows(x, len(kernel), stride), kernel, optimize=True)


def depthwise(x, kernel, stride=1):
    return np.einsum("nhwcij,ijc->nhwc", windows(x, len(kernel), stride), kernel[..., 0])


def max_pool(x, size, stride):
    return windows(x, size, stride, -np.inf).max(axis=(-2, -1))


def normalize(x, layer):
    gamma, beta, mean, variance = (w.astype(np.float64) for w in layer.get_weights())
    return (x - mean) / np.sqrt(variance + 1e-5) * gamma + beta


def layer_norm(x, layer):
    gamma, beta = layer.get_weights()
    x = x - x.mean(axis=-1, keepdims=True)
    return x / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-6) * gamma + beta


def relu(x):
    return np.maximum(x, 0)


def swish(x):
    return x * expit(x)


def gelu(x):
    return x * (1 + erf(x / math.sqrt(2))) / 2


def dense(x, layer):
    kernel, bias = (w.astype(np.float64) for w in layer.get_weights())
    return x @ kernel + bias
