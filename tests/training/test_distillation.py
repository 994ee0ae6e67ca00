"""Learning from a teacher: the loss and its gradient, and what a training makes of them."""

import dataclasses
import itertools

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cifarlib import load_cifar10
from cifarlib.images import Augmentation
from cifarlib.recipes import Recipe
from cifarlib.training import Distillation, softened, taught, train

TAUGHT = Recipe(
    epochs=1, batch_size=64, optimizer="sgd", learning_rate=0.05, teacher_share=0.7, temperature=3.0
)
RNG = np.random.default_rng(0)
TEACHER = RNG.normal(0, 4, (64, 10)).astype(np.float32)
STUDENT = RNG.normal(0, 2, (64, 10)).astype(np.float32)
LABELS = np.eye(10, dtype=np.float32)[RNG.integers(0, 10, 64)]


@pytest.fixture(scope="module")
def data():
    x, y = load_cifar10().train
    return x[:64], y[:64]


def plain():
    """A linear model that begins with zeros, so that its first logits are all 0."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(10, kernel_initializer="zeros"),
        ]
    )


@given(
    st.lists(st.floats(-500, 500), min_size=2, max_size=10),
    st.floats(0.05, 50),
)
@settings(deadline=None, max_examples=50)
def test_softened_outputs_are_the_softmax_of_the_divided_logits(row, temperature):
    found = softened(np.array([row]), temperature)
    expected = scipy.special.softmax(np.array([row]) / temperature, axis=1)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_lowest_temperatures_leave_the_largest_alone():
    assert softened(np.array([[6.0, 3.0, 0.0]]), 1e-308).tolist() == [[1.0, 0.0, 0.0]]


def test_a_higher_temperature_brings_the_shares_together_and_keeps_their_order():
    spreads = [np.ptp(softened(TEACHER, t), axis=1) for t in (1, 2, 4, 20)]
    assert all((one > other).all() for one, other in itertools.pairwise(spreads))
    order = np.argsort(TEACHER, axis=1)
    np.testing.assert_array_equal(np.argsort(softened(TEACHER, 4), axis=1), order)


@pytest.mark.parametrize("share", [0, 0.3, 1])
@pytest.mark.parametrize("temperature", [0.5, 1, 4])
def test_the_loss_is_the_papers(share, temperature):
    logs = scipy.special.log_softmax(STUDENT / temperature, axis=1)
    soft = -(scipy.special.softmax(TEACHER / temperature, axis=1) * logs).sum(1)
    hard = -(LABELS * scipy.special.log_softmax(STUDENT, axis=1)).sum(1)
    expected = (1 - share) * hard + share * temperature**2 * soft
    loss = Distillation(temperature, share, reduction=None)
    found = np.asarray(loss(taught(LABELS, TEACHER, temperature), STUDENT))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_without_a_share_it_is_the_cross_entropy_and_so_it_is_for_labels_alone():
    expected = float(keras.losses.CategoricalCrossentropy(from_logits=True)(LABELS, STUDENT))
    assert float(Distillation(4, 0)(taught(LABELS, TEACHER, 4), STUDENT)) == pytest.approx(expected)
    assert float(Distillation(4, 0.9)(LABELS, STUDENT)) == pytest.approx(expected)


@pytest.mark.parametrize("share", [0.4, 1])
@pytest.mark.parametrize("temperature", [1, 5])
def test_its_gradient_is_that_of_the_closed_form(share, temperature):
    """Of H(q, softmax(z / T)) it is (p - q) / T; T^2 times that is T (p - q)."""
    z = tf.constant(STUDENT)
    with tf.GradientTape() as tape:
        tape.watch(z)
        loss = Distillation(temperature, share, reduction="sum")(
            taught(LABELS, TEACHER, temperature), z
        )
    p, p_soft = (scipy.special.softmax(STUDENT / t, axis=1) for t in (1, temperature))
    q = scipy.special.softmax(TEACHER / temperature, axis=1)
    expected = (1 - share) * (p - LABELS) + share * temperature * (p_soft - q)
    np.testing.assert_allclose(tape.gradient(loss, z), expected, atol=2e-5)


def test_one_step_of_a_training_follows_both(data):
    x, y = data
    model = plain()
    train(model, data, TAUGHT, teacher_logits=TEACHER, verbose=False)
    pixels = x.reshape(64, -1).astype(np.float64) / 255
    q = scipy.special.softmax(TEACHER.astype(np.float64) / 3, axis=1)
    of_logits = 0.3 * (0.1 - np.eye(10)[y]) + 0.7 * 3 * (0.1 - q)
    expected = -0.05 * pixels.T @ of_logits / 64
    np.testing.assert_allclose(model.get_weights()[0], expected, atol=1e-6)


def test_accuracy_is_that_of_the_labels_on_training_and_validation_images(data):
    x, y = data
    still = dataclasses.replace(TAUGHT, learning_rate=1e-12, epochs=2)
    model = plain()
    model.layers[-1].bias.assign(np.eye(10)[3])  # it says "cat", whatever it sees
    run = train(
        model, data, still, teacher_logits=TEACHER, validation_data=(x[:20], y[:20]), verbose=False
    )
    assert run.curves["accuracy"] == pytest.approx([np.mean(y == 3)] * 2)
    assert run.curves["val_accuracy"] == pytest.approx([np.mean(y[:20] == 3)] * 2)
    logs = scipy.special.log_softmax(np.eye(10)[3])
    assert run.curves["val_loss"] == pytest.approx([-logs[y[:20]].mean()] * 2, rel=1e-5)


def test_a_student_comes_to_rank_the_classes_as_its_teacher_does(data):
    recipe = Recipe(
        epochs=40, batch_size=16, optimizer="adam", learning_rate=1e-3,
        teacher_share=1.0, temperature=4.0,
    )  # fmt: skip
    model = plain()
    train(model, data, recipe, teacher_logits=TEACHER, verbose=False)
    answers = model.predict(data[0].astype(np.float32), verbose=0)
    assert np.mean(answers.argmax(1) == TEACHER.argmax(1)) > 0.5  # by chance, a tenth


def test_a_checkpoint_knows_its_teacher(data, tmp_path):
    path = tmp_path / "run.npz"
    longer = dataclasses.replace(TAUGHT, epochs=2)
    train(plain(), data, longer, teacher_logits=TEACHER, verbose=False, checkpoint=path)
    with pytest.raises(ValueError, match="it was trained on 64 images"):
        train(plain(), data, longer, teacher_logits=-TEACHER, verbose=False, checkpoint=path)


def test_a_model_that_was_taught_can_be_saved_and_loaded(data, tmp_path):
    model = plain()
    train(model, data, TAUGHT, teacher_logits=TEACHER, verbose=False)
    model.save(tmp_path / "taught.keras")
    loaded = keras.models.load_model(tmp_path / "taught.keras")
    assert loaded.loss.get_config()["temperature"] == 3
    assert loaded.loss.share == 0.7


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"teacher_share": 1.5}, "teacher_share must be from 0 to 1, got 1.5"),
        ({"temperature": 0}, "temperature must be positive"),
        ({"teacher_share": 0.0}, "softens a teacher: give teacher_share"),
        ({"augmentation": Augmentation(flip="random")}, "leave out augmentation"),
        ({"label_smoothing": 0.1}, "leave out augmentation and label_smoothing"),
    ],
)
def test_a_recipe_that_contradicts_itself_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(TAUGHT, **changes)


def test_bad_teachers_are_refused_before_the_training(data):
    with pytest.raises(ValueError, match=r"teacher_share is 0\.7, and there are no teacher_logits"):
        train(plain(), data, TAUGHT, verbose=False)
    alone = dataclasses.replace(TAUGHT, teacher_share=0.0, temperature=1.0)
    with pytest.raises(ValueError, match="teacher_share is 0, and there are teacher_logits"):
        train(plain(), data, alone, teacher_logits=TEACHER, verbose=False)
    with pytest.raises(ValueError, match=r"one row of 10 for each of the 64 .* got .*\(63, 10\)"):
        train(plain(), data, TAUGHT, teacher_logits=TEACHER[1:], verbose=False)
    with pytest.raises(ValueError, match="logits must be finite"):
        softened(np.array([[1.0, np.nan]]), 2)
    with pytest.raises(ValueError, match=r"logits must be numbers .* got float64 \(3,\)"):
        softened(np.zeros(3), 2)
    with pytest.raises(ValueError, match="temperature must be positive and finite, got 0"):
        softened(np.zeros((1, 3)), 0)
