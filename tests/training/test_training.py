"""Training: that it learns, repeats, resumes exactly, and says clearly why it cannot go on."""

import dataclasses
import json
import math
import os
import random
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

from cifarlib import load_cifar10, models
from cifarlib._files import write_atomically
from cifarlib.models import simple_cnn
from cifarlib.recipes import Recipe
from cifarlib.training import loop, train
from cifarlib.training.callbacks import Bar

ADAM = Recipe(epochs=4, batch_size=16, optimizer="adam", learning_rate=1e-3)
SGD = Recipe(epochs=2, batch_size=16, optimizer="sgd", learning_rate=0.05)


@pytest.fixture(scope="module")
def data():
    """72 images: four batches of 16 and one of 8."""
    x, y = load_cifar10().train
    return x[:72], y[:72]


@pytest.fixture(scope="module")
def validation():
    x, y = load_cifar10().train
    return x[100:150], y[100:150]


def tiny(seed=0, dropout=0.3):
    """Every kind of state a training has, and small: weights, dropout's seeds, running averages."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, strides=4, activation="relu"),
            layers.BatchNormalization(momentum=0.5),
            layers.Dropout(dropout),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def plain(seed=0):
    """A linear model: what it learns can be computed by hand."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((32, 32, 3)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(10)]
    )


def trained(data, recipe=SGD, model=None, **settings):
    """Train a fresh linear model, or the one given, silently; return its weights and the run."""
    model = plain() if model is None else model
    run = train(model, data, recipe, verbose=False, **settings)
    return model.get_weights(), run


def assert_same(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def straight(data):
    """Four epochs without a pause."""
    return trained(data, ADAM, tiny())


# It learns what it should


def test_simple_cnn_learns_64_images_by_heart(data):
    x, y = data[0][:64], data[1][:64]
    keras.utils.set_random_seed(0)
    model = simple_cnn(dropout=0)
    recipe = Recipe(epochs=30, batch_size=16, optimizer="adam", learning_rate=2e-3)
    run = train(model, (x, y), recipe, verbose=False)
    assert run.curves["loss"][0] == pytest.approx(np.log(10), abs=0.3)  # starts at chance
    assert run.curves["loss"][-1] < 0.5
    assert (model.predict(x, verbose=0).argmax(axis=1) == y).mean() > 0.9


def test_training_is_gradient_descent_on_cross_entropy_in_the_order_of_the_batches(data):
    model = plain()
    weights, bias = (w.astype(np.float64) for w in model.get_weights())
    x, y = data[0].reshape(72, -1) / 255, data[1]
    losses = []
    for epoch in range(2):
        # The order is part of the contract: records and checkpoints depend on it
        order = np.random.default_rng([7, epoch]).permutation(72)
        total, hits = 0.0, 0
        for start in range(0, 72, 16):
            chosen = order[start : start + 16]
            logits = x[chosen] @ weights + bias
            p = np.exp(logits - logits.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            total -= np.log(p[range(len(chosen)), y[chosen]]).sum()
            hits += (logits.argmax(axis=1) == y[chosen]).sum()
            gradient = (p - np.eye(10)[y[chosen]]) / len(chosen)
            weights -= 0.05 * x[chosen].T @ gradient
            bias -= 0.05 * gradient.sum(axis=0)
        losses.append((total / 72, hits / 72))
    (found_weights, found_bias), run = trained(data, SGD, model, seed=7)
    np.testing.assert_allclose(found_weights, weights, atol=1e-4)
    np.testing.assert_allclose(found_bias, bias, atol=1e-4)
    curves = list(zip(run.curves["loss"], run.curves["accuracy"], strict=True))
    np.testing.assert_allclose(curves, losses, atol=1e-4)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_recipe_decides_optimizer_and_learning_rate(data, name):
    recipe = Recipe(epochs=1, batch_size=72, optimizer=name, learning_rate=0.0123)
    model = plain()
    trained(data, recipe, model)
    assert type(model.optimizer) is type(keras.optimizers.get(name))
    assert float(model.optimizer.learning_rate) == pytest.approx(0.0123)
    assert int(model.optimizer.iterations) == 1


# It repeats


def test_same_seed_gives_the_same_weights_and_curves(data, straight):
    weights, run = trained(data, ADAM, tiny())
    assert_same(weights, straight[0])
    assert run.curves == straight[1].curves


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, "7", None, True])
def test_a_seed_that_keras_cannot_take_is_refused_before_anything_happens(data, seed):
    model = tiny()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"seed must be a whole number from 0 to 4294967295"):
        trained(data, ADAM, model, seed=seed)
    assert_same(model.get_weights(), before)
    assert not getattr(model, "compiled", False)


def test_the_largest_seed_and_numpy_s_numbers_are_taken(data):
    large, _ = trained(data, ADAM, tiny(), epochs=1, seed=2**32 - 1)
    again, run = trained(data, ADAM, tiny(), epochs=1, seed=np.uint32(2**32 - 1))
    assert type(run.seed) is int
    assert_same(large, again)


@pytest.mark.parametrize("recipe", [SGD, dataclasses.replace(SGD, label_smoothing=0.1)])
def test_labels_may_come_as_a_column_or_one_hot(data, recipe):
    x, y = data
    expected, _ = trained(data, recipe)
    for labels in (y[:, None], np.eye(10)[y]):
        found, _ = trained((x, labels), recipe, validation_data=(x, labels))
        assert_same(found, expected)


@pytest.mark.parametrize("recipe", [SGD, dataclasses.replace(SGD, label_smoothing=0.1)])
def test_a_model_of_three_classes_learns_three_classes(data, recipe):
    x, y = data
    model = simple_cnn(classes=3)
    run = train(model, (x, y % 3), recipe, verbose=False)
    assert all(np.isfinite(run.curves["loss"]))
    with pytest.raises(ValueError, match="training labels must be whole numbers from 0 to 2"):
        train(model, (x, y), recipe, verbose=False)


def test_a_model_that_gives_maps_is_refused(data):
    maps = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(2, 3)])
    with pytest.raises(ValueError, match=r"logits of the shape \(n, classes\).*30, 30, 2"):
        train(maps, data, SGD, verbose=False)
    unbuilt = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)], name="unbuilt")
    with pytest.raises(ValueError, match=r"logits of the shape .*'unbuilt' gives None"):
        train(unbuilt, data, SGD, verbose=False)


def test_another_seed_gives_other_weights_from_the_same_start(data, straight):
    weights, run = trained(data, ADAM, tiny(), epochs=1, seed=1)
    assert run.seed == 1
    assert run.curves["loss"][0] != straight[1].curves["loss"][0]
    assert not np.array_equal(weights[0], straight[0][0])


def test_what_happened_before_does_not_matter(data, straight):
    """Neither numbers drawn since the model was built, nor an earlier training of it."""
    model = tiny()
    start = model.get_weights()
    trained(data, SGD, model, epochs=1, seed=5)
    model.set_weights(start)
    keras.random.normal((3,))
    np.random.rand(3)  # noqa: NPY002
    assert_same(trained(data, ADAM, model)[0], straight[0])


@keras.saving.register_keras_serializable("tests")
class Noisy(keras.layers.Layer):
    """Draws from Keras' global generator, as a layer without a seed of its own may."""

    def call(self, x):
        return x + keras.random.normal(keras.ops.shape(x), stddev=0.1)


def test_layers_that_draw_from_keras_global_generator_repeat_themselves(data):
    def learned(draws):
        model = keras.Sequential([*plain().layers[:-1], Noisy(), keras.layers.Dense(10)])
        keras.utils.set_random_seed(3)
        model.build((None, 32, 32, 3))
        for _ in range(draws):
            keras.random.normal((3,))
        return trained(data, SGD, model, epochs=1)[0]

    assert_same(learned(draws=0), learned(draws=2))


def test_progress_bar_and_validation_do_not_change_what_is_learned(
    data, validation, straight, capsys
):
    model = tiny()
    train(model, data, ADAM, validation_data=validation, verbose=True)
    assert_same(model.get_weights(), straight[0])
    said = capsys.readouterr()
    assert said.out == ""
    assert "20/20" in said.err  # four epochs of five steps


def test_progress_bar_of_a_resumed_training_begins_where_it_was():
    bar = Bar(epochs=4, steps=5, done=2).bar
    assert (bar.n, bar.total) == (10, 20)
    bar.close()


def test_training_can_be_silent(data, capfd):
    trained(data, SGD)
    said = capfd.readouterr()
    assert said.out == "" and "step" not in said.err  # the bar is on standard error


def test_numpy_s_global_generator_is_left_as_it_is(data):
    model = plain()  # which sets it
    np.random.seed(7)  # noqa: NPY002
    expected = np.random.rand(3)  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    trained(data, SGD, model, epochs=1)
    np.testing.assert_array_equal(np.random.rand(3), expected)  # noqa: NPY002


class Counting(keras.callbacks.Callback):
    def __init__(self, stop_after=None):
        super().__init__()
        self.epochs, self.batches, self.stop_after = [], 0, stop_after

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append((epoch, sorted(logs)))
        self.model.stop_training = epoch + 1 == self.stop_after


def test_further_callbacks_are_called_and_change_nothing_else(data, validation, straight):
    counting = Counting()
    weights, run = trained(data, ADAM, tiny(), validation_data=validation, callbacks=[counting])
    assert_same(weights, straight[0])
    names = ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert counting.epochs == [(epoch, names) for epoch in range(4)]
    assert counting.batches == 20 and run.epochs == 4


def test_a_callback_may_end_the_training(data):
    run = trained(data, ADAM, tiny(), callbacks=(Counting(stop_after=2),))[1]
    assert run.epochs == 2 and len(run.curves["loss"]) == 2


@pytest.mark.parametrize("callbacks", [Counting(), [Counting], ["early stopping"], None])
def test_what_is_no_list_of_callbacks_is_refused(data, callbacks):
    model = plain()
    before = model.get_weights()
    with pytest.raises(TypeError, match="callbacks must be"):
        trained(data, SGD, model, callbacks=callbacks)
    assert_same(model.get_weights(), before)


# Curves


def test_curves_have_a_value_an_epoch(data, straight):
    run = straight[1]
    assert run.epochs == 4
    assert sorted(run.curves) == ["accuracy", "loss"]
    assert all(len(values) == 4 for values in run.curves.values())
    assert all(isinstance(value, float) for values in run.curves.values() for value in values)
    assert run.seconds > 0
    json.dumps(run.curves)


def test_seconds_are_those_of_the_epochs(data):
    """Both clocks: not more than passed outside, and of the wall no less than the steps waited."""

    class Waiting(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            time.sleep(0.02)

    wall, cpu = time.perf_counter(), time.process_time()
    run = trained(data, SGD, callbacks=[Waiting()])[1]
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    batches = run.epochs * math.ceil(len(data[0]) / SGD.batch_size)
    assert 0.02 * batches <= run.seconds <= wall
    assert 0 < run.cpu_seconds <= cpu


def test_float16_trains_with_a_scaled_loss(data):
    """Small gradients would be 0 in float16; other precisions need no such thing."""
    before = keras.mixed_precision.dtype_policy()
    kinds = {}
    for policy in ("mixed_float16", "mixed_bfloat16", "float32"):
        keras.mixed_precision.set_dtype_policy(policy)
        try:
            model = plain()
            trained(data, SGD, model, epochs=1)
        finally:
            keras.mixed_precision.set_dtype_policy(before)
        kinds[policy] = type(model.optimizer).__name__
    assert kinds == {
        "mixed_float16": "LossScaleOptimizer", "mixed_bfloat16": "SGD", "float32": "SGD",
    }  # fmt: skip


def test_validation_curves_end_where_the_model_does(data, validation):
    model = plain()
    run = trained(data, model=model, validation_data=validation)[1]
    logits = model.predict(validation[0], verbose=0).astype(np.float64)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    loss = -log_p[range(50), validation[1]].mean()
    assert sorted(run.curves) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert run.curves["val_loss"][-1] == pytest.approx(loss, abs=1e-4)
    accuracy = (logits.argmax(axis=1) == validation[1]).mean()
    assert run.curves["val_accuracy"][-1] == pytest.approx(accuracy, abs=1e-6)
    assert len(run.curves["val_loss"]) == 2


def test_number_of_epochs_can_be_overridden(data):
    run = trained(data, epochs=1)[1]
    assert run.epochs == len(run.curves["loss"]) == 1


# It resumes


@pytest.mark.parametrize("first", [1, 2, 3])
def test_resumed_training_equals_an_uninterrupted_one(data, straight, tmp_path, first):
    checkpoint = tmp_path / "folder" / "state.npz"
    half = trained(data, ADAM, tiny(), epochs=first, checkpoint=checkpoint)
    assert not np.array_equal(half[0][0], straight[0][0])
    # Another start: all that counts is in the checkpoint
    weights, run = trained(data, ADAM, tiny(seed=99), checkpoint=checkpoint)
    assert_same(weights, straight[0])
    assert run.curves == straight[1].curves
    assert run.epochs == 4
    assert run.seconds > half[1].seconds
    assert [path.name for path in checkpoint.parent.iterdir()] == ["state.npz"]


def test_checkpoints_do_not_change_what_is_learned(data, straight, tmp_path):
    found = trained(data, ADAM, tiny(), checkpoint=tmp_path / "state.npz")[0]
    assert_same(found, straight[0])


def test_resuming_restores_validation_curves(data, validation, tmp_path):
    settings = {"validation_data": validation, "checkpoint": tmp_path / "state.npz"}
    first = trained(data, epochs=1, **settings)[1]
    run = trained(data, **settings)[1]
    assert {name: values[:1] for name, values in run.curves.items()} == first.curves
    assert all(len(values) == 2 for values in run.curves.values())


def test_finished_training_is_not_repeated(data, tmp_path):
    checkpoint = tmp_path / "state.npz"
    weights, first = trained(data, checkpoint=checkpoint)
    before = checkpoint.read_bytes()
    again, run = trained(data, model=plain(seed=99), checkpoint=checkpoint)
    assert_same(again, weights)
    assert run == first
    assert checkpoint.read_bytes() == before


KILLED = """
import os, signal, sys
import numpy as np
from cifarlib.training import loop
sys.path.insert(0, {tests!r})
from test_training import ADAM, tiny
from pathlib import Path

class Deadly(loop.Batches):
    def start_epoch(self, epoch):
        self.epoch = epoch
        super().start_epoch(epoch)

    def __getitem__(self, index):
        if (self.epoch, index) == {step!r}:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(index)

loop.Batches = Deadly
with np.load({data!r}) as saved:
    data = saved["x"], saved["y"]
loop.train(tiny(), data, ADAM, checkpoint=Path({checkpoint!r}), verbose=False)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_process_killed_at_a_random_step_resumes_exactly(data, straight, tmp_path):
    step = random.randrange(1, 4), random.randrange(5)  # four epochs of five steps
    np.savez(tmp_path / "data.npz", x=data[0], y=data[1])
    checkpoint = tmp_path / "state" / "state.npz"
    script = KILLED.format(
        tests=os.path.dirname(__file__),
        data=str(tmp_path / "data.npz"),
        checkpoint=str(checkpoint),
        step=step,
    )
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert process.returncode == -signal.SIGKILL, process.stderr[-2000:]
    with np.load(checkpoint) as saved:
        assert int(saved["epochs"]) == step[0]
    weights, run = trained(data, ADAM, tiny(seed=99), checkpoint=checkpoint)
    for weight, expected in zip(weights, straight[0], strict=True):
        np.testing.assert_array_equal(weight, expected, err_msg=f"killed at {step}")
    assert run.curves == straight[1].curves


def other(recipe=SGD, **changes):
    return Recipe(**{**vars(recipe), **changes})


@pytest.mark.parametrize(
    "change",
    ["seed", "recipe", "number of images", "model"],
)
def test_checkpoint_of_another_training_is_refused(data, tmp_path, change):
    checkpoint = tmp_path / "state.npz"
    trained(data, epochs=1, checkpoint=checkpoint)
    before = checkpoint.read_bytes()
    settings = {"data": data, "checkpoint": checkpoint}
    settings |= {
        "seed": {"seed": 1},
        "recipe": {"recipe": other(batch_size=8)},
        "number of images": {"data": (data[0][:64], data[1][:64])},
        "model": {"model": tiny()},
    }[change]
    with pytest.raises(ValueError, match=r"(?s)is of another training.*delete it") as error:
        trained(**settings)
    assert str(checkpoint) in str(error.value)
    assert checkpoint.read_bytes() == before


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"schedule": "cosine"}, "by its schedule each step depends on that"),
        ({"schedule": "linear", "warmup": 0.1}, "by its schedule and warmup each step depends"),
        ({}, r"take the same recipe and ask for train\(..., epochs=N\)"),
    ],
)
def test_recipe_with_more_epochs_is_refused_with_the_reason(data, tmp_path, settings, why):
    checkpoint = tmp_path / "state.npz"
    trained(data, recipe=other(epochs=1, **settings), checkpoint=checkpoint)
    with pytest.raises(ValueError, match="planned for 1 epochs, this training is for 3.*" + why):
        trained(data, recipe=other(epochs=3, **settings), checkpoint=checkpoint)


@pytest.mark.parametrize("part", ["images", "labels"])
def test_checkpoint_of_a_training_on_other_data_is_refused(data, tmp_path, part):
    checkpoint = tmp_path / "state.npz"
    trained(data, epochs=1, checkpoint=checkpoint)
    other_data = (255 - data[0], data[1]) if part == "images" else (data[0], data[1][::-1])
    with pytest.raises(ValueError, match="another training"):
        trained(other_data, checkpoint=checkpoint)


def test_checkpoint_of_a_model_with_other_settings_is_refused(data, tmp_path):
    checkpoint = tmp_path / "state.npz"
    trained(data, epochs=1, model=tiny(dropout=0.3), checkpoint=checkpoint)
    with pytest.raises(ValueError, match="another training"):
        trained(data, model=tiny(dropout=0.1), checkpoint=checkpoint)


def test_fewer_epochs_than_the_checkpoint_has_are_refused(data, tmp_path):
    checkpoint = tmp_path / "state.npz"
    trained(data, checkpoint=checkpoint)
    with pytest.raises(ValueError, match="2 epochs"):
        trained(data, epochs=1, checkpoint=checkpoint)


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 cut off"])
def test_damaged_checkpoint_is_refused_with_what_to_do(data, tmp_path, content):
    checkpoint = tmp_path / "state.npz"
    checkpoint.write_bytes(content)
    with pytest.raises(ValueError, match="delete it"):
        trained(data, checkpoint=checkpoint)


def test_checkpoint_never_runs_a_pickle(data, tmp_path):
    checkpoint = tmp_path / "state.npz"
    np.savez(checkpoint, identity=np.array([{"a": 1}]), epochs=1, seconds=1.0)
    with pytest.raises(ValueError, match=r"allow_pickle|delete it"):
        trained(data, checkpoint=checkpoint)


# It stops at NaN


def test_exploding_loss_stops_with_the_step(data):
    recipe = other(SGD, learning_rate=1e38)
    with pytest.raises(FloatingPointError, match=r"the loss became (nan|inf) at step 2 ") as error:
        trained(data, recipe, plain())
    assert "epoch 1, batch 2" in str(error.value)
    assert "smaller learning rate" in str(error.value)


def test_nan_in_the_second_epoch_is_named_with_its_step(data, tmp_path, monkeypatch):
    class Bad(loop.Batches):
        def __getitem__(self, index):
            x, y = super().__getitem__(index)
            return (x * np.float32("nan") if (self.epoch, index) == (1, 0) else x), y

    data = data[0].astype(np.float32), data[1]
    checkpoint = tmp_path / "state.npz"
    trained(data, SGD, plain(), epochs=1, checkpoint=checkpoint)
    monkeypatch.setattr(loop, "Batches", Bad)
    with pytest.raises(FloatingPointError, match=r"nan at step 6 \(epoch 2, batch 1\)"):
        trained(data, SGD, plain(), checkpoint=checkpoint)


def test_weights_that_explode_in_the_last_step_are_noticed(data, validation):
    recipe = Recipe(epochs=1, batch_size=72, optimizer="sgd", learning_rate=1e38)
    with pytest.raises(FloatingPointError):
        trained(data, recipe, plain(), validation_data=validation)


def test_weights_that_explode_in_the_last_step_are_noticed_without_validation(data):
    keras.utils.set_random_seed(0)
    layers = keras.layers  # no rescaling: gradients of about 10, so steps beyond float32
    model = keras.Sequential([keras.Input((32, 32, 3)), layers.Flatten(), layers.Dense(10)])
    recipe = Recipe(epochs=1, batch_size=72, optimizer="sgd", learning_rate=1e38)
    with pytest.raises(FloatingPointError, match=r"weights became .* \(epoch 1, batch 1\)"):
        trained(data, recipe, model)


def test_a_training_that_ends_in_its_first_epoch_leaves_no_checkpoint(data, tmp_path):
    checkpoint = tmp_path / "state.npz"
    with pytest.raises(FloatingPointError):
        trained(data, other(SGD, learning_rate=1e38), plain(), checkpoint=checkpoint)
    assert not checkpoint.exists()  # no epoch was finished, so there is nothing to keep


# It refuses what it cannot use


@pytest.mark.parametrize("part", ["training", "validation"])
def test_scaled_images_are_refused_by_the_name_of_their_part(data, part):
    scaled = (data[0] / 255, data[1])
    arguments = {"training": (scaled, data), "validation": (data, scaled)}[part]
    with pytest.raises(ValueError, match=f"{part} images must be raw values from 0 to 255"):
        trained(arguments[0], validation_data=arguments[1])


@pytest.mark.parametrize("part", ["training", "validation"])
def test_wrong_labels_are_refused_by_the_name_of_their_part(data, part):
    short = (data[0], data[1][:-1])
    arguments = {"training": (short, data), "validation": (data, short)}[part]
    with pytest.raises(ValueError, match=rf"{part} labels must have the shape \(72,\)"):
        trained(arguments[0], validation_data=arguments[1])


def test_nothing_is_trained_when_the_data_are_refused(data):
    model = tiny()
    before = model.get_weights()
    with pytest.raises(ValueError, match="labels"):
        trained((data[0], data[1][:-1]), model=model)
    assert_same(model.get_weights(), before)


@pytest.mark.parametrize("epochs", [0, -1])
def test_epochs_below_one_are_refused(data, epochs):
    with pytest.raises(ValueError, match="epochs must be a whole number of at least 1"):
        trained(data, epochs=epochs)


def test_checkpoint_may_be_given_as_text(data, tmp_path):
    trained(data, epochs=1, checkpoint=str(tmp_path / "state.npz"))
    assert (tmp_path / "state.npz").is_file()


# Files: whole or not at all


def test_written_file_has_the_content_and_nothing_is_beside_it(tmp_path):
    write_atomically(tmp_path / "file", lambda file: file.write(b"new"))
    assert (tmp_path / "file").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failed_write_leaves_the_old_file_and_no_partial_one(tmp_path, error):
    (tmp_path / "file").write_bytes(b"old")

    def write(file):
        file.write(b"half of the ne")
        raise error

    with pytest.raises(type(error)):
        write_atomically(tmp_path / "file", write)
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_file_is_never_seen_half_written(tmp_path):
    (tmp_path / "file").write_bytes(b"old")

    def write(file):
        file.write(b"half of the ne")
        file.flush()
        assert (tmp_path / "file").read_bytes() == b"old"
        file.write(b"w one")

    write_atomically(tmp_path / "file", write)
    assert (tmp_path / "file").read_bytes() == b"half of the new one"


# Saved models

LOADING = """
import sys
import cifarlib.training
import keras
for path in sys.argv[1:]:
    model = keras.models.load_model(path)
    print(model.name, type(model.optimizer._learning_rate).__name__)
"""


def test_one_import_is_enough_to_load_what_was_trained_and_saved(data, tmp_path):
    recipe = dataclasses.replace(SGD, schedule="cosine", epochs=1)
    small = [
        models.vit(dim=4, depth=1, heads=1), models.resnet(8, width=1),
        models.alexnet(width=1, norm="response"), models.speednet(widths=(1, 1, 1)),
    ]  # fmt: skip
    for model in small:
        train(model, data, recipe, verbose=False)
        model.save(tmp_path / f"{model.name}.keras")
    paths = [str(tmp_path / f"{model.name}.keras") for model in small]
    command = [sys.executable, "-c", LOADING, *paths]
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr[-2000:]
    assert said.stdout.splitlines() == [f"{model.name} Schedule" for model in small]
