"""The same models under JAX: logits, training and checkpoints, in a process of their own."""

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import networks
import numpy as np
import pytest
from networks import seeded, worn
from test_batches import OneWeight

from cifarlib import load_cifar10
from cifarlib.evaluation import logits, macs
from cifarlib.explain import attention_maps, input_gradient
from cifarlib.images import Augmentation
from cifarlib.layers import BatchNormalization, PartlyIdentity, normalization, stochastic_depth
from cifarlib.models import build, speednet
from cifarlib.recipes import SIMPLE_CNN, Recipe
from cifarlib.training import checkpoints, fingerprint, train

# One for each network, without resnet110, which has the blocks of resnet56
NAMES = [name for name in networks.NAMES if name != "resnet110"]
# No randomness in the model, so that both backends can take the same steps
SPEEDNET = functools.partial(speednet, widths=(4, 4, 4))
STEPS = Recipe(
    epochs=2, batch_size=32, optimizer="sgd", learning_rate=0.1, momentum=0.85, weight_decay=0.01,
    schedule="linear", warmup=0.25, label_smoothing=0.1, lookahead=2,
    augmentation=Augmentation(crop=2, flip="alternating"),
)  # fmt: skip
RESUMED = Recipe(
    epochs=3, batch_size=16, optimizer="adamw", learning_rate=1e-3, weight_decay=0.01, lookahead=2
)


def tiny():
    """Every kind of state a training has: weights, moving statistics, the seeds of dropout."""
    layers = keras.layers
    return keras.Sequential([
        keras.Input((32, 32, 3)), normalization(), layers.AveragePooling2D(8), layers.Flatten(),
        BatchNormalization(), layers.Dropout(0.3), layers.Dense(10),
    ])  # fmt: skip


@functools.cache
def some_images():
    x, y = load_cifar10().train
    return x[:64], y[:64]


def trained(name):
    """A model of the zoo with weights as after training."""
    return worn(seeded(functools.partial(build, name)), some_images()[0][:8])


def outputs(model):
    """Logits for some images, and what tells whether it is the same model."""
    # JAX compiles a model at once in less time than each of its operations
    run = model if keras.backend.backend() == "tensorflow" else model.predict_on_batch
    found = {"logits": np.asarray(run(some_images()[0][:8]))}
    found["facts"] = np.array([fingerprint(model, SIMPLE_CNN), str(macs(model))])
    return found


def save_weights(path, weights):
    np.savez(path, **{f"{number:04}": weight for number, weight in enumerate(weights)})


def load_weights(path):
    with np.load(path) as file:
        return [file[name] for name in sorted(file)]


def stepped(weights):
    """Train speednet from these weights: those after it, and the curves."""
    model = SPEEDNET()
    model.set_weights(weights)
    run = train(model, some_images(), STEPS, verbose=False)
    return model, run.curves


# What JAX does: everything from here to the next heading runs in its process


def in_jax(folder: Path) -> None:
    assert keras.backend.backend() == "jax"
    x, _ = some_images()
    report = {}
    for name in NAMES:
        # The weights come from the file; JAX would compile the drawing of every shape
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keras.initializers.VarianceScaling, "__call__", zeros)
            model = build(name)
        model.set_weights(load_weights(folder / f"{name}.npz"))
        np.savez(folder / f"{name}_jax.npz", **outputs(model))
        if name == "cct":
            maps = attention_maps(model)(x[:8])
            np.savez(folder / "maps_jax.npz", *[np.asarray(one) for one in maps])

    model, curves = stepped(load_weights(folder / "start.npz"))
    save_weights(folder / "stepped_jax.npz", model.get_weights())
    report["curves"] = curves
    np.save(folder / "views_jax.npy", logits(model, x, test_time_augmentation=True))
    report["resumed"] = resumes_exactly(folder)
    one = OneWeight(60, 7)
    one.fit(3)
    report["plain fit"] = [one.found, [float(weight) for weight in one.expected(0, 1, 2)]]
    report["gradient"] = [value.tolist() for value in gradient_of_a_toy()]

    keras.utils.set_random_seed(0)
    kernel = np.asarray(PartlyIdentity()((3, 3, 4, 6), dtype="float32"))
    report["identity"] = kernel[1, 1, :, :4].tolist()
    dropped = np.asarray(stochastic_depth(0.5)(np.ones((400, 2, 2, 1)), training=True))
    report["values"] = sorted({float(value) for value in dropped.ravel()})
    report["whole"] = bool((dropped == dropped[:, :1, :1]).all())
    (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")


def gradient_of_a_toy():
    return input_gradient(lambda x: keras.ops.sin(x) * x, np.array([[0.5, -2.0], [3.0, 0.0]]))


def zeros(initializer, shape, dtype=None):
    return keras.ops.zeros(shape, dtype)


def resumes_exactly(folder: Path) -> bool:
    """Whether a training that goes on from its first epoch's checkpoint ends the same."""
    original = checkpoints.save

    def save(path, model, identity, progress):
        original(path, model, identity, progress)
        if progress.epochs == 1:
            shutil.copy(path, folder / "first.npz")

    ends = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "save", save)
        for seed, checkpoint in ((0, "whole.npz"), (1, "first.npz")):
            keras.utils.set_random_seed(seed)
            model = tiny()
            train(model, some_images(), RESUMED, checkpoint=folder / checkpoint, verbose=False)
            ends.append(model.get_weights())
    return all(np.array_equal(one, other) for one, other in zip(*ends, strict=True))


# What TensorFlow does and expects


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The weights that TensorFlow wrote, and what both backends made of them, side by side."""
    folder = tmp_path_factory.mktemp("backends")
    models = {name: trained(name) for name in NAMES}
    for name, model in models.items():
        save_weights(folder / f"{name}.npz", model.get_weights())
    keras.utils.set_random_seed(0)
    save_weights(folder / "start.npz", SPEEDNET().get_weights())
    process = subprocess.Popen(
        [sys.executable, __file__, str(folder)],
        env=os.environ
        | {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
        | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    for name, model in models.items():
        np.savez(folder / f"{name}_tensorflow.npz", **outputs(model))
        if name == "cct":
            maps = attention_maps(model)(some_images()[0][:8])
            np.savez(folder / "maps_tensorflow.npz", *[np.asarray(one) for one in maps])
    said = process.communicate()[1]
    assert process.returncode == 0, said[-3000:]
    return folder


@pytest.fixture(scope="module")
def report(folder):
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_logits_under_jax_are_those_under_tensorflow(name, folder):
    ours, theirs = (np.load(folder / f"{name}_{backend}.npz") for backend in ("tensorflow", "jax"))
    scale = np.abs(ours["logits"]).max()
    assert scale > 0.1
    np.testing.assert_allclose(theirs["logits"], ours["logits"], rtol=0, atol=1e-4 * scale)
    assert theirs["logits"].dtype == np.float32
    assert theirs["facts"].tolist() == ours["facts"].tolist()  # fingerprint and MACs


def test_attention_maps_under_jax_are_those_under_tensorflow(folder):
    for one, other in zip(
        load_weights(folder / "maps_jax.npz"), load_weights(folder / "maps_tensorflow.npz"),
        strict=True,
    ):  # fmt: skip
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_both_backends_take_the_same_steps(folder, report):
    model, curves = stepped(load_weights(folder / "start.npz"))
    for name, values in curves.items():
        np.testing.assert_allclose(report["curves"][name], values, rtol=1e-3, err_msg=name)
    before, after = load_weights(folder / "start.npz"), model.get_weights()
    found = load_weights(folder / "stepped_jax.npz")
    for weight, one, ours, theirs in zip(model.weights, before, after, found, strict=True):
        moved = np.abs(ours - one).max()
        assert moved > 1e-3 or "whitening" in weight.path
        # Keras leaves Bessel's correction out: 1 / (32 * 9) where the map is smallest
        correction = np.abs(ours).max() / (32 * 9) if "variance" in weight.path else 0
        np.testing.assert_allclose(
            theirs, ours, rtol=0, atol=0.01 * moved + correction, err_msg=weight.path
        )
    x, _ = some_images()
    views = logits(model, x, test_time_augmentation=True)
    np.testing.assert_allclose(
        np.load(folder / "views_jax.npy"), views, atol=0.01 * np.abs(views).max()
    )


def test_training_under_jax_goes_on_from_a_checkpoint_as_if_it_had_not_stopped(report):
    assert report["resumed"]


def test_a_plain_fit_under_jax_goes_from_epoch_to_epoch(report):
    found, expected = report["plain fit"]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_gradient_under_jax_is_that_of_the_derivative(report):
    x = np.array([[0.5, -2.0], [3.0, 0.0]])
    value, gradient = report["gradient"]
    assert value == pytest.approx((np.sin(x) * x).sum(), rel=1e-5)
    np.testing.assert_allclose(gradient, np.cos(x) * x + np.sin(x), atol=1e-5)


def test_layers_draw_under_jax_what_they_should(report):
    assert report["identity"] == np.eye(4).tolist()
    assert report["values"] == [0.0, 2.0]
    assert report["whole"]


if __name__ == "__main__":
    in_jax(Path(sys.argv[1]))
