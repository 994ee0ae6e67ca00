"""The comparison of all networks is computed from the zoo: a new model appears by itself."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from cifarlib import zoo

ROOT = Path(__file__).parents[2]
CHAPTER = ROOT / "chapters" / "architectures" / "which_one.ipynb"
PRELUDE = """
from pathlib import Path

from cifarlib import zoo

zoo.FOLDER = Path({folder!r})
zoo.TRAININGS["newcomer"] = zoo.TRAININGS["simple_cnn"]
"""


@pytest.fixture
def larger_zoo(tmp_path):
    """The zoo with a copy of the simple CNN under a new name."""
    for name in zoo.names():
        shutil.copytree(zoo.FOLDER / name, tmp_path / name)
    shutil.copytree(zoo.FOLDER / "simple_cnn", tmp_path / "newcomer")
    path = tmp_path / "newcomer" / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"name": "newcomer"}))
    return tmp_path


def test_new_model_appears_without_an_edit(larger_zoo):
    notebook = nbformat.read(CHAPTER, as_version=4)
    shown_before = printed(notebook)
    prelude = nbformat.v4.new_code_cell(PRELUDE.format(folder=str(larger_zoo)))
    notebook.cells.insert(0, prelude)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": CHAPTER.parent}})
    client.execute()
    tables = [text for text in printed(notebook) if "newcomer" in text]
    assert len(tables) >= 4, "accuracies, neighbors, costs, latencies"
    assert not any("newcomer" in text for text in shown_before)
    assert sum(f"{len(zoo.names()) + 1} networks" in text for text in printed(notebook)) >= 1


def printed(notebook):
    return [
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.get("name") == "stdout"
    ]
