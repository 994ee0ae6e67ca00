"""A Sphinx extension: what keeps readers with a keyboard or a screen reader out is mended.

What depends on the width of the window, or on what a script adds to the page, is in static/book.js.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

# What a page has, what it should have, and why
MENDS = [
    # Each names what it opens by its visible text; this name was the same for all
    ('<summary aria-label="Toggle hidden content">', "<summary>"),
    # sphinx-exercise gives all its boxes the same two ids
    (' id="exercise-content"', ""),
    (' id="solution-content"', ""),
    # A table's upper left corner is the heading of nothing
    ('<th class="head"><p></p></th>', "<td></td>"),
    # The role is withdrawn from ARIA; the list around them takes these
    (' role="doc-biblioentry"', ' role="listitem"'),
    # Who speaks to the computer says what stands on the button: "Search Ctrl+K"
    ('search-button__button pst-js-only" title="Search" aria-label="Search" data-bs-placement='
     '"bottom" data-bs-toggle="tooltip">\n <i',
     'search-button__button pst-js-only" title="Search" data-bs-placement='
     '"bottom" data-bs-toggle="tooltip">\n <i'),
    # The book's name and the search stand in no landmark, and the two windows have no name
    ('<div id="pst-primary-sidebar" class', '<div id="pst-primary-sidebar" role="complementary" '
     'aria-label="Contents of the book" class'),
    ('<dialog id="pst-primary-sidebar-modal">',
     '<dialog id="pst-primary-sidebar-modal" aria-label="Contents of the book">'),
    ('<dialog id="pst-search-dialog">', '<dialog id="pst-search-dialog" aria-label="Search">'),
]  # fmt: skip
# In the sidebar: a link to a page, and an arrow without a name that shows the pages below it
ARROW = re.compile(
    r'(<a [^>]*>)([^<]*)(</a><details[^>]*><summary)(?=><span class="toctree-toggle")'
)


def mended(page: str) -> str:
    """The HTML of a page, mended."""
    for before, after in MENDS:
        page = page.replace(before, after)
    return ARROW.sub(r'\1\2\3 aria-label="Pages below: \2"', page)


def mend(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.name != "html":
        return
    static = Path(app.outdir, "_static")
    for path in Path(app.outdir).rglob("*.html"):
        if static not in path.parents:
            text = path.read_text(encoding="utf-8")
            path.write_text(mended(text), encoding="utf-8")


def setup(app: Sphinx) -> dict:
    app.connect("build-finished", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
