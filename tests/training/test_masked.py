"""Masking, patches, the loss and the masked autoencoder, each against NumPy."""

import keras
import numpy as np
import pytest

from cifarlib.layers import FillInTokens, TakeTokens
from cifarlib.models import masked_autoencoder
from cifarlib.recipes import Recipe
from cifarlib.training import (
    HiddenPatches,
    MaskedImages,
    from_patches,
    pretrain,
    random_masking,
    to_patches,
)
from cifarlib.training.masked import normalized


def images(count=20):
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


def small():
    keras.utils.set_random_seed(0)
    return masked_autoencoder(dim=16, depth=1, heads=2, decoder_dim=8)


def test_masking_is_shuffle_and_keep_the_first():
    visible, hidden = random_masking(5, 64, 0.75, np.random.default_rng(7))
    order = np.random.default_rng(7).random((5, 64)).argsort(axis=1)
    for row, places, mask in zip(order, visible, hidden, strict=True):
        assert places.tolist() == sorted(row[:16])
        assert [bool(m) for m in mask] == [place not in row[:16] for place in range(64)]


def test_every_patch_is_hidden_equally_often():
    _, hidden = random_masking(4000, 16, 0.75, np.random.default_rng(0))
    assert hidden.sum(axis=1).tolist() == [12] * 4000
    assert np.abs(hidden.mean(axis=0) - 0.75).max() < 0.03
    assert len({tuple(row) for row in hidden.tolist()}) > 1000, "each image in its own way"


def test_one_patch_stays_visible_and_one_hidden():
    assert random_masking(1, 4, 0.99, np.random.default_rng(0))[0].shape == (1, 1)
    assert random_masking(1, 4, 0.01, np.random.default_rng(0))[0].shape == (1, 3)


@pytest.mark.parametrize("hidden", [0, 1, -0.1])
def test_a_bad_share_is_refused(hidden):
    with pytest.raises(ValueError, match="hidden must be"):
        random_masking(2, 64, hidden, np.random.default_rng(0))


def test_patches_go_row_by_row_and_come_back():
    x = images(2)
    patches = to_patches(x, 4)
    assert patches.shape == (2, 64, 48)
    for row in range(8):
        for column in range(8):
            cut = x[:, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            assert (patches[:, 8 * row + column] == cut.reshape(2, -1)).all()
    assert (from_patches(patches, 4) == x).all()


def test_wrong_sizes_are_named():
    with pytest.raises(ValueError, match="no whole patches of 5"):
        to_patches(images(1), 5)
    with pytest.raises(ValueError, match="no square image"):
        from_patches(np.zeros((1, 63, 48)), 4)


def test_the_loss_is_that_of_hidden_patches():
    rng = np.random.default_rng(0)
    pixels, guesses = rng.normal(size=(2, 3, 6, 12))
    hidden = rng.random((3, 6)) < 0.5
    hidden[:, 0] = True
    targets = np.concatenate([pixels, hidden[..., None]], axis=2)
    wanted = np.mean(
        [
            np.mean([np.mean((pixels[i, p] - guesses[i, p]) ** 2) for p in np.flatnonzero(row)])
            for i, row in enumerate(hidden)
        ]
    )
    assert float(HiddenPatches()(targets, guesses)) == pytest.approx(wanted, rel=1e-5)
    guesses[~hidden] += 100
    assert float(HiddenPatches()(targets, guesses)) == pytest.approx(wanted, rel=1e-5)


def test_tokens_are_taken_and_put_back():
    tokens = np.random.default_rng(0).normal(size=(2, 9, 4)).astype(np.float32)
    places = np.array([[0, 5, 7], [2, 3, 8]], np.int32)
    taken = np.asarray(TakeTokens()([tokens, places]))
    np.testing.assert_allclose(taken, [tokens[0, places[0]], tokens[1, places[1]]], atol=1e-6)
    fill = FillInTokens(9)
    back = np.asarray(fill([taken, places]))
    wanted = np.tile(np.asarray(fill.stand_in), (2, 9, 1))
    for image in range(2):
        wanted[image, places[image]] = tokens[image, places[image]]
    np.testing.assert_allclose(back, wanted, atol=1e-6)


def test_the_encoder_sees_no_hidden_pixel():
    _, model = small()
    x = images(3).astype(np.float32)
    visible, hidden = random_masking(3, 64, 0.75, np.random.default_rng(0))
    other = to_patches(x, 4)
    other[hidden] = 255 - other[hidden]
    before = model.predict([x, visible], verbose=0)
    np.testing.assert_allclose(
        before, model.predict([from_patches(other, 4), visible], verbose=0), atol=1e-5
    )
    other = to_patches(x, 4)
    other[~hidden] = 255 - other[~hidden]
    changed = model.predict([from_patches(other, 4), visible], verbose=0)
    assert np.abs(before - changed).max() > 1e-2


def test_the_encoder_alone_is_the_autoencoders():
    encoder, model = small()
    x = images(2)
    before = encoder.predict(x, verbose=0)
    assert before.shape == (2, 16)
    recipe = Recipe(epochs=2, batch_size=10, optimizer="adamw", learning_rate=1e-3)
    run = pretrain(model, MaskedImages(images(), 10), HiddenPatches(), recipe, verbose=False)
    assert list(run.curves) == ["loss"]
    assert np.abs(encoder.predict(x, verbose=0) - before).max() > 1e-4


def test_filling_in_is_learned():
    shades = np.repeat(np.linspace(0, 255, 20), 32 * 32 * 3).reshape(20, 32, 32, 3)
    recipe = Recipe(epochs=30, batch_size=10, optimizer="adamw", learning_rate=1e-2)
    batches = MaskedImages(shades.astype(np.uint8), 10)
    run = pretrain(small()[1], batches, HiddenPatches(), recipe, verbose=False)
    assert run.curves["loss"][-1] < 0.3 * run.curves["loss"][0]


def test_a_batch_has_pixels_and_what_is_hidden():
    (views, visible), targets = MaskedImages(images(), 10)[0]
    assert views.dtype == np.uint8 and visible.shape == (10, 16) and targets.shape == (10, 64, 49)
    np.testing.assert_allclose(targets[..., :-1], to_patches(normalized(views), 4), atol=1e-6)
    hidden = targets[..., -1]
    assert (np.take_along_axis(hidden, visible, axis=1) == 0).all()
    assert (hidden.sum(axis=1) == 48).all()


def test_batches_are_repeatable():
    (first, seen), _ = MaskedImages(images(), 10)[1]
    (again, places), _ = MaskedImages(images(), 10)[1]
    assert (first == again).all() and (seen == places).all()
    other = MaskedImages(images(), 10)
    other.start_epoch(1)
    assert (other[1][0][1] != seen).any()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"dim": 18}, "dim must be a multiple of 4"),
        ({"decoder_dim": 8, "heads": 3, "dim": 12}, "decoder_dim"),
        ({"patch_size": 5}, "patch_size"),
        ({"depth": 0}, "depth"),
    ],
)
def test_bad_settings_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        masked_autoencoder(**settings)
