"""A book of two pages, for tests of what readers open."""

import base64
import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import readers_notebooks as readers

ROOT = Path(__file__).parents[2]
DOT = (  # a gray pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)
FIGURE = """\
from cifarlib import plots
from cifarlib.widgets import moving_figure, quiz

def draw(power):
    figure, axis = plots.subplots(size=(3, 2))
    axis.plot([x**power for x in range(5)])
    return plots.finish(figure, f"power {power}")

moving_figure("Powers", {"exponent": ["0", "1", "2"]}, draw, alt="A curve.")
"""
INSTALL = f"""\
try:
    import cifarlib  # noqa: F401
except ModuleNotFoundError:
    %pip install -q --no-deps "cifarlib @ {readers.PLACEHOLDER}"
"""


def small_book(folder, *, after="", code="print(1 + 1)"):
    """Write it: a page with a moving figure, an exercise and a quiz, and one about it.

    Args:
        after: what stands right after the solution; without it the quiz comes there.
        code: of a folded cell.
    """
    markdown, program = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    cells = [
        markdown("# A page\n\nSee [about](../../about.md)."),
        program(INSTALL, metadata={"tags": ["remove-cell"]}),
        markdown("## In two words!\n\n:::{tip}\nMove it.\n:::"),
        program(FIGURE),
        program(code, metadata={"tags": ["hide-input"]}),
        markdown("## Exercises\n\n:::{exercise} Add\n:label: one\n\nAdd.\n:::"),
        markdown(":::{solution-start} one\n:class: dropdown\n:::\n\nLike this."),
        program('print("the " + "solution")'),
        markdown(f":::{{solution-end}}\n:::\n\n{after}"),
    ]
    if not after:
        cells += [markdown("## Quiz"), program('quiz("convolution")')]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=readers.METADATA)
    part = folder / "chapters" / "part"
    part.mkdir(parents=True)
    nbformat.write(notebook, part / "page.ipynb")
    (folder / "about.md").write_text("# About\n\n## A B\n\n![A dot](static/dot.png)\n")
    (folder / "static").mkdir()
    (folder / "static" / "dot.png").write_bytes(base64.b64decode(DOT))
    toc = "root: about\nparts:\n  - chapters:\n      - file: chapters/part/page\n"
    (folder / "_toc.yml").write_text(toc)
    return readers.Book(folder)


CODE = "long = 'begins" + 60 * " goes on," + " ends'"  # wider than paper
TOC = """\
format: jb-book
root: about
parts:
  - numbered: 2
    chapters:
      - file: chapters/part/index
        sections:
          - file: chapters/part/page
  - caption: Reference
    chapters:
      - file: reference/list
"""


def small_site(folder, **environment):
    """Build the pages of the small book, with the settings and the extensions of the whole one.

    Returns:
        The folder of the pages.
    """
    source = folder / "source"
    source.mkdir()
    small_book(source)
    (source / "_toc.yml").write_text(TOC)
    with (source / "about.md").open("a") as file:
        file.write("\n## Three doors\n\n* [Read](chapters/part/page.ipynb)\n\n## After\n\nEnd.\n")
    (source / "chapters" / "part" / "index.md").write_text(
        "# A part\n\nSee [exercises](page.ipynb#exercises).\n"
    )
    (source / "reference").mkdir()
    (source / "reference" / "list.md").write_text("# A list\n\nBack to [A B](../about.md#a-b).\n")
    with_outputs(source / "chapters" / "part" / "page.ipynb")
    config = (ROOT / "_config.yml").read_text(encoding="utf-8")
    (source / "_config.yml").write_text(config.replace("intro.md", "about.md"), encoding="utf-8")
    for name in ("tools", "static"):
        shutil.copytree(ROOT / name, source / name, dirs_exist_ok=True)
    for name in ("references.bib", "requirements.txt", "constraints.txt"):
        shutil.copy(ROOT / name, source)
    start = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", start, "build", ".", "-W", "--keep-going"]
    done = subprocess.run(
        [*command, "--path-output", str(folder)], cwd=source, capture_output=True, text=True,
        env={**os.environ, "BOOK_EXECUTE": "off", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "_build" / "html"


def with_outputs(path):
    """Put into a notebook what its cells would show or print, and a long line of code."""
    notebook = nbformat.read(path, as_version=4)
    names = {}
    for cell in notebook.cells:
        if cell.cell_type != "code" or "%pip" in cell.source:
            continue
        *lines, last = cell.source.strip().split("\n")
        exec("\n".join(lines), names)
        with contextlib.redirect_stdout(None):
            shown = eval(last, names)
        if hasattr(shown, "_repr_html_"):
            data = {"text/plain": repr(shown), "text/html": shown._repr_html_()}
            cell.outputs = [nbformat.v4.new_output("execute_result", data, execution_count=1)]
            cell.execution_count = 1
    notebook.cells.insert(4, nbformat.v4.new_code_cell(CODE, id="long"))
    nbformat.write(notebook, path)
