"""The first page of the book: its program as a file of its own, and the numbers in its text."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from cifarlib import zoo
from cifarlib.zoo import experiments

PAGE = Path(__file__).parents[2] / "chapters" / "start" / "first_network.ipynb"
CELLS = {cell.id: cell.source for cell in nbformat.read(PAGE, as_version=4).cells}
TEXT = "\n".join(CELLS.values())


def test_the_program_runs_as_a_file_of_its_own(tmp_path, monkeypatch):
    """Whoever copies it into an empty file gets a test accuracy (here after one epoch)."""
    program = CELLS["program"]
    assert program.count("epochs=10") == 1
    file = tmp_path / "first.py"
    file.write_text(program.replace("epochs=10", "epochs=1"), encoding="utf-8")
    monkeypatch.setenv("MPLBACKEND", "agg")
    done = subprocess.run([sys.executable, file], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Total params: 122,570" in done.stdout
    reached = float(re.search(r"Test accuracy: ([\d.]+)%", done.stdout).group(1))
    assert 20 < reached < 45  # guessing gets 10, ten epochs get more than 50


def test_it_is_plain_keras_but_for_the_data():
    assert re.findall(r"cifarlib.*", CELLS["program"]) == [
        "cifarlib import cifar10  # usually: from keras.datasets import cifar10"
    ]


def test_what_all_photographs_give_is_what_the_record_says():
    record = zoo.record("simple_cnn")
    low, high = (f"{100 * end(record.accuracies):.1f}" for end in (min, max))
    assert f"**{100 * record.mean:.0f} %**" in TEXT
    assert f"the mean of five runs, which lie between {low} and {high} %" in TEXT
    assert len(record.runs) == 5


@pytest.mark.parametrize("variant", ["as it is", "dropout 0", "30 epochs", "optimizer sgd"])
def test_what_a_changed_line_gives_is_what_the_record_says(variant):
    runs = [
        f"{100 * accuracy:.1f}"
        for accuracy in experiments.read("first_changes").accuracies(variant)
    ]
    assert len(runs) == 3
    mean = f"{100 * experiments.read('first_changes').mean(variant):.1f}"
    assert f"| {', '.join(runs)} | **{mean} %** |" in CELLS["change"]
