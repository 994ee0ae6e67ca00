"""Where the packages of the extra ``export`` are missing, what needs them is skipped, or fails."""

import subprocess
import sys

import export_needed
import nbformat
import pytest


@pytest.fixture
def without_packages(monkeypatch):
    monkeypatch.setattr(export_needed, "MODULES", ("a_module_that_is_not_there",))
    monkeypatch.delenv("REQUIRE_EXPORT", raising=False)


def test_the_sentence_names_what_is_missing(without_packages, monkeypatch):
    assert "a_module_that_is_not_there" in export_needed.reason_to_skip()
    monkeypatch.setenv("REQUIRE_EXPORT", "1")
    assert export_needed.reason_to_skip() is None


@pytest.mark.parametrize(
    ("line", "needed"),
    [("from cifarlib import check, export, zoo", True), ("from cifarlib import check, zoo", False),
     ("from cifarlib.export import parity", True), ("from cifarlib import exporter", False),
     ("from cifarlib import check\nexport = 3", False)],
)  # fmt: skip
def test_a_page_needs_them_if_it_imports_the_room(tmp_path, line, needed):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(line)])
    nbformat.write(notebook, tmp_path / "page.ipynb")
    assert export_needed.is_needed_by(tmp_path / "page.ipynb") == needed


def test_cells_of_such_a_page_are_skipped(tmp_path, monkeypatch):
    """By pytest itself, with the hook of the repository's conftest.py."""
    monkeypatch.delenv("REQUIRE_EXPORT", raising=False)
    cells = [nbformat.v4.new_code_cell("from cifarlib.export import no_such_name")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "page.ipynb")
    (tmp_path / "conftest.py").write_text(
        "import sys\n"
        f"sys.path[:0] = {sys.path!r}\n"
        "import export_needed\n"
        'export_needed.MODULES = ("a_module_that_is_not_there",)\n'
        "from importlib.util import module_from_spec, spec_from_file_location\n"
        f'spec = spec_from_file_location("root", {str(export_needed.ROOT / "conftest.py")!r})\n'
        "root = module_from_spec(spec)\n"
        "spec.loader.exec_module(root)\n"
        "pytest_collection_modifyitems = root.pytest_collection_modifyitems\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-rs", "-q", "."]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "1 skipped" in result.stdout and "the extra export" in result.stdout, result.stdout
