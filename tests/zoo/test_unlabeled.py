"""Trainings without labels: complete records of this code, and a small run from end to end."""

import dataclasses

import keras
import numpy as np
import pytest

from cifarlib import Cifar10, load_cifar10
from cifarlib.evaluation import neighbors_vote
from cifarlib.training import fingerprint
from cifarlib.zoo import unlabeled
from cifarlib.zoo.unlabeled import PRETRAININGS, judging, running
from cifarlib.zoo.unlabeled.__main__ import main

RECORDED = [name for name in PRETRAININGS if (unlabeled.FOLDER / f"{name}.json").is_file()]


@pytest.mark.parametrize("name", RECORDED)
def test_record_is_of_this_code_and_complete(name):
    record, new = unlabeled.read(name), running.new_record(name)
    for field in ("name", "command", "fingerprint", "recipe", "parameters", "images"):
        assert getattr(record, field) == getattr(new, field), f"{field}: train it again"
    run = record.pretraining
    assert run["hardware"] and run["versions"] and run["cpu_seconds"] > 0
    assert all(len(curve) == record.recipe["epochs"] for curve in run["curves"].values())
    wanted = list(judging.kinds(PRETRAININGS[name]))
    keys = ("features", "judge", "labels", "seed")
    found = sorted(tuple(entry[key] for key in keys) for entry in record.judged)
    assert found == sorted(wanted)


@pytest.mark.parametrize("name", RECORDED)
def test_the_weights_are_those_that_were_judged(name):
    assert (unlabeled.FOLDER / f"{name}.npz").stat().st_size < 1_500_000
    data = load_cifar10()
    features = {}
    for seed in (None, 0):
        encoder = unlabeled.encoder(name, random_seed=seed)
        features[seed] = [
            encoder.predict(x, batch_size=500, verbose=0)
            for x in (data.x_train[:4000], data.x_test[:1000])
        ]
    found = {}
    for seed, (known, asked) in features.items():
        answers = neighbors_vote(asked, known, data.y_train[:4000])
        found[seed] = (answers == data.y_test[:1000]).mean()
    assert found[None] > found[0] + 0.01, (
        "fewer images to ask, and still better than chance weights"
    )


def few(count=1200):
    data = load_cifar10()
    return Cifar10(
        x_train=data.x_train[:count], y_train=data.y_train[:count],
        x_test=data.x_test[:100], y_test=data.y_test[:100],
    )  # fmt: skip


@pytest.fixture
def short(monkeypatch):
    """One epoch, one size, one seed."""
    how = PRETRAININGS["contrastive"]
    short = dataclasses.replace(
        how,
        recipe=dataclasses.replace(how.recipe, epochs=1, batch_size=100),
        batches=lambda x, seed: unlabeled.pretrainings.ViewPairs(x, 100, seed),
        supervised_epochs={500: (1,)},
    )
    monkeypatch.setitem(PRETRAININGS, "contrastive", short)
    monkeypatch.setattr(judging, "SIZES", (500,))
    monkeypatch.setattr(judging, "SEEDS", 1)


def test_a_run_learns_judges_and_goes_on(short, tmp_path):
    data = few()
    only = ("labels", "network", 500)
    unlabeled.run("contrastive", tmp_path, data, only=only, verbose=False)
    record = unlabeled.read("contrastive", tmp_path)
    assert not record.files and [entry["features"] for entry in record.judged] == ["labels"]
    record = unlabeled.run("contrastive", tmp_path, data, verbose=False)
    assert len(record.judged) == 6
    assert all(0 <= entry["accuracy"] <= 1 for entry in record.judged)
    before = (tmp_path / "contrastive.json").read_bytes()
    unlabeled.run("contrastive", tmp_path, data, verbose=False)
    assert (tmp_path / "contrastive.json").read_bytes() == before, "nothing is done twice"
    with pytest.raises(ValueError, match=r"has no entry.*it has"):
        record.accuracies("learned", "probe", 7)
    (tmp_path / "contrastive.npz").write_bytes(b"nothing")
    with pytest.raises(OSError, match="damaged"):
        unlabeled.encoder("contrastive", tmp_path)


def test_chosen_images_are_equally_many_of_each_class_and_change_with_the_seed():
    labels = np.arange(10_000) % 10
    chosen = judging.some(labels, 500, 0)
    assert len(set(chosen)) == 500
    assert np.bincount(labels[chosen]).tolist() == [50] * 10
    assert set(chosen) != set(judging.some(labels, 500, 1))
    assert sorted(judging.some(labels, 10_000, 0)) == list(range(10_000))


def test_the_fingerprint_knows_loss_of_epochs(short):
    how = PRETRAININGS["contrastive"]
    longer = dataclasses.replace(how, recipe=dataclasses.replace(how.recipe, epochs=2))
    assert fingerprint(how.networks()[1], how) != fingerprint(how.networks()[1], longer)


@pytest.mark.parametrize("name", [name for name in PRETRAININGS if PRETRAININGS[name].supervised])
def test_a_network_that_learns_from_labels_can_begin_with_the_learned_encoder(name):
    how = PRETRAININGS[name]
    encoder, model = how.networks()[0], how.supervised()
    start = encoder.get_weights()
    model.set_weights(start + model.get_weights()[len(start) :])
    images = load_cifar10().x_test[:4]
    same_place = model.get_layer(encoder.layers[-1].name).output
    features = keras.Model(model.input, same_place)
    assert np.allclose(features(images), encoder(images), atol=1e-5)
    assert set(how.supervised_epochs) == set(judging.SIZES)


def test_mistakes_are_named(tmp_path, capsys):
    with pytest.raises(ValueError, match="no pretraining is called 'simclr'; there are contrast"):
        unlabeled.read("simclr")
    with pytest.raises(FileNotFoundError):
        unlabeled.read("contrastive", tmp_path)
    with pytest.raises(ValueError, match="needs 50000 training images, got 1200"):
        unlabeled.run("contrastive", tmp_path, few())
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SystemExit):
        main(["simclr"])
    assert "invalid choice" in capsys.readouterr().err
