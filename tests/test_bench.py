"""The speed table: that it runs, in processes of their own, and says what it measured."""

import pytest

from cifarlib import bench
from cifarlib.models import build


def test_one_quick_round_prints_every_contender_and_the_medians(capsys):
    arguments = ["--quick", "--repeats", "1", "--contenders", "classic", "sprint"]
    assert bench.main([*arguments, "--precisions", "float32"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines if line.startswith(("classic", "sprint"))]
    assert [row[0] for row in rows] == ["classic", "sprint"] * 2  # each run, then the medians
    for row in rows:
        seconds, training, found = row[row.index(next(v for v in row if "%" in v)) - 2 :][:3]
        assert 0 < float(training) < float(seconds)
        assert 0 <= float(found.rstrip("%")) <= 100


def test_misspelled_precision_is_refused_before_the_first_contender(monkeypatch, capsys):
    monkeypatch.setattr(bench, "run", None)
    with pytest.raises(SystemExit):
        bench.main(["--precisions", "float32", "mixed_bflot16"])
    assert "no dtype policy 'mixed_bflot16'" in capsys.readouterr().err


def test_classic_is_never_run_in_another_precision(monkeypatch, capsys):
    made = []

    def pretended(name, precision, seed, quick):
        made.append((seed, precision, name))
        return {"seconds": 10.0 + seed, "training": 9.0, "accuracy": 0.5}

    monkeypatch.setattr(bench, "run", pretended)
    arguments = ["--contenders", "classic", "quick", "--precisions", "mixed_bfloat16", "float32"]
    bench.main([*arguments, "--repeats", "2"])
    one_round = [("mixed_bfloat16", "quick"), ("float32", "classic"), ("float32", "quick")]
    assert made == [(seed, *rest) for seed in (0, 1) for rest in one_round]
    lines = capsys.readouterr().out.splitlines()
    medians = lines[lines.index("medians") + 2 :]
    assert len(medians) == 3
    assert all("of 2" in line and " 10.5 " in line and line.endswith(" 1.00") for line in medians)


def test_medians_are_compared_with_the_classic_and_speednet_runs_once(monkeypatch, capsys):
    seconds = {"classic": [100.0, 140.0, 120.0], "sprint": [10.0, 8.0, 9.0], "speednet": [600.0]}
    monkeypatch.setattr(
        bench,
        "run",
        lambda name, precision, seed, quick: {
            "seconds": seconds[name][seed], "training": 1.0, "accuracy": 0.5
        },
    )  # fmt: skip
    bench.main(["--contenders", *seconds, "--precisions", "float32"])
    lines = capsys.readouterr().out.splitlines()
    medians = [line.split() for line in lines[lines.index("medians") + 2 :]]
    found = {row[0]: (row[3], float(row[4]), float(row[-1])) for row in medians}
    assert found == {
        "classic": ("3", 120.0, 1.0),
        "sprint": ("3", 9.0, 13.33),
        "speednet": ("1", 600.0, 0.2),
    }


def test_failed_contender_says_why():
    with pytest.raises(RuntimeError, match=r"classic failed:(.|\n)*float33"):
        bench.run("classic", "float33", 0, True)


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
