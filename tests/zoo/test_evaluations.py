"""The record of corrupted pictures: complete, of this code, and what comes out again."""

import base64
import json
from dataclasses import asdict

import numpy as np
import pytest

from cifarlib import load_cifar10, zoo
from cifarlib.evaluation import logits
from cifarlib.images import CORRUPTIONS, corrupt
from cifarlib.zoo import evaluations
from cifarlib.zoo.evaluations import CorruptionRecord, corrupted, new_record, read, run
from cifarlib.zoo.evaluations.__main__ import main


@pytest.fixture(scope="module")
def record():
    return read()


@pytest.fixture
def little(monkeypatch):
    """Twenty images, two corruptions, one severity."""
    kept = {name: CORRUPTIONS[name] for name in ("contrast", "fog")}
    monkeypatch.setattr(corrupted, "CORRUPTIONS", kept)
    monkeypatch.setattr(corrupted, "COUNT", 20)
    monkeypatch.setattr(corrupted, "SEVERITIES", (5,))
    return load_cifar10()


# The package's record


def test_record_is_of_this_code(record):
    wanted = asdict(new_record())
    for name in ("command", "images", "seed", "severities", "strengths"):
        assert getattr(record, name) == wanted[name], f"{name}: evaluate anew"


def test_record_is_of_these_weights_and_has_them_all(record):
    assert sorted(record.models) == zoo.names()
    for entry in record.runs:
        assert entry["weights"] == zoo.record(entry["model"]).files["weights.npz"], "evaluate anew"
        assert entry["hardware"] and entry["versions"]
        assert entry["seconds"] > 0 and entry["cpu_seconds"] > 0
        assert len(entry["right"]) == 1 + len(record.strengths) * len(record.severities)


def test_the_pictures_are_still_those_of_the_record(record):
    """By how far a corruption moves the values, to a few hundredths."""
    images = load_cifar10().x_test[: record.images]
    for name in record.strengths:
        for severity in record.severities:
            found = corrupted.change(images, corrupt(images, name, severity, record.seed))
            expected = record.change[f"{name} {severity}"]
            assert found == pytest.approx(expected, abs=0.05), (name, severity)


@pytest.mark.parametrize("cell", [(None, 0), ("fog", 3), ("gaussian_noise", 3), ("jpeg", 3)])
def test_a_cell_comes_out_again(record, cell):
    data = load_cifar10()
    images = data.x_test[: record.images]
    pictures = images if cell[0] is None else corrupt(images, *cell, record.seed)
    answers = logits(zoo.load("simple_cnn"), pictures).argmax(axis=1)
    right = answers == data.y_test[: record.images]
    assert (right != record.right("simple_cnn", *cell)).sum() <= 4


@pytest.mark.parametrize("model", zoo.names())
def test_clean_answers_are_those_of_the_stored_logits(record, model):
    stored = zoo.logits(model)[: record.images].argmax(axis=1)
    right = stored == load_cifar10().y_test[: record.images]
    assert (right != record.right(model)).sum() <= 3


# How a record is read and made


def of_bits(right):
    """A record of one model whose answers are given for each cell."""
    coded = {
        cell: base64.b64encode(np.packbits(bits).tobytes()).decode() for cell, bits in right.items()
    }
    runs = [{"model": "m", "right": coded}]
    return CorruptionRecord("", 10, 0, [1, 5], {"fog": [], "jpeg": []}, {}, runs)


def test_bits_are_read_as_they_were():
    rng = np.random.default_rng(0)
    cells = ["clean", "fog 1", "fog 5", "jpeg 1", "jpeg 5"]
    right = {cell: rng.random(10) < 0.6 for cell in cells}
    record = of_bits(right)
    assert (record.right("m") == right["clean"]).all()
    assert (record.right("m", "jpeg", 5) == right["jpeg 5"]).all()
    assert record.accuracy("m", "fog", 1) == right["fog 1"].mean()
    expected = np.mean([right[cell] for cell in cells[1:]], axis=0)
    assert record.mean_right("m") == pytest.approx(expected)


def test_what_is_not_in_the_record_is_refused():
    record = of_bits({"clean": np.ones(10, bool)})
    with pytest.raises(ValueError, match="no model 'x' in the record; it has m"):
        record.right("x")
    with pytest.raises(ValueError, match=r"no 'fog 2' in the record; .* fog, jpeg .* 1, 5"):
        record.right("m", "fog", 2)


def test_a_run_is_what_a_reader_would_compute(little, tmp_path, capsys):
    path = tmp_path / "record.json"
    run(path, little, ["simple_cnn"])
    record = read(path)
    assert record.models == ["simple_cnn"]
    foggy = corrupt(little.x_test[:20], "fog", 5)
    answers = logits(zoo.load("simple_cnn"), foggy).argmax(axis=1)
    assert (record.right("simple_cnn", "fog", 5) == (answers == little.y_test[:20])).all()
    assert record.change["fog 5"] == pytest.approx(
        np.abs(foggy.astype(float) - little.x_test[:20]).mean(), abs=0.006
    )
    assert record.change["clean"] == 0


def test_finished_models_stay_and_other_code_is_refused(little, tmp_path, monkeypatch):
    path = tmp_path / "record.json"
    run(path, little, ["simple_cnn"])
    before = path.read_bytes()
    run(path, little, ["simple_cnn"])
    assert path.read_bytes() == before
    monkeypatch.setattr(corrupted, "COUNT", 30)
    with pytest.raises(ValueError, match="has other images than the code now"):
        run(path, little, ["simple_cnn"])
    path.write_text("{")
    with pytest.raises(OSError, match="is damaged"):
        read(path)


def test_the_command(little, tmp_path, capsys):
    path = tmp_path / "record.json"
    assert main(["--models", "simple_cnn", "--output", str(path)]) == 0
    assert len(json.loads(path.read_text())["runs"]) == 1
    path.write_text("[]")
    assert main(["--models", "simple_cnn", "--output", str(path)]) == 1
    assert "is damaged" in capsys.readouterr().err
    assert evaluations.read is read
