"""Speednet: its whitening layer, and the whole of it in NumPy's words."""

import keras
import numpy as np
import pytest
from networks import assert_close, kinds, worn
from numpy_blocks import conv2d, normalized, relu

from cifarlib.layers import BatchNormalization, Whitening, whitening_kernel
from cifarlib.models import speednet

layers = keras.layers


@pytest.fixture(scope="module")
def kernel(data):
    return whitening_kernel(data[0][:300])


def test_whitened_patches_are_uncorrelated_and_of_like_size(data, kernel):
    x = normalized(data[0][:300]).astype(np.float32)
    responses = np.asarray(keras.ops.conv(x, kernel, padding="valid")).reshape(-1, 24)
    assert len(responses) == 300 * 31 * 31
    moments = responses.T @ responses / len(responses)
    assert np.abs(moments[:12, :12] - np.diag(np.diag(moments)[:12])).max() < 1e-3
    deviations = np.sqrt(np.diag(moments)[:12])
    assert deviations.max() < 1.001
    np.testing.assert_allclose(deviations[:6], 1, atol=0.02)
    assert deviations.min() > 0.7  # the least of all is held back most by the 5e-4
    np.testing.assert_array_equal(kernel[..., 12:], -kernel[..., :12])


def test_whitening_divides_each_component_by_its_deviation_the_largest_first(data, kernel):
    x = normalized(data[0][:300])
    moments = np.zeros((12, 12))
    for row in range(31):
        for column in range(31):
            patches = x[:, row : row + 2, column : column + 2].reshape(-1, 12)
            moments += patches.T @ patches
    moments /= 300 * 31 * 31
    filters = kernel.reshape(12, 24)[:, :12].astype(np.float64)
    # A principal component is turned into a multiple of itself, by its variance
    lengths = np.linalg.norm(filters, axis=0)
    variances = np.linalg.norm(moments @ filters, axis=0) / lengths
    np.testing.assert_allclose(moments @ filters, filters * variances, atol=1e-4)
    assert (np.diff(variances) < 0).all()
    np.testing.assert_allclose(lengths, 1 / np.sqrt(variances + 5e-4), rtol=1e-4)


def test_whitening_keeps_the_largest_components(data, kernel):
    fewer = whitening_kernel(data[0][:300], components=5)
    np.testing.assert_array_equal(fewer[..., :5], kernel[..., :5])
    np.testing.assert_array_equal(fewer[..., 5:], kernel[..., 12:17])


def test_larger_patches_are_whitened_too(data):
    kernel = whitening_kernel(data[0][:300], patch_size=4, components=16)
    x = normalized(data[0][:300]).astype(np.float32)
    responses = np.asarray(keras.ops.conv(x, kernel, padding="valid")).reshape(-1, 32)[:, :16]
    moments = responses.T @ responses / len(responses)
    np.testing.assert_allclose(moments, np.eye(16), atol=0.05)  # the rest is the 5e-4


def test_whitening_refuses_what_it_cannot_use(data):
    with pytest.raises(ValueError, match=r"components must be a whole number from 1 to 12, got 13"):
        whitening_kernel(data[0][:10], components=13)
    with pytest.raises(ValueError, match="patch_size must be a whole number from 1 to 32, got 33"):
        whitening_kernel(data[0][:10], patch_size=33)
    with pytest.raises(ValueError, match="raw values from 0 to 255"):
        whitening_kernel(data[0][:10] / 255)
    with pytest.raises(ValueError, match="n > 0"):
        speednet(images=data[0][:0])


def test_speednet_begins_with_fixed_whitening(data):
    layer = speednet(widths=(1, 1, 1)).get_layer("whitening")
    assert not layer.trainable_weights
    np.testing.assert_array_equal(layer.get_weights()[0], whitening_kernel(data[0][:5000]))
    other = speednet(widths=(1, 1, 1), images=data[0][:100]).get_layer("whitening")
    np.testing.assert_array_equal(other.get_weights()[0], whitening_kernel(data[0][:100]))


def test_a_copy_keeps_the_whitening_that_was_made_for_other_images(data, tmp_path):
    model = speednet(widths=(1, 1, 1), images=data[0][:100])
    expected = whitening_kernel(data[0][:100])
    clone = keras.models.clone_model(model)
    np.testing.assert_array_equal(clone.get_layer("whitening").get_weights()[0], expected)
    clone.save(tmp_path / "model.keras")
    again = keras.models.clone_model(keras.models.load_model(tmp_path / "model.keras"))
    np.testing.assert_array_equal(again.get_layer("whitening").get_weights()[0], expected)
    assert not again.get_layer("whitening").trainable


def test_whitening_of_another_shape_than_the_kernel_is_refused(kernel):
    with pytest.raises(ValueError, match=r"kernel of the shape \(2, 2, 3, 24\).*\(3, 3, 3, 24\)"):
        Whitening(kernel)((3, 3, 3, 24))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"convolutions": (2, 0, 2)}, "convolutions must be 3 whole numbers of at least 1"),
        ({"stride": 0}, "stride must be"),
        ({"patch_size": 0}, "patch_size must be"),
        ({"components": 0}, "components must be"),
        ({"patch_size": 4, "stride": 5}, "need 8 x 8 places or more, got patch_size=4, stride=5"),
    ],
)
def test_speednet_refuses_settings_out_of_range(settings, message):
    with pytest.raises(ValueError, match=message):
        speednet(**settings)


@pytest.mark.parametrize(
    ("counts", "patch_size", "stride"), [((2, 2, 2), 2, 1), ((1, 3, 2), 4, 2), ((2, 1, 1), 3, 3)]
)
def test_speednet_computes_what_numpy_does(images, counts, patch_size, stride):
    settings = {"convolutions": counts, "patch_size": patch_size, "stride": stride}
    model = worn(speednet(widths=(3, 5, 4), components=7, **settings), images)
    first, *convolutions = kinds(model, layers.Conv2D)
    assert len(convolutions) == sum(counts)
    norms = iter(kinds(model, BatchNormalization))
    x = normalized(images)
    side = 33 - patch_size
    offsets = range(patch_size)
    parts = [x[:, i : side + i : stride, j : side + j : stride] for i in offsets for j in offsets]
    kernel = np.asarray(first.kernel, np.float64).reshape(-1, 14)
    x = relu(np.concatenate(parts, axis=-1) @ kernel)
    pooled = np.cumsum([0, *counts[:-1]])  # after the first convolution of each group
    for number, convolution in enumerate(convolutions):
        x = conv2d(x, np.asarray(convolution.kernel, np.float64))
        if number in pooled:
            side = x.shape[1] // 2 * 2
            x = x[:, :side, :side].reshape(8, side // 2, 2, side // 2, 2, -1).max(axis=(2, 4))
        beta, mean, variance = (w.astype(np.float64) for w in next(norms).get_weights())
        x = relu((x - mean) / np.sqrt(variance + 1e-12) + 8 * beta)
    logits = x.max(axis=(1, 2)) @ np.asarray(model.layers[-2].kernel) / 9
    assert_close(model(images), logits)


def test_speednet_keeps_the_share_of_old_statistics_it_is_told():
    momenta = [norm.momentum for norm in kinds(speednet(), BatchNormalization)]
    assert momenta == [0.6] * 6
    other = kinds(speednet(widths=(1, 1, 1), bn_momentum=0.95), BatchNormalization)
    assert {norm.momentum for norm in other} == {0.95}
