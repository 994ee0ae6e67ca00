"""The recorded study of transfer learning: how it chooses, and whether it fits the code."""

import dataclasses
import json

import numpy as np
import pytest

from cifarlib.data import load_cifar10
from cifarlib.zoo import transfer
from cifarlib.zoo.transfer import label_efficiency
from cifarlib.zoo.transfer.__main__ import main

LABELS = np.repeat(np.arange(10), 30)


@pytest.mark.parametrize(("per_class", "held_out"), [(5, 1), (10, 2), (30, 6)])
def test_images_are_chosen_class_by_class_and_none_twice(per_class, held_out):
    learn, hold = label_efficiency.choose(LABELS, per_class, 0)
    assert not set(learn) & set(hold)
    assert np.bincount(LABELS[hold]).tolist() == [held_out] * 10
    assert np.bincount(LABELS[learn]).tolist() == [per_class - held_out] * 10


def test_a_seed_chooses_the_same_images_and_another_one_others():
    first, again, other = (label_efficiency.choose(LABELS, 10, seed)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)


def test_a_tenth_is_held_out_of_many():
    labels = np.repeat(np.arange(10), 500)
    assert len(label_efficiency.choose(labels, 500, 0)[1]) == 500


def test_too_few_images_are_refused():
    with pytest.raises(ValueError, match="class 0 has 30 images, 31 are wanted"):
        label_efficiency.choose(LABELS, 31, 0)


def test_the_probe_finds_what_is_there_and_nothing_where_nothing_is():
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.repeat(np.arange(10), 40))
    centers = rng.normal(size=(10, 20))
    features = (centers[labels] + 0.3 * rng.normal(size=(400, 20))).astype(np.float32)
    chosen = label_efficiency.choose(labels[:300], 20, 0)
    split = features[:300], features[300:]
    found = label_efficiency.probe(*split, labels[:300], labels[300:], chosen)
    assert found["accuracy"] > 0.9
    assert found["C"] in label_efficiency.STRENGTHS
    shuffled = rng.permutation(labels)
    nothing = label_efficiency.probe(*split, shuffled[:300], shuffled[300:], chosen)
    assert nothing["accuracy"] < 0.3


def test_the_probe_chooses_by_the_held_out_images_and_not_by_the_test_images():
    """Its choice stays the same whatever the test labels are."""
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(10), 30)
    features = (np.eye(10)[labels] + rng.normal(size=(300, 10))).astype(np.float32)
    chosen = label_efficiency.choose(labels, 20, 0)
    kept = [
        label_efficiency.probe(features, features, labels, test, chosen)
        for test in (labels, labels[::-1])
    ]
    assert kept[0]["C"] == kept[1]["C"]
    assert kept[0]["held_out_accuracy"] == kept[1]["held_out_accuracy"]


def test_the_record_belongs_to_the_code_and_is_complete():
    record, new = transfer.read(), transfer.new_record()
    assert record.fingerprints == new.fingerprints
    assert record.images == new.images
    for per_class in transfer.PER_CLASS:
        runs = record.of(label_efficiency.title(per_class))
        assert [run["seed"] for run in runs] == list(range(transfer.SEEDS))
        assert all(0.1 < run["accuracy"] < 1 and "held_out_accuracy" in run for run in runs)


def test_a_damaged_record_is_named(tmp_path):
    (tmp_path / "record.json").write_text("{}")
    with pytest.raises(OSError, match=r"record\.json is damaged"):
        transfer.read(tmp_path / "record.json")


def test_results_of_other_code_are_not_mixed_in(tmp_path):
    record = dataclasses.asdict(transfer.new_record())
    record["fingerprints"] = dict.fromkeys(record["fingerprints"], "other")
    path = tmp_path / "label_efficiency.json"
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match="remove the file"):
        transfer.run(path, load_cifar10())


def test_finished_runs_are_kept_and_missing_ones_made(tmp_path, monkeypatch):
    """With made-up features, in which the label is plain."""
    data = load_cifar10()
    monkeypatch.setattr(label_efficiency, "PER_CLASS", (10,))
    monkeypatch.setattr(label_efficiency, "pretrained", lambda **settings: None)
    parts = iter((np.split(data.y_train, 2) + np.split(data.y_test, 2)) * 2)
    monkeypatch.setattr(
        label_efficiency,
        "cached_features",
        lambda model, images, verbose: np.eye(10, dtype=np.float32)[next(parts)],
    )
    path = tmp_path / "record.json"
    first = transfer.run(path, data, verbose=False)
    assert [run["accuracy"] for run in first.runs] == [1.0] * transfer.SEEDS
    record = json.loads(path.read_text())
    del record["runs"][1]
    path.write_text(json.dumps(record))
    second = transfer.run(path, data, verbose=False)
    assert sorted(run["seed"] for run in second.runs) == [0, 1, 2]


def test_the_command_says_what_is_wrong(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert main(["--output", str(tmp_path / "file")]) == 1
    assert "is not a folder" in capsys.readouterr().err
