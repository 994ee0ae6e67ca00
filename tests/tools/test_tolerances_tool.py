"""tools/tolerances.py runs notebooks to measure spreads; here a small one without TensorFlow."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from test_tools import load_tool

tolerances = load_tool("tolerances")
Tolerance = tolerances.Tolerance
TOOL = Path(tolerances.__file__)

# A stand-in for training: what it prints depends on the seed, the instruction set and the threads
SETUP = """import os
def set_random_seed(seed):
    global result
    avx2, thread = "ONEDNN_MAX_CPU_ISA" in os.environ, "TF_NUM_INTRAOP_THREADS" in os.environ
    result = 60 + 0.5 * seed - 0.25 * avx2 + 0.125 * thread
"""


def store(path, *cells):
    """Write a notebook of code cells, each a source, its stored output and its tolerance."""
    notebook = nbformat.v4.new_notebook()
    for source, printed, nbval in cells:
        cell = nbformat.v4.new_code_cell(source, execution_count=1)
        if printed:
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)]
        if nbval:
            cell.metadata["nbval"] = nbval
        notebook.cells.append(cell)
    nbformat.write(notebook, path)
    return path


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The tool's report of a small chapter, its results, and whether the chapter is as it was."""
    folder = tmp_path_factory.mktemp("chapters")
    (folder / "beside.txt").write_text("61.0")
    path = store(
        folder / "small.ipynb",
        (SETUP, "", None),
        ("set_random_seed(0)\nprint(f'right: {result:.3f} % of 100')", "right: 60.000 % of 100\n",
         {"abs": 3, "not": [10.0]}),
        ("print(f'{result / 10:.4f}')", "6.0000\n", {"rel": 0.5}),
        ("print(open('beside.txt').read())", "61.0\n", {"abs": 1}),
        ("assert result <= 60.5\nprint(result)", "60.0\n", {"abs": 1}),
        ("raise SystemExit('a cell after the last tolerance ran')", "", None),
    )  # fmt: skip
    before = path.read_bytes()
    result = subprocess.run(
        [sys.executable, TOOL, path, "--json", folder / "out.json", "--python", sys.executable],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1, result.stderr
    assert not result.stderr
    assert path.read_bytes() == before
    assert {p.name for p in folder.iterdir()} == {"small.ipynb", "beside.txt", "out.json"}
    return result.stdout, json.loads((folder / "out.json").read_text())


def test_every_setting_runs_and_says_so(measured):
    names = ["default", "AVX2", "one thread", "seed + 1", "seed + 2", "seed + 3",
             "the other Python"]  # fmt: skip
    for name in names:
        assert f"small.ipynb, {name}: " in measured[0]
    assert list(measured[1][0]["runs"]) == names


def test_the_spread_is_the_largest_difference_over_all_runs(measured):
    report, (absolute, relative, _, _) = measured
    found = [run[0] for run in absolute["runs"].values()]
    assert found == ["60.000", "59.750", "60.125", "60.500", "61.000", "61.500", "60.000"]
    assert (absolute["spread"], absolute["times"], absolute["flags"]) == (1.5, 2, [])
    assert "cell 2: set_random_seed(0)\n  tolerance abs 3, spread 1.5 (seed + 3: 60.000 became" in (
        report
    )
    assert relative["spread"] == pytest.approx(0.025)
    assert relative["flags"] == ["too wide: 20 times the spread, above 5"]


def test_a_chapter_runs_in_its_folder_and_no_further_than_it_must(measured):
    assert measured[1][2]["runs"]["default"] == ["61.0"]
    assert measured[1][2]["flags"] == ["too wide: nothing moved"]


def test_a_run_that_fails_is_told_and_the_others_count(measured):
    result = measured[1][3]
    assert result["flags"] == [
        "seed + 2: AssertionError: ", "seed + 3: AssertionError: ",
    ]  # fmt: skip
    assert result["spread"] == 0.5
    assert "  ! seed + 2: AssertionError" in measured[0]


def judged(tolerance, stored, *found):
    return tolerances.judge(tolerance, stored, {f"run {n}": run for n, run in enumerate(found)})


def test_a_tolerance_below_one_and_a_half_times_the_spread_is_flagged():
    assert judged(Tolerance(1.5), ["10.0"], ["11.0"])["flags"] == []
    flags = judged(Tolerance(1.4), ["10.0"], ["9.0"], ["10.5"])["flags"]
    assert flags == ["too tight: 1.4 times the spread, below 1.5"]
    assert judged(Tolerance(5), ["10.0"], ["11.0"])["flags"] == []
    assert judged(Tolerance(5.1), ["10.0"], ["11.0"])["flags"] != []


def test_a_control_that_twice_the_spread_reaches_is_flagged():
    near, far = Tolerance(2, controls=(12.0,)), Tolerance(2, controls=(12.1,))
    assert judged(near, ["10.0", "8.0"], ["11.0", "8.0"])["flags"] == [
        "twice the spread reaches from 10.0 to the control 12.0: print the record's number instead"
    ]
    assert judged(far, ["10.0", "8.0"], ["11.0", "8.0"])["flags"] == []
    relative = Tolerance(relative=0.2, controls=(12.0,))
    assert "control" in judged(relative, ["10.0"], ["11.0"])["flags"][0]


def test_numbers_that_do_not_compare_are_flagged():
    assert judged(Tolerance(2), ["1.0"], ["nan"])["spread"] == math.inf
    assert judged(Tolerance(2), ["inf", "1.0"], ["inf", "2.0"])["spread"] == 1
    flags = judged(Tolerance(2), ["1.0"], ["1.0", "2.0"], ["2.0"])["flags"]
    assert flags == ["run 0: 2 numbers instead of 1"]


def test_only_the_seed_of_training_moves():
    source = "keras.utils.set_random_seed(0)\nset_random_seed(seed=n)\nrng = default_rng(0)"
    cell = nbformat.v4.new_code_cell(source, metadata={"nbval": {"abs": 1}})
    notebook = nbformat.v4.new_notebook(cells=[cell])
    moved = tolerances.with_seeds_moved(notebook, 2).cells[0].source
    assert moved == source.replace("(0)\nset", "(2 + 0)\nset").replace("seed=n", "seed=2 + n")
    assert tolerances.with_seeds_moved(notebook, 0).cells[0].source == source
    assert "seed + 1" in tolerances.plan(notebook, None)
    cell.source = "print(default_rng(0))"
    assert list(tolerances.plan(notebook, None)) == ["default", "AVX2", "one thread"]


def test_mistakes_are_named_before_anything_runs(tmp_path, monkeypatch, capsys):
    right = store(tmp_path / "right.ipynb", ("print(1.5)", "1.5\n", {"abs": 1}))
    none = store(tmp_path / "none.ipynb", ("print(1.5)", "1.5\n", None))
    wrong = store(tmp_path / "wrong.ipynb", ("print(1.5)", "1.5\n", {"abs": 0}))
    for arguments, sentence in [
        ([none], "none.ipynb states no tolerance"),
        ([right, wrong], '"abs" must be a finite number above 0, got 0'),
        ([tmp_path / "absent.ipynb"], "There is no "),
        ([right, "--python", tmp_path / "python"], "cannot run notebooks"),
        ([right, "--json", tmp_path / "absent" / "out.json"], "No such file"),
    ]:
        monkeypatch.setattr(sys, "argv", ["tolerances.py", *map(str, arguments)])
        with pytest.raises((SystemExit, OSError), match=re.escape(sentence)):
            tolerances.main()
        assert "right.ipynb, default" not in capsys.readouterr().out
