"""A Sphinx extension: the front page of a published book leads to its PDF and its zip.

``publish.yml`` makes both and puts them beside the first page. Elsewhere nobody has made them, so
there are links only where ``BOOK_URL`` says that the book is published. They are full addresses:
the zip has the same front page, and neither file in it.
"""

from __future__ import annotations

import re
from html import escape

from built_book import file_name
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

TEXT = (
    '<p>Or take the book with you: <a class="reference external" href="{pdf}">all of it on paper'
    '</a> (PDF), or <a class="reference external" href="{zip}">all its pages in a zip</a>, which '
    "open without a network; the search shows no excerpts there.</p>"
)
DOORS = re.compile(r'(<section [^>]*\bid="three-doors".*?</ul>)', re.DOTALL)


def setup(app: Sphinx) -> dict:
    app.connect("html-page-context", add_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def add_links(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Put the links below the doors of the front page, if the book has an address."""
    base = app.config.html_baseurl
    if page != app.config.root_doc or not base:
        return
    stem = base + file_name(app.config.html_title)
    links = TEXT.format(pdf=escape(f"{stem}.pdf"), zip=escape(f"{stem}.zip"))
    context["body"], count = DOORS.subn(lambda found: f"{found[1]}\n{links}", context["body"], 1)
    if not count:
        raise ExtensionError("the front page has no section 'Three doors' for the PDF and the zip")
