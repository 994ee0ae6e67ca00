"""The scripts that maintainers and make run."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parents[1]


sys.path.insert(0, str(ROOT / "tools"))  # tools import each other


def load_tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


environment = load_tool("environment")
notebooks = load_tool("notebooks")
sphinx_book = load_tool("sphinx_book")


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 15), (3, 9, 18), (3, 14, 0)])
def test_environment_refuses_other_pythons_in_a_plain_sentence(version):
    sentence = environment.complaint(version, [])
    assert sentence.startswith("This book needs Python 3.10 to 3.13, but this is Python ")
    assert f"{version[0]}.{version[1]}" in sentence


def test_environment_says_how_to_get_venv():
    sentence = environment.complaint((3, 11, 0), ["ensurepip"])
    assert "lacks the module ensurepip" in sentence
    assert "apt install python3-venv" in sentence


@pytest.mark.parametrize("minor", [10, 11, 12, 13])
def test_environment_accepts_the_supported_pythons(minor):
    assert environment.complaint((3, minor, 0), []) is None


def test_environment_names_what_is_missing():
    assert environment.missing(["json", "no_such_module"]) == ["no_such_module"]


def test_environment_stands_only_if_it_was_finished_for_the_same_files(tmp_path, monkeypatch):
    stamp, python = tmp_path / "installed", tmp_path / "python"
    monkeypatch.setattr(environment, "STAMP", str(stamp))
    monkeypatch.setattr(environment, "PIP", [str(python)])
    assert not environment.stands("hash")
    stamp.write_text("hash")
    assert not environment.stands("hash"), "the interpreter is gone"
    python.touch()
    assert environment.stands("hash")
    assert not environment.stands("another hash")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no make")
def test_make_without_a_python_says_so():
    result = subprocess.run(
        ["make", "PYTHON=no-such-python", "env"], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode != 0
    assert "There is no 'no-such-python'. Install Python 3.10 to 3.13" in result.stdout


def test_normalize_keeps_only_what_readers_and_tests_need():
    cell = nbformat.v4.new_code_cell("print(1)", metadata={"tags": ["a"], "collapsed": True})
    output = nbformat.v4.new_output
    cell.outputs = [
        output("stream", name="stdout", text="1"),
        output("stream", name="stderr", text="noise"),
        output("stream", name="stdout", text="2\n"),
        output("display_data", data={"text/plain": "x"}, metadata={"image/png": {"width": 3}}),
        output("stream", name="stdout", text="3\n"),
    ]
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {}})
    notebooks.normalize(notebook)
    assert notebook.metadata == notebooks.METADATA
    assert cell.metadata == {"tags": ["a"]}
    kept = [(o.get("text"), o.get("metadata")) for o in cell.outputs]
    assert kept == [("12\n", None), (None, {}), ("3\n", None)]


def test_a_failing_notebook_is_left_as_it_was(tmp_path):
    path = tmp_path / "broken.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")]), path)
    before = path.read_bytes()
    with pytest.raises(CellExecutionError):
        notebooks.execute(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["broken.ipynb"]


def test_publishing_makes_the_notebooks_those_of_colab(tmp_path, monkeypatch):
    page, address = "chapters/walkthrough/simple_cnn.ipynb", "https://github.com/OWNER/NAME"
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(sys, "argv", ["notebooks.py", "--repository", address])
    notebooks.main()
    made = nbformat.read(tmp_path / page, as_version=4)
    text = "".join(cell.source for cell in made.cells)
    assert f'"cifarlib @ git+{address}"' in text
    assert ":::" not in text


def test_the_cache_of_executed_pages_depends_on_package_data_and_versions(tmp_path, monkeypatch):
    for name in ("cifarlib/a.py", "cifarlib/zoo/m/weights.npz", "requirements.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    (tmp_path / "constraints.txt").write_text("1")
    monkeypatch.setattr(sphinx_book, "ROOT", tmp_path)
    seen = {sphinx_book.environment_hash()}
    for name in ("cifarlib/a.py", "cifarlib/zoo/m/weights.npz", "constraints.txt"):
        (tmp_path / name).write_text("2")
        seen.add(sphinx_book.environment_hash())
    assert len(seen) == 4
    (tmp_path / "cifarlib" / "__pycache__").mkdir()
    (tmp_path / "cifarlib" / "__pycache__" / "a.pyc").write_text("compiled")
    assert sphinx_book.environment_hash() in seen


@pytest.mark.parametrize("address", ["github.com/OWNER/NAME", "https://github.com/OWNER", "x"])
def test_a_wrong_repository_address_is_refused(address):
    with pytest.raises(sphinx_book.ConfigError, match="must look like"):
        sphinx_book.repository_buttons(address)
