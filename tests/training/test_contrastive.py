"""NT-Xent against a double loop in NumPy, and the pairs that it compares."""

import keras
import numpy as np
import pytest

from cifarlib.models import simple_cnn, speednet
from cifarlib.recipes import Recipe
from cifarlib.training import NTXent, ViewPairs, partner_found, pretrain, with_projection

RECIPE = Recipe(epochs=2, batch_size=16, optimizer="adamw", learning_rate=1e-3)


@pytest.fixture
def projections():
    return np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)


NUMBERS = np.array([0, 1, 2, 3, 0, 1, 2, 3])


def reference(numbers, projections, temperature):
    """Equation 1 of the paper, view by view."""
    losses = []
    for i, one in enumerate(projections):
        similar = {}
        for k, other in enumerate(projections):
            if k != i:
                lengths = np.linalg.norm(one) * np.linalg.norm(other)
                similar[k] = np.exp(one @ other / lengths / temperature)
        (partner,) = (k for k in similar if numbers[k] == numbers[i])
        losses.append(-np.log(similar[partner] / sum(similar.values())))
    return np.mean(losses)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
def test_nt_xent_is_the_papers(projections, temperature):
    found = float(NTXent(temperature)(NUMBERS, projections))
    assert found == pytest.approx(reference(NUMBERS, projections, temperature), rel=1e-4)


def test_order_and_length_of_projections_do_not_matter(projections):
    order = np.random.default_rng(1).permutation(8)
    loss = float(NTXent()(NUMBERS, projections))
    assert float(NTXent()(NUMBERS[order], 3 * projections[order])) == pytest.approx(loss, rel=1e-4)


def test_alike_partners_lose_less_than_alike_strangers():
    together = np.array([[1.0, 0], [0, 1], [1, 0], [0, 1]])
    numbers = np.array([0, 1, 0, 1])
    assert float(NTXent()(numbers, together)) < float(NTXent()(numbers, together[[0, 2, 1, 3]]))


def test_collapsed_projections_cost_the_logarithm_of_the_candidates():
    same = np.ones((8, 3), np.float32)
    assert float(NTXent(0.2)(NUMBERS, same)) == pytest.approx(np.log(7), rel=1e-4)


def test_more_than_two_views_share_the_loss():
    three = np.random.default_rng(2).normal(size=(6, 4)).astype(np.float32)
    numbers = np.array([0, 0, 0, 1, 1, 1])
    unit = three / np.linalg.norm(three, axis=1, keepdims=True)
    powers = np.exp(unit @ unit.T / 0.5) * (1 - np.eye(6))
    logs = np.log(powers + np.eye(6)) - np.log(powers.sum(axis=1, keepdims=True))
    partners = (numbers[:, None] == numbers) & ~np.eye(6, dtype=bool)
    assert float(NTXent()(numbers, three)) == pytest.approx(-logs[partners].mean(), rel=1e-4)


def test_partner_found_is_the_share_of_nearest_partners(projections):
    unit = projections / np.linalg.norm(projections, axis=1, keepdims=True)
    nearest = (unit @ unit.T - 9 * np.eye(8)).argmax(axis=1)
    found = np.asarray(partner_found(NUMBERS, projections))
    np.testing.assert_allclose(found, NUMBERS[nearest] == NUMBERS, atol=1e-5)


def test_a_bad_temperature_is_refused():
    with pytest.raises(ValueError, match="temperature must be positive"):
        NTXent(0)


def test_the_loss_is_saved_with_its_temperature():
    loss = keras.losses.deserialize(keras.losses.serialize(NTXent(0.3)))
    assert loss.temperature == 0.3


def images(count=40):
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


def test_equal_numbers_are_views_of_the_same_image():
    flat = np.repeat(np.arange(40, dtype=np.uint8) * 6, 32 * 32 * 3).reshape(40, 32, 32, 3)
    views, numbers = ViewPairs(flat, 16, jitter=0, gray=0)[0]
    assert views.shape == (32, 32, 32, 3) and views.dtype == np.uint8
    shades = views[:, 0, 0, 0]
    assert ((shades[:, None] == shades) == (numbers[:, None] == numbers)).all()
    assert (np.bincount(numbers) == 2).all()


def test_the_two_views_differ():
    views, _ = ViewPairs(images(), 16)[0]
    assert (views[:16] != views[16:]).any(axis=(1, 2, 3)).all()


def test_batches_are_repeatable_and_change_with_epoch_and_seed():
    pairs = ViewPairs(images(), 16)
    first = pairs[1][0]
    assert (first == ViewPairs(images(), 16)[1][0]).all()
    assert (first != ViewPairs(images(), 16, seed=1)[1][0]).any()
    pairs.start_epoch(1)
    assert (first != pairs[1][0]).any()


def test_what_fills_no_batch_is_left_out():
    pairs = ViewPairs(images(), 16)
    assert len(pairs) == 2
    with pytest.raises(IndexError, match="no batch 2"):
        pairs[2]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"batch_size": 1}, "batch_size"),
        ({"batch_size": 41}, "a batch of 41 images needs as many, got 40"),
        ({"batch_size": 8, "jitter": 3}, "jitter"),
    ],
)
def test_bad_settings_of_pairs_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        ViewPairs(images(), **settings)


def small():
    keras.utils.set_random_seed(0)
    encoder = speednet(widths=(4, 4, 4), stride=2, classes=None)
    return encoder, with_projection(encoder, hidden=8, dim=6)


def test_the_projection_shares_the_encoders_weights():
    encoder, model = small()
    assert model.output_shape == (None, 6)
    before = encoder.predict(images(4), verbose=0)
    pretrain(model, ViewPairs(images(), 16), NTXent(), RECIPE, verbose=False)
    assert np.abs(encoder.predict(images(4), verbose=0) - before).max() > 1e-4


def test_pretraining_lowers_the_loss():
    colors = np.random.default_rng(0).integers(0, 256, (40, 1, 1, 3), dtype=np.uint8)
    pairs = ViewPairs(np.tile(colors, (1, 32, 32, 1)), 16, jitter=0, gray=0)
    recipe = Recipe(epochs=15, batch_size=16, optimizer="adamw", learning_rate=1e-2)
    run = pretrain(small()[1], pairs, NTXent(0.2), recipe, verbose=False)
    assert run.curves["loss"][-1] < run.curves["loss"][0] - 0.2


def test_a_stopped_pretraining_goes_on_as_if_it_had_not(tmp_path):
    class Stop(Exception):
        pass

    class Broken(ViewPairs):
        def start_epoch(self, epoch):
            super().start_epoch(epoch)
            if epoch == 1:
                raise Stop

    whole = small()[1]
    run = pretrain(whole, ViewPairs(images(), 16), NTXent(), RECIPE, verbose=False)
    file = tmp_path / "state.npz"
    with pytest.raises(Stop):
        pretrain(small()[1], Broken(images(), 16), NTXent(), RECIPE, checkpoint=file, verbose=False)
    resumed = small()[1]
    again = pretrain(
        resumed, ViewPairs(images(), 16), NTXent(), RECIPE, checkpoint=file, verbose=False
    )
    assert again.curves["loss"] == pytest.approx(run.curves["loss"], rel=1e-5)
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize(
    ("views", "loss"), [({"jitter": 0}, NTXent()), ({}, NTXent(temperature=0.1))]
)
def test_a_checkpoint_of_other_views_or_another_loss_is_refused(tmp_path, views, loss):
    file = tmp_path / "state.npz"
    pretrain(small()[1], ViewPairs(images(), 16), NTXent(), RECIPE, checkpoint=file, verbose=False)
    model = small()[1]
    before = model.get_weights()
    with pytest.raises(ValueError, match="of another training: its loss and views were"):
        pretrain(model, ViewPairs(images(), 16, **views), loss, RECIPE, checkpoint=file)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_recipe_for_labels_is_refused():
    bad = Recipe(
        epochs=2, batch_size=16, optimizer="adamw", learning_rate=1e-3, label_smoothing=0.1
    )
    with pytest.raises(ValueError, match="no use for the recipe's label_smoothing"):
        pretrain(small()[1], ViewPairs(images(), 16), NTXent(), bad)
    attacked = Recipe(
        epochs=2, batch_size=16, optimizer="adamw", learning_rate=1e-3, adversarial_epsilon=8
    )
    with pytest.raises(ValueError, match="no use for the recipe's adversarial_epsilon"):
        pretrain(small()[1], ViewPairs(images(), 16), NTXent(), attacked)
    with pytest.raises(ValueError, match="batch_size is 16, that of the batches is 8"):
        pretrain(small()[1], ViewPairs(images(), 8), NTXent(), RECIPE)


def test_any_encoder_gets_a_projection():
    model = with_projection(simple_cnn(classes=None), dim=3)
    assert model.output_shape == (None, 3)
    with pytest.raises(ValueError, match="dim must be a whole number"):
        with_projection(simple_cnn(classes=None), dim=0)
    unbuilt = keras.Sequential([keras.layers.Flatten()], name="unbuilt")
    with pytest.raises(ValueError, match=r"must give features \(n, d\), 'unbuilt' gives none"):
        with_projection(unbuilt)
