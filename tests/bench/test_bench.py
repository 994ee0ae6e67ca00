"""The benchmark: who runs when, in processes of their own, and what the printed lines say."""

import importlib.util
import json

import numpy as np
import pytest

from cifarlib import bench
from cifarlib.bench import __main__ as command
from cifarlib.bench import contenders, measure, stopwatch
from cifarlib.models import build

PLACE = {"hardware": "an abacus", "versions": {"python": "3.13.0"}}


def pretended(seconds):
    """In place of ``measure.run``: a contender takes so many seconds in a round."""
    calls = []

    def run(name, precision, seed, quick, pace):
        calls.append((seed, precision, name))
        result = {"contender": name, "precision": precision, "seed": seed, **PLACE}
        result |= {"epochs": 2, "batch_size": 1000, "seconds": seconds(name, seed)}
        if pace:
            return result | {"images": 10_000, "step_seconds": []}
        return result | {"training": 1.0, "accuracy": 0.5}

    run.calls = calls
    return run


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Where records go that nobody gave a place."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def as_if_torch(monkeypatch):
    """PyTorch is installed, as far as the benchmark looks."""
    monkeypatch.setattr(contenders, "why_not", lambda names: None)
    monkeypatch.setattr(command, "why_not", lambda names: None)


def medians(capsys):
    lines = capsys.readouterr().out.splitlines()
    below = lines[lines.index("medians") + 2 :]
    return below[: below.index("")] if "" in below else below


def test_one_quick_round_prints_every_contender_and_the_medians(capsys, tmp_path):
    arguments = ["--quick", "--repeats", "1", "--contenders", "classic", "sprint"]
    assert command.main([*arguments, "--precisions", "float32"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines if line.startswith(("classic", "sprint"))]
    assert [row[0] for row in rows] == ["classic", "sprint"] * 2  # each run, then the medians
    for row in rows:
        seconds, training, found = row[row.index(next(v for v in row if "%" in v)) - 2 :][:3]
        assert 0 < float(training) < float(seconds)
        assert 0 <= float(found.rstrip("%")) <= 100
    assert not list(tmp_path.iterdir())  # a test is not kept


def test_the_pace_of_a_contender_is_that_of_its_whole_batches(tmp_path):
    path = tmp_path / "pace.json"
    arguments = ["--quick", "--epochs-timed", "1", "--contenders", "sprint"]
    assert command.main([*arguments, "--precisions", "float32", "--output", str(path)]) == 0
    record = bench.read(path)
    [run] = record.runs
    assert (record.kind, record.quick) == ("pace", True)
    assert run["images"] == 700 and len(run["step_seconds"]) == 7  # ten steps but the first three
    assert sum(run["step_seconds"]) == pytest.approx(run["seconds"], abs=1e-3)
    assert run["cpu_seconds"] > 0 and "accuracy" not in run


def test_misspelled_precision_is_refused_before_the_first_contender(monkeypatch, capsys):
    monkeypatch.setattr(measure, "run", None)
    with pytest.raises(SystemExit):
        command.main(["--precisions", "float32", "mixed_bflot16"])
    assert "no dtype policy 'mixed_bflot16'" in capsys.readouterr().err


def test_classic_is_never_run_in_another_precision(monkeypatch, capsys):
    run = pretended(lambda name, seed: 10.0 + seed)
    monkeypatch.setattr(measure, "run", run)
    arguments = ["--contenders", "classic", "quick", "--precisions", "mixed_bfloat16", "float32"]
    command.main([*arguments, "--repeats", "2"])
    one_round = [("mixed_bfloat16", "quick"), ("float32", "classic"), ("float32", "quick")]
    assert run.calls == [(seed, *rest) for seed in (0, 1) for rest in one_round]
    found = medians(capsys)
    assert len(found) == 3
    assert all("of 2" in line and " 10.5 " in line and line.endswith(" 1.00") for line in found)


def test_contenders_that_run_in_no_given_precision_are_refused(monkeypatch, capsys):
    monkeypatch.setattr(measure, "run", None)
    with pytest.raises(SystemExit):
        command.main(["--contenders", "classic", "--precisions", "mixed_bfloat16"])
    assert "none of these contenders is run in mixed_bfloat16" in capsys.readouterr().err


def test_medians_are_compared_with_the_classic_and_speednet_runs_once(monkeypatch, capsys):
    seconds = {"classic": [100.0, 140.0, 120.0], "sprint": [10.0, 8.0, 9.0], "speednet": [600.0]}
    monkeypatch.setattr(measure, "run", pretended(lambda name, seed: seconds[name][seed]))
    command.main(["--contenders", *seconds, "--precisions", "float32"])
    rows = [line.split() for line in medians(capsys)]
    found = {row[0]: (row[3], float(row[4]), float(row[-1])) for row in rows}
    assert found == {
        "classic": ("3", 120.0, 1.0),
        "sprint": ("3", 9.0, 13.33),
        "speednet": ("1", 600.0, 0.2),
    }


@pytest.mark.usefixtures("as_if_torch")
def test_speednet_and_torch_take_turns_in_every_round_and_are_compared(monkeypatch, capsys):
    seconds = {"speednet": [90.0, 120.0, 100.0], "torch": [100.0, 100.0, 50.0]}
    run = pretended(lambda name, seed: seconds[name][seed])
    monkeypatch.setattr(measure, "run", run)
    assert command.main(["--contenders", *seconds, "--precisions", "float32"]) == 0
    assert run.calls == [(seed, "float32", name) for seed in (0, 1, 2) for name in seconds]
    out = capsys.readouterr().out
    assert "speednet / torch in float32: 1.000; round by round 0.900, 1.200, 2.000" in out


@pytest.mark.usefixtures("as_if_torch")
def test_paces_are_compared_by_image(monkeypatch, capsys):
    monkeypatch.setattr(
        measure, "run", pretended(lambda name, seed: {"speednet": 9.0, "torch": 10.0}[name])
    )
    arguments = ["--contenders", "speednet", "torch", "--precisions", "mixed_bfloat16"]
    assert command.main([*arguments, "--epochs-timed", "2"]) == 0
    out = capsys.readouterr().out
    # 10,000 images in batches of 1,000 took 9 seconds
    assert out.count("0.900           45.0") == 3  # two rounds and the median
    assert "speednet / torch in mixed_bfloat16: 0.900; round by round 0.900, 0.900" in out


def test_torch_knows_two_precisions():
    names, precisions = ["torch", "quick"], ["mixed_float16", "float32", "mixed_bfloat16"]
    found = [(name, precision) for name, precision, _ in contenders.rounds(names, precisions, 1)]
    assert found == [
        ("quick", "mixed_float16"), ("torch", "float32"), ("quick", "float32"),
        ("torch", "mixed_bfloat16"), ("quick", "mixed_bfloat16"),
    ]  # fmt: skip


def test_speednet_is_timed_in_every_round_and_trained_in_the_first():
    for timed, count in [(True, 3), (False, 1)]:
        assert len(contenders.rounds(["speednet"], ["float32"], 3, timed=timed)) == count


def test_missing_torch_is_said_in_one_line_before_any_run(monkeypatch, capsys):
    monkeypatch.setattr(measure, "run", None)
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "torch" else find(name)
    )
    with pytest.raises(SystemExit) as error:
        command.main(["--contenders", "speednet", "torch"])
    assert error.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "needs PyTorch" in said and "python -m pip install torch" in said
    assert contenders.why_not(["speednet"]) is None


@pytest.mark.usefixtures("as_if_torch")
def test_torch_runs_in_a_process_where_keras_uses_it_too(monkeypatch):
    seen = {}

    class Done:
        returncode, stdout = 0, json.dumps({"seconds": 1})

    def start(line, **settings):
        seen[line[line.index("--child") + 1]] = settings["env"].get("KERAS_BACKEND")
        return Done

    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(measure.subprocess, "run", start)
    for name in ("torch", "speednet"):
        measure.run(name, "float32", 0, True)
    assert seen == {"torch": "torch", "speednet": None}


def test_failed_contender_says_why():
    with pytest.raises(RuntimeError, match=r"classic failed:(.|\n)*float33"):
        measure.run("classic", "float33", 0, True)


def test_a_pace_leaves_out_the_first_steps_and_the_last_part_of_a_batch():
    watch = stopwatch.Stopwatch(wall=[9.0, 10.0, 11.0, 12.0, 14.0, 99.0], cpu=list(range(6)))
    found = watch.pace(images=55, batch_size=10)
    assert found == {"seconds": 3.0, "cpu_seconds": 2, "step_seconds": [1.0, 2.0], "images": 20}
    with pytest.raises(ValueError, match="an epoch has 3 whole batches"):
        watch.pace(images=39, batch_size=10)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("name", bench.CONTENDERS)
def test_every_contender_can_be_built(name, precision):
    given = bench.contender(name, precision)
    assert build(given.model, **given.settings).output_shape == (None, 10)


def test_quick_is_narrower_in_float32():
    wide, narrow = (
        bench.contender("quick", precision) for precision in ("mixed_bfloat16", "float32")
    )
    assert sum(narrow.settings["widths"]) < sum(wide.settings["widths"])
    assert narrow.recipe is wide.recipe
    for name in ("classic", "sprint", "speednet"):
        assert bench.contender(name, "float32") is bench.contender(name, "mixed_bfloat16")


def test_ratio_of_medians_and_of_rounds_with_both():
    ours = [{"seed": n, "seconds": s} for n, s in enumerate([2.0, 4.0, 9.0])]
    theirs = [{"seed": n, "seconds": s} for n, s in enumerate([4.0, 2.0])]
    found = command.ratios({("speednet", "p"): ours, ("torch", "p"): theirs}, "seconds")
    np.testing.assert_allclose(found["p"], [4 / 3, 0.5, 2.0])
    assert command.ratios({("speednet", "p"): ours, ("torch", "q"): theirs}, "seconds") == {}


def test_the_seed_is_that_of_the_weights_and_of_the_training(monkeypatch):
    seen = []
    monkeypatch.setattr(measure.keras.utils, "set_random_seed", seen.append)

    def no_training(*arguments, seed, **settings):
        seen.append(seed)
        raise KeyboardInterrupt

    monkeypatch.setattr(measure, "train", no_training)
    with pytest.raises(KeyboardInterrupt):
        measure.measure("sprint", "float32", 7, quick=True)
    assert seen == [7, 7]
