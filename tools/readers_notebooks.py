"""Turn the book's notebooks into those that a reader opens.

    python tools/readers_notebooks.py --colab --repository URL FOLDER
    python tools/readers_notebooks.py --exercises FOLDER

The sources are written for the book's pages: their Markdown has directives, their cells have tags
that hide code. A reader in JupyterLab or Colab sees plain headings and quotes instead, numbered
exercises, and solutions and the code of figures folded away. `make lab` (tools/lab.py), the pages'
download button (tools/sphinx_book.py) and the branch for Colab (the command above) all take the
notebooks from here; they differ in where links lead, which is what a `Target` knows. For teachers,
the second command writes a sheet for each page: its exercises without their solutions.
"""

from __future__ import annotations

import argparse
import ast
import functools
import os
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import quote as percent

import nbformat
import yaml
from readers_markdown import EXERCISE, SOLUTION, Page, Piece

ROOT = Path(__file__).parents[1]
PLACEHOLDER = "git+REPOSITORY"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
FOLDED_TAGS = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
INSTALL = """\
try:
    import cifarlib  # noqa: F401
except ModuleNotFoundError:  # in Colab: fetch the book's package and nothing else
    %pip install -q --no-deps "cifarlib @ git+{repository}"
"""
EXPLAIN = """\
try:
    import cifarlib  # noqa: F401
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "This notebook needs cifarlib, the package that comes with the book. In the book's folder, "
        "the one with README.md, run 'make lab': it opens this notebook where everything is "
        "installed. Or install the package into this Python: python -m pip install FOLDER"
    ) from None
"""
SHEET_HEAD = (
    "# Exercises: {title}\n\n"
    "From {number}*Deep Learning for Image Recognition*. The exercises use names that the page "
    "defines: answer them at the end of the page's own notebook, or copy the cells that you need."
    "\n\nLicense of the text: [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/)."
)


@dataclass
class Entry:
    """A page in the order of reading: its path without suffix, its number, the pages below it."""

    file: str
    number: str = ""
    children: list[Entry] = field(default_factory=list)


def contents(book: Path) -> list[list[Entry]]:
    """The pages of ``_toc.yml``, a list for each of its parts.

    Chapters are numbered as the book numbers them: through all parts, as deep as ``numbered`` says.
    """
    toc = yaml.safe_load((book / "_toc.yml").read_text(encoding="utf-8"))
    count = 0

    def entries(items: list, prefix: str, start: int, depth: int) -> list[Entry]:
        found = []
        for place, item in enumerate(items, start + 1):
            number = f"{prefix}{place}" if depth else ""
            below = entries(item.get("sections", []), f"{number}.", 0, max(depth - 1, 0))
            found.append(Entry(item["file"], number, below))
        return found

    parts = []
    for part in toc.get("parts", [toc]):
        numbered = part.get("numbered", False)
        depth = 99 if numbered is True else int(numbered)
        parts.append(entries(part["chapters"], "", count, depth))
        count += len(part["chapters"]) if depth else 0
    return parts


class Heading(NamedTuple):
    """A heading's text, and the name of the cell that it begins in a reader's notebook."""

    text: str
    cell: str


def cell_name(cell: str, number: int) -> str:
    """The name of a piece of a cell, for several come from one. A page without cells has none."""
    return f"{cell}-{number}" if cell and number else cell


def walk(entries: list[Entry]):
    """Entries and all below them, in the order of reading."""
    for entry in entries:
        yield entry
        yield from walk(entry.children)


class Book:
    """The sources: which pages there are, their numbers, and where their headings are."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = Path(root)
        self.parts = contents(self.root)
        toc = yaml.safe_load((self.root / "_toc.yml").read_text(encoding="utf-8"))
        entries = [Entry(toc["root"]), *(entry for part in self.parts for entry in walk(part))]
        self.numbers = {self.source(entry.file): entry.number for entry in entries}
        bibliography = self.root / "references.bib"
        self.bibliography = bibliography.read_text("utf-8") if bibliography.exists() else ""

    @property
    def pages(self) -> list[str]:
        """The paths of all pages from the book's root, in the order of reading."""
        return list(self.numbers)

    def source(self, file: str) -> str:
        """The path of a page that the table of contents names without its suffix."""
        found = [f"{file}{suffix}" for suffix in (".ipynb", ".md") if
                 (self.root / f"{file}{suffix}").is_file()]  # fmt: skip
        if len(found) != 1:
            raise ValueError(f"_toc.yml names {file}, for which there are {found or 'no files'}")
        return found[0]

    def texts(self, page: str) -> dict[str, str]:
        """The Markdown of a page: of a notebook's cells, by their names, or of the whole file."""
        if page.endswith(".md"):
            return {"": (self.root / page).read_text(encoding="utf-8")}
        cells = self.notebook(page).cells
        return {cell.id: cell.source for cell in cells if cell.cell_type == "markdown"}

    @functools.cache  # noqa: B019 (a book lives as long as the program)
    def notebook(self, page: str) -> nbformat.NotebookNode:
        return nbformat.read(self.root / page, as_version=4)

    def reader(self, page: str, link) -> Page:
        """What turns the Markdown of a page, its exercises numbered already."""
        reader = Page(page, link, self.numbers.get(page, ""), self.bibliography, self.root)
        for text in self.texts(page).values():
            reader.number_exercises(text)
        return reader

    @functools.cached_property
    def titles(self) -> dict[str, str]:
        """The title of each page."""
        return {page: next(iter(self.headings(page).values())).text for page in self.pages}

    @functools.cache  # noqa: B019
    def headings(self, page: str) -> dict[str, Heading]:
        """The headings of a page, by their names in links: "data-hunger" for "Data hunger"."""
        reader = self.reader(page, lambda text, href, picture: text)
        return {
            name: Heading(piece.heading, cell_name(cell, number))
            for cell, text in self.texts(page).items()
            for number, piece in enumerate(reader.pieces(text))
            for name in piece.slugs
        }


class Target:
    """Where a reader opens the notebooks: what the first cell says, and where links lead.

    Args:
        repository: the book's address, such as ``https://github.com/OWNER/NAME``, if it is known.
    """

    colab = True  # fold as Colab does, too
    branch = "main"  # that links lead to, unless BOOK_BRANCH names another

    def __init__(self, repository: str = "") -> None:
        self.repository = repository.rstrip("/").removesuffix(".git")
        self.pictures: set[str] = set()  # that the pages show, to be brought along

    def link(self, book: Book, page: str, text: str, href: str, picture: bool) -> str:
        """A link or picture of ``page`` as it works here."""
        bang = "!" if picture else ""
        if re.match(r"[a-z][a-z0-9+.-]*:", href, re.IGNORECASE):
            return f"{bang}[{text}]({href})"
        path, _, fragment = href.partition("#")
        other = os.path.normpath(PurePosixPath(page).parent / path) if path else page
        other = PurePosixPath(other).as_posix()
        if not (book.root / other).is_file():
            raise ValueError(f"{page}: the link {href} leads nowhere")
        if picture:
            self.pictures.add(other)
            return self.picture(page, text, other)
        heading = None
        if fragment:
            if fragment not in book.headings(other):
                raise ValueError(f"{page}: {other} has no heading for #{fragment}")
            heading = book.headings(other)[fragment]
        return self.page_link(book, page, text, other, heading)

    def page_link(
        self, book: Book, page: str, text: str, other: str, heading: Heading | None
    ) -> str:
        """A link to a page of the book, or to a heading there."""
        if other == page and heading:
            return f"[{text}](#{anchor(heading)})"
        if not self.repository:  # a single file, far from the others: say where to look
            title = book.titles.get(other, other)
            return text if title.lower() in text.lower() else f"{text} (the page “{title}”)"
        return f"[{text}]({self.address(other)})"

    def picture(self, page: str, alt: str, other: str) -> str:
        if self.repository:
            return f"![{alt}]({self.address(other, raw=True)})"
        return f"*(A picture in the book: {alt})*"

    def address(self, path: str, raw: bool = False) -> str:
        """Where the repository shows a file, or gives it as it is."""
        kind = "raw" if raw else "blob"
        return f"{self.repository}/{kind}/{self.on_branch()}/{percent(path)}"

    def on_branch(self) -> str:
        """The branch that links lead to."""
        return os.environ.get("BOOK_BRANCH", self.branch)

    def first_cell(self, source: str = "") -> str:
        """How to get the package; and, where a page's own first cell fetches more, that too."""
        if not self.repository:
            return EXPLAIN.rstrip("\n")
        lines = source.splitlines()
        more = [line for line in lines if "%pip install" in line and PLACEHOLDER not in line]
        return "\n".join([INSTALL.format(repository=self.repository).rstrip("\n"), *more])


class Colab(Target):
    """The notebooks on the branch that Colab opens."""

    branch = "colab"

    def page_link(
        self, book: Book, page: str, text: str, other: str, heading: Heading | None
    ) -> str:
        place = f"#scrollTo={heading.cell}" if heading and heading.cell else ""
        address = "" if other == page and place else self.address(other)
        return f"[{text}]({address}{place})"

    def address(self, path: str, raw: bool = False) -> str:
        if path.endswith(".ipynb") and self.repository.startswith("https://github.com/"):
            name = self.repository.removeprefix("https://github.com/")
            place = f"{name}/blob/{self.on_branch()}/{percent(path)}"
            return f"https://colab.research.google.com/github/{place}"
        return super().address(path, raw)


def anchor(heading: Heading) -> str:
    """How JupyterLab names a heading."""
    return percent(heading.text.replace(" ", "-"))


def transform(book: Book, page: str, target: Target) -> nbformat.NotebookNode:
    """The notebook of a page as a reader opens it, outputs included.

    Raises:
        ValueError: the page uses a directive or role that is not known, or a link leads nowhere.
    """
    reader = book.reader(page, functools.partial(target.link, book, page))
    source = book.notebook(page)
    cells: list[nbformat.NotebookNode] = []
    ended = False  # a solution ended, and nothing has closed its fold yet
    for cell in source.cells:
        pieces = [] if cell.cell_type == "code" else reader.pieces(cell.source)
        for number, piece in enumerate(pieces):
            ended |= piece.ends_solution
            if not piece.text.strip():
                continue
            if ended and not 0 < piece.level <= SOLUTION:
                cells.append(back_cell(cell.id))
            ended = False
            cells.append(markdown_cell(piece, cell_name(cell.id, number)))
        if cell.cell_type == "code":
            if ended:
                cells.append(back_cell(cell.id))
                ended = False
            cells.append(code_cell(cell, target))
    notebook = nbformat.v4.new_notebook(metadata=METADATA, cells=cells)
    if target.colab:
        folded = [cell.id for cell in cells if "jp-MarkdownHeadingCollapsed" in cell.metadata]
        notebook.metadata["colab"] = {"collapsed_sections": folded}
    notebook.nbformat_minor = max(5, source.nbformat_minor)
    nbformat.validate(notebook)
    return notebook


def back_cell(near: str) -> nbformat.NotebookNode:
    """A heading that ends the fold of a solution where the page has none of its own."""
    return markdown_cell(Piece(EXERCISE, f"{'#' * EXERCISE} Back to the page"), f"{near}-back")


def markdown_cell(piece: Piece, name: str) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_markdown_cell(re.sub(r"\n{3,}", "\n\n", piece.text.strip()), id=name)
    if piece.level:  # Colab finds there which cell its list of folds, or a link, means
        cell.metadata["id"] = name
    if piece.folded:
        cell.metadata["jp-MarkdownHeadingCollapsed"] = True
    return nbformat.from_dict(cell)


def code_cell(cell: nbformat.NotebookNode, target: Target) -> nbformat.NotebookNode:
    """A code cell with its outputs, folded if it only draws, checks or installs."""
    installs = PLACEHOLDER in cell.source
    text = target.first_cell(cell.source) if installs else cell.source
    title = "Get the book's package" if installs else folded_title(cell)
    new = nbformat.v4.new_code_cell(text, id=cell.id, outputs=cell.outputs)
    new.execution_count = cell.execution_count
    if title:
        new.metadata = {"jupyter": {"source_hidden": True}}
        if target.colab:
            new.metadata["cellView"] = "form"
            new.source = f"# @title {title}\n{text}"
    return nbformat.from_dict(new)


def folded_title(cell: nbformat.NotebookNode) -> str:
    """What Colab shows in the place of a cell's code; empty if the code is for readers."""
    if only_checks(cell.source):
        return "Check what the text says"
    hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
    if not (hidden or FOLDED_TAGS & set(cell.metadata.get("tags", []))):
        return ""
    shows = any("image/png" in output.get("data", {}) for output in cell.outputs)
    return "Draw the figure" if shows else "Prepare what comes next"


def only_checks(code: str) -> bool:
    """Whether a cell does nothing but call ``check``."""
    try:
        body = ast.parse(code).body
    except SyntaxError:  # a magic
        return False
    return bool(body) and all(
        isinstance(line, ast.Expr)
        and isinstance(line.value, ast.Call)
        and getattr(line.value.func, "id", "") == "check"
        for line in body
    )


def markdown(book: Book, page: str, target: Target) -> str:
    """A page that is Markdown, as a reader opens it."""
    reader = book.reader(page, functools.partial(target.link, book, page))
    pieces = [
        piece.text.strip() for text in book.texts(page).values() for piece in reader.pieces(text)
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n\n".join(pieces)) + "\n"


def as_bytes(book: Book, page: str, target: Target) -> bytes:
    """The file that a reader gets for a page."""
    if page.endswith(".ipynb"):
        return (nbformat.writes(transform(book, page, target)) + "\n").encode()
    return markdown(book, page, target).encode()


def write_colab(folder: Path, repository: str, book: Book | None = None) -> list[Path]:
    """Write all pages for Colab into a folder, each at the path that it has in the book."""
    book = book or Book()
    target, written = Colab(repository), []
    files = {page: as_bytes(book, page, target) for page in book.pages}  # before any is written
    for page, content in files.items():
        path = Path(folder) / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    copy_pictures(book, target, Path(folder))
    return written


def copy_pictures(book: Book, target: Target, folder: Path) -> None:
    """Bring along the pictures that the pages show."""
    for name in sorted(target.pictures):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = (book.root / name).read_bytes()
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)


def exercise_sheet(book: Book, page: str, target: Target) -> nbformat.NotebookNode | None:
    """The exercises of a page without their solutions, an empty cell below each.

    Returns:
        None if the page has no exercises.
    """
    if not page.endswith(".ipynb"):
        return None
    sheet: list[nbformat.NotebookNode] = []
    count, asking = 0, False

    def make_room() -> None:
        if asking:
            sheet.append(nbformat.v4.new_code_cell("", id=f"answer-{count}"))

    for cell in transform(book, page, target).cells:
        level = heading_level(cell)
        if level == EXERCISE and re.match(r"#+ Exercise \d", cell.source):
            make_room()
            count, asking = count + 1, True
        elif 0 < level <= SOLUTION:
            make_room()
            asking = False
        if asking:
            sheet.append(nbformat.from_dict({**cell, "outputs": [], "execution_count": None})
                         if cell.cell_type == "code" else cell)  # fmt: skip
    make_room()
    if not count:
        return None
    number = f"chapter {book.numbers[page]} of the book, " if book.numbers[page] else ""
    head = SHEET_HEAD.format(title=book.titles[page], number=number)
    cells = [nbformat.v4.new_markdown_cell(head, id="sheet"), *sheet]
    notebook = nbformat.v4.new_notebook(metadata=METADATA, cells=cells)
    nbformat.validate(notebook)
    return notebook


def heading_level(cell: nbformat.NotebookNode) -> int:
    """The level of the heading that a cell begins with, 0 without one."""
    found = re.match(r"#+(?= )", cell.source) if cell.cell_type == "markdown" else None
    return len(found[0]) if found else 0


def write_exercises(folder: Path, repository: str = "", book: Book | None = None) -> list[Path]:
    """Write a sheet for each page that has exercises, at the path of the page in the book."""
    book, written = book or Book(), []
    target = Target(repository)
    sheets = {page: exercise_sheet(book, page, target) for page in book.pages}
    for page, sheet in sheets.items():
        if sheet is not None:
            path = Path(folder) / page
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(nbformat.writes(sheet) + "\n", encoding="utf-8")
            written.append(path)
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the notebooks that readers open.")
    kinds = parser.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--colab", action="store_true", help="all pages, for Colab's branch")
    kinds.add_argument("--exercises", action="store_true", help="sheets without solutions")
    parser.add_argument("--repository", default="", help="https://github.com/OWNER/NAME")
    parser.add_argument("output", type=Path, help="the folder to write into")
    options = parser.parse_args()
    if options.colab and not options.repository:
        parser.error("--colab needs --repository: Colab gets the book's package from there")
    # Never sheets among the sources, whose names they have. Colab's pages are meant to replace the
    # sources, on a branch of their own
    if options.exercises and options.output.resolve() == ROOT:
        parser.error(f"{options.output} is the book's own folder; name another")
    write = write_colab if options.colab else write_exercises
    written = write(options.output, options.repository)
    print(f"{len(written)} {'pages' if options.colab else 'sheets'} in {options.output}")


if __name__ == "__main__":
    main()
