"""The layers that Keras lacks: each against its definition, in NumPy."""

import inspect
import itertools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from cifarlib import load_cifar10
from cifarlib.layers import (
    CHANNEL_DEVIATIONS,
    CHANNEL_MEANS,
    BatchNormalization,
    ClassToken,
    LocalResponseNormalization,
    PaddedShortcut,
    PartlyIdentity,
    PositionEmbedding,
    normalization,
    raw_images,
    sincos_positions,
    stochastic_depth,
)
from cifarlib.machine import precision

EXAMPLES = settings(max_examples=25, deadline=None, derandomize=True)


def maps(*shape, seed=0, mean=1.5, deviation=2.0):
    """Random values, each channel with a mean and a deviation of its own."""
    x = np.random.default_rng(seed).normal(mean, deviation, shape)
    return (x * (1 + np.arange(shape[-1]) / 4) + np.arange(shape[-1])).astype(np.float32)


def filled(layer, shape, seed=1):
    """The layer, built, with random positive weights: none at its neutral value."""
    layer.build(shape)
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.uniform(0.5, 2, w.shape) for w in layer.weights])
    return layer


def as_float(tensor):
    return np.asarray(tensor).astype(np.float32)


@pytest.fixture(scope="module")
def data():
    return load_cifar10()


# Batch normalization


def normalized(x, axes, epsilon=1e-5):
    """Zero mean and unit variance over ``axes``, in double precision."""
    x = x.astype(np.float64)
    return (x - x.mean(axes)) / np.sqrt(x.var(axes) + epsilon)


@pytest.mark.parametrize("factor", [1, 8])
@pytest.mark.parametrize(("scale", "center"), list(itertools.product((True, False), repeat=2)))
def test_batch_normalization_in_training_normalizes_by_the_batch(scale, center, factor):
    x = maps(4, 5, 6, 3)
    layer = filled(BatchNormalization(scale=scale, center=center, beta_factor=factor), x.shape)
    gamma = np.asarray(layer.gamma) if scale else 1
    beta = np.asarray(layer.beta) if center else 0
    expected = normalized(x, (0, 1, 2)) * gamma + factor * beta
    np.testing.assert_allclose(np.asarray(layer(x, training=True)), expected, atol=2e-5)


@pytest.mark.parametrize("factor", [1, 8])
def test_batch_normalization_in_inference_uses_the_moving_statistics(factor):
    x = maps(4, 5, 6, 3)
    layer = filled(BatchNormalization(beta_factor=factor, epsilon=0.01), x.shape)
    gamma, beta, mean, variance = (w.astype(np.float64) for w in layer.get_weights())
    expected = (x - mean) / np.sqrt(variance + 0.01) * gamma + factor * beta
    np.testing.assert_allclose(np.asarray(layer(x)), expected, atol=2e-5)
    for before, after in zip((gamma, beta, mean, variance), layer.get_weights(), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-6)


@pytest.mark.parametrize("momentum", [0.0, 0.6, 0.9])
def test_moving_statistics_are_means_over_time_with_bessel_s_correction(momentum):
    x = maps(2, 2, 3, 4)  # 12 values a channel: the correction is a tenth
    layer = filled(BatchNormalization(momentum=momentum), x.shape)
    mean, variance = np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)
    for _ in range(3):
        layer(x, training=True)
        mean = momentum * mean + (1 - momentum) * x.mean((0, 1, 2))
        variance = momentum * variance + (1 - momentum) * x.var((0, 1, 2), ddof=1)
    np.testing.assert_allclose(np.asarray(layer.moving_mean), mean, rtol=1e-5)
    np.testing.assert_allclose(np.asarray(layer.moving_variance), variance, rtol=1e-5)


def test_one_value_a_channel_leaves_the_moving_variance_finite():
    layer = BatchNormalization()
    layer(np.ones((1, 1, 1, 2), np.float32), training=True)
    assert np.isfinite(np.asarray(layer.moving_variance)).all()


def test_batch_normalization_starts_as_the_identity_with_the_usual_settings():
    layer = BatchNormalization()
    assert (layer.epsilon, layer.momentum) == (1e-5, 0.9)
    x = maps(4, 5, 6, 3)
    np.testing.assert_allclose(np.asarray(layer(x)), x / math.sqrt(1 + 1e-5), rtol=1e-6)
    assert [w.shape for w in layer.trainable_weights] == [(3,), (3,)]


@pytest.mark.parametrize("training", [True, False])
def test_gradients_are_those_of_keras_layer(training):
    x, toward = maps(4, 5, 6, 3), maps(4, 5, 6, 3, seed=9)
    found = []
    for kind, factor in ((BatchNormalization, {"beta_factor": 4.0}), (None, {})):
        layer = filled((kind or keras.layers.BatchNormalization)(epsilon=1e-5, **factor), x.shape)
        if factor:
            layer.beta.assign(layer.beta / 4)  # so that both add the same
        inputs = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_mean(layer(inputs, training=training) ** 3 * toward)
        gradients = tape.gradient(loss, [inputs, layer.gamma.value, layer.beta.value])
        found.append([np.asarray(g) for g in gradients])
    ours, keras_s = found
    keras_s[2] = keras_s[2] * 4
    for one, other in zip(ours, keras_s, strict=True):
        assert np.abs(other).max() > 1e-3
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-4 * np.abs(other).max())


def test_beta_factor_is_a_learning_rate_of_its_square_at_the_same_weight_decay():
    # The loss is half the squared distance from a target, so its gradient for the bias b of a
    # channel, whose normalized values have a mean of zero, is b minus the target's mean.
    factor, rate, decay = 8.0, 0.01, 0.5
    x, target = maps(4, 5, 6, 3), maps(4, 5, 6, 3, seed=5)
    layer = filled(BatchNormalization(beta_factor=factor, scale=False), x.shape)
    optimizer = keras.optimizers.SGD(rate, weight_decay=decay)
    bias = factor * np.asarray(layer.beta, np.float64)
    for _ in range(3):
        with tf.GradientTape() as tape:
            error = layer(x, training=True) - target
            loss = tf.reduce_sum(tf.reduce_mean(error**2, axis=(0, 1, 2))) / 2
        weights = layer.trainable_weights
        optimizer.apply(tape.gradient(loss, [w.value for w in weights]), weights)
        bias -= rate * factor**2 * (bias - target.mean((0, 1, 2))) + rate * decay * bias
        np.testing.assert_allclose(factor * np.asarray(layer.beta), bias, rtol=1e-4)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_maps_keep_their_type_and_get_statistics_in_float32(dtype):
    # The sum of the squares of a channel is about 4e6: beyond float16, and beyond bfloat16's digits
    layer = filled(BatchNormalization(dtype=f"mixed_{dtype}", momentum=0.0), (None, 8, 8, 4))
    x = tf.cast(maps(64, 8, 8, 4, mean=30, deviation=5), dtype)
    outputs = layer(x, training=True)
    assert outputs.dtype == dtype
    assert {w.dtype for w in layer.weights} == {"float32"}
    exact = as_float(x).astype(np.float64)
    gamma, beta = (w.astype(np.float64) for w in layer.get_weights()[:2])
    expected = normalized(exact, (0, 1, 2)) * gamma + beta
    digits = {"bfloat16": 2**-8, "float16": 2**-10}[dtype]
    limit = 2 * digits * np.abs(expected).max()
    np.testing.assert_allclose(as_float(outputs), expected, rtol=0, atol=limit)
    np.testing.assert_allclose(layer.moving_mean, exact.mean((0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(layer.moving_variance, exact.var((0, 1, 2), ddof=1), rtol=1e-3)
    again = as_float(layer(x))  # in inference, by the statistics of this very batch
    np.testing.assert_allclose(again, expected, rtol=0, atol=limit)


def test_frozen_batch_normalization_does_not_look_at_the_batch():
    x = maps(4, 5, 6, 3)
    layer = filled(BatchNormalization(), x.shape)
    expected, before = np.asarray(layer(x)), layer.get_weights()
    layer.trainable = False
    np.testing.assert_array_equal(np.asarray(layer(x, training=True)), expected)
    np.testing.assert_array_equal(layer.get_weights(), before)


@pytest.mark.parametrize("shape", [(20, 3), (4, 5, 3)])
@pytest.mark.parametrize("factor", [1, 8])
def test_batch_normalization_of_other_shapes_is_the_same_by_another_path(shape, factor):
    x = maps(*shape)
    axes = tuple(range(len(shape) - 1))
    layer = filled(BatchNormalization(beta_factor=factor, momentum=0.25), x.shape)
    gamma, beta, mean, variance = (w.astype(np.float64) for w in layer.get_weights())
    expected = normalized(x, axes) * gamma + factor * beta
    np.testing.assert_allclose(np.asarray(layer(x, training=True)), expected, atol=2e-5)
    mean, variance = (
        0.25 * mean + 0.75 * x.mean(axes),
        0.25 * variance + 0.75 * x.var(axes),  # Keras leaves Bessel's correction out
    )
    np.testing.assert_allclose(np.asarray(layer.moving_mean), mean, rtol=1e-5)
    np.testing.assert_allclose(np.asarray(layer.moving_variance), variance, rtol=1e-5)
    expected = (x - mean) / np.sqrt(variance + 1e-5) * gamma + factor * beta
    np.testing.assert_allclose(np.asarray(layer(x)), expected, atol=2e-5)


def test_batch_normalization_of_other_shapes_without_beta_takes_a_factor():
    x = maps(20, 3)
    layer = BatchNormalization(center=False, beta_factor=8)
    np.testing.assert_allclose(np.asarray(layer(x, training=True)), normalized(x, 0), atol=1e-5)


def test_masked_pixels_are_left_out_of_the_statistics():
    x, mask = maps(4, 5, 6, 3), np.random.default_rng(3).random((4, 5, 6)) < 0.5
    layer = BatchNormalization()
    found = np.asarray(layer(x, training=True, mask=tf.constant(mask)))
    kept = x[mask].astype(np.float64)
    expected = (x - kept.mean(0)) / np.sqrt(kept.var(0) + 1e-5)
    np.testing.assert_allclose(found, expected, atol=2e-4)


def keras_normalized(x, gamma, beta, mean, variance, axis, epsilon=1e-5):
    """In double precision, by statistics along one axis."""
    shape = [1] * x.ndim
    shape[axis] = -1
    gamma, beta, mean, variance = (np.reshape(w, shape) for w in (gamma, beta, mean, variance))
    return (x.astype(np.float64) - mean) / np.sqrt(variance + epsilon) * gamma + beta


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("axis", [1, 2, 3, -1, -2])
@pytest.mark.parametrize("shape", [(4, 5, 6, 3), (3, 3, 3, 3)])  # of equal sides, nothing crashes
def test_batch_normalization_normalizes_along_the_axis_it_is_told(shape, axis, training):
    x = maps(*shape)
    layer = filled(BatchNormalization(axis=axis, beta_factor=8), shape)
    gamma, beta, mean, variance = (w.astype(np.float64) for w in layer.get_weights())
    if training:
        others = tuple(place for place in range(4) if place != axis % 4)
        mean, variance = x.mean(others, dtype=np.float64), x.var(others, dtype=np.float64)
    expected = keras_normalized(x, gamma, 8 * beta, mean, variance, axis)
    np.testing.assert_allclose(np.asarray(layer(x, training=training)), expected, atol=1e-4)


def test_batch_normalization_along_another_axis_of_a_sequence_adds_its_beta_there():
    x = maps(4, 3, 3)
    layer = filled(BatchNormalization(axis=1, beta_factor=8), x.shape)
    gamma, beta, mean, variance = (w.astype(np.float64) for w in layer.get_weights())
    expected = keras_normalized(x, gamma, 8 * beta, mean, variance, 1)
    np.testing.assert_allclose(np.asarray(layer(x)), expected, atol=2e-5)


@pytest.mark.skipif(
    "renorm" not in inspect.signature(keras.layers.BatchNormalization).parameters,
    reason="this Keras has no renorm",
)
def test_batch_renormalization_is_keras_s():
    found = []
    for kind in (BatchNormalization, keras.layers.BatchNormalization):
        layer = kind(renorm=True, epsilon=1e-5, momentum=0.9, renorm_momentum=0.5)
        steps = [np.asarray(layer(maps(4, 5, 6, 3, seed=s), training=True)) for s in range(3)]
        found.append([*steps, *layer.get_weights()])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_synchronized_batch_normalization_asks_all_replicas(monkeypatch):
    """The fused kernel knows one replica; Keras' own path asks the others for their sums."""
    asked = []
    moments = keras.layers.BatchNormalization._moments
    monkeypatch.setattr(
        keras.layers.BatchNormalization, "_moments",
        lambda self, *given: (asked.append(self.synchronized), moments(self, *given))[1],
    )  # fmt: skip
    BatchNormalization(synchronized=True)(maps(4, 5, 6, 3), training=True)
    assert asked == [True]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("policy", ["float64", "float32", "float16", "bfloat16"])
def test_batch_normalization_computes_under_any_policy(policy, training):
    x = maps(8, 5, 6, 3, mean=0, deviation=1)
    layer = filled(BatchNormalization(dtype=policy, beta_factor=8, momentum=0.5), x.shape)
    x = np.asarray(tf.cast(x, policy))
    gamma, beta, mean, variance = (as_float(w).astype(np.float64) for w in layer.get_weights())
    exact = as_float(x).astype(np.float64)
    if training:
        now, spread = exact.mean((0, 1, 2)), exact.var((0, 1, 2))
        moved = 0.5 * mean + 0.5 * now, 0.5 * variance + 0.5 * spread
        mean, variance = now, spread
    else:
        moved = mean, variance
    outputs = layer(x, training=training)
    assert keras.backend.standardize_dtype(outputs.dtype) == policy
    expected = keras_normalized(exact, gamma, 8 * beta, mean, variance, -1)
    digits = {"float64": 1e-7, "float32": 1e-6, "float16": 2**-10, "bfloat16": 2**-7}[policy]
    limit = 3 * digits * np.abs(expected).max()
    np.testing.assert_allclose(np.asarray(outputs, np.float64), expected, rtol=0, atol=limit)
    for weight, wanted in zip(layer.non_trainable_weights, moved, strict=True):
        # Bessel's correction is 1 / 239
        np.testing.assert_allclose(as_float(weight), wanted, rtol=0.005 + 2 * digits, atol=0.01)


@pytest.mark.parametrize("dtype", ["float64", "uint8", "bfloat16"])
def test_batch_normalization_takes_maps_of_another_type_than_its_own(dtype):
    x = np.random.default_rng(0).integers(0, 200, (4, 5, 6, 3))
    layer = BatchNormalization(autocast=False)
    outputs = np.asarray(layer(tf.cast(x, dtype), training=True))
    assert outputs.dtype == np.float32
    expected = normalized(as_float(tf.cast(x, dtype)), (0, 1, 2))
    np.testing.assert_allclose(outputs, expected, atol=2e-5)


@pytest.mark.parametrize("factor", [0, -1.0, float("nan"), "8", None, True])
def test_a_beta_factor_that_is_none_is_refused(factor):
    with pytest.raises(ValueError, match=f"beta_factor must be positive .* got {factor!r}"):
        BatchNormalization(beta_factor=factor)


# Shortcuts without parameters


@given(
    side=st.integers(1, 7), channels=st.integers(1, 5), more=st.integers(0, 5),
    stride=st.integers(1, 3),
)  # fmt: skip
@EXAMPLES
def test_padded_shortcut_keeps_every_stride_th_pixel_and_adds_channels_of_zeros(
    side, channels, more, stride
):
    x = maps(2, side, side + 1, channels)
    layer = PaddedShortcut(channels + more, stride)
    found = np.asarray(layer(x))
    expected = np.zeros((2, -(-side // stride), -(-(side + 1) // stride), channels + more))
    for row, column, channel in np.ndindex(expected.shape[1:3] + (channels,)):
        kept = x[:, row * stride, column * stride, channel]
        expected[:, row, column, channel + more // 2] = kept
    np.testing.assert_array_equal(found, expected)
    assert layer.compute_output_shape(x.shape) == expected.shape
    assert layer(keras.Input(x.shape[1:])).shape == (None, *expected.shape[1:])
    if channels > 1:
        with pytest.raises(ValueError, match=f"at least the input's {channels} channels, got 1"):
            PaddedShortcut(1, stride)(keras.Input(x.shape[1:]))
    assert not layer.weights


# Tokens


def test_class_token_comes_first_and_is_the_same_for_all_images():
    x = maps(3, 5, 4)
    np.testing.assert_array_equal(np.asarray(ClassToken()(x))[:, 0], 0)  # at the start
    layer = filled(ClassToken(), x.shape)
    found = np.asarray(layer(x))
    np.testing.assert_array_equal(found[:, 1:], x)
    for image in found:
        np.testing.assert_array_equal(image[0], np.asarray(layer.token)[0, 0])
    assert layer.compute_output_shape((None, 5, 4)) == (None, 6, 4)
    assert [w.shape for w in layer.trainable_weights] == [(1, 1, 4)]


def test_learned_positions_are_small_random_weights_added_to_every_image():
    keras.utils.set_random_seed(0)
    layer = PositionEmbedding()
    x = maps(3, 65, 128)
    found = np.asarray(layer(x))
    (positions,) = layer.trainable_weights
    assert positions.shape == (1, 65, 128)
    np.testing.assert_allclose(found, x + np.asarray(positions), atol=1e-6)
    values = np.asarray(positions)
    assert np.abs(values).max() <= 0.04  # cut at two deviations, which leaves 0.88 of one
    assert values.std() == pytest.approx(0.02 * 0.8796, rel=0.02)  # 8,320 draws: 2.6 deviations


def test_sincos_positions_are_fixed():
    layer = PositionEmbedding("sincos")
    x = maps(3, 17, 8)
    found = np.asarray(layer(x))
    np.testing.assert_allclose(found, x + sincos_positions(17, 8), atol=1e-6)
    assert not layer.trainable_weights
    assert len(layer.weights) == 1


@pytest.mark.parametrize("kind", ["sincosine", "Learned", "none", "", None])
def test_positions_of_an_unknown_kind_are_refused_and_not_taken_for_fixed_ones(kind):
    with pytest.raises(ValueError, match=f"kind must be one of 'learned', 'sincos', got {kind!r}"):
        PositionEmbedding(kind)


@pytest.mark.parametrize("kind", ["learned", "sincos"])
def test_tokens_compute_in_the_policy_s_type_and_keep_their_weights_in_float32(kind):
    with precision("mixed_bfloat16"):
        token, positions = ClassToken(), PositionEmbedding(kind)
        outputs = positions(token(maps(2, 4, 8)))
    assert outputs.dtype == "bfloat16"
    assert {w.dtype for w in token.weights + positions.weights} == {"float32"}
    if kind == "sincos":
        np.testing.assert_array_equal(np.asarray(positions.positions)[0], sincos_positions(5, 8))


@pytest.mark.parametrize(("side", "dim"), [(1, 4), (2, 8), (3, 12), (8, 128), (5, 4)])
@pytest.mark.parametrize("token", [0, 1])
def test_sincos_positions_are_what_a_loop_computes(side, dim, token):
    quarter = dim // 4
    expected = [[0.0] * dim] * token
    for row in range(side):
        for column in range(side):
            vector = []
            for place in (column, row):
                for wave in (math.sin, math.cos):
                    for k in range(quarter):
                        exponent = k / (quarter - 1) if quarter > 1 else 0
                        vector.append(wave(place / 10_000**exponent))
            expected.append(vector)
    found = sincos_positions(side * side + token, dim)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_products_of_sincos_positions_depend_on_the_way_between_them_alone():
    side, dim = 6, 16
    frequencies = 10_000 ** -np.linspace(0, 1, dim // 4)
    vectors = sincos_positions(side * side, dim).reshape(side, side, dim).astype(np.float64)
    for r, c, rows, columns in ((0, 0, 1, 2), (2, 1, 1, 2), (3, 3, 1, 2), (5, 0, -3, 4)):
        product = vectors[r, c] @ vectors[r + rows, c + columns]
        expected = np.cos(rows * frequencies).sum() + np.cos(columns * frequencies).sum()
        assert product == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("tokens", "dim"), [(16, 6), (16, 5), (15, 8), (18, 8), (63, 128)])
def test_sincos_positions_that_fit_no_square_are_refused(tokens, dim):
    with pytest.raises(ValueError, match=f"got dim={dim}, tokens={tokens}"):
        sincos_positions(tokens, dim)


# Kernels that begin as the identity


def kernel_of(*shape):
    keras.utils.set_random_seed(0)
    return np.asarray(PartlyIdentity()(shape, dtype="float32"))


@pytest.mark.parametrize(("channels", "filters"), [(6, 10), (6, 6), (8, 3), (1, 1)])
def test_first_filters_pass_their_channel_through(channels, filters):
    x = maps(2, 5, 5, channels)
    kernel = kernel_of(3, 3, channels, filters)
    found = np.asarray(keras.ops.conv(x, kernel, padding="same"))
    count = min(channels, filters)
    np.testing.assert_array_equal(found[..., :count], x[..., :count])
    assert kernel.shape == (3, 3, channels, filters)


def test_other_filters_are_uniform_within_the_bound():
    kernel = kernel_of(3, 3, 16, 256)
    bound = 1 / math.sqrt(3 * 3 * 16)
    rest = kernel[..., 16:].ravel()
    assert 0.999 * bound < np.abs(rest).max() <= bound
    assert kstest(rest, "uniform", (-bound, 2 * bound)).pvalue > 0.01
    filters = kernel[..., 16:].reshape(-1, 240)
    assert len(np.unique(filters, axis=1).T) == 240


def test_every_call_draws_other_filters_and_a_seed_repeats_them():
    keras.utils.set_random_seed(0)
    first, second = (np.asarray(PartlyIdentity()((3, 3, 2, 8))) for _ in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, kernel_of(3, 3, 2, 8))


# Stochastic depth


def test_stochastic_depth_drops_whole_images_at_its_rate_and_scales_the_others_up():
    keras.utils.set_random_seed(0)
    layer, x = stochastic_depth(0.2), maps(4000, 2, 3, 2)
    found = np.asarray(layer(x, training=True))
    dropped = (found == 0).all(axis=(1, 2, 3))
    assert dropped.mean() == pytest.approx(0.2, abs=0.025)  # 4,000 draws: 4 deviations
    np.testing.assert_allclose(found[~dropped], x[~dropped] / 0.8, rtol=1e-5)
    again = (np.asarray(layer(x, training=True)) == 0).all(axis=(1, 2, 3))
    assert not np.array_equal(dropped, again)


def test_stochastic_depth_does_nothing_in_inference():
    x = maps(4, 2, 3, 2)
    np.testing.assert_array_equal(np.asarray(stochastic_depth(0.9)(x)), x)


# Normalization of raw images


def test_constants_are_the_published_statistics_of_the_training_images():
    # As most code for CIFAR-10 has them, for values of 0..1
    np.testing.assert_allclose(np.array(CHANNEL_MEANS) / 255, (0.4914, 0.4822, 0.4465), atol=6e-5)
    np.testing.assert_allclose(
        np.array(CHANNEL_DEVIATIONS) / 255, (0.2470, 0.2435, 0.2616), atol=6e-5
    )


def test_constants_fit_the_images_in_the_package(data):
    pixels = data.x_train.reshape(-1, 3).astype(np.float64)  # a fifth of the 50,000
    np.testing.assert_allclose(pixels.mean(axis=0), CHANNEL_MEANS, atol=1.2)  # 3 to 4 deviations
    np.testing.assert_allclose(pixels.std(axis=0), CHANNEL_DEVIATIONS, rtol=0.01)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_normalization_is_exact_under_any_policy(policy, data):
    images = data.x_test[:8]
    with precision(policy):
        found = normalization()(images)
    assert found.dtype == "float32"
    expected = (images - np.array(CHANNEL_MEANS)) / np.array(CHANNEL_DEVIATIONS)
    np.testing.assert_allclose(np.asarray(found), expected, atol=1e-5)


# Saving and loading


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((6, 6, 4), BatchNormalization(beta_factor=8, momentum=0.6, scale=False, epsilon=1e-12)),
        ((6, 6, 4), BatchNormalization()),
        ((6, 6, 4), PaddedShortcut(7, 2)),
        ((6, 6, 4), stochastic_depth(0.3)),
        ((6, 6, 3), normalization()),
        ((16, 8), ClassToken()),
        ((16, 8), PositionEmbedding()),
        ((16, 8), PositionEmbedding("sincos")),
        ((6, 6, 4), keras.layers.Conv2D(8, 3, kernel_initializer=PartlyIdentity())),
    ],
    ids=lambda value: type(value).__name__,
)
def test_layer_survives_saving_and_loading(shape, layer, tmp_path):
    inputs = keras.Input(shape)
    model = keras.Model(inputs, layer(inputs))
    rng = np.random.default_rng(0)
    if not isinstance(layer, keras.layers.Normalization | keras.layers.Dropout):
        model.set_weights([rng.uniform(0.5, 2, w.shape) for w in model.get_weights()])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = maps(3, *shape)
    np.testing.assert_array_equal(np.asarray(loaded(x)), np.asarray(model(x)))
    assert type(loaded.layers[1]) is type(layer)
    assert loaded.layers[1].get_config() == layer.get_config()
    assert len(loaded.trainable_weights) == len(model.trainable_weights)
    if isinstance(layer, keras.layers.Conv2D):
        assert isinstance(loaded.layers[1].kernel_initializer, PartlyIdentity)


# Channels first


@pytest.mark.parametrize(
    "make",
    [
        normalization,
        raw_images,
        lambda: PaddedShortcut(4, 2),
        lambda: LocalResponseNormalization()(np.ones((1, 4, 4, 8), "float32")),  # at its first use
    ],
)
def test_layers_for_channels_last_are_refused_where_keras_puts_channels_first(make, channels_first):
    with pytest.raises(ValueError, match=r"set_image_data_format\('channels_last'\)"):
        make()
