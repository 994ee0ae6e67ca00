"""The fine-tuned network: its record belongs to the code, and a run that was stopped goes on."""

import dataclasses
import json

import keras
import numpy as np
import pytest

from cifarlib import load_cifar10
from cifarlib.evaluation import accuracy
from cifarlib.models import pretrained
from cifarlib.zoo.transfer import fine_tuning


def test_the_record_belongs_to_the_code_and_to_its_logits():
    record, new = fine_tuning.read(), fine_tuning.new_record()
    assert (record.fingerprint, record.settings) == (new.fingerprint, new.settings)
    assert (record.weights, record.command) == (new.weights, new.command)
    found = accuracy(fine_tuning.logits_of_test(), load_cifar10().y_test).value
    assert found == pytest.approx(record.run["accuracy"], abs=2e-4)  # the logits are float16
    parts = fine_tuning.PARTS * fine_tuning.ALL.epochs
    assert [len(values) for values in record.run["curves"].values()] == [parts, parts]


def test_other_logits_than_those_of_the_record_are_refused(tmp_path):
    record = fine_tuning.new_record()
    record.files = {"fine_tuning_logits.npy": "0" * 64}
    path = tmp_path / "fine_tuning.json"
    path.write_text(json.dumps(dataclasses.asdict(record)))
    np.save(tmp_path / "fine_tuning_logits.npy", np.zeros((10_000, 10), np.float16))
    with pytest.raises(OSError, match="is damaged"):
        fine_tuning.logits_of_test(path)


def test_a_damaged_record_is_named(tmp_path):
    (tmp_path / "fine_tuning.json").write_text("{}")
    with pytest.raises(OSError, match=r"fine_tuning\.json is damaged"):
        fine_tuning.read(tmp_path / "fine_tuning.json")


def test_results_of_other_code_are_not_mixed_in(tmp_path):
    record = dataclasses.asdict(fine_tuning.new_record()) | {"fingerprint": "other"}
    path = tmp_path / "fine_tuning.json"
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match="remove it to start afresh"):
        fine_tuning.run(path, load_cifar10())


class Stop(Exception):
    pass


def test_a_run_that_was_stopped_ends_as_one_that_was_not(tmp_path, monkeypatch, data):
    monkeypatch.setattr(fine_tuning, "PARTS", 2)
    monkeypatch.setattr(
        fine_tuning, "ALL", dataclasses.replace(fine_tuning.ALL, epochs=1, batch_size=8)
    )
    images, labels = data[0][:32], data[1][:32]

    def new():
        keras.utils.set_random_seed(0)  # of dropout, too
        model = pretrained(input_size=32, classes=10)
        weights = np.random.default_rng(0).normal(0, 0.04, (1280, 10))
        model.get_layer("logits").set_weights([weights, np.zeros(10)])
        return model

    straight = new()
    settings = {"seed": 0, "verbose": False}
    fine_tuning.fine_tune(straight, (images, labels), checkpoint=tmp_path / "a.npz", **settings)

    save = fine_tuning.checkpoints.save

    def save_and_stop(*arguments):
        save(*arguments)
        raise Stop

    monkeypatch.setattr(fine_tuning.checkpoints, "save", save_and_stop)
    with pytest.raises(Stop):
        fine_tuning.fine_tune(new(), (images, labels), checkpoint=tmp_path / "b.npz", **settings)
    monkeypatch.setattr(fine_tuning.checkpoints, "save", save)
    again = new()
    done = fine_tuning.fine_tune(again, (images, labels), checkpoint=tmp_path / "b.npz", **settings)
    assert [len(values) for values in done.curves.values()] == [2, 2]
    for one, other in zip(straight.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
