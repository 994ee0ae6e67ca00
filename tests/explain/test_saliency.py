"""Saliency, integrated gradients, SmoothGrad, occlusion and deletion, where the answer is known."""

import keras
import numpy as np
import pytest
from keras import layers

from cifarlib import zoo
from cifarlib.explain import (
    deletion_curve,
    input_gradient,
    insertion_curve,
    integrated_gradients,
    occlusion_map,
    saliency,
    smooth_grad,
)

RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(0, 1e-3, (32, 32, 3, 3)).astype(np.float32)


def linear(softmax=False, scale=1.0):
    """Three classes, each with a weight for every value: all pictures are known by hand."""
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Flatten(),
            layers.Dense(3, activation="softmax" if softmax else None),
        ]
    )
    model.set_weights([scale * WEIGHTS.reshape(-1, 3), np.array([0.5, 0.0, -0.5])])
    return model


@pytest.fixture(scope="module")
def trained():
    return zoo.load("simple_cnn")


def own_weights(images, classes):
    return np.moveaxis(WEIGHTS, 3, 0)[classes]  # (n, 32, 32, 3)


@pytest.mark.parametrize("softmax", [False, True])
def test_linear_network_shows_its_weights(images, softmax):
    model, classes = linear(softmax), np.arange(8) % 3
    weights = own_weights(images, classes)
    kind = {"rtol": 1e-4, "atol": 1e-6}
    np.testing.assert_allclose(saliency(model, images, classes), weights, **kind)
    times = saliency(model, images, classes, times_input=True)
    np.testing.assert_allclose(times, weights * images, **kind)
    np.testing.assert_allclose(smooth_grad(model, images, classes, samples=3), weights, **kind)
    found = integrated_gradients(model, images, classes, baseline=(10, 20, 30), steps=2)
    np.testing.assert_allclose(found, weights * (images - np.array([10.0, 20, 30])), **kind)


@pytest.mark.parametrize("softmax", [False, True])
def test_occlusion_of_a_linear_network_is_what_the_square_adds(images, softmax):
    model, classes = linear(softmax), np.arange(8) % 3
    fill = np.array([10.0, 20.0, 30.0])
    adds = (own_weights(images, classes) * (images - fill)).sum(axis=3)
    found = occlusion_map(model, images, classes, size=8, stride=8, fill=fill)
    squares = adds.reshape(8, 4, 8, 4, 8).sum(axis=(2, 4))
    np.testing.assert_allclose(found, squares.repeat(8, 1).repeat(8, 2), rtol=1e-3, atol=2e-4)
    assert found.dtype == np.float32


def test_occlusion_averages_over_the_places_that_cover_a_pixel(images):
    """Size 20, stride 12: places 0 and 12 on each axis, so the middle is covered four times."""
    model = linear()
    adds = (own_weights(images, [1] * 8) * (images - 7.0)).sum(axis=3)
    found = occlusion_map(model, images, 1, size=20, stride=12, fill=7)
    a, b = slice(0, 20), slice(12, 32)
    four = [adds[:, down, right].sum(axis=(1, 2)) for down in (a, b) for right in (a, b)]
    np.testing.assert_allclose(found[:, 0, 0], four[0], rtol=1e-3, atol=2e-4)
    np.testing.assert_allclose(found[:, 0, 31], four[1], rtol=1e-3, atol=2e-4)
    np.testing.assert_allclose(found[:, 16, 16], np.mean(four, axis=0), rtol=1e-3, atol=2e-4)
    np.testing.assert_allclose(found[:, 31, 16], np.mean(four[2:], axis=0), rtol=1e-3, atol=2e-4)


def test_the_last_place_of_the_square_is_at_the_edge(images):
    """Size 10, stride 10: the places are 0, 10, 20 and 22, and no pixel is left out."""
    model = linear()
    adds = (own_weights(images, [1] * 8) * (images - 7.0)).sum(axis=3)
    found = occlusion_map(model, images, 1, size=10, stride=10, fill=7)
    assert np.isfinite(found).all()
    corner = adds[:, 22:, 22:].sum(axis=(1, 2))
    np.testing.assert_allclose(found[:, 31, 31], corner, rtol=1e-3, atol=2e-4)


def test_integrated_gradients_add_up_to_the_difference_of_the_scores(trained, images):
    answers = np.asarray(trained(images)).argmax(axis=1)
    for baseline in (0, (125, 123, 114)):
        found = integrated_gradients(trained, images, baseline=baseline, steps=100)
        start = np.broadcast_to(np.float32(baseline), images.shape)
        difference = np.asarray(trained(images)) - np.asarray(trained(start))
        wanted = difference[np.arange(8), answers]
        np.testing.assert_allclose(found.sum(axis=(1, 2, 3)), wanted, rtol=0.02, atol=0.05)


def test_smooth_grad_is_the_mean_gradient_of_noisy_copies(trained, images):
    found = smooth_grad(trained, images, 3, noise=0.2, samples=2, seed=5)
    rng = np.random.default_rng(5)
    low = images.min(axis=(1, 2, 3), keepdims=True).astype(np.float32)
    high = images.max(axis=(1, 2, 3), keepdims=True).astype(np.float32)
    total = 0
    for _ in range(2):
        copies = images + 0.2 * (high - low) * rng.standard_normal(images.shape, dtype=np.float32)
        total = total + input_gradient(lambda x: trained(x)[:, 3], copies)[1]
    np.testing.assert_allclose(found, total / 2, rtol=1e-3, atol=1e-6)


def test_inputs_from_0_to_1_and_a_softmax_give_the_same_pictures(images):
    own = linear(softmax=True, scale=255.0)

    def prepare(raw):
        return raw / 255

    np.testing.assert_allclose(
        integrated_gradients(own, images, 1, baseline=50, preprocess=prepare),
        integrated_gradients(linear(), images, 1, baseline=50), rtol=1e-3, atol=1e-4,
    )  # fmt: skip
    np.testing.assert_allclose(
        occlusion_map(own, images, 1, preprocess=prepare), occlusion_map(linear(), images, 1),
        rtol=1e-2, atol=1e-3,
    )  # fmt: skip
    maps = RNG.random((8, 32, 32))
    np.testing.assert_allclose(
        deletion_curve(own, images, maps, 1, preprocess=prepare),
        deletion_curve(linear(), images, maps, 1), rtol=1e-3, atol=1e-4,
    )  # fmt: skip


def test_curves_follow_the_pixels_one_by_one(images):
    """Four steps of 256 pixels, in the order of the map, against a loop over the pixels."""
    model, maps = linear(), RNG.random((2, 32, 32))
    deletion = deletion_curve(model, images[:2], maps, [0, 2], steps=4, fill=0)
    insertion = insertion_curve(model, images[:2], maps, [0, 2], steps=4, fill=0)
    for n, label in enumerate((0, 2)):
        picture, order = images[n].astype(float), np.argsort(-maps[n].ravel())
        for step in range(5):
            gone = np.zeros(1024, bool)
            for pixel in order[: 256 * step]:
                gone[pixel] = True
            for curve, kept in ((deletion, ~gone), (insertion, gone)):
                seen = picture * kept.reshape(32, 32, 1)
                scores = np.einsum("hwc,hwck->k", seen, WEIGHTS) + [0.5, 0, -0.5]
                share = np.exp(scores)[label] / np.exp(scores).sum()
                assert curve[n, step] == pytest.approx(share, abs=1e-4)
    assert deletion.dtype == np.float32 and deletion.shape == (2, 5)


def test_a_true_map_makes_the_answer_fall_sooner_than_its_opposite(trained, images):
    maps = occlusion_map(trained, images)
    right, wrong = (deletion_curve(trained, images, sign * maps).mean() for sign in (1, -1))
    assert right < wrong - 0.05
    right, wrong = (insertion_curve(trained, images, sign * maps).mean() for sign in (1, -1))
    assert right > wrong + 0.05


def test_by_default_the_model_s_own_answer_is_explained(trained, images):
    answers = np.asarray(trained(images)).argmax(axis=1)
    np.testing.assert_array_equal(saliency(trained, images), saliency(trained, images, answers))
    column = saliency(trained, images, answers[:, None])
    np.testing.assert_array_equal(column, saliency(trained, images, answers))


def test_wrong_settings_are_refused_before_anything_runs(trained, images):
    maps = np.zeros((8, 32, 32))
    refused = [
        (lambda: saliency(trained, images / 255), "raw values from 0 to 255"),
        (lambda: saliency(trained, images, [1, 2]), r"classes must have the shape \(8,\)"),
        (lambda: smooth_grad(trained, images, noise=-1), "noise must be finite and at least 0"),
        (lambda: smooth_grad(trained, images, samples=0), "samples must be a whole number"),
        (lambda: integrated_gradients(trained, images, steps=0), "steps must be a whole number"),
        (lambda: integrated_gradients(trained, images, baseline=300), "must be from 0 to 255"),
        (lambda: integrated_gradients(trained, images, baseline=[1, 2]), "baseline must be a gray"),
        (lambda: occlusion_map(trained, images, size=33), "size must be a whole number from 1"),
        (lambda: occlusion_map(trained, images, size=4, stride=5), "stride must be a whole number"),
        (lambda: occlusion_map(trained, images, fill=-1), "fill must be from 0 to 255"),
        (lambda: deletion_curve(trained, images, maps[:3]), r"must have the shape \(8, 32, 32\)"),
        (lambda: insertion_curve(trained, images, maps * np.nan), "maps have nan"),
        (lambda: deletion_curve(trained, images, maps, steps=0), "steps must be a whole number"),
    ]
    for call, message in refused:
        with pytest.raises(ValueError, match=message):
            call()


def test_maps_of_unsigned_numbers_are_in_the_same_order(images):
    maps = np.arange(8 * 1024).reshape(8, 32, 32) % 251
    one, other = (deletion_curve(linear(), images, maps.astype(t), 1) for t in (np.uint8, float))
    np.testing.assert_array_equal(one, other)
