"""Put the tables of benchmarks in README and on pages up to date with their records.

    python tools/bench_tables.py README.md chapters/architectures/speednet.ipynb

``cifarlib/bench/tables.py`` says how a text asks for one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import nbformat

from cifarlib.bench.records import FOLDER
from cifarlib.bench.tables import filled


def fill(path: Path, folder: Path = FOLDER) -> bool:
    """Write a Markdown file or a notebook anew if a table in it is out of date.

    Raises:
        OSError: it asks for a record that is not there.
    """
    if path.suffix == ".ipynb":
        page = nbformat.read(path, as_version=4)
        old = [cell.source for cell in page.cells]
        for cell in page.cells:
            if cell.cell_type == "markdown":
                cell.source = filled(cell.source, folder)
        if changed := old != [cell.source for cell in page.cells]:
            nbformat.write(page, path)
        return changed
    old = path.read_text(encoding="utf-8")
    new = filled(old, folder)
    if new != old:
        path.write_text(new, encoding="utf-8")
    return new != old


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, help="Markdown files or notebooks")
    for path in parser.parse_args(arguments).files:
        print(f"{path}: {'put up to date' if fill(path) else 'nothing to do'}")


if __name__ == "__main__":
    main()
