"""The scripts that maintainers and make run."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parents[2]


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


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 12, 0)])
def test_environment_refuses_intel_macs_first(version, monkeypatch, capsys):
    sentence = environment.complaint(version, ["venv"], "Darwin", "x86_64")
    assert "Intel processor" in sentence
    assert "no TensorFlow above 2.16" in sentence
    assert environment.complaint((3, 12, 0), [], "Darwin", "arm64") is None
    assert environment.complaint((3, 12, 0), [], "Linux", "x86_64") is None
    monkeypatch.setattr(environment.platform, "system", lambda: "Darwin")
    monkeypatch.setattr(environment.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(environment.subprocess, "call", None)  # nothing is installed
    assert environment.main() == 1
    assert "Intel processor" in capsys.readouterr().err


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


@pytest.mark.parametrize("kind", [nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell])
def test_normalize_keeps_tolerances_alt_texts_and_what_is_folded(kind):
    kept = {
        "tags": ["hide-cell"],
        "mystnb": {"image": {"alt": "a cat"}},
        "nbval": {"abs": 2, "not": [10.0]},
        "jupyter": {"source_hidden": True},
    }
    viewers = {"jupyter": {"source_hidden": True, "outputs_hidden": False}, "scrolled": True}
    cells = [
        kind("a", metadata={**kept, **viewers}),
        kind("b", metadata={"jupyter": {"source_hidden": False}}),
        kind("c", metadata={"jupyter": {"outputs_hidden": True}, "nbval": {}}),
    ]
    notebooks.normalize(nbformat.v4.new_notebook(cells=cells))
    # An empty tolerance is a mistake, and stays for the tests to name
    assert [cell.metadata for cell in cells] == [kept, {}, {"nbval": {}}]


def test_a_tolerance_that_cannot_be_right_is_told_with_the_notebook_written(tmp_path, capsys):
    path = tmp_path / "chapter.ipynb"
    right = nbformat.v4.new_code_cell("print(1.5)", metadata={"nbval": {"abs": 1}})
    nothing = nbformat.v4.new_code_cell("a = 1.5", metadata={"nbval": {"abs": 1}})
    nbformat.write(nbformat.v4.new_notebook(cells=[right]), path)
    notebooks.execute(path)
    assert "tolerance" not in capsys.readouterr().err
    nbformat.write(nbformat.v4.new_notebook(cells=[right, nothing]), path)
    notebooks.execute(path)
    complaint = "chapter.ipynb: cell 2 (a = 1.5): a tolerance, but no stored output"
    assert complaint in capsys.readouterr().err
    assert nbformat.read(path, as_version=4).cells[0].outputs[0].text == "1.5\n"


def test_a_failing_notebook_is_left_as_it_was(tmp_path):
    path = tmp_path / "broken.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")]), path)
    before = path.read_bytes()
    with pytest.raises(CellExecutionError):
        notebooks.execute(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["broken.ipynb"]


def test_executing_a_page_measures_it_and_fills_in_its_time(tmp_path):
    """In a book of one page: a run, a longer text, and a notebook that is none of its pages."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    page = tmp_path / "chapters" / "part" / "page.ipynb"
    page.parent.mkdir(parents=True)
    other = tmp_path / "other.ipynb"
    for path in (page, other):
        cells = [
            nbformat.v4.new_markdown_cell("# One\n\n**Time:** computed."),
            nbformat.v4.new_code_cell("import time\ntime.sleep(1)"),
        ]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)

    def run(tool, *arguments):
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(
            [sys.executable, tool, *map(str, arguments)], cwd=tmp_path, check=True, env=environment
        )
        return nbformat.read(page, as_version=4)

    run("tools/notebooks.py", page, other)
    kept = json.loads((tmp_path / "chapters" / "run_seconds.json").read_text())
    assert list(kept) == ["part/page"]
    seconds = kept["part/page"]["seconds"]
    assert 1 <= seconds < 60
    notebook = nbformat.read(page, as_version=4)
    assert f"**Time:** 1 minute to read, {seconds} second" in notebook.cells[0].source
    assert "computed" in nbformat.read(other, as_version=4).cells[0].source
    notebook.cells[0].source += " word" * 800
    nbformat.write(notebook, page)
    notebook = run("tools/page_time.py")
    assert f"**Time:** 5 minutes to read, {seconds} second" in notebook.cells[0].source
    assert notebook.cells[1].execution_count == 1


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


def test_a_name_that_is_wrong_is_found_out_before_the_first_notebook_runs(tmp_path, monkeypatch):
    good = tmp_path / "good.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), good)
    monkeypatch.setattr(notebooks, "execute", None)
    monkeypatch.setattr(sys, "argv", ["notebooks.py", str(good), str(tmp_path / "goood.ipynb")])
    with pytest.raises(FileNotFoundError, match=r"goood\.ipynb"):
        notebooks.main()
