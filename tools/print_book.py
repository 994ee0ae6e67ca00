"""Print the built book as one PDF, by Chromium.

    python tools/print_book.py [HTML_FOLDER]

All pages of the table of contents become one document in the browser (print_book.js), so links from
page to page lead within it, and the numbers of its sides run through. Solutions and the answers to
quizzes stand at the end of their page; a figure that moves shows its first picture; code that is
folded away on the pages is left out. It is printed twice: only then is it known on which side a
page begins, which the contents and the bookmarks say.

Needs Chromium or Chrome 131 or later (for numbers in the margin); ``CHROMIUM`` names another one.
"""

from __future__ import annotations

import html as markup
import io
import logging
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from built_book import ROOT, config, file_name, named_folder
from playwright.sync_api import Browser, Page, sync_playwright
from pypdf import PdfReader, PdfWriter
from pypdf.generic import Fit, NameObject, TextStringObject
from readers_notebooks import Entry, contents

TOOLS = Path(__file__).parent
NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"]
ARGUMENTS = ["--disable-background-networking", "--disable-component-update", "--no-first-run"]
PATIENCE = 600_000  # milliseconds, for a machine that does other things, too
NOTE = (
    "This is the book on paper. Its pages have more: figures that move, and quizzes that answer. "
    "Solutions and the answers to the quizzes stand at the end of each chapter. Code that only "
    "draws a figure, or checks what the text says, is left out here; the notebooks have all of it."
)


@dataclass
class Line:
    """A line of the contents: a page of the book, or the caption of a part."""

    title: str
    depth: int
    name: str = ""  # of a page: in the document
    file: str = ""  # of a page: below the folder of the built pages
    side: int | None = None  # where it begins, counted from 0
    top: float | None = None


def lines(book: Path = ROOT) -> list[Line]:
    """The pages of the table of contents in the order of reading, below the captions of parts."""
    toc = yaml.safe_load((book / "_toc.yml").read_text(encoding="utf-8"))
    found = [page(toc["root"], 0)]

    def add(entries: list[Entry], depth: int) -> None:
        for entry in entries:
            found.append(page(entry.file, depth))
            add(entry.children, depth + 1)

    for part, entries in zip(toc["parts"], contents(book), strict=True):
        if "caption" in part:
            found.append(Line(part["caption"], 0))
        add(entries, 1 if "caption" in part else 0)
    return found


def page(file: str, depth: int) -> Line:
    return Line("", depth, re.sub(r"\W", "_", file), f"{file}.html")


def find_browser() -> str:
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        raise SystemExit(
            "Printing needs Chromium or Chrome (on Debian: apt install chromium). None was found; "
            "looked for " + ", ".join(NAMES) + ". CHROMIUM=PROGRAM names another."
        )
    return program


def title_page(title: str, version: str) -> str:
    return (
        f'<section class="title-page"><h1>{markup.escape(title)}</h1>'
        "<p>Hands on, on CIFAR-10, in Keras 3 and TensorFlow</p>"
        '<img src="_static/cover.png" alt="Eight photographs of CIFAR-10, with their labels and '
        'the answers of the networks in this book">'
        f'<p>{markup.escape(version)}</p><p class="small">{NOTE}</p>'
        '<p class="small">Text and figures: CC BY 4.0. Code: MIT. The photographs are neither; see '
        "the data card.</p></section>"
    )


def contents_page(book: list[Line]) -> str:
    """The contents, with the numbers of the sides as far as they are known."""
    items = []
    for line in book:
        text = markup.escape(line.title)
        if not line.name:
            items.append(f'<li class="caption">{text}</li>')
            continue
        number = "" if line.side is None else str(line.side + 1)
        items.append(
            f'<li class="depth-{line.depth}"><a href="#{line.name}">{text}</a>'
            f'<span class="dots"></span><span class="number">{number}</span></li>'
        )
    return f'<nav class="contents-page"><h1>Contents</h1><ol>{"".join(items)}</ol></nav>'


def heads(book: list[Line], title: str) -> str:
    """A style for the margin of each page: the book's title, and the page's."""

    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    font = "font: 8pt system-ui, sans-serif; color: #333"
    return "".join(
        f"@page {line.name} {{ @top-left {{ content: {quoted(title)}; {font} }} "
        f"@top-right {{ content: {quoted(line.title)}; {font} }} }}\n"
        for line in book
        if line.name
    )


def assemble(tab: Page, html: Path, book: list[Line], title: str, version: str) -> None:
    """Turn an open page of the book into the document of all pages."""
    root = html.as_uri() + "/"
    tab.evaluate("document.body.replaceChildren()")
    tab.evaluate("document.documentElement.dataset.theme = 'light'")
    tab.evaluate((TOOLS / "print_book.js").read_text(encoding="utf-8"))
    tab.add_style_tag(content=(TOOLS / "print_book.css").read_text(encoding="utf-8"))
    pages = [line for line in book if line.name]
    addresses = [{"address": root + line.file, "name": line.name} for line in pages]
    first = {"address": root + "index.html", "name": pages[0].name}
    tab.evaluate("pages => bookPrinter.register(pages)", [*addresses, first])
    for line in pages:
        text = (html / line.file).read_text(encoding="utf-8")
        known = {"name": line.name, "address": root + line.file, "root": root}
        line.title = tab.evaluate(
            "page => bookPrinter.add(page)", {**known, "html": text, "depth": line.depth}
        )
    tab.add_style_tag(content=heads(pages, title))
    tab.evaluate("html => document.body.insertAdjacentHTML('afterbegin', html)",
                 title_page(title, version) + contents_page(book))  # fmt: skip
    lost = tab.evaluate("bookPrinter.repairLinks()")
    if lost:
        print("Links to headings that are not there:", *lost, file=sys.stderr)
    missing = tab.evaluate("bookPrinter.loaded()")
    if missing:
        raise SystemExit("Pictures that are not there: " + ", ".join(missing))


def printed(tab: Page) -> bytes:
    return tab.pdf(prefer_css_page_size=True, print_background=True, tagged=True)


def find_sides(pdf: bytes, book: list[Line]) -> None:
    """Note on which side each page begins; the contents link to all of them."""
    reader = PdfReader(io.BytesIO(pdf))
    places = {name.lstrip("/"): place for name, place in reader.named_destinations.items()}
    for line in book:
        if line.name:
            place = places[line.name]
            line.side, line.top = reader.get_destination_page_number(place), place.top


def finish(pdf: bytes, book: list[Line], title: str, author: str) -> bytes:
    """The file with bookmarks, language, title and author."""
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # else it counts Chromium's objects aloud
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    writer.pdf_header = PdfReader(io.BytesIO(pdf)).pdf_header  # an older version has no tags
    above: list = []
    for number, line in enumerate(book):
        follower = next((other for other in book[number:] if other.name), line)
        fit = Fit.xyz(top=follower.top)
        parent = above[line.depth - 1] if line.depth else None
        item = writer.add_outline_item(
            title=line.title, page_number=follower.side, parent=parent, fit=fit, is_open=False
        )
        above[line.depth :] = [item]
    writer.page_mode = "/UseOutlines"
    writer.root_object[NameObject("/Lang")] = TextStringObject("en")
    writer.add_metadata({"/Title": title, "/Author": author})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def make(html: Path, browser: Browser, book_root: Path = ROOT) -> bytes:
    """The PDF of a built book.

    Args:
        html: the folder of its pages.
        book_root: the folder of its ``_toc.yml`` and ``_config.yml``.
    """
    settings, book = config(book_root), lines(book_root)
    title, author = settings["title"], settings["author"]
    context = browser.new_context(color_scheme="light")
    context.set_default_timeout(PATIENCE)
    # Of the page that gives its styles only these are wanted; its scripts would change the others
    context.route("**/*.js*", lambda route: route.abort())
    try:
        tab = context.new_page()
        tab.goto((html / "index.html").as_uri())
        tab.emulate_media(media="print", color_scheme="light")
        assemble(tab, html.resolve(), book, title, version(book_root))
        find_sides(printed(tab), book)
        tab.evaluate("html => document.querySelector('.contents-page').outerHTML = html",
                     contents_page(book))  # fmt: skip
        return finish(printed(tab), book, title, author)
    finally:
        context.close()


def version(book: Path) -> str:
    """That of the package, as the citation names it, if there is one."""
    citation = book / "CITATION.cff"
    if not citation.exists():
        return ""
    return f"Version {yaml.safe_load(citation.read_text(encoding='utf-8'))['version']}"


def main() -> None:
    html = named_folder("Print the built book as one PDF.")
    sandbox = hasattr(os, "geteuid") and os.geteuid() != 0  # Chromium refuses its sandbox to root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser(), args=ARGUMENTS, chromium_sandbox=sandbox
        )
        pdf = make(html, browser)
        browser.close()
    path = html.parent / f"{file_name(config()['title'])}.pdf"
    path.write_bytes(pdf)
    sides = len(PdfReader(io.BytesIO(pdf)).pages)
    print(f"{sides} sides, {len(pdf) / 1e6:.0f} MB: {path}")


if __name__ == "__main__":
    main()
