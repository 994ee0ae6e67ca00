"""tools/colab.py, without the environment that it makes: what it would run there, and how."""

import json
import re
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from small_book import small_book
from test_tools import load_tool

ROOT = Path(__file__).parents[2]
colab = load_tool("colab")


def test_every_import_is_found_once_wherever_it_stands():
    codes = [
        "%pip install -q x\nimport a.b",
        "try:\n    import a.b\nexcept ImportError:\n    %pip install y",
        "def late():\n    from c import d as e\n!ls",
    ]
    assert colab.imports(codes) == ["from c import d as e", "import a.b"]


# What Colab has, by the names under which it is imported; tools/colab.py installs the same
IN_COLAB = {
    "IPython", "PIL", "cifarlib", "ipywidgets", "keras", "matplotlib", "numpy", "scipy", "skimage",
    "sklearn", "tensorflow", "tqdm",
}  # fmt: skip
PACKAGES = {"ai_edge_litert": "ai-edge-litert"}  # where a package has another name than its import


@pytest.mark.parametrize("path", sorted((ROOT / "chapters").rglob("*.ipynb")), ids=lambda p: p.stem)
def test_a_page_installs_in_its_first_cell_what_colab_lacks(path):
    codes = colab.code_of(path)
    tops = {re.split(r"[ .,]", line.split()[1])[0] for line in colab.imports(codes)}
    lacking = tops - IN_COLAB - set(sys.stdlib_module_names)
    assert {PACKAGES.get(name, name) for name in lacking} <= set(
        " ".join(colab.installed_by(codes)).split()
    )


def test_the_kernel_is_the_environment_s_and_sees_nothing_of_the_book(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", "")
    python = tmp_path / "env" / "bin" / "python"
    colab.describe_kernel(tmp_path, python)
    spec = KernelSpecManager().get_kernel_spec(colab.KERNEL)
    assert spec.argv[0] == str(python)
    assert spec.env["PYTHONPATH"] == ""
    assert spec.env["CIFARLIB_CHECKS"] == "strict"  # what a page claims and is not so fails


def test_a_notebook_runs_in_an_empty_folder_and_a_failing_cell_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(colab, "KERNEL", "python3")
    cell = nbformat.v4.new_code_cell("import os\nprint(os.listdir())")
    done = colab.run(nbformat.v4.new_notebook(cells=[cell]))
    assert colab.printed(done) == "[]"
    wrong = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("raise ValueError('no')")])
    with pytest.raises(Exception, match="no"):
        colab.run(wrong)


def test_the_first_cell_installs_the_package_from_this_very_repository(tmp_path):
    small_book(tmp_path / "book")
    written = colab.write_colab(tmp_path / "out", colab.address(), colab.Book(tmp_path / "book"))
    (page,) = [path for path in written if path.suffix == ".ipynb"]
    assert f'--no-deps "cifarlib @ git+{colab.address()}"' in colab.code_of(page)[0]
    assert colab.address() == ROOT.as_uri()


def test_the_pages_that_run_whole_are_pages_with_a_figure_that_moves_and_a_quiz():
    for name in colab.LIGHT:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "moving_figure(" in text
        assert "quiz(" in text
        seconds = json.loads((ROOT / "chapters" / "run_seconds.json").read_text("utf-8"))
        assert seconds[name.removeprefix("chapters/").removesuffix(".ipynb")]["seconds"] <= 30


def test_the_environment_has_all_that_the_package_needs_since_colab_installs_it_alone():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    needed = re.search(r"^dependencies = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)[1]
    given = {re.split("[=<>]", name)[0] for name in colab.COLAB}
    assert set(re.findall(r'"([\w-]+)', needed)) <= given
