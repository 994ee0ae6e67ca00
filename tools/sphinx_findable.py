"""A Sphinx extension: what a page tells search engines and those who share its address.

Every page has a description, its question; a card for social networks; and a title that does not
say the book's name twice. The first page is ``index.html`` itself, not an empty page that leads
there. Where the book is published, nobody knows before: ``BOOK_URL`` names it, such as
``https://OWNER.github.io/NAME/``. Then there are full addresses, and a sitemap.
"""

from __future__ import annotations

import os
import re
from html import escape
from pathlib import Path
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

QUESTION = re.compile(r"The question of this (?:page|chapter):\s*(.+?\?)", re.DOTALL)
LONGEST = 300
COVER = "_static/cover.png"


def setup(app: Sphinx) -> dict:
    app.add_config_value("book_description", "", "html", [str])
    app.connect("config-inited", set_address)
    app.connect("html-page-context", add_description)
    app.connect("build-finished", write_first_page, priority=950)  # after sphinx_light
    app.connect("build-finished", write_sitemap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def set_address(app: Sphinx, config: Config) -> None:
    address = os.environ.get("BOOK_URL", "")
    if address and not re.fullmatch(r"https?://[^\s?#]+", address):
        raise ConfigError(f"BOOK_URL must look like https://OWNER.github.io/NAME/, got {address!r}")
    config.html_baseurl = address and address.rstrip("/") + "/"


def description(document: nodes.document) -> str:
    """The question of a page; of a page without one, its first sentences of running text."""
    for quotation in document.findall(nodes.block_quote):
        if found := QUESTION.search(quotation.astext()):
            return shorter(found[1][0].upper() + found[1][1:])
    for paragraph in document.findall(nodes.paragraph):
        text = paragraph.astext()
        running = isinstance(paragraph.parent, (nodes.section, nodes.document))
        running &= paragraph.next_node(nodes.image) is None  # its text is what one sees there
        if running and len(text) > 60 and re.search(r"[.?!]$", text.strip()):
            return shorter(text)
    return ""


def shorter(text: str) -> str:
    """A text in one line, ended after a whole sentence or word where it is too long."""
    text = " ".join(text.split())
    if len(text) <= LONGEST:
        return text
    cut = text[: LONGEST - 2]
    sentences = re.match(r".*[.?!](?=\s)", cut)
    return sentences[0] if sentences else cut.rpartition(" ")[0] + " …"


def add_description(
    app: Sphinx, page: str, template: str, context: dict, document: nodes.document | None
) -> None:
    """Put description and card into the head of a page."""
    if document is None:
        return
    root = page == app.config.root_doc
    title = re.sub(r"<[^>]+>", "", context["title"])
    tags = {
        "og:title": title,
        "og:type": "website" if root else "article",
        "og:site_name": escape(app.config.html_title),
    }
    about = escape(app.config.book_description if root else description(document))
    meta = ""
    if about:
        tags["og:description"] = about
        meta = f'\n    <meta name="description" content="{about}" />'
    if base := app.config.html_baseurl:
        tags["og:url"] = context["pageurl"] = base + address(app, page)
        tags["og:image"] = base + COVER
        tags["og:image:alt"] = "Eight small photographs with their labels and a network's answers"
    meta += "".join(f'\n    <meta property="{key}" content="{tags[key]}" />' for key in tags)
    card = "summary_large_image" if base else "summary"
    meta += f'\n    <meta name="twitter:card" content="{card}" />'
    context["metatags"] = context.get("metatags", "") + meta


def address(app: Sphinx, page: str) -> str:
    """Where a page is found below the book's own address."""
    return "" if page == app.config.root_doc else quote(f"{page}.html")


def write_first_page(app: Sphinx, exception: Exception | None) -> None:
    """The first page, also under the name that a server looks for in the same folder."""
    if exception or app.builder.name != "html":
        return
    out = Path(app.outdir)
    first = out / f"{app.config.root_doc}.html"
    text = title_once(first.read_text(encoding="utf-8"))
    for path in (first, out / "index.html"):
        path.write_text(text, encoding="utf-8")


def title_once(page: str) -> str:
    """A page whose title is the book's, and does not say it twice."""
    return re.sub(r"<title>(.+?) &#8212; \1</title>", r"<title>\1</title>", page)


def write_sitemap(app: Sphinx, exception: Exception | None) -> None:
    """List all pages for search engines, when their address is known."""
    if exception or app.builder.name != "html" or not app.config.html_baseurl:
        return
    base = app.config.html_baseurl
    places = [base + address(app, page) for page in sorted(app.env.found_docs)]
    lines = "".join(f"  <url><loc>{escape(place)}</loc></url>\n" for place in places)
    out = Path(app.outdir)
    (out / "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{lines}</urlset>\n',
        encoding="utf-8",
    )
    (out / "robots.txt").write_text(f"Sitemap: {base}sitemap.xml\n", encoding="utf-8")
