"""The zoo: what it holds is what was trained, damage is noticed, and training fills it honestly."""

import dataclasses
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

import cifarlib
from cifarlib import Cifar10, load_cifar10, zoo
from cifarlib._files import alone
from cifarlib.evaluation import accuracy, macs
from cifarlib.evaluation import logits as live_logits
from cifarlib.machine import hardware
from cifarlib.models import build, simple_cnn
from cifarlib.recipes import SIMPLE_CNN, Recipe
from cifarlib.training import fingerprint, train
from cifarlib.zoo import TRAININGS, Leaderboard, Row, Training, runs, seeds, store
from cifarlib.zoo.__main__ import main
from cifarlib.zoo.records import Record

NAMES = zoo.names()
RECORDED = [row.name for row in zoo.leaderboard().rows if row.record is not None]
FOR_A_GPU = {name for name, how in TRAININGS.items() if how.for_a_gpu}
layers = keras.layers


@pytest.fixture(scope="module")
def data():
    return load_cifar10()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Checkpoints of these tests go to a folder of their own."""
    monkeypatch.setenv("CIFARLIB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the entry ``simple_cnn`` that a test may damage; the zoo reads from it."""
    monkeypatch.setattr(zoo, "FOLDER", tmp_path / "zoo")
    return shutil.copytree(
        Path(zoo.__file__).parent / "simple_cnn", tmp_path / "zoo" / "simple_cnn"
    )


def read_record(folder):
    return store.read(folder / "record.json", Record)


def patch_training(monkeypatch, **changes):
    """Let the simple CNN's training be another one."""
    changed = dataclasses.replace(TRAININGS["simple_cnn"], **changes)
    monkeypatch.setitem(TRAININGS, "simple_cnn", changed)


# What the zoo holds


def test_zoo_lists_its_models_in_order():
    assert "simple_cnn" in NAMES
    assert sorted(NAMES) == NAMES
    assert set(NAMES) <= set(RECORDED) <= set(TRAININGS)
    assert set(TRAININGS) - set(NAMES) == FOR_A_GPU


@pytest.mark.parametrize("name", RECORDED)
def test_record_belongs_to_the_code_as_it_is_now(name):
    """If this fails, the model or its recipe changed: train it again, or undo the change."""
    record, how = zoo.record(name), TRAININGS[name]
    model = how.model()
    assert record.fingerprint == fingerprint(model, how)
    assert record.name == name
    assert record.recipe == how.settings()
    assert record.parameters == model.count_params()
    assert record.macs == macs(model)
    assert record.images == how.images == 50_000


@pytest.mark.parametrize("name", RECORDED)
def test_record_has_every_seed_from_0_with_what_it_ran_on(name):
    record = zoo.record(name)
    assert [run["seed"] for run in record.runs] == list(range(len(record.runs)))
    assert 1 <= len(record.runs) <= max(TRAININGS[name].seeds, 20)
    assert record.command == f"python -m cifarlib.zoo train {name} --seeds {len(record.runs)}"
    for run in record.runs:
        assert run["hardware"]
        assert {"python", "keras", "numpy"} < set(run["versions"])
        assert ("accuracy" in run) != ("error" in run)


@pytest.mark.parametrize("name", RECORDED)
def test_each_run_s_numbers_agree_with_each_other(name):
    record, how = zoo.record(name), TRAININGS[name]
    for run in record.runs:
        assert run["seconds"] > 0
        assert round(run["accuracy"] * 10_000) / 10_000 == run["accuracy"]  # of 10,000 images
        curves = run["curves"]
        assert {len(values) for values in curves.values()} == {how.recipe.epochs}
        assert ("val_accuracy" in curves) == how.validate_on_test
        if how.validate_on_test:  # the same images again, with weights rounded to float16
            assert run["accuracy"] == pytest.approx(curves["val_accuracy"][-1], abs=0.001)
        assert ("accuracy_tta" in run) == how.test_time_augmentation
    several = len(record.accuracies) > 1
    assert (len(set(record.accuracies)) > 1) == several  # seeds matter, or they were not set


@pytest.mark.parametrize("name", RECORDED)
def test_files_beside_the_record_are_those_it_names(name):
    folder = zoo.FOLDER / name
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != "record.json"
    }
    named = zoo.record(name).files
    assert set(named) == {"weights.npz", "logits.npy"}
    absent = {"weights.npz"} if name in FOR_A_GPU else set()
    assert found == {file: named[file] for file in set(named) - absent}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_accuracy_is_that_of_the_stored_logits(name, data):
    stored = zoo.logits(name)
    assert stored.dtype == np.float32
    assert stored.shape == (10_000, 10)
    correct = int((stored.argmax(axis=1) == data.y_test).sum())
    # Two images: logits that rounding to float16 made equal
    assert correct == pytest.approx(zoo.record(name).runs[0]["accuracy"] * 10_000, abs=2)


@pytest.mark.parametrize("name", NAMES)
def test_stored_weights_still_give_the_stored_logits(name, data):
    live = live_logits(zoo.load(name), data.x_test[:1000])
    stored = zoo.logits(name)[:1000]
    np.testing.assert_allclose(live, stored, atol=0.02)
    assert stored.std() > 1  # a tolerance of 0.02 says something


@pytest.mark.parametrize("name", NAMES)
def test_loaded_weights_are_the_file_s(name):
    with np.load(zoo.FOLDER / name / "weights.npz", allow_pickle=False) as saved:
        stored = [saved[key] for key in sorted(saved.files)]
    assert {weight.dtype for weight in stored} == {np.dtype(np.float16)}
    loaded = zoo.load(name).get_weights()
    assert [w.shape for w in stored] == [w.shape for w in loaded]
    assert all(np.array_equal(a, b) for a, b in zip(stored, loaded, strict=True))


@pytest.mark.parametrize("ask", [zoo.load, zoo.logits, zoo.record])
@pytest.mark.parametrize("name", ["resnet99", "", "../zoo/simple_cnn", "simple_cnn/"])
def test_unknown_name_lists_the_known_ones(ask, name):
    with pytest.raises(ValueError, match=r"the zoo has no model called") as error:
        ask(name)
    assert repr(name) in str(error.value)
    assert all(known in str(error.value) for known in NAMES)


@pytest.mark.parametrize("name", sorted(set(RECORDED) - set(NAMES)))
def test_weights_that_are_not_in_the_package_are_said_to_be_absent(name):
    with pytest.raises(FileNotFoundError, match=f"weights.npz is not in the package.*train {name}"):
        zoo.load(name)


# Damage


@pytest.mark.parametrize(("ask", "file"), [(zoo.load, "weights.npz"), (zoo.logits, "logits.npy")])
def test_one_changed_byte_is_noticed(copy, ask, file):
    ask("simple_cnn")  # the copy itself is fine
    content = bytearray((copy / file).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / file).write_bytes(content)
    with pytest.raises(OSError, match=f"(?s){file} is damaged.*Install cifarlib again"):
        ask("simple_cnn")


@pytest.mark.parametrize(("ask", "file"), [(zoo.load, "weights.npz"), (zoo.logits, "logits.npy")])
def test_truncated_and_missing_files_are_noticed(copy, ask, file):
    (copy / file).write_bytes((copy / file).read_bytes()[:1000])
    with pytest.raises(OSError, match=f"{file} is damaged"):
        ask("simple_cnn")
    (copy / file).unlink()
    with pytest.raises(OSError, match=file):
        ask("simple_cnn")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"3", b"{}", b'{"name": "simple_cnn"}', b"\xff\xfe", b"null"]
)
def test_damaged_record_is_noticed(copy, content):
    (copy / "record.json").write_bytes(content)
    for ask in (zoo.record, zoo.load, zoo.logits):
        with pytest.raises(OSError, match=r"record\.json is damaged"):
            ask("simple_cnn")


def replace_weights(folder, weights):
    """Other weights with a record that says so: as an older version of the model would leave."""
    np.savez(folder / "weights.npz", *weights)
    record = read_record(folder)
    digest = hashlib.sha256((folder / "weights.npz").read_bytes()).hexdigest()
    store.write(folder / "record.json", dataclasses.replace(record, files={"weights.npz": digest}))


def test_weights_of_another_version_of_the_model_are_refused(copy):
    weights = build("simple_cnn").get_weights()
    replace_weights(copy, weights[:-2] + [np.zeros((64, 100)), np.zeros(100)])
    with pytest.raises(OSError, match=r"do not fit this version of the model") as error:
        zoo.load("simple_cnn")
    assert "(64, 10)" in str(error.value)
    assert "(64, 100)" in str(error.value)


def test_weights_never_run_a_pickle(copy):
    replace_weights(copy, [np.array([{"a": 1}])])
    with pytest.raises((OSError, ValueError), match=r"pickle|damaged"):
        zoo.load("simple_cnn")


def test_file_that_the_record_does_not_name_is_not_trusted(copy):
    store.write(copy / "record.json", dataclasses.replace(read_record(copy), files={}))
    with pytest.raises(OSError, match="damaged"):
        zoo.logits("simple_cnn")


def test_record_survives_writing_and_reading(tmp_path):
    record = zoo.record("simple_cnn")
    store.write(tmp_path / "record.json", record)
    assert read_record(tmp_path) == record
    assert [path.name for path in tmp_path.iterdir()] == ["record.json"]


# Fingerprints


def net(*, filters=4, activation="relu", kernel=3, rate=0.5, pool=2, name=None, frozen=False,
        extra=False, size=32, scale=1 / 255):  # fmt: skip
    """A small net, every detail of it a choice."""
    names = [name and f"{name}_{number}" for number in range(4)]
    return keras.Sequential([
        keras.Input((size, size, 3)),
        layers.Rescaling(scale),
        layers.Conv2D(filters, kernel, activation=activation, trainable=not frozen, name=names[0]),
        *([layers.ReLU()] if extra else []),
        layers.MaxPooling2D(pool, strides=2, padding="same", name=names[1]),
        layers.GlobalAveragePooling2D(),
        layers.Dropout(rate, name=names[2]),
        layers.Dense(10, name=names[3]),
    ], name=name)  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [{"filters": 5}, {"activation": "gelu"}, {"kernel": 5}, {"rate": 0.4}, {"pool": 3},
     {"extra": True}, {"scale": 1 / 127.5}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_fingerprint_changes_with_the_model(change):
    assert fingerprint(net(**change), SIMPLE_CNN) != fingerprint(net(), SIMPLE_CNN)


@pytest.mark.parametrize(
    "change",
    [{"epochs": 11}, {"batch_size": 65}, {"optimizer": "sgd"}, {"learning_rate": 2e-3},
     {"decay_all": True}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_fingerprint_changes_with_the_recipe(change):
    recipe = dataclasses.replace(SIMPLE_CNN, **change)
    assert fingerprint(net(), recipe) != fingerprint(net(), SIMPLE_CNN)


def test_fingerprint_does_not_change_with_names_weights_or_what_was_built_before():
    first = fingerprint(net(), SIMPLE_CNN)
    assert fingerprint(net(), SIMPLE_CNN) == first  # Keras numbers its layers on
    assert fingerprint(net(name="other"), SIMPLE_CNN) == first
    keras.utils.set_random_seed(5)
    assert fingerprint(net(), SIMPLE_CNN) == first
    model = net()
    model.compile("adam", "mse")
    assert fingerprint(model, SIMPLE_CNN) == first


def test_fingerprint_survives_saving_and_loading(tmp_path):
    model = net()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert fingerprint(loaded, SIMPLE_CNN) == fingerprint(model, SIMPLE_CNN)


def test_fingerprint_sees_into_a_model_inside_a_model():
    def outer(**choices):
        x = keras.Input((32, 32, 3))
        return keras.Model(x, layers.Dense(10)(net(**choices)(x)))

    assert fingerprint(outer(), SIMPLE_CNN) == fingerprint(outer(name="other"), SIMPLE_CNN)
    assert fingerprint(outer(), SIMPLE_CNN) != fingerprint(outer(filters=5), SIMPLE_CNN)
    assert fingerprint(outer(), SIMPLE_CNN) != fingerprint(outer(activation="gelu"), SIMPLE_CNN)


def test_fingerprint_sees_weights_that_no_setting_tells():
    class Tokens(layers.Layer):
        count = 3

        def build(self, shape):
            self.tokens = self.add_weight(shape=(self.count, shape[-1]))

        def call(self, x):
            return x + self.tokens[0]

    first = fingerprint(keras.Sequential([keras.Input((8,)), Tokens()]), SIMPLE_CNN)
    Tokens.count = 4  # as an edit of the layer's code would
    assert fingerprint(keras.Sequential([keras.Input((8,)), Tokens()]), SIMPLE_CNN) != first


def test_fingerprint_sees_the_numbers_of_operations_between_layers():
    def scaled(by):
        x = keras.Input((8,))
        return keras.Model(x, layers.Dense(2)(x / by))

    assert fingerprint(scaled(255), SIMPLE_CNN) == fingerprint(scaled(255), SIMPLE_CNN)
    assert fingerprint(scaled(127.5), SIMPLE_CNN) != fingerprint(scaled(255), SIMPLE_CNN)


def test_fingerprint_changes_when_a_layer_is_frozen():
    assert fingerprint(net(frozen=True), SIMPLE_CNN) != fingerprint(net(), SIMPLE_CNN)


def test_fingerprint_changes_with_the_size_of_the_input():
    assert fingerprint(net(size=48), SIMPLE_CNN) != fingerprint(net(), SIMPLE_CNN)


def test_fingerprint_changes_with_the_wiring():
    def branches(skip):
        x = keras.Input((8, 8, 3))
        a = layers.Conv2D(3, 3, padding="same")(x)
        b = layers.Conv2D(3, 3, padding="same")(a)
        return keras.Model(x, layers.Add()([x if skip else a, b]))

    assert fingerprint(branches(True), SIMPLE_CNN) != fingerprint(branches(False), SIMPLE_CNN)


# The range in which one more run should land


def record_of(accuracies):
    entries = [{"seed": seed, "accuracy": value} for seed, value in enumerate(accuracies)]
    return Record("simple_cnn", "", "", {}, 0, 0, entries)


@given(st.lists(st.integers(0, 10_000).map(lambda n: n / 10_000), min_size=2, max_size=10))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_expected_range_is_the_prediction_interval_of_student_s_t(values):
    record, n = record_of(values), len(values)
    low, high = record.expected_range()
    half = student.ppf(0.975, n - 1) * np.std(values, ddof=1) * np.sqrt(1 + 1 / n)
    assert (high - low) / 2 == pytest.approx(half, rel=2e-4, abs=1e-12)  # t to four digits
    assert (high + low) / 2 == pytest.approx(np.mean(values), abs=1e-12)
    assert record.mean == pytest.approx(np.mean(values), abs=1e-12)


def test_expected_range_holds_one_more_run_19_times_out_of_20():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(4000):
        *values, one_more = rng.normal(0.7, 0.005, 6)
        low, high = record_of(values).expected_range()
        hits += low <= one_more <= high
    assert hits / 4000 == pytest.approx(0.95, abs=0.012)  # 3.5 deviations


def test_expected_range_of_many_seeds_is_wide_enough():
    rng = np.random.default_rng(1)
    for n in (11, 15, 20):
        values = rng.normal(0.7, 0.01, n)
        low, high = record_of(values).expected_range()
        scale = np.std(values, ddof=1) * np.sqrt(1 + 1 / n)
        exact = student.interval(0.95, n - 1, loc=np.mean(values), scale=scale)
        assert 1 <= (high - low) / (exact[1] - exact[0]) < 1.1


def test_failed_seeds_do_not_count():
    record = record_of([0.7, 0.8])
    record.runs.insert(1, {"seed": 5, "error": "the loss became nan"})
    assert record.accuracies == [0.7, 0.8]
    assert record.mean == pytest.approx(0.75)


@pytest.mark.parametrize("accuracies", [[], [0.7]])
def test_scatter_of_fewer_than_two_seeds_is_unknown(accuracies):
    with pytest.raises(ValueError, match="simple_cnn"):
        record_of(accuracies).expected_range()


# Training into the zoo


@pytest.fixture(scope="module")
def little(data):
    """96 images to train on, 64 to test on."""
    return Cifar10(data.x_train[:96], data.y_train[:96], data.x_test[:64], data.y_test[:64])


def snapshot(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def train_little(folder, little, **arguments):
    settings = {"epochs": 1, "verbose": False, **arguments}
    return runs.train_model("simple_cnn", folder, little, **settings)


@pytest.fixture(scope="module")
def two_steps(tmp_path_factory, little):
    """A folder after ``seeds=1`` and again after ``seeds=2``, with the records that came back."""
    folder, checkpoints = tmp_path_factory.mktemp("entry"), tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CIFARLIB_CACHE", str(checkpoints))
        first = dataclasses.asdict(train_little(folder, little, seeds=1))
        before = snapshot(folder)
        record = train_little(folder, little, seeds=2)
        left = [path.name for path in checkpoints.rglob("*.npz")]
    return {"folder": folder, "first": first, "before": before, "record": record, "left": left}


def test_training_writes_weights_logits_and_a_record(two_steps):
    assert sorted(two_steps["before"]) == ["logits.npy", "record.json", "weights.npz"]
    record = two_steps["first"]
    assert [run["seed"] for run in record["runs"]] == [0]
    assert record["recipe"] == runs.with_epochs(TRAININGS["simple_cnn"], 1).settings()
    assert record["recipe"]["validate_on_test"] is True
    assert (record["parameters"], record["images"]) == (122_570, 96)
    assert read_record(two_steps["folder"]) == two_steps["record"]
    assert two_steps["left"] == []  # checkpoints of finished seeds


def test_one_more_seed_keeps_the_first_result_untouched(two_steps):
    after, before = snapshot(two_steps["folder"]), two_steps["before"]
    assert after["weights.npz"] == before["weights.npz"]
    assert after["logits.npy"] == before["logits.npy"]
    record = two_steps["record"]
    assert [run["seed"] for run in record.runs] == [0, 1]
    assert record.runs[0] == two_steps["first"]["runs"][0]
    assert record.files == two_steps["first"]["files"]
    assert record.runs[1]["curves"] != record.runs[0]["curves"]


def test_what_is_stored_is_seed_0_s_and_agrees_with_its_record(
    two_steps, little, monkeypatch, tmp_path
):
    shutil.copytree(two_steps["folder"], tmp_path / "zoo" / "simple_cnn")
    monkeypatch.setattr(zoo, "FOLDER", tmp_path / "zoo")
    live = live_logits(zoo.load("simple_cnn"), little.x_test)
    # Of the weights as they are shipped, not of those before rounding: the same to the last bit,
    # but for a value that falls between two float16 numbers
    same = live.astype(np.float16) == zoo.logits("simple_cnn").astype(np.float16)
    assert same.mean() > 0.98
    assert two_steps["record"].runs[0]["accuracy"] == accuracy(live, little.y_test).value


def test_each_seed_can_be_repeated_by_hand(two_steps, little):
    for run in two_steps["record"].runs:
        keras.utils.set_random_seed(run["seed"])
        by_hand = train(
            build("simple_cnn"), little.train, SIMPLE_CNN,
            validation_data=little.test, epochs=1, seed=run["seed"], verbose=False,
        )  # fmt: skip
        for name, values in by_hand.curves.items():
            assert run["curves"][name] == pytest.approx(values, abs=1e-5)


def test_seeds_that_are_there_are_not_trained_again(two_steps, little, monkeypatch):
    def never(*arguments, **settings):
        raise AssertionError("trained again")

    monkeypatch.setattr(seeds, "train", never)
    before = snapshot(two_steps["folder"])
    assert train_little(two_steps["folder"], little, seeds=2) == two_steps["record"]
    assert train_little(two_steps["folder"], little, seeds=1) == two_steps["record"]
    assert snapshot(two_steps["folder"]) == before


@pytest.mark.parametrize("change", ["recipe", "number of images", "model"])
def test_results_of_different_code_are_not_mixed(two_steps, little, monkeypatch, change):
    arguments = {}
    if change == "recipe":
        arguments["epochs"] = 2
    elif change == "number of images":
        little = dataclasses.replace(
            little, x_train=little.x_train[:90], y_train=little.y_train[:90]
        )
    else:
        patch_training(monkeypatch, model=lambda: simple_cnn(dropout=0.25))
    before = snapshot(two_steps["folder"])
    with pytest.raises(ValueError, match=r"(?s)holds a record of 'simple_cnn'.*remove that folder"):
        train_little(two_steps["folder"], little, seeds=3, **arguments)
    assert snapshot(two_steps["folder"]) == before


def test_unknown_training_lists_the_known_ones(tmp_path, little):
    with pytest.raises(ValueError, match=r"no training is called 'resnet99'; .*simple_cnn"):
        runs.train_model("resnet99", tmp_path / "entry", little)
    assert not (tmp_path / "entry").exists()


def test_interrupted_seed_goes_on_from_its_last_epoch(tmp_path, little, cache, monkeypatch):
    straight = train_little(tmp_path / "straight", little, epochs=2)
    real = seeds.train

    def interrupted(model, data, recipe, **settings):
        real(model, data, recipe, epochs=1, **settings)
        raise KeyboardInterrupt

    monkeypatch.setattr(seeds, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_little(tmp_path / "resumed", little, epochs=2)
    assert len(list(cache.rglob("*.npz"))) == 1
    assert not (tmp_path / "resumed" / "record.json").exists()
    started = []

    def counted(model, data, recipe, **settings):
        with np.load(settings["checkpoint"]) as saved:
            started.append(int(saved["epochs"]))
        return real(model, data, recipe, **settings)

    monkeypatch.setattr(seeds, "train", counted)
    resumed = train_little(tmp_path / "resumed", little, epochs=2)
    assert started == [1]
    assert resumed.runs[0]["curves"] == straight.runs[0]["curves"]
    assert resumed.files == straight.files  # the same weights and logits to the last bit
    assert list(cache.rglob("*.npz")) == []


@pytest.fixture
def exploding(monkeypatch):
    recipe = Recipe(epochs=1, batch_size=32, optimizer="sgd", learning_rate=1e38)
    patch_training(monkeypatch, recipe=recipe)


def test_failed_seed_is_a_result_too(tmp_path, little, exploding):
    record = train_little(tmp_path, little, seeds=2)
    assert [run["seed"] for run in record.runs] == [0, 1]
    for run in record.runs:
        assert "the loss became" in run["error"]
        assert "accuracy" not in run
        assert run["hardware"]
        assert run["versions"]
    assert record.accuracies == []
    assert read_record(tmp_path) == record
    assert not (tmp_path / "weights.npz").exists()


def test_seed_whose_weights_overflow_float16_is_a_failure_in_the_record(
    tmp_path, little, monkeypatch
):
    recipe = Recipe(epochs=1, batch_size=96, optimizer="sgd", learning_rate=1e38)  # a single step
    patch_training(monkeypatch, recipe=recipe)
    record = train_little(tmp_path, little)
    assert "error" in record.runs[0]
    assert record.accuracies == []


def test_failed_first_seed_is_recorded_in_a_folder_that_was_not_there(tmp_path, little, exploding):
    record = train_little(tmp_path / "new" / "entry", little)
    assert "error" in record.runs[0]
    assert read_record(tmp_path / "new" / "entry").runs == record.runs


def test_run_in_half_precision_is_tested_in_single_with_the_weights_that_are_shipped(
    tmp_path, little
):
    how = Training(
        net, Recipe(1, 32, "sgd", 0.1), precision="mixed_bfloat16", test_time_augmentation=True
    )
    result = seeds.train_seed(
        how, little.train, little.test,
        seed=3, checkpoint=tmp_path / "state.npz", label="net", verbose=False,
    )  # fmt: skip
    assert (result.entry["seed"], result.entry["precision"]) == (3, "mixed_bfloat16")
    assert {weight.dtype for weight in result.weights} == {np.dtype(np.float16)}
    reader_s = net()
    assert reader_s.dtype_policy.name == "float32"
    reader_s.set_weights(result.weights)
    np.testing.assert_allclose(result.logits, live_logits(reader_s, little.x_test), atol=1e-6)
    views = live_logits(reader_s, little.x_test, test_time_augmentation=True)
    assert result.entry["accuracy"] == accuracy(result.logits, little.y_test).value
    assert result.entry["accuracy_tta"] == accuracy(views, little.y_test).value


# Several processes, several machines

FILLING = """
import sys
from pathlib import Path
from cifarlib import Cifar10, load_cifar10
from cifarlib.zoo import runs, seeds

def pretended(*given, seed, **settings):
    if seed == 0 and {wait}:
        print("in seed 0", flush=True)
        sys.stdin.readline()
    return seeds.Result({{"seed": seed, "accuracy": 0.5, "hardware": {name!r}}})

runs.train_seed = pretended
d = load_cifar10()
little = Cifar10(d.x_train[:96], d.y_train[:96], d.x_test[:64], d.y_test[:64])
runs.train_model("simple_cnn", Path({folder!r}), little, seeds={seeds}, epochs=1)
"""


def filling(folder, **settings):
    script = FILLING.format(folder=str(folder), **settings)
    command = [sys.executable, "-c", script]
    return subprocess.Popen(command, stdin=-1, stdout=-1, text=True)  # -1: a pipe


def test_run_that_another_process_finished_meanwhile_is_not_lost(tmp_path):
    with filling(tmp_path / "entry", name="slow", seeds=1, wait=True) as slow:
        assert slow.stdout.readline() == "in seed 0\n"
        with filling(tmp_path / "entry", name="quick", seeds=3, wait=False) as quick:
            quick.communicate()
        assert read_record(tmp_path / "entry").command.endswith(
            "--seeds 3 --epochs 1 --output FOLDER"
        )
        slow.communicate("\n")
    assert (slow.returncode, quick.returncode) == (0, 0)
    record = read_record(tmp_path / "entry")
    assert [(run["seed"], run["hardware"]) for run in record.runs] == [
        (0, "quick"), (1, "quick"), (2, "quick"),  # the first to finish; its files are there, too
    ]  # fmt: skip
    assert [path.name for path in (tmp_path / "entry").iterdir()] == ["record.json"]


def test_files_of_seed_0_stay_those_of_the_record(two_steps, little, tmp_path, monkeypatch):
    folder = shutil.copytree(two_steps["folder"], tmp_path / "entry")
    before = snapshot(folder)
    new = runs._new_record("simple_cnn", runs.with_epochs(TRAININGS["simple_cnn"], 1), 96)
    weights = [np.float16(weight) for weight in build("simple_cnn").get_weights()]
    late = seeds.Result({"seed": 0, "accuracy": 0.1}, weights, np.zeros((64, 10)))
    assert runs._add(folder, new, late, "") == two_steps["record"]
    assert snapshot(folder) == before


def test_second_process_on_the_same_seed_is_told_at_once(tmp_path, little, cache):
    record = runs._new_record("simple_cnn", runs.with_epochs(TRAININGS["simple_cnn"], 1), 96)
    checkpoint = store.unfinished("simple_cnn", record.fingerprint, 0)
    with alone(checkpoint), pytest.raises(OSError, match=r"seed0\.npz is in use"):
        train_little(tmp_path / "entry", little)
    assert not (tmp_path / "entry").exists()


def test_run_that_went_on_on_another_machine_names_both(tmp_path, little, monkeypatch):
    def interrupted(model, data, recipe, **settings):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("cifarlib.training.callbacks.hardware", lambda: "an abacus")
            train(model, data, recipe, epochs=1, **settings)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(seeds, "train", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_little(tmp_path, little, epochs=2)
    run = train_little(tmp_path, little, epochs=2).runs[0]
    assert run["hardware"] == f"an abacus, then {hardware()}"
    assert [part["epochs"] for part in run["stretches"]] == [[1, 1], [2, 2]]
    assert [part["hardware"] for part in run["stretches"]] == ["an abacus", hardware()]
    for part in run["stretches"]:
        assert part["precision"] == "float32"
        assert part["versions"] == run["versions"]
        assert part["seconds"] > 0
    total = sum(part["seconds"] for part in run["stretches"])
    assert run["seconds"] == pytest.approx(total, abs=0.11)
    assert read_record(tmp_path).runs == [run]


def test_run_that_was_not_interrupted_has_no_stretches(two_steps):
    for run in two_steps["record"].runs:
        assert run["hardware"] == hardware()
        assert "stretches" not in run


# Folders of one's own


def test_what_was_trained_into_a_folder_is_read_from_there(two_steps, little):
    folder = two_steps["folder"]
    assert zoo.record("simple_cnn", folder=folder) == two_steps["record"]
    stored = zoo.logits("simple_cnn", folder=str(folder))
    assert stored.shape == (64, 10)
    live = live_logits(zoo.load("simple_cnn", folder=str(folder)), little.x_test)
    np.testing.assert_allclose(live, stored, atol=0.02)
    assert not np.array_equal(
        zoo.load("simple_cnn").get_weights()[0], zoo.load("simple_cnn", folder).get_weights()[0]
    )


@pytest.mark.parametrize("ask", [zoo.load, zoo.logits, zoo.record])
def test_folder_without_that_model_is_refused(two_steps, tmp_path, ask):
    with pytest.raises(ValueError, match="holds the model 'simple_cnn', not 'vgg'"):
        ask("vgg", folder=two_steps["folder"])
    with pytest.raises(FileNotFoundError, match=r"has no record\.json.*zoo train simple_cnn"):
        ask("simple_cnn", folder=tmp_path)


def test_damage_in_a_folder_is_noticed_with_what_to_do(two_steps, tmp_path, monkeypatch):
    folder = shutil.copytree(two_steps["folder"], tmp_path / "entry")
    for ask, file in ((zoo.load, "weights.npz"), (zoo.logits, "logits.npy")):
        content = bytearray((folder / file).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / file).write_bytes(content)
        with pytest.raises(OSError, match=f"{file} is damaged.*train the model again"):
            ask("simple_cnn", folder=folder)
    (folder / "weights.npz").unlink()
    with pytest.raises(FileNotFoundError, match=r"weights\.npz is not there"):
        zoo.load("simple_cnn", folder=folder)
    patch_training(monkeypatch, model=lambda: simple_cnn(dropout=0.25))
    with pytest.raises(OSError, match="of another version of cifarlib"):  # though they would fit
        zoo.load("simple_cnn", folder=two_steps["folder"])


# The command


@pytest.mark.parametrize("options", [[], ["--gpu"]])
def test_fill_trains_what_this_machine_can_in_the_order_of_the_recipes(
    little, monkeypatch, options
):
    monkeypatch.setattr(cifarlib, "load_cifar10", lambda full: little if full else None)
    asked = []
    monkeypatch.setattr(runs, "train_model", lambda *given, seeds: asked.append((*given, seeds)))
    assert main(["fill", "--into-package", *options]) == 0
    names = [name for name in TRAININGS if options or name not in FOR_A_GPU]
    assert asked == [(name, zoo.FOLDER / name, little, TRAININGS[name].seeds) for name in names]
    assert asked[0][-1] == 5
    assert ("resnet110" in names) == bool(options)


def test_list_prints_the_leaderboard(capsys):
    assert main(["list"]) == 0
    assert capsys.readouterr().out == f"{zoo.leaderboard()}\n"


def test_leaderboard_has_every_recipe_the_best_first_and_those_not_run_last():
    rows = zoo.leaderboard().rows
    assert sorted(row.name for row in rows) == sorted(TRAININGS)
    trained = [row for row in rows if row.record is not None]
    assert rows[: len(trained)] == trained
    assert [row.best for row in trained] == sorted((row.best for row in trained), reverse=True)
    assert set(NAMES) <= {row.name for row in trained}


def test_line_of_the_leaderboard_has_what_the_record_has():
    lines = str(zoo.leaderboard()).splitlines()
    assert len(lines) == 1 + len(TRAININGS)
    for line in lines[1:]:
        name, *rest = line.split()
        if name not in RECORDED:
            assert rest == ["not", "run", "yet"]
            continue
        record = zoo.record(name)
        assert rest[0] == f"{np.mean(record.accuracies):.2%}"
        assert f"{record.parameters:,}" in rest
        assert f"{record.macs / 1e6:.1f}" in rest
        assert record.runs[0]["hardware"] in line
        views = [run["accuracy_tta"] for run in record.finished if "accuracy_tta" in run]
        assert (f"{np.mean(views):.2%}" in rest[1:2]) if views else rest[1] == str(len(record.runs))


def test_leaderboard_tells_a_model_that_failed():
    record = Record("x", "", "", {"epochs": 1}, 1, 1, runs=[{"seed": 0, "error": "NaN"}])
    assert "failed with every seed" in str(Leaderboard([Row("x", record)]))


def test_leaderboard_has_a_model_that_failed_at_the_end_of_those_that_ran(tmp_path, monkeypatch):
    for name in ("simple_cnn", "alexnet"):
        shutil.copytree(zoo.FOLDER / name, tmp_path / name)
    file = tmp_path / "simple_cnn" / "record.json"
    record = json.loads(file.read_text()) | {"runs": [{"seed": 0, "error": "NaN"}]}
    file.write_text(json.dumps(record))
    monkeypatch.setattr(zoo, "FOLDER", tmp_path)
    assert [row.name for row in zoo.leaderboard().rows][:2] == ["alexnet", "simple_cnn"]
    assert "failed with every seed" in str(zoo.leaderboard())


def test_leaderboard_uses_test_time_augmentation_where_the_recipe_does():
    runs = [{"accuracy": 0.5, "accuracy_tta": 0.7, "seconds": 60.0, "hardware": "abacus"}]
    runs += [{"accuracy": 0.6, "accuracy_tta": 0.8, "seconds": 180.0, "hardware": "abacus"}]
    row = Row("x", Record("x", "", "", {"epochs": 3}, 1000, 1, runs=runs, macs=2_000_000))
    assert row.best == pytest.approx(0.75)
    assert row.seconds == 120
    line = str(Leaderboard([row])).splitlines()[1].split()
    assert line == ["x", "55.00%", "75.00%", "2", "1,000", "2.0", "3", "2.0", "abacus,", "float32"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "command"),
        (["tarin"], "invalid choice: 'tarin'"),
        (["train"], "name"),
        (["train", "resnet99"], "simple_cnn"),
        (["train", "simple_cnn", "--seeds", "0"], "at least 1"),
        (["train", "simple_cnn", "--seeds", "-1"], "at least 1"),
        (["train", "simple_cnn", "--seeds", "two"], "invalid int value: 'two'"),
        (["train", "simple_cnn", "--epochs", "0", "--output", "x"], "at least 1"),
        (["train", "simple_cnn", "--epochs", "1"], "--epochs needs --output"),
        (["train", "simple_cnn", "--epochs", "1", "--into-package"], "--epochs needs --output"),
        (["train", "simple_cnn", "--output", "x", "--into-package"], "not allowed with"),
        (["fill"], "--output --into-package is required"),
        (["experiment", "ablation", "--seeds", "0"], "at least 1"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_loaded(
    arguments, message, capsys, monkeypatch
):
    monkeypatch.setattr(cifarlib, "load_cifar10", None)
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    assert message in capsys.readouterr().err


def test_train_command_trains(tmp_path, little, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(cifarlib, "load_cifar10", lambda full: asked.append(full) or little)
    folder = tmp_path / "entry"
    assert main(["train", "simple_cnn", "--epochs", "1", "--output", str(folder)]) == 0
    assert asked == [True]  # all 60,000 images, not those in the package
    record = read_record(folder)
    assert len(record.runs) == 1
    said = capsys.readouterr().out
    assert f"{record.accuracies[0]:.2%}" in said
    assert str(folder) in said


def test_train_command_says_in_words_why_it_cannot(two_steps, little, monkeypatch, capsys):
    monkeypatch.setattr(cifarlib, "load_cifar10", lambda full: little)
    folder = str(two_steps["folder"])
    assert main(["train", "simple_cnn", "--epochs", "7", "--output", folder]) == 1
    said = capsys.readouterr()
    assert "remove that folder" in said.err
    assert "Traceback" not in said.err
    assert "written" not in said.out


def test_train_command_without_any_source_of_images_says_so(tmp_path, monkeypatch, capsys):
    for name in ("KERAS_HOME", "PATH"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("CIFARLIB_SOURCES", "cache,keras,npm")
    assert main(["train", "simple_cnn", "--output", str(tmp_path / "entry")]) == 1
    said = capsys.readouterr().err
    assert "Could not get all 60,000 images" in said
    assert "no npm command on the PATH" in said
    assert not (tmp_path / "entry").exists()


def test_train_command_leaves_the_package_alone_and_says_how_to_load(
    tmp_path, little, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cifarlib, "load_cifar10", lambda full: little)
    monkeypatch.setattr(zoo, "FOLDER", tmp_path / "package")
    patch_training(monkeypatch, recipe=dataclasses.replace(SIMPLE_CNN, epochs=1))
    assert main(["train", "simple_cnn"]) == 0
    assert not (tmp_path / "package").exists()
    line = capsys.readouterr().out.splitlines()[-1]
    folder = tmp_path / "cifarlib-zoo" / "simple_cnn"
    assert line == f"load it: cifarlib.zoo.load('simple_cnn', folder={str(folder)!r})"
    model = eval(line.removeprefix("load it: "))
    np.testing.assert_allclose(
        live_logits(model, little.x_test), zoo.logits("simple_cnn", folder=folder), atol=0.02
    )
    assert main(["train", "simple_cnn", "--into-package"]) == 0
    assert (tmp_path / "package" / "simple_cnn" / "weights.npz").is_file()
    assert "load it" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["train", "simple_cnn"], ["experiment", "ablation"], ["fill"]]
)
def test_place_that_cannot_be_written_is_found_out_before_images_are_fetched(
    tmp_path, arguments, monkeypatch, capsys
):
    def never(full):
        raise AssertionError("fetched")

    monkeypatch.setattr(cifarlib, "load_cifar10", never)
    (tmp_path / "file").write_bytes(b"")
    assert main([*arguments, "--output", str(tmp_path / "file")]) == 1
    assert f"cannot be written: {tmp_path / 'file'} is not a folder" in capsys.readouterr().err
    monkeypatch.setenv("CIFARLIB_CACHE", str(tmp_path / "file"))
    assert main([*arguments, "--output", str(tmp_path / "new")]) == 1
    assert "checkpoint.npz cannot be written" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_folder_that_cannot_be_written_is_found_out_before_the_training(
    tmp_path, little, monkeypatch
):
    monkeypatch.setattr(seeds, "train", None)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file is not a folder"):
        train_little(tmp_path / "file", little)


def test_command_in_the_record_repeats_the_run(two_steps):
    assert "--epochs 1" in two_steps["record"].command


def test_list_says_in_words_that_a_record_is_damaged(copy, capsys):
    (copy / "record.json").write_text("{")
    assert main(["list"]) == 1
    assert "record.json is damaged" in capsys.readouterr().err
