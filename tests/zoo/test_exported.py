"""The record of the exported files belongs to the zoo as it is, and a live export repeats it."""

import json

import export_needed
import pytest

from cifarlib import load_cifar10, zoo
from cifarlib.zoo import exported
from cifarlib.zoo.exported.__main__ import main


def test_every_model_is_recorded_with_the_weights_that_it_has_now():
    record = exported.read()
    assert sorted(record) == zoo.names()
    for name, entry in record.items():
        assert entry.name == name
        assert entry.weights == zoo.record(name).files["weights.npz"], "measure it again"
        assert entry.accuracy == zoo.record(name).accuracies[0]
        assert {"keras", "tensorflow", "onnx", "tf2onnx", "ai-edge-litert"} < set(entry.versions)
        assert entry.hardware


@pytest.mark.parametrize("name", zoo.names())
def test_numbers_of_a_record_agree_with_each_other(name):
    entry = exported.read()[name]
    four = 4 * zoo.record(name).parameters  # bytes of the weights alone
    assert 0.98 * four < entry.bytes["onnx"] < 1.4 * four  # statistics are folded into weights
    assert 0.98 * four < entry.bytes["float32"] < 1.4 * four
    assert entry.bytes["int8"] < entry.bytes["float16"] < entry.bytes["float32"]
    # An answer that changed changes one image at most
    assert abs(entry.accuracy - entry.int8_accuracy) <= 1 - entry.int8_agreement + 3e-4
    assert round(entry.int8_accuracy * 10_000) / 10_000 == entry.int8_accuracy


def test_a_live_export_repeats_the_record(tmp_path):
    if reason := export_needed.reason_to_skip():
        pytest.skip(reason)
    live, stored = exported.measure("simple_cnn", load_cifar10()), exported.read()["simple_cnn"]
    assert live.int8_accuracy == pytest.approx(stored.int8_accuracy, abs=0.003)
    assert live.int8_agreement == pytest.approx(stored.int8_agreement, abs=0.005)
    for kind, size in stored.bytes.items():
        assert live.bytes[kind] == pytest.approx(size, rel=0.05)


def test_what_is_measured_already_is_not_measured_again(tmp_path, monkeypatch, capsys):
    complete = (exported.FOLDER / "files.json").read_text(encoding="utf-8")
    (tmp_path / "files.json").write_text(complete, encoding="utf-8")
    monkeypatch.setattr(exported, "measure", None)
    main(["--output", str(tmp_path)])
    assert (tmp_path / "files.json").read_text(encoding="utf-8") == complete
    stale = json.loads(complete)
    stale["resnet20"]["weights"] = "0" * 64
    (tmp_path / "files.json").write_text(json.dumps(stale), encoding="utf-8")
    fresh = exported.read()["resnet20"]
    monkeypatch.setattr(exported, "measure", lambda name, data: {"resnet20": fresh}[name])
    main(["--output", str(tmp_path)])
    assert (tmp_path / "files.json").read_text(encoding="utf-8") == complete


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": {"name": "a"}}', "3"])
def test_a_damaged_record_is_noticed(tmp_path, content):
    (tmp_path / "files.json").write_text(content)
    with pytest.raises(OSError, match=r"files\.json is damaged"):
        exported.read(tmp_path)


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert main(["--output", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err.startswith("python -m cifarlib.zoo.exported: ")
    (tmp_path / "files.json").write_text("{")
    assert main(["--output", str(tmp_path)]) == 1
    assert "files.json is damaged" in capsys.readouterr().err
