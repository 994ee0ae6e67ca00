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
        *_, seconds, training, found = row
        assert 0 < float(training) < float(seconds)
        assert 0 <= float(found.rstrip("%")) <= 100


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
    assert all("of 2" in line and " 10.5 " in line for line in medians)


def test_failed_contender_says_why():
    with pytest.raises(RuntimeError, match=r"classic failed:(.|\n)*float33"):
        bench.run("classic", "float33", 0, True)


@pytest.mark.parametrize("name", bench.CONTENDERS)
def test_every_contender_can_be_built(name):
    model_name, settings, _ = bench.CONTENDERS[name]
    assert build(model_name, **settings).output_shape == (None, 10)
