"""Checkpoints: whose they are, that damage leaves the model alone, and one training for each."""

import contextlib
import json
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

from cifarlib import load_cifar10
from cifarlib.machine import hardware, precision, versions
from cifarlib.models import simple_cnn
from cifarlib.recipes import Recipe
from cifarlib.training import train
from cifarlib.training.identity import precision_of

SGD = Recipe(epochs=3, batch_size=16, optimizer="sgd", learning_rate=0.05, momentum=0.9)


@pytest.fixture(scope="module")
def data():
    """32 images: two batches."""
    x, y = load_cifar10().train
    return x[:32], y[:32]


@pytest.fixture(scope="module")
def validation():
    x, y = load_cifar10().train
    return x[100:120], y[100:120]


def linear(seed=0):
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((32, 32, 3)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(10)]
    )


def trained(data, checkpoint, *, policy="float32", model=None, **settings):
    """Train a linear model; give it and the run."""
    with precision(policy):
        model = model or linear()
    recipe = settings.pop("recipe", SGD)
    return model, train(model, data, recipe, checkpoint=checkpoint, verbose=False, **settings)


def refused(data, checkpoint, error=ValueError, **settings):
    """The message of a refusal; neither model nor file has changed."""
    content = checkpoint.read_bytes() if checkpoint.is_file() else None
    with precision(settings.pop("policy", "float32")):
        model = linear(seed=9)
    before = model.get_weights()
    with pytest.raises(error) as caught:
        trained(data, checkpoint, model=model, **settings)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert (checkpoint.read_bytes() if checkpoint.is_file() else None) == content
    return str(caught.value)


# Whose it is


@pytest.mark.parametrize(
    ("first", "second"),
    [("mixed_bfloat16", "float32"), ("float32", "mixed_bfloat16"), ("mixed_float16", "float32"),
     ("float32", "mixed_float16")],
)  # fmt: skip
def test_training_does_not_go_on_in_another_precision(data, tmp_path, first, second):
    trained(data, tmp_path / "state.npz", policy=first, epochs=1)
    said = refused(data, tmp_path / "state.npz", policy=second)
    assert f"it was trained in {first}, this model computes in {second}; delete it" in said
    assert ";" not in said.replace("; delete it", "")  # nothing else differs


def test_a_single_layer_in_another_precision_is_noticed(data, tmp_path):
    def model(last):
        keras.utils.set_random_seed(0)
        flat = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten()]
        return keras.Sequential(
            [keras.Input((32, 32, 3)), *flat, keras.layers.Dense(10, dtype=last)]
        )

    trained(data, tmp_path / "state.npz", model=model("float32"), epochs=1)
    said = r"trained in float32, .* in float32 \(1 of 3 layers in another: \w{6}\); delete"
    with pytest.raises(ValueError, match=said):
        trained(data, tmp_path / "state.npz", model=model("mixed_bfloat16"))


def test_model_of_the_package_is_said_to_compute_in_its_policy():
    for policy in ("float32", "mixed_bfloat16"):
        with precision(policy):
            assert precision_of(simple_cnn()) == policy  # though its logits are always in float32


ON_JAX = """
import sys
sys.path.insert(0, {tests!r})
from test_checkpoints import load_cifar10, trained
x, y = load_cifar10().train
trained((x[:32], y[:32]), {checkpoint!r}, epochs=1)
"""


def test_training_does_not_go_on_on_another_backend(data, tmp_path, monkeypatch):
    pytest.importorskip("jax")
    if keras.backend.backend() == "jax":
        pytest.skip("this is JAX")
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    script = ON_JAX.format(
        tests=str(__file__).rpartition("test_checkpoints")[0],
        checkpoint=str(tmp_path / "state.npz"),
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    said = refused(data, tmp_path / "state.npz")
    assert f"trained on the backend jax, this is {keras.backend.backend()}; delete" in said


def test_training_does_not_go_on_with_other_validation_images(data, validation, tmp_path):
    checkpoint = tmp_path / "state.npz"
    trained(data, checkpoint, epochs=1)
    said = refused(data, checkpoint, validation_data=validation)
    assert "it was validated on nothing, this training is validated on 20 images [" in said
    checkpoint.unlink()
    trained(data, checkpoint, epochs=1, validation_data=validation)
    assert "this training is validated on nothing" in refused(data, checkpoint)
    x, y = validation
    for other in ((x[::-1], y), (x, y[::-1]), (x[:19], y[:19])):
        assert "it was validated on 20 images [" in refused(data, checkpoint, validation_data=other)
    run = trained(data, checkpoint, validation_data=validation)[1]
    assert {len(values) for values in run.curves.values()} == {3}


def test_refusal_says_in_words_what_differs(data, tmp_path):
    checkpoint = tmp_path / "state.npz"
    trained(data, checkpoint, epochs=1)
    other = Recipe(3, 8, "sgd", 0.05, weight_decay=0.01, momentum=0.9)
    said = refused(data, checkpoint, recipe=other, seed=5)
    assert "its batch_size was 16, this recipe's is 8; " in said
    assert "its weight_decay was the default, this recipe's is 0.01; " in said
    assert "its seed was 0, this one is 5; " in said
    x, y = data
    assert "it was trained on 32 images [" in refused((x[:30], y[:30]), checkpoint)


def test_checkpoint_of_an_earlier_version_is_refused_as_such(data, tmp_path):
    checkpoint = tmp_path / "state.npz"
    trained(data, checkpoint, epochs=1)
    edit(checkpoint, identity=np.array("model and recipe 0123456789ab, seed 0, 32 images 0123"))
    assert "written by an earlier version of cifarlib" in refused(data, checkpoint)


# Damage


def edit(checkpoint, *without, **changed):
    with np.load(checkpoint) as saved:
        arrays = dict(saved) | {name.replace("_0", " 0"): value for name, value in changed.items()}
    np.savez(checkpoint, **{name: array for name, array in arrays.items() if name not in without})


NAN = np.full(10, np.nan, np.float32)


@pytest.mark.parametrize(
    ("without", "changed", "message"),
    [
        (["variable 0000"], {}, "arrays called 'variable' are wanted"),
        (["variable 0005"], {}, "variable 0005 differ"),
        (["identity"], {}, "identity"),
        (["epochs"], {}, "epochs"),
        (["stretches"], {}, "stretches"),
        (["curve loss"], {}, r"curves \['accuracy'\] alone"),
        ([], {"variable_0099": NAN}, "variable 0099 differ"),
        ([], {"variable_0001": np.zeros(11, np.float32)}, r"float32 \(11,\); this model has .*10"),
        ([], {"variable_0001": np.zeros(10, np.float64)}, "bias, is float64"),
        ([], {"variable_0001": NAN}, "variable 0001, .*bias, has NaN"),
        ([], {"variable_0005": NAN}, "variable 0005, .*has NaN"),
        ([], {"slow_0000": NAN}, "0 arrays called 'slow' are wanted, it has 1"),
        ([], {"epochs": 0}, "it has 0 epochs"),
        ([], {"epochs": 2}, "the curve .* after 2 epochs"),
        ([], {"epochs": np.array([1, 2])}, "damaged"),
        ([], {"seconds": np.nan}, "seconds are nan"),
        ([], {"stretches": "{"}, "damaged"),
    ],
)
def test_damage_is_found_before_anything_is_assigned(data, tmp_path, without, changed, message):
    checkpoint = tmp_path / "state.npz"
    trained(data, checkpoint, epochs=1)
    edit(checkpoint, *without, **changed)
    said = refused(data, checkpoint)
    assert "is damaged" in said
    assert "delete it to start afresh" in said
    assert re.search(message, said)


@pytest.mark.parametrize(
    ("without", "changed", "message"),
    [
        (["slow 0000", "slow 0001"], {}, "2 arrays called 'slow' are wanted, it has 0"),
        (["slow 0000"], {}, "2 arrays called 'slow' are wanted, it has 1"),
        ([], {"slow_0001": np.zeros((10, 1), np.float32)}, "slow 0001, "),
        ([], {"slow_0001": NAN}, "slow 0001, .*has NaN"),
    ],
)
def test_damaged_slow_weights_are_found(data, tmp_path, without, changed, message):
    checkpoint, recipe = tmp_path / "state.npz", Recipe(2, 16, "sgd", 0.05, lookahead=2)
    trained(data, checkpoint, recipe=recipe)
    edit(checkpoint, *without, **changed)
    assert re.search(message, refused(data, checkpoint, recipe=recipe))


def test_no_changed_byte_or_cut_gives_anything_but_the_state_or_a_refusal(data, tmp_path):
    checkpoint = tmp_path / "state.npz"
    weights = trained(data, checkpoint)[0].get_weights()
    content = checkpoint.read_bytes()
    rng = np.random.default_rng(0)
    ends = len(content) - 3000  # the directory and the small arrays
    places = [*rng.integers(0, 400, 12), *rng.integers(ends, len(content), 28)]
    model, refusals = linear(seed=9), 0
    start = model.get_weights()
    for place in places:
        broken = bytearray(content)
        broken[place] ^= 1 << rng.integers(8)
        checkpoint.write_bytes(broken if place % 7 else broken[:place])
        model.set_weights(start)
        expected = start
        with contextlib.suppress(ValueError):  # any other error fails
            train(model, data, SGD, checkpoint=checkpoint, verbose=False)
            expected = weights
        refusals += expected is start
        for now, then in zip(model.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(now, then)
    assert refusals > len(places) / 4


def test_unreadable_checkpoint_is_not_called_damaged(data, tmp_path, monkeypatch):
    def forbidden(path):
        raise PermissionError(13, "Permission denied", str(path))

    trained(data, tmp_path / "state.npz", epochs=1)
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.read_bytes", forbidden)
        patch.setattr("pathlib.Path.open", forbidden)
        patch.setattr("cifarlib.training.checkpoints.check_writable", lambda path, size: None)
        with pytest.raises(PermissionError, match="Permission denied"):
            trained(data, tmp_path / "state.npz")


@pytest.mark.parametrize("policy", ["bfloat16", "mixed_float16"])
def test_training_goes_on_exactly_in_every_precision(data, tmp_path, policy):
    straight = trained(data, None, policy=policy)[0].get_weights()
    trained(data, tmp_path / "state.npz", policy=policy, epochs=1)
    with precision(policy):
        model = linear(seed=9)
    resumed = trained(data, tmp_path / "state.npz", policy=policy, model=model)[0].get_weights()
    for now, then in zip(resumed, straight, strict=True):
        np.testing.assert_array_equal(np.float32(now), np.float32(then))


def test_weights_that_explode_at_an_epoch_s_end_are_not_kept(data, tmp_path):
    recipe = Recipe(2, 32, "sgd", 1e38)
    model = keras.Sequential([keras.Input((32, 32, 3)), *linear().layers[1:]])
    with pytest.raises(FloatingPointError, match=r"weights became .*\(epoch 1, batch 1\)"):
        trained(data, tmp_path / "state.npz", model=model, recipe=recipe)
    assert not (tmp_path / "state.npz").exists()


# What each stretch ran on


def test_every_stretch_is_named_with_what_it_ran_on(data, tmp_path, monkeypatch):
    checkpoint = tmp_path / "state.npz"
    first = trained(data, checkpoint, epochs=1)[1]
    monkeypatch.setattr("cifarlib.training.callbacks.hardware", lambda: "an abacus")
    run = trained(data, checkpoint, policy="float32")[1]
    here, there = run.stretches
    assert [here] == first.stretches
    assert (here["epochs"], there["epochs"]) == ([1, 1], [2, 3])
    assert (here["hardware"], there["hardware"]) == (hardware(), "an abacus")
    assert here["versions"] == there["versions"] == versions()
    assert here["precision"] == there["precision"] == "float32"
    for key in ("seconds", "cpu_seconds"):
        assert here[key] + there[key] == pytest.approx(getattr(run, key))
    json.dumps(run.stretches)
    assert trained(data, checkpoint)[1] == run  # finished: no stretch is added


def test_training_without_a_checkpoint_is_one_stretch(data):
    run = trained(data, None)[1]
    assert [stretch["epochs"] for stretch in run.stretches] == [[1, 3]]


# One training for each, and found out beforehand

WAITING = """
import sys
sys.path.insert(0, {tests!r})
from cifarlib.training import loop
from test_checkpoints import load_cifar10, trained

class Waiting(loop.Batches):
    def start_epoch(self, epoch):
        super().start_epoch(epoch)
        if epoch == 1:
            print("in the second epoch", flush=True)
            sys.stdin.readline()

loop.Batches = Waiting
x, y = load_cifar10().train
trained((x[:32], y[:32]), {checkpoint!r})
"""


def test_two_processes_do_not_share_a_checkpoint(data, tmp_path):
    checkpoint = tmp_path / "state.npz"
    tests = str(__file__).rpartition("test_checkpoints")[0]
    script = WAITING.format(tests=tests, checkpoint=str(checkpoint))
    command = [sys.executable, "-c", script]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as first:
        assert first.stdout.readline() == "in the second epoch\n"
        try:
            said = refused(data, checkpoint, OSError)
        finally:
            first.communicate("\n")
    assert f"{checkpoint} is in use by another process" in said
    assert first.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["state.npz"]
    run = trained(data, checkpoint)[1]
    assert run.epochs == 3
    assert len(run.stretches) == 1


def test_checkpoint_that_cannot_be_written_is_found_out_before_the_first_step(
    data, tmp_path, monkeypatch
):
    (tmp_path / "file").write_bytes(b"")
    said = refused(data, tmp_path / "file" / "state.npz", OSError)
    assert "file is not a folder" in said
    said = refused(data, tmp_path, OSError)
    assert "it is a folder, not a file" in said
    usage = type("Usage", (), {"free": 200_000})  # weights and momentum have 245,840 bytes
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    assert "needs 0.2 MB" in refused(data, tmp_path / "new" / "state.npz", OSError)
    assert not (tmp_path / "new").exists()


def test_what_a_killed_process_left_is_cleared_away(data, tmp_path):
    (tmp_path / "state.npz.0123456789abcdef.partial").write_bytes(b"half")
    (tmp_path / "other.npz.0123456789abcdef.partial").write_bytes(b"another's")
    trained(data, tmp_path / "state.npz", epochs=1)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["other.npz.0123456789abcdef.partial", "state.npz"]


def test_a_callback_that_sets_the_rate_may_come_and_go(data, tmp_path):
    file, watching = tmp_path / "state.npz", keras.callbacks.ReduceLROnPlateau("loss")
    trained(data, file, epochs=1, callbacks=[watching])
    trained(data, file, epochs=2)
    _, run = trained(data, file, epochs=3, callbacks=[watching])
    assert run.epochs == 3
    assert {len(curve) for curve in run.curves.values()} == {3}
