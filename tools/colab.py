"""Try the notebooks for Colab in an environment with Colab's versions, and nothing of the book.

    python tools/colab.py FOLDER [PAGE ...]

Colab itself cannot be run elsewhere. What can be tried is what usually breaks there: other
versions, and a package that has to come from the repository by the notebook's own first cell. This
makes an environment in FOLDER (about 2 GB, from the package registry; it stays for the next time),
writes the notebooks of the branch for Colab, with the address of this very repository in their
first cells, and

1. runs the pages named, whole (default: one light page with a figure that moves and a quiz), with
   their claims checked: the first of them finds no cifarlib and has to install it;
2. in one kernel, makes each import that any code cell of any page makes.

It works on what is committed: pip clones the repository.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from readers_notebooks import Book, write_colab

ROOT = Path(__file__).parents[1]
# What Colab had in August 2026, as far as the pages need it. Its Python was 3.13.
COLAB = [
    "tensorflow==2.20.*",
    "keras==3.13.*",
    "numpy==2.1.*",
    "ipywidgets==7.7.1",
    "ipykernel",
    "matplotlib",
    "pillow",
    "scikit-image",
    "scikit-learn",
    "scipy",
    "tqdm",
    "filelock",
    "platformdirs",
]
LIGHT = ["chapters/principles/convolution.ipynb"]
KERNEL = "colab"
LIMIT = 900  # seconds for a cell
VERSIONS = """
import importlib.metadata, platform
names = ["tensorflow", "keras", "numpy", "ipywidgets", "cifarlib"]
print("Python", platform.python_version(), *(f"{n} {importlib.metadata.version(n)}" for n in names))
"""


def make_environment(folder: Path) -> Path:
    """The Python of an environment with Colab's versions; made if it is not there.

    cifarlib is taken out of it: the notebook must fetch it.
    """
    python = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "-q"]
    # A pip as old as Python's own refuses the address of a repository on this machine
    subprocess.run([*pip, "install", "--upgrade", "pip"], check=True)
    subprocess.run([*pip, "install", *COLAB], check=True)
    subprocess.run([*pip, "uninstall", "-y", "cifarlib"], check=True)
    return python


def describe_kernel(folder: Path, python: Path) -> None:
    """Let Jupyter find a kernel of this Python which does not see the book's own package."""
    place = folder / "kernels" / KERNEL
    place.mkdir(parents=True, exist_ok=True)
    kernel = {
        "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "As in Colab",
        "language": "python",
        "env": {"PYTHONPATH": "", "CIFARLIB_CHECKS": "strict", "TF_CPP_MIN_LOG_LEVEL": "3"},
    }
    (place / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")
    os.environ["JUPYTER_PATH"] = str(folder)


def run(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Execute a notebook in the kernel, in an empty folder."""
    with tempfile.TemporaryDirectory() as nowhere, tempfile.TemporaryFile() as said:
        client = NotebookClient(
            notebook,
            kernel_name=KERNEL,
            timeout=LIMIT,
            resources={"metadata": {"path": nowhere}},
        )
        try:
            client.execute(stdout=said, stderr=said)
        except CellExecutionError:  # perhaps an earlier cell said why: %pip only prints it
            print(printed(notebook), file=sys.stderr)
            raise
    return notebook


def imports(codes: Iterable[str]) -> list[str]:
    """Each import of some code cells, once, whatever function or ``try`` it stands in."""
    found = set()
    for code in codes:
        plain = re.sub(r"^(\s*)[%!].*", r"\1pass", code, flags=re.MULTILINE)
        for node in ast.walk(ast.parse(plain)):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                found.add(ast.unparse(node))
    return sorted(found)


def installed_by(codes: Iterable[str]) -> list[str]:
    """The lines by which some pages install what Colab lacks, besides the book's own package."""
    lines = {line.strip() for code in codes for line in code.splitlines() if "%pip" in line}
    return sorted(line for line in lines if "cifarlib" not in line)


def address() -> str:
    """Where pip clones the book from."""
    return ROOT.as_uri()


def code_of(path: Path) -> list[str]:
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def printed(notebook: nbformat.NotebookNode) -> str:
    """What the cells of a notebook printed so far."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.text for output in outputs if output.get("name") == "stdout").strip()


def main() -> None:
    parser = argparse.ArgumentParser(description="Try the notebooks in Colab's versions.")
    parser.add_argument("folder", type=Path, help="for the environment and the notebooks")
    parser.add_argument("pages", nargs="*", default=LIGHT, help="to run whole: chapters/...ipynb")
    options = parser.parse_args()
    folder = options.folder.resolve()
    describe_kernel(folder, make_environment(folder))
    written = write_colab(folder / "notebooks", address(), Book())
    for page in options.pages:
        started = time.perf_counter()
        run(nbformat.read(folder / "notebooks" / page, as_version=4))
        print(f"{page}: ran, {time.perf_counter() - started:.0f} s", flush=True)
    notebooks = [path for path in written if path.suffix == ".ipynb"]
    codes = [code for path in notebooks for code in code_of(path)]
    lines = imports(codes)
    cells = [nbformat.v4.new_code_cell(text) for text in (*installed_by(codes), *lines, VERSIONS)]
    done = run(nbformat.v4.new_notebook(cells=cells))
    print(f"{len(lines)} imports of {len(notebooks)} pages. {printed(done)}")


if __name__ == "__main__":
    main()
