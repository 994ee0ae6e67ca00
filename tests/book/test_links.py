"""Every link on every page leads somewhere, without an address of the book and with one."""

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from built_pages import pages

REPOSITORY = "https://github.com/OWNER/NAME"
COLAB = "https://colab.research.google.com/github/OWNER/NAME/blob/colab/"
ADDRESS = "https://owner.example/NAME/"
OUTSIDE = re.compile(r"https?://[\w-]+(\.[\w-]+)+(:\d+)?(/[^\s<>{}|\\^`\"]*)?")
LOADED = {("img", "src"), ("script", "src"), ("link", "href"), ("source", "src")}


class Links(HTMLParser):
    """The ids of a page, and all that it leads to or loads."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.found = {"", "top"}, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if attributes.get("rel") == "canonical":  # where the page is, not what it loads
            tag = "a"
        self.ids |= {attributes.get("id"), attributes.get("name")}
        for name in ("href", "src", "action", "poster"):
            if attributes.get(name) is not None and tag != "use":
                self.found.append((tag, name, attributes[name]))


@pytest.fixture(scope="module")
def read():
    """``read(folder)`` gives the links of each page of a book, by its path."""
    known = {}

    def links(folder):
        if folder not in known:
            files = [path for path in folder.rglob("*.html") if "_static" not in path.parts]
            known[folder] = {
                path.relative_to(folder).as_posix(): Links(path.read_text(encoding="utf-8"))
                for path in files
            }
        return known[folder]

    return links


def trouble(folder, book, name, link, outside):
    """What is wrong with a link of a page, or None."""
    tag, attribute, target = link
    parts = urlsplit(target)
    if parts.scheme == "data" and tag == "img":
        return None
    if parts.scheme == "mailto":
        return None if "@" in parts.path else "no address"
    if parts.scheme or target.startswith("//"):
        return "loads from elsewhere" if (tag, attribute) in LOADED else outside(target)
    if target.startswith("/"):
        return "leads to the root of a server"
    path = os.path.normpath(Path(name).parent / unquote(parts.path)) if parts.path else name
    path = Path(path).as_posix()
    if path.startswith(".."):
        return "leads out of the book"
    if not (folder / path).is_file():
        return "no such file"
    if path in book and unquote(parts.fragment) not in book[path].ids:
        return "no such place"
    return None


def by_its_form(target):
    return None if OUTSIDE.fullmatch(target) else "no address"


def troubles(folder, book, outside=by_its_form):
    assert len(book) >= 5
    return [
        (name, link[2], said)
        for name, page in book.items()
        for link in page.found
        if (said := trouble(folder, book, name, link, outside))
    ]


def test_every_link_of_the_book_leads_somewhere(html, read):
    book = read(html)
    assert book.keys() >= set(pages())
    assert troubles(html, book) == []


def test_a_book_without_an_address_names_no_repository_and_none_of_its_own(html, read):
    for name, page in read(html).items():
        for _, _, target in page.found:
            if not target.startswith("data:"):
                assert not re.search(r"OWNER|/github/|/issues/new|None|undefined", target), name


def published_link(folder, source):
    """What is wrong with an outside link of the published book."""

    def outside(target):
        if target.startswith(COLAB):
            path = target.removeprefix(COLAB)
            fine = path.endswith(".ipynb") and (source / unquote(path)).is_file()
        elif target.startswith(f"{REPOSITORY}/blob/main/"):
            path = target.removeprefix(f"{REPOSITORY}/blob/main/").partition("?")[0]
            fine = (source / unquote(path)).is_file()
        elif target.startswith(REPOSITORY):
            rest = target.removeprefix(REPOSITORY)
            fine = rest == "" or rest.startswith("/issues/new?title=Issue%20on%20page%20%2F")
        elif target.startswith(ADDRESS):
            path = target.removeprefix(ADDRESS) or "index.html"
            made = f"{ADDRESS}deep-learning-for-image-recognition"  # by publish.yml
            fine = (folder / path).is_file() or target in (f"{made}.pdf", f"{made}.zip")
        else:
            return by_its_form(target)
        return None if fine else "nothing there"

    return outside


def test_every_link_of_a_published_book_leads_somewhere(published, read):
    source = published.parents[1] / "source"
    outside = published_link(published, source)
    assert outside(f"{COLAB}about.md")  # Colab opens notebooks alone
    assert outside(f"{REPOSITORY}/blob/main/none.md")
    assert troubles(published, read(published), outside) == []


@pytest.mark.parametrize(
    ("name", "colab", "source"),
    [
        ("chapters/part/page.html", True, "chapters/part/page.ipynb"),
        ("chapters/part/index.html", False, "chapters/part/index.md?plain=1"),
        ("about.html", False, "about.md?plain=1"),
        ("index.html", False, "about.md?plain=1"),
        ("genindex.html", False, None),
        ("search.html", False, None),
    ],
)
def test_a_page_has_the_buttons_that_make_sense_there(published, read, name, colab, source):
    targets = [target for _, _, target in read(published)[name].found]
    assert REPOSITORY in targets
    opens = {target for target in targets if "colab.research" in target}
    assert opens == ({f"{COLAB}{source}"} if colab else set())
    shown = {target for target in targets if f"{REPOSITORY}/blob/" in target}
    # The source is on main; on the branch for Colab is what was made from it
    assert shown == ({f"{REPOSITORY}/blob/main/{source}"} if source else set())
    issues = [target for target in targets if "/issues/" in target]
    assert len(issues) == (1 if source else 0)


def test_the_front_page_leads_to_the_pdf_and_the_zip_where_it_is_published(published, html):
    text = (published / "index.html").read_text(encoding="utf-8")
    stem = f"{ADDRESS}deep-learning-for-image-recognition"
    assert text.count(f'href="{stem}.pdf"') == text.count(f'href="{stem}.zip"') == 1
    assert text.index("three-doors") < text.index(f"{stem}.pdf") < text.index('id="after"')
    assert "in a zip" not in (published / "chapters/part/page.html").read_text(encoding="utf-8")
    assert "in a zip" not in (html / "index.html").read_text(encoding="utf-8")


def wrong(tmp_path, text):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "there.html").write_text('<p id="here">There</p>')
    return Links(text).found, {"folder/there.html": Links('<p id="here">'), "a.html": Links("")}


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ('<a href="folder/there.html#here">', None),
        ('<a href="folder/there.html#gone">', "no such place"),
        ('<a href="folder/gone.html">', "no such file"),
        ('<a href="../a.html">', "leads out of the book"),
        ('<a href="/folder/there.html">', "leads to the root of a server"),
        ('<a href="https://ADDRESS">', "no address"),
        ('<a href="https://keras.io/a b">', "no address"),
        ('<a href="https://keras.io/api/">', None),
        ('<script src="https://keras.io/a.js">', "loads from elsewhere"),
        ('<img src="data:image/png;base64,AA==">', None),
    ],
)
def test_a_link_that_is_wrong_is_found(tmp_path, link, said):
    (found,), book = wrong(tmp_path, link)
    assert trouble(tmp_path, book, "a.html", found, by_its_form) == said
