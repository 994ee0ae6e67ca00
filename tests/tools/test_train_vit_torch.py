"""What surrounds the training by PyTorch; the training itself checks its network against Keras'."""

import json

import numpy as np
import pytest
import train_vit_torch as tool

from cifarlib import Cifar10, load_cifar10
from cifarlib.evaluation import accuracy, logits
from cifarlib.models import vit
from cifarlib.zoo import store
from cifarlib.zoo.records import Record
from cifarlib.zoo.registry import training

PART = {"versions": {"python": "3.13.0", "torch": "2.14.1"}, "precision": "mixed_bfloat16"}


@pytest.fixture(scope="module")
def little():
    data = load_cifar10()
    return Cifar10(data.x_train[:64], data.y_train[:64], data.x_test[:100], data.y_test[:100])


@pytest.fixture
def finished(tmp_path, little, monkeypatch):
    """What ``train`` leaves of a ViT, and its model."""
    monkeypatch.setattr(tool, "load_cifar10", lambda full: little)
    model = vit()
    stretches = [
        PART | {"epochs": [1, 2], "hardware": "an abacus"},
        PART | {"epochs": [3, 24], "hardware": "a slide rule"},
    ]
    curves = {"accuracy": 24 * [0.1234567], "loss": 24 * [2.0]}
    run = {"seed": 0, "seconds": 12.345, "cpu_seconds": 9.876, "curves": curves}
    arrays = {f"{n:03}": weight for n, weight in enumerate(model.get_weights())}
    text = json.dumps(run | {"stretches": stretches})
    np.savez(tool.result_of(tmp_path / "state.pt"), run=np.array(text), **arrays)
    return model


def test_record_has_the_weights_as_shipped_and_keras_logits(tmp_path, little, finished):
    tool.main(["record", "vit", str(tmp_path / "state.pt"), str(tmp_path / "entry")])
    with np.load(tmp_path / "entry" / "weights.npz") as saved:
        stored = [saved[key] for key in saved.files]
    wanted = [np.float16(weight) for weight in finished.get_weights()]
    assert all(np.array_equal(a, b) for a, b in zip(stored, wanted, strict=True))
    finished.set_weights(wanted)
    outputs = logits(finished, little.x_test)
    found = np.load(tmp_path / "entry" / "logits.npy")
    np.testing.assert_allclose(found, outputs, atol=1e-2)
    record = store.read(tmp_path / "entry" / "record.json", Record)
    assert (record.name, record.images, record.parameters) == ("vit", 64, 811_146)
    assert record.recipe == training("vit").settings()
    [run] = record.runs
    assert run["accuracy"] == accuracy(outputs, little.y_test).value
    assert (run["seed"], run["seconds"], run["cpu_seconds"]) == (0, 12.3, 9.9)
    assert run["curves"] == {"accuracy": 24 * [0.12346], "loss": 24 * [2.0]}
    assert run["hardware"] == "an abacus, then a slide rule"
    assert [part["epochs"] for part in run["stretches"]] == [[1, 2], [3, 24]]
    assert run["versions"] | {"precision": run["precision"]} == PART["versions"] | {
        "precision": "mixed_bfloat16"
    }
    assert "tools/train_vit_torch.py train vit" in run["command"]


def test_training_on_another_backend_is_refused_with_what_to_set(tmp_path, capsys):
    with pytest.raises(SystemExit) as error:
        tool.main(["train", "vit", str(tmp_path / "state.pt")])
    assert error.value.code == 2
    assert "needs the environment variable KERAS_BACKEND=torch" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_other_networks_are_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        tool.main(["train", "resnet20", str(tmp_path / "state.pt")])
    assert "invalid choice: 'resnet20'" in capsys.readouterr().err
