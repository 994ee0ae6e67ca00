"""What is imported is declared: by the package for itself, by the requirements for the book."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import export_needed
import nbformat
import pytest

from cifarlib.export.traced import PACKAGES

ROOT = Path(__file__).parents[2]
BACKENDS = {"tensorflow", "jax", "torch"}  # Keras 3 leaves the choice to the environment
DISTRIBUTIONS = packages_distributions()


def sources(folder):
    """The code of all files and notebooks below a folder, without IPython's magic lines."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield path, path.read_text(encoding="utf-8")
    for path in sorted((ROOT / folder).rglob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                yield path, re.sub(r"^(\s*)[%!].*", r"\1pass", cell.source, flags=re.MULTILINE)


def imported(code):
    """The top-level names of all modules that some code imports, relative imports aside."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.partition(".")[0])
    return found


def from_elsewhere(folder):
    """``{distribution: a file that imports it}`` for what is neither Python's nor ours."""
    ours = {path.stem for part in ("tests", "tools") for path in (ROOT / part).rglob("*.py")}
    found = {}
    for path, code in sources(folder):
        for module in imported(code) - ours - {"cifarlib"} - sys.stdlib_module_names:
            for name in DISTRIBUTIONS.get(module, [module]):
                found[normal(name)] = path.relative_to(ROOT).as_posix()
    return found


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def ranges(lines):
    """``{name: range}`` of requirements such as ``numpy>=1.26``."""
    matches = [re.match(r"([A-Za-z][\w.-]*)\s*([<>=!~][^;#]*)?$", line.strip()) for line in lines]
    return {normal(match[1]): match[2] for match in matches if match}


def of_the_package():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^dependencies = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)[1]
    return ranges(listed.replace('"', "").replace(",", "").splitlines())


def extras():
    """What the package's extras name: a tool says in its docstring which one it needs."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^\[project.optional-dependencies\]\n(.*?)^\[", text, re.M | re.S)[1]
    return ranges(re.findall(r'"([^"]+)"', listed))


def of_the_book():
    return ranges((ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines())


def test_imports_are_found_in_code():
    code = "import a.b, c\nfrom d.e import f\nfrom . import g\ndef h():\n    import i as j"
    assert imported(code) == {"a", "c", "d", "i"}


def test_the_package_declares_what_it_imports():
    undeclared = from_elsewhere("cifarlib").keys() - of_the_package().keys() - BACKENDS
    undeclared -= extras().keys()  # cifarlib.export says which it needs when it is called
    assert not undeclared, {name: from_elsewhere("cifarlib")[name] for name in undeclared}


@pytest.mark.parametrize("folder", ["chapters", "cifarlib", "tests", "tools"])
def test_the_requirements_name_what_is_imported(folder):
    found = from_elsewhere(folder)
    assert found
    undeclared = found.keys() - of_the_book().keys() - extras().keys()
    assert not undeclared, {name: found[name] for name in undeclared}


def test_the_book_wants_the_extra_export_and_marks_it():
    """The oldest set leaves the marked lines out."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    marked = ranges([line.partition("#")[0] for line in lines if "# export" in line])
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extra = re.search(r"^export = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)[1]
    wanted = ranges(re.findall(r'"([^"]+)"', extra))
    assert wanted and marked == wanted | {"backports-strenum": "<1.3"}
    modules = {name.replace("_", "-") for name in export_needed.MODULES}
    assert wanted.keys() == modules == set(PACKAGES.values())


def test_package_and_book_want_the_same_ranges():
    package, book = of_the_package(), of_the_book()
    assert {name: book.get(name) for name in package} == package
