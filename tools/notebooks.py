"""Execute the chapters in place, and keep nothing in them but what readers and tests need.

python tools/notebooks.py                    all chapters
python tools/notebooks.py a.ipynb b.ipynb    these
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import nbformat
import page_time
from nbclient import NotebookClient
from nbval_tolerance import complaint
from readers_notebooks import METADATA

from cifarlib._files import check_writable, write_atomically

ROOT = Path(__file__).parents[1]
CHAPTERS = ROOT / "chapters"
KEPT = ("tags", "mystnb", "nbval", "jupyter")  # of a cell's metadata


def normalize(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what differs from run to run or serves nobody: timings, stderr, viewers' metadata."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = {k: v for k, v in cell.metadata.items() if k in KEPT}
        # JupyterLab adds to this key what its user folded; a page says only which source is
        if cell.metadata.pop("jupyter", {}).get("source_hidden") is True:
            cell.metadata.jupyter = nbformat.from_dict({"source_hidden": True})
        if cell.cell_type != "code":
            continue
        # TensorFlow greets on stderr, in words that depend on the machine; progress bars go there
        cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
        cell.outputs = merge_streams(cell.outputs)
        for output in cell.outputs:
            if "metadata" in output:
                output.metadata = {}
    return notebook


def merge_streams(outputs: list) -> list:
    """Join printed text that arrived in several pieces; how many depends on the machine's haste."""
    merged = []
    for output in outputs:
        last = merged[-1] if merged else {}
        if output.output_type == "stream" and last.get("name") == output.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def execute(path: Path) -> None:
    """Run a notebook from top to bottom in its folder; write it back, whole or not at all."""
    notebook = nbformat.read(path, as_version=4)
    started = time.perf_counter()
    NotebookClient(
        notebook, timeout=3600, record_timing=False, resources={"metadata": {"path": path.parent}}
    ).execute()
    page_time.record(path, notebook, time.perf_counter() - started)
    write(path, normalize(notebook))
    for line in complaint(notebook).splitlines():
        print(f"{path.name}: {line}", file=sys.stderr)  # a test refuses it later


def write(path: Path, notebook: nbformat.NotebookNode) -> None:
    nbformat.validate(notebook)
    text = nbformat.writes(notebook) + "\n"
    write_atomically(path, lambda file: file.write(text.encode()))


def main() -> None:
    parser = argparse.ArgumentParser(description="Execute the chapters in place.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all of them")
    options = parser.parse_args()
    paths = options.notebooks or sorted(CHAPTERS.rglob("*.ipynb"))
    for path in paths:  # a slip in the last name must not wait for the minutes of all others
        nbformat.read(path, as_version=4)
        check_writable(path)
    for path in paths:
        started = time.perf_counter()
        execute(path)
        print(
            f"{path.resolve().relative_to(ROOT)}: {time.perf_counter() - started:.0f} s", flush=True
        )


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CIFARLIB_FULL"] = "0"  # pages are made with what the package carries
    os.environ["CIFARLIB_CHECKS"] = "strict"  # and hold what they claim
    main()
