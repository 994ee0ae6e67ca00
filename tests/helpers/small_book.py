"""A book of two pages, for tests of what readers open."""

import base64
import sys
from pathlib import Path

import nbformat

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import readers_notebooks as readers

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
