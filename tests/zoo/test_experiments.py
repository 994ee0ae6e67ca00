"""Experiments of several variants: every run kept, resumable, and held to the code."""

import dataclasses
import functools
import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from cifarlib import load_cifar10
from cifarlib.data import Cifar10
from cifarlib.recipes import Recipe
from cifarlib.training import fingerprint
from cifarlib.zoo import Training, experiments, seeds
from cifarlib.zoo.__main__ import main
from cifarlib.zoo.experiments import EXPERIMENTS, Experiment, read, run

RECORDED = sorted(path.stem for path in experiments.FOLDER.glob("*.json"))
QUICK = Recipe(epochs=2, batch_size=16, optimizer="sgd", learning_rate=0.01)


def linear(bias=True):
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(10, use_bias=bias),
        ]
    )


@pytest.fixture
def little(monkeypatch, tmp_path):
    """A small experiment under the name "tiny", few images, and a cache of its own."""
    variants = {
        "with": Training(linear, QUICK, images=48),
        "without": Training(functools.partial(linear, bias=False), QUICK, images=32),
    }
    monkeypatch.setitem(EXPERIMENTS, "tiny", Experiment("Does bias help?", variants, seeds=2))
    monkeypatch.setenv("CIFARLIB_CACHE", str(tmp_path / "cache"))
    data = load_cifar10()
    return Cifar10(data.x_train[:64], data.y_train[:64], data.x_test[:50], data.y_test[:50])


def test_every_variant_is_run_with_every_seed(little, tmp_path):
    record = run("tiny", little, folder=tmp_path, verbose=False)
    assert [(entry["variant"], entry["seed"]) for entry in record.runs] == [
        ("with", 0), ("without", 0), ("with", 1), ("without", 1),
    ]  # fmt: skip
    assert record.images == {"with": 48, "without": 32}
    assert all(len(entry["curves"]["loss"]) == 2 for entry in record.runs)
    assert read("tiny", tmp_path) == record
    assert record.mean("with") == pytest.approx(np.mean(record.accuracies("with")))
    assert not list((tmp_path / "cache" / "training").iterdir())


def test_each_run_can_be_repeated_by_hand(little, tmp_path):
    from cifarlib.evaluation import accuracy, logits
    from cifarlib.training import train

    record = run("tiny", little, folder=tmp_path, verbose=False)
    keras.utils.set_random_seed(1)
    model = linear(bias=False)
    train(model, (little.x_train[:32], little.y_train[:32]), QUICK, seed=1, verbose=False)
    model.set_weights([np.float32(np.float16(weight)) for weight in model.get_weights()])
    expected = accuracy(logits(model, little.x_test), little.y_test).value
    assert record.of("without")[1]["accuracy"] == expected


def test_held_out_images_are_neither_trained_on_nor_from_the_test_set(
    little, tmp_path, monkeypatch
):
    seen = []

    def train(model, data, *arguments, **settings):
        seen.append(data)
        return real(model, data, *arguments, **settings)

    real = seeds.train
    monkeypatch.setattr(seeds, "train", train)
    variants = {"held": Training(linear, QUICK, images=48, held_out=16)}
    monkeypatch.setitem(EXPERIMENTS, "tiny", Experiment("?", variants, seeds=1))
    no_test = little.x_test[:0], little.y_test[:0]
    own = Cifar10(little.x_train, little.y_train, *no_test)
    entry = run("tiny", own, folder=tmp_path, verbose=False).runs[0]
    assert np.array_equal(seen[0][0], little.x_train[:48])
    assert entry["accuracy"] * 16 == round(entry["accuracy"] * 16)
    few = Cifar10(little.x_train[:60], little.y_train[:60], *no_test)
    with pytest.raises(ValueError, match="needs 64 training images, got 60"):
        run("tiny", few, folder=tmp_path)


def test_attacks_are_part_of_the_test_where_the_training_names_some(little, tmp_path, monkeypatch):
    from cifarlib.evaluation import accuracy, logits
    from cifarlib.explain import pgd
    from cifarlib.training import train

    monkeypatch.setattr(seeds, "ATTACKED", 20)
    attacked = Training(linear, QUICK, images=48, attacks=((2, 1), (2, 3)))
    monkeypatch.setitem(EXPERIMENTS, "tiny", Experiment("?", {"attacked": attacked}, seeds=1))
    entry = run("tiny", little, folder=tmp_path, verbose=False).runs[0]
    keras.utils.set_random_seed(0)
    model = linear()
    train(model, (little.x_train[:48], little.y_train[:48]), QUICK, seed=0, verbose=False)
    model.set_weights([np.float32(np.float16(weight)) for weight in model.get_weights()])
    x, y = little.x_test[:20], little.y_test[:20]
    expected = {
        title: accuracy(logits(model, pgd(model, x, y, 2, steps=steps)), y).value
        for title, steps in (("2, 1 step", 1), ("2, 3 steps", 3))
    }
    assert entry["attacked"] == expected
    assert fingerprint(linear(), attacked) != fingerprint(linear(), Training(linear, QUICK))
    for wrong in (((-1, 3),), ((2, 0),)):
        with pytest.raises(ValueError, match="an attack's"):
            Training(linear, QUICK, attacks=wrong)


def test_finished_runs_are_kept_and_stopped_ones_made(little, tmp_path, monkeypatch):
    real, made = seeds.train, []

    def stopping(*arguments, **settings):
        if len(made) == 3:
            raise KeyboardInterrupt
        made.append(settings["seed"])
        return real(*arguments, **settings)

    monkeypatch.setattr(seeds, "train", stopping)
    with pytest.raises(KeyboardInterrupt):
        run("tiny", little, folder=tmp_path, verbose=False)
    assert len(read("tiny", tmp_path).runs) == 3
    before = read("tiny", tmp_path).runs
    monkeypatch.setattr(seeds, "train", real)
    record = run("tiny", little, folder=tmp_path, verbose=False)
    assert record.runs[:3] == before
    assert len(record.runs) == 4
    monkeypatch.setattr(seeds, "train", None)  # nothing is left to train
    assert run("tiny", little, folder=tmp_path, verbose=False) == record


ADDING = """
import sys
from pathlib import Path
from cifarlib.zoo import store
from cifarlib.zoo.records import ExperimentRecord
new = ExperimentRecord("ablation", "", {"a": "1"}, {"a": 1})
for seed in range(int(sys.argv[2]), int(sys.argv[2]) + 15):
    entry = {"variant": "a", "seed": seed, "accuracy": 0.5}
    store.add(Path(sys.argv[1]) / "ablation.json", new, entry)
"""


def test_runs_of_several_processes_are_all_kept(tmp_path):
    command = [sys.executable, "-c", ADDING, str(tmp_path)]
    processes = [subprocess.Popen([*command, str(first)]) for first in (0, 15, 30)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert sorted(entry["seed"] for entry in read("ablation", tmp_path).runs) == list(range(45))
    assert [path.name for path in tmp_path.iterdir()] == ["ablation.json"]


def test_run_that_another_process_made_meanwhile_is_kept(little, tmp_path, monkeypatch):
    real = seeds.train

    def meanwhile(*arguments, **settings):
        with monkeypatch.context() as patch:  # the other has a cache of its own
            patch.setattr(seeds, "train", real)
            patch.setenv("CIFARLIB_CACHE", str(tmp_path / "other"))
            others.append(run("tiny", little, folder=tmp_path, verbose=False))
        return real(*arguments, **settings)

    others = []
    monkeypatch.setattr(seeds, "train", meanwhile)
    record = run("tiny", little, folder=tmp_path, seeds=1, verbose=False)
    assert record == others[0] == read("tiny", tmp_path)
    assert len(record.runs) == 4


def test_folder_that_cannot_be_written_is_found_out_before_the_first_run(
    little, tmp_path, monkeypatch
):
    monkeypatch.setattr(seeds, "train", None)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file is not a folder"):
        run("tiny", little, folder=tmp_path / "file", verbose=False)


def test_results_of_other_code_are_not_mixed_in(little, tmp_path, monkeypatch):
    run("tiny", little, folder=tmp_path, seeds=1, verbose=False)
    variants = EXPERIMENTS["tiny"].variants
    changed = dataclasses.replace(variants["with"], recipe=dataclasses.replace(QUICK, epochs=1))
    monkeypatch.setitem(EXPERIMENTS, "tiny", Experiment("?", variants | {"with": changed}, seeds=2))
    before = (tmp_path / "tiny.json").read_bytes()
    with pytest.raises(ValueError, match="results of another 'with'"):
        run("tiny", little, folder=tmp_path, verbose=False)
    assert (tmp_path / "tiny.json").read_bytes() == before


def test_a_variant_that_fails_is_a_result_too(little, tmp_path, monkeypatch):
    wild = dataclasses.replace(QUICK, learning_rate=1e30)
    variants = {"wild": Training(linear, wild, images=48)}
    monkeypatch.setitem(EXPERIMENTS, "tiny", Experiment("?", variants, seeds=1))
    record = run("tiny", little, folder=tmp_path, verbose=False)
    assert record.runs[0]["error"]
    assert record.accuracies("wild") == []


def test_bad_requests_are_refused_with_what_there_is(little, tmp_path):
    with pytest.raises(ValueError, match=r"no experiment is called 'tinny'; there are .*tiny"):
        run("tinny", little, folder=tmp_path)
    with pytest.raises(FileNotFoundError, match=r"has not been run yet.*experiment tiny"):
        read("tiny", tmp_path)
    record = run("tiny", little, folder=tmp_path, seeds=1, verbose=False)
    with pytest.raises(ValueError, match="no variant 'width'; it has with, without"):
        record.of("width")
    few = Cifar10(little.x_train[:40], little.y_train[:40], little.x_test, little.y_test)
    with pytest.raises(ValueError, match="needs 48 training images, got 40"):
        run("tiny", few, folder=tmp_path)
    (tmp_path / "tiny.json").write_text("{")
    with pytest.raises(OSError, match=r"tiny\.json is damaged"):
        read("tiny", tmp_path)


def test_command_repeats_an_experiment(little, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("cifarlib.load_cifar10", lambda full=False: little)
    assert main(["experiment", "ablation", "--output", str(tmp_path)]) == 1  # too few images
    assert "needs 10000 training images" in capsys.readouterr().err
    variants = EXPERIMENTS["tiny"].variants
    monkeypatch.setitem(EXPERIMENTS, "ablation", Experiment("?", variants, seeds=5))
    assert main(["experiment", "ablation", "--seeds", "1", "--output", str(tmp_path)]) == 0
    assert len(json.loads((tmp_path / "ablation.json").read_text())["runs"]) == 2


def test_recorded_results_belong_to_the_code():
    for name in RECORDED:
        record, experiment = read(name), EXPERIMENTS[name]
        assert list(record.fingerprints) == list(experiment.variants)
        for title, variant in experiment.variants.items():
            hash_now = fingerprint(variant.model(), variant)
            assert record.fingerprints[title] == hash_now, f"{name}: {title}"
            assert record.images[title] == variant.images
            assert [entry["seed"] for entry in record.of(title)] == list(range(experiment.seeds))
            for entry in record.of(title):
                assert "error" in entry or len(entry["curves"]["loss"]) == variant.recipe.epochs
