"""Records of a benchmark, and the tables that are made from them."""

import json
import re
from pathlib import Path

import pytest

from cifarlib import bench
from cifarlib.bench import __main__ as command
from cifarlib.bench import measure, records, tables

ROOT = Path(__file__).parents[2]


def record(kind="training", runs=(), **settings):
    return bench.Bench(
        kind, "2026-11-30T01:49:25Z", "python -m cifarlib.bench", "2 cores of an abacus",
        {"python": "3.13.0", "keras": "3.15.1", "tensorflow": "2.21.0", "numpy": "2.4.6"},
        runs=list(runs), **settings,
    )  # fmt: skip


def entry(name, seed, precision="mixed_bfloat16", **numbers):
    versions = {"python": "3.13.0", "keras": "3.15.1"}
    versions |= {"torch": "2.14.1"} if name == "torch" else {"tensorflow": "2.21.0"}
    given = {"contender": name, "precision": precision, "seed": seed, "versions": versions}
    return given | {"hardware": "2 cores of an abacus", "epochs": 15, "batch_size": 1024} | numbers


TRAINED = record(runs=[
    entry("classic", 0, "float32", seconds=95.04, accuracy=0.692),
    entry("speednet", 0, seconds=1800.0, accuracy=0.9411),
    entry("torch", 0, seconds=1500.0, accuracy=0.9402),
    entry("speednet", 1, seconds=1200.0, accuracy=0.9431),
    entry("torch", 1, seconds=1000.0, accuracy=0.9404),
])  # fmt: skip
PACED = record("pace", [
    entry("speednet", 0, seconds=46.08, images=46080),
    entry("torch", 0, seconds=44.0, images=40960, epochs=9.9),
])  # fmt: skip


def test_training_table_has_medians_by_contender_and_precision():
    assert bench.table(TRAINED).splitlines() == [
        "Seconds from images in memory to the accuracy on all 10,000 test images, on 2 cores of an "
        "abacus, with Keras 3.15.1, TensorFlow 2.21.0, PyTorch 2.14.1, 2026-11-30:",
        "",
        "|  | runs | seconds in float32 | accuracy | seconds in bfloat16 | accuracy |",
        "| --- | --- | --- | --- | --- | --- |",
        "| the usual simple CNN, 10 epochs | 1 | 95.0 | 69.2 % |  |  |",
        "| `speednet` | 2 |  |  | 1,500 | 94.2 % |",
        "| `torch`: airbench94 in PyTorch | 2 |  |  | 1,250 | 94.0 % |",
        "",
        "In bfloat16, `speednet`'s time is 1.20 of PyTorch's (round by round: 1.20, 1.20).",
    ]


def test_pace_table_has_every_round_and_what_the_recipe_takes():
    lines = bench.table(PACED).splitlines()
    assert lines[0].startswith("The pace of training, on 2 cores of an abacus")
    # 46,080 images in 46.08 s are 1 ms each: 1.024 s a step, 50 s an epoch, 12.5 min for 15
    ours = "| `speednet` | bfloat16 | 1 | 1024 | 1.024 (1.024) | 50.0 | 15 | 12.5 |"
    theirs = "| `torch`: airbench94 in PyTorch | bfloat16 | 1 | 1024 | 1.100 (1.100) | 53.7 | 9.9 |"
    assert lines[4] == ours and lines[5].startswith(theirs)
    assert lines[-1].startswith("In bfloat16, `speednet`'s epoch takes 0.93 of PyTorch's")


@pytest.mark.parametrize("kept", [record(), record(runs=TRAINED.runs, quick=True)])
def test_no_table_is_made_of_nothing_or_of_a_test(kept):
    with pytest.raises(ValueError, match="there is no table to make"):
        bench.table(kept)


def test_a_record_is_read_as_it_was_written(tmp_path):
    records.write(tmp_path / "made" / "record.json", TRAINED)
    assert bench.read(tmp_path / "made" / "record.json") == TRAINED


@pytest.mark.parametrize("text", ["{", "[]", '{"kind": "pace"}', '{"kind": "speed"}', "null"])
def test_a_damaged_record_is_refused(tmp_path, text):
    path = tmp_path / "record.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OSError, match="no record of a benchmark"):
        bench.read(path)


def test_kinds_are_two():
    with pytest.raises(ValueError, match="kind must be one of training, pace, got 'speed'"):
        record("speed")


def test_every_run_is_kept_as_soon_as_it_is_made(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    kept = []

    def run(name, precision, seed, quick, pace):
        kept.append([path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.json")])
        if seed:
            raise RuntimeError("sprint failed:\nno more beads")
        return entry(name, seed, precision, seconds=1.0, training=0.9, accuracy=0.5)

    monkeypatch.setattr(measure, "run", run)
    arguments = ["--contenders", "sprint", "--precisions", "float32"]
    assert command.main(arguments) == 1
    assert "no more beads" in capsys.readouterr().err
    assert kept[0] == [] and len(kept) == 2
    [path] = tmp_path.rglob("*.json")
    assert path.parent == tmp_path / "cifarlib-bench" and path.name.startswith("training-20")
    found = bench.read(path)
    assert [run["seed"] for run in found.runs] == [0]
    assert found.command == f"python -m cifarlib.bench {' '.join(arguments)}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found.date)
    assert found.hardware and found.versions["keras"] and not found.quick


def test_a_file_that_is_there_is_not_written_over(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(measure, "run", None)
    path = tmp_path / "record.json"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(SystemExit):
        command.main(["--output", str(path)])
    assert "is there already" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "mine"


def test_a_place_that_cannot_be_written_is_found_out_before_the_first_run(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(measure, "run", None)
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert command.main(["--output", str(tmp_path / "file" / "record.json")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_table_command_prints_records_and_runs_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(measure, "run", None)
    for name, kept in {"a.json": TRAINED, "b.json": PACED}.items():
        records.write(tmp_path / name, kept)
    assert command.main(["--table", str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 0
    assert capsys.readouterr().out == f"{bench.table(TRAINED)}\n\n{bench.table(PACED)}\n"


def test_a_text_gets_its_tables_from_the_records(tmp_path):
    records.write(tmp_path / "trained.json", TRAINED)
    text = "before\n\n<!-- bench trained -->\n{}<!-- /bench -->\n\nafter\n"
    filled = tables.filled(text.format("| an old | table |\n"), tmp_path)
    assert filled == text.format(f"{bench.table(TRAINED)}\n")
    assert tables.filled(filled, tmp_path) == filled
    assert tables.filled("no table here\n", tmp_path) == "no table here\n"
    with pytest.raises(OSError, match=r"other\.json"):
        tables.filled("<!-- bench other -->\n<!-- /bench -->\n", tmp_path)


def texts():
    yield "README.md", (ROOT / "README.md").read_text(encoding="utf-8")
    for path in [*sorted(ROOT.glob("chapters/**/*.md")), *sorted(ROOT.glob("reference/**/*.md"))]:
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in sorted(ROOT.glob("chapters/**/*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "markdown":
                yield str(path.relative_to(ROOT)), "".join(cell["source"])


def test_the_tables_of_readme_and_pages_are_those_of_the_records():
    """``python tools/bench_tables.py`` puts README's up to date."""
    assert not [name for name, text in texts() if tables.filled(text) != text]


def test_committed_records_make_tables():
    for path in sorted(records.FOLDER.glob("*.json")):
        assert bench.table(bench.read(path))


def test_readme_says_where_its_times_come_from():
    """Either a record makes the table, or README says that none stands behind it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert ("<!-- bench " in readme) != ("no record of single runs stands behind it" in readme)
