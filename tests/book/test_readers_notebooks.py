"""What readers open in JupyterLab, Colab, or from the download button: made from every page."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import lab  # noqa: E402
import readers_notebooks as readers  # noqa: E402
from readers_markdown import Page, blocks, slug  # noqa: E402
from small_book import small_book  # noqa: E402

ADDRESS = "https://github.com/OWNER/NAME"
BOOK = readers.Book()
NOTEBOOKS = [page for page in BOOK.pages if page.endswith(".ipynb")]
TARGETS = {
    "lab": lab.Lab(BOOK),
    "download": readers.Target(),
    "published download": readers.Target(ADDRESS),
    "Colab": readers.Colab(ADDRESS),
}
each_page = pytest.mark.parametrize("page", BOOK.pages)
each_notebook = pytest.mark.parametrize("page", NOTEBOOKS)
each_target = pytest.mark.parametrize("name", TARGETS)


@pytest.fixture(scope="module")
def made():
    """The file of a page for a target, made once."""
    files = {}

    def get(page, name):
        if (page, name) not in files:
            files[page, name] = readers.as_bytes(BOOK, page, TARGETS[name]).decode()
        return files[page, name]

    return get


def prose(page, text):
    """The Markdown of a page without what stands in code."""
    if page.endswith(".ipynb"):
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    text = re.sub(r"^(`{3,}|~{3,}).*?^\1", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "CODE", text, flags=re.DOTALL)


def links(text):
    return re.findall(r"\]\(([^()\s]+)\)", text)


@each_target
@each_page
def test_no_directive_and_no_role_is_left(made, page, name):
    text = made(page, name)
    if page.endswith(".ipynb"):
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert ":::" not in text
    assert not re.search(r"^\s*:(?:label|class|alt|all|style):", text, re.MULTILINE)
    assert not re.search(r"(?<!`)\{[a-z][\w:]*\}`", text)
    assert not re.search(r"^`{3,}\{", text, re.MULTILINE)
    assert not re.search(r"^\([\w-]+\)=", text, re.MULTILINE)


@each_page
def test_links_of_the_lab_lead_to_a_copy_and_to_a_heading_there(made, page):
    places, name = TARGETS["lab"].places, "lab"
    pages = {place: page for page, place in places.items()}
    for link in links(prose(page, made(page, name))):
        if link.startswith(("https:", "http:", "mailto:")):
            continue
        path, _, fragment = unquote(link).partition("#")
        here = PurePosixPath(places[page])
        place = readers.os.path.normpath(here.parent / path) if path else str(here)
        if place not in pages:
            assert (ROOT / place).is_file() and place in TARGETS["lab"].pictures, link
        elif fragment:
            target = prose(pages[place], made(pages[place], name))
            headings = re.findall(r"^#+ (.+)$", target, re.MULTILINE)
            assert fragment in [heading.replace(" ", "-") for heading in headings], link


@each_page
@pytest.mark.parametrize("name", ["published download", "Colab"])
def test_links_of_published_notebooks_lead_to_the_repository(made, page, name):
    for link in links(prose(page, made(page, name))):
        if link.startswith("#"):
            continue
        assert link.startswith(("https://", "http://", "mailto:")), link
        if "OWNER/NAME" in link:
            branch = "colab" if name == "Colab" else "main"  # where the page's buttons lead, too
            path = re.search(rf"OWNER/NAME/(?:blob|raw)/{branch}/([^#]+)", link).group(1)
            assert (ROOT / unquote(path)).is_file(), link
            colab = link.startswith("https://colab.research.google.com/github/OWNER/NAME/blob/")
            assert colab == (name == "Colab" and path.endswith(".ipynb"))


@each_page
def test_links_within_a_page_for_colab_name_a_cell(made, page):
    text = made(page, "Colab")
    for cell in re.findall(r"\]\(#scrollTo=([\w-]+)\)", text):
        named = [c.metadata.get("id") for c in nbformat.reads(text, as_version=4).cells]
        assert cell in named


@each_page
def test_a_single_downloaded_file_has_no_link_to_files_that_are_not_there(made, page):
    for link in links(prose(page, made(page, "download"))):
        assert link.startswith(("https://", "http://", "mailto:", "#")), link


@each_target
@each_notebook
def test_notebook_is_valid_and_loses_neither_code_nor_outputs(made, page, name):
    notebook = nbformat.reads(made(page, name), as_version=4)
    nbformat.validate(notebook)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    before = [c for c in BOOK.notebook(page).cells if c.cell_type == "code"]
    after = [c for c in notebook.cells if c.cell_type == "code"]
    assert [c.outputs for c in after] == [c.outputs for c in before]
    assert [c.execution_count for c in after] == [c.execution_count for c in before]
    for old, new in zip(before, after, strict=True):
        if readers.PLACEHOLDER not in old.source:
            assert re.sub(r"\A# @title .+\n", "", new.source) == old.source
    assert notebook.metadata.kernelspec.name == "python3"


@each_notebook
def test_the_first_code_cell_says_how_to_get_the_package(made, page):
    def first(name):
        cells = nbformat.reads(made(page, name), as_version=4).cells
        return next(cell for cell in cells if cell.cell_type == "code")

    for name in TARGETS:
        assert "REPOSITORY" not in made(page, name)
        assert first(name).metadata["jupyter"] == {"source_hidden": True}
    own = nbformat.read(ROOT / page, as_version=4).cells
    lines = "\n".join(cell.source for cell in own if readers.PLACEHOLDER in cell.source)
    more = [line for line in lines.splitlines() if "%pip install -q " in line][1:]
    for name in ("Colab", "published download"):
        assert f'%pip install -q --no-deps "cifarlib @ git+{ADDRESS}"' in first(name).source
        found = [line for line in first(name).source.splitlines() if "%pip install" in line]
        assert found[1:] == more  # what else the page needs
    for name in ("lab", "download"):
        assert "%pip" not in first(name).source
        compile(first(name).source, page, "exec")


@pytest.mark.parametrize("name", ["lab", "download"])
def test_without_the_package_the_first_cell_stops_with_a_sentence(name):
    source = TARGETS[name].first_cell().replace("import cifarlib", "import no_such_package")
    result = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("ModuleNotFoundError: This notebook needs cifarlib, the package that")
    assert "make lab" in last
    assert result.stderr.count("Traceback") == 1


def level(cell):
    found = re.match(r"(#+) ", cell.source) if cell.cell_type == "markdown" else None
    return len(found[1]) if found else 0


@each_target
@each_notebook
def test_each_solution_is_folded_under_its_heading_and_nothing_else_is(made, page, name):
    """What a collapsed heading hides: the cells up to the next heading of its level or above."""
    source = BOOK.notebook(page).cells
    expected, inside = [], None
    for cell in source:
        if cell.cell_type == "code" and inside is not None:
            inside.append(cell.id)
        if cell.cell_type == "markdown":
            for mark in re.findall(r"{solution-(start|end)}", cell.source):
                if mark == "end":
                    expected.append(inside)
                inside = [] if mark == "start" else None
    cells = nbformat.reads(made(page, name), as_version=4).cells
    hidden = []
    for number, cell in enumerate(cells):
        if "jp-MarkdownHeadingCollapsed" not in cell.metadata:
            continue
        assert re.fullmatch(r"#### Solution to exercise [\d.]+", cell.source)
        under = []
        for other in cells[number + 1 :]:
            if 0 < level(other) <= level(cell):
                break
            under.append(other)
        hidden.append([other.id for other in under if other.cell_type == "code"])
    assert hidden == expected
    for cell in cells:  # JupyterLab takes a heading anywhere in a cell for the cell's
        if cell.cell_type == "markdown":
            text = re.sub(r"^(```+).*?^\1", "", cell.source, flags=re.MULTILINE | re.DOTALL)
            assert len(re.findall(r"^#+ ", text, re.MULTILINE)) == (level(cell) > 0)


@each_notebook
def test_colab_folds_the_same_solutions_and_the_same_code(made, page):
    for name in ("Colab", "download"):
        notebook = nbformat.reads(made(page, name), as_version=4)
        folded = [c for c in notebook.cells if "jp-MarkdownHeadingCollapsed" in c.metadata]
        assert notebook.metadata.colab.collapsed_sections == [c.metadata.id for c in folded]
        assert all(cell.metadata.id == cell.id for cell in folded)
        for cell in notebook.cells:
            hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
            assert hidden == (cell.metadata.get("cellView") == "form")
            assert hidden == cell.source.startswith("# @title ")
    assert "colab" not in nbformat.reads(made(page, "lab"), as_version=4).metadata


@each_notebook
def test_exercises_are_numbered_within_their_chapter(made, page):
    prefix = f"{BOOK.numbers[page]}." if BOOK.numbers[page] else ""
    text = prose(page, made(page, "lab"))
    numbers = re.findall(r"^### Exercise ([\d.]+): \S", text, re.MULTILINE)
    asked = sum(c.source.count("{exercise}") for c in BOOK.notebook(page).cells)
    assert numbers == [f"{prefix}{count}" for count in range(1, asked + 1)]
    solved = re.findall(r"^#### Solution to exercise ([\d.]+)$", text, re.MULTILINE)
    assert solved == numbers


def test_code_that_draws_or_checks_is_folded_and_other_code_is_not():
    def folded(source, **metadata):
        cell = nbformat.v4.new_code_cell(source, metadata=metadata)
        return "jupyter" in readers.code_cell(cell, TARGETS["lab"]).metadata

    assert folded("x = 1", tags=["hide-input"])
    assert folded("x = 1", tags=["hide-cell"])
    assert folded("x = 1", jupyter={"source_hidden": True})
    assert folded('check("a", lambda: b)\ncheck("c", lambda: d)')
    assert not folded('check("a", lambda: b)\nprint(1)')
    assert not folded("x = 1")
    assert not folded("%timeit x")
    assert not folded("")


# --- the Markdown ---


def reader(number=""):
    return Page("page", lambda text, href, picture: f"{'!' * picture}[{text}](<{href}>)", number)


def shown(text, number=""):
    page = reader(number)
    page.number_exercises(text)
    return "\n".join(piece.text for piece in page.pieces(text)).strip()


def test_a_box_becomes_a_quote_with_its_title_in_bold():
    text = shown(":::{admonition} Why `this`\n:class: tip\nOne.\n\nTwo.\n:::")
    assert text == "> **Why `this`**\n>\n> One.\n>\n> Two."
    assert shown(":::{warning}\nHot.\n:::") == "> **Warning**\n>\n> Hot."
    assert shown("::::{note}\nA\n:::{tip}\nB\n:::\n::::").count("> ") >= 3


def test_an_exercise_and_its_solution_become_headings():
    text = (
        ":::{exercise} Which\n:label: one\n\nAsk.\n:::\n\n:::{solution} one\nAnswer.\n:::\nAfter."
    )
    assert re.findall(r"^#+ .*", shown(text, "2.4"), re.MULTILINE) == [
        "### Exercise 2.4.1: Which",
        "#### Solution to exercise 2.4.1",
    ]


def test_headings_inside_a_solution_do_not_end_its_fold():
    text = (
        ":::{exercise} A\n:label: a\nB\n:::\n\n:::{solution-start} a\n:::\n## Deep\n\n"
        ":::{solution-end}\n:::\n## Out"
    )
    assert re.findall(r"^#+ .*", shown(text), re.MULTILINE)[2:] == ["##### Deep", "## Out"]


def test_text_after_a_solution_gets_a_heading_that_ends_the_fold(tmp_path):
    book = small_book(tmp_path, after="And on.")
    cells = readers.transform(book, "chapters/part/page.ipynb", readers.Target()).cells
    sources = [cell.source for cell in cells]
    assert sources[sources.index("And on.") - 1] == "### Back to the page"


def test_roles_become_text():
    assert shown("a {term}`filter` of {kbd}`Esc`") == "a filter of Esc"
    assert shown("{math}`x^2` and {code}`y`") == "$x^2$ and `y`"
    text = ":::{exercise} A\n:label: a\nB\n:::\nAs {ref}`a` or {numref}`the first <a>` says."
    assert shown(text).endswith("As exercise 1 or the first says.")


def test_citations_become_author_and_year():
    page = Page("page", None, "", "@article{he, author={He, Kaiming and Sun, Jian}, year={2016}}")
    assert page.inline("{cite}`he`") == "He and Sun (2016)"
    with pytest.raises(ValueError, match="no entry 'she'"):
        page.inline("{cite}`she`")


def test_pictures_math_and_glossary():
    assert shown(":::{figure} a.svg\n:alt: A square\nSee it.\n:::") == (
        "![A square](<a.svg>)\n\n*See it.*"
    )
    assert shown("```{math}\nx = 1\n```") == "$$\nx = 1\n$$"
    assert shown(":::{glossary}\nfilter\n    Some weights.\n:::").startswith("**filter**")
    assert shown("$$x$$ (label)\n% a comment\n(place)=\n## Here") == "$$x$$\n\n## Here"


def test_code_is_left_alone():
    for text in ("`{x}` and `[a](b)`", "```python\n{a}`b`\n# no heading\n[a](b)\n```", "$[a](b)$"):
        assert shown(text) == text
    assert shown("~~~\n:::{odd}\n~~~") == "~~~\n:::{odd}\n~~~"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (":::{tab-set}\n:::", r"page: the directive \{tab-set\} is not known.*admonition"),
        ("{wavy}`x`", r"page: the role \{wavy\} is not known.*kbd"),
        (":::{solution} no\n:::", "a solution is for 'no', but the exercises are none"),
        (":::{note}\nopen", "not closed: ':::{note}'"),
        (":::{exercise} A\nB\n:::", "the exercise 'A' has no :label:"),
        ("{ref}`somewhere`", "needs a text"),
    ],
)
def test_what_is_not_known_is_an_error_that_says_so(text, message):
    with pytest.raises(ValueError, match=message):
        shown(text)


def test_links_that_lead_nowhere_are_errors(tmp_path):
    for link, message in [("gone.ipynb", "leads nowhere"), ("page.ipynb#gone", "no heading for")]:
        book = small_book(tmp_path / message, after=f"[x]({link})")
        with pytest.raises(ValueError, match=message):
            readers.transform(book, "chapters/part/page.ipynb", readers.Target())


def test_links_to_headings_are_by_the_rules_of_each_place(tmp_path):
    book = small_book(tmp_path, after="[x](#in-two-words) [y](../../about.md#a-b) [z](#one)")
    page = "chapters/part/page.ipynb"

    def last(target):
        return readers.transform(book, page, target).cells[-1].source

    assert last(lab.Lab(book)) == (
        "[x](#In-two-words%21) [y](../about.md#A-B) [z](#Exercise-1%3A-Add)"
    )
    assert last(readers.Colab(ADDRESS)) == (
        f"[x](#scrollTo=cell-2) [y]({ADDRESS}/blob/colab/about.md) [z](#scrollTo=cell-5-1)"
    )
    assert last(readers.Target()).startswith("[x](#In-two-words%21) y (the page “About”)")


def test_slugs_are_those_of_the_pages():
    assert slug("In two words!") == "in-two-words"
    assert list(blocks("a")) == ["a"]


# --- copies ---


def change(path, source="print('mine')"):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].source = source
    nbformat.write(notebook, path)
    return path.read_bytes()


def test_what_a_reader_changed_is_never_overwritten(tmp_path):
    folder = tmp_path / "lab"
    book = small_book(tmp_path / "book")
    assert lab.update(folder, book) == []
    copy = folder / "1-part" / "1.1-page.ipynb"
    mine = change(copy)
    for _ in range(2):  # the book is the same: nothing to say
        assert lab.update(folder, book) == []
        assert copy.read_bytes() == mine

    newer = small_book(tmp_path / "newer", code="print(2 + 2)")
    (told,) = lab.update(folder, newer)
    assert told == (
        "You changed 1-part/1.1-page.ipynb; the book's new version is beside it: "
        "1-part/1.1-page (new).ipynb"
    )
    beside = folder / "1-part" / "1.1-page (new).ipynb"
    assert "print(2 + 2)" in beside.read_text()
    assert lab.update(folder, newer) == []
    mine_too = change(beside)
    assert lab.update(folder, newer) == []

    newest = small_book(tmp_path / "newest", code="print(3 + 3)")
    (told,) = lab.update(folder, newest)
    assert told.endswith("1.1-page (new 2).ipynb")
    assert (copy.read_bytes(), beside.read_bytes()) == (mine, mine_too)


def test_what_a_reader_did_not_change_is_brought_up_to_date(tmp_path):
    folder = tmp_path / "lab"
    lab.update(folder, small_book(tmp_path / "book"))
    copy = folder / "1-part" / "1.1-page.ipynb"
    notebook = nbformat.read(copy, as_version=4)
    notebook.metadata.language_info["version"] = "3.12.1"  # what JupyterLab does on opening
    nbformat.write(notebook, copy)
    newer = small_book(tmp_path / "newer", code="print(2 + 2)")
    assert lab.update(folder, newer) == []
    assert "print(2 + 2)" in copy.read_text()
    copy.unlink()
    assert lab.update(folder, newer) == []
    assert copy.exists()


def test_pages_that_moved_leave_nothing_behind_but_what_a_reader_changed(tmp_path):
    folder = tmp_path / "lab"
    book = small_book(tmp_path / "book")
    for kept in (False, True):
        lab.update(folder, book)
        old = folder / "1-part" / "1.1-page.ipynb"
        if kept:
            change(old)
        moved = small_book(tmp_path / f"moved {kept}")
        part = moved.root / "chapters" / "part"
        shutil.copy(part / "page.ipynb", part / "before.ipynb")
        toc = "root: about\nparts:\n  - chapters:\n      - file: chapters/part/before\n"
        (moved.root / "_toc.yml").write_text(toc + "      - file: chapters/part/page\n")
        lab.update(folder, readers.Book(moved.root))
        assert (folder / "1-part" / "1.2-page.ipynb").exists()
        assert old.exists() == kept


def test_an_interrupted_update_is_not_taken_for_a_readers_work(tmp_path):
    folder, book = tmp_path / "lab", small_book(tmp_path / "book")
    lab.update(folder, book)
    (folder / lab.MACHINERY / "written.json").unlink()
    assert lab.update(folder, book) == []
    assert lab.update(folder, small_book(tmp_path / "newer", code="print(2 + 2)")) == []


TOC = """
root: intro
parts:
  - numbered: false
    chapters:
      - file: chapters/start/begin
  - numbered: 2
    chapters:
      - file: chapters/first/index
        sections:
          - file: chapters/first/a
            sections:
              - file: chapters/first/deep
          - file: chapters/first/b
      - file: chapters/second/index
        sections:
          - file: chapters/second/c
  - caption: Reference
    chapters:
      - file: reference/card
"""


def test_copies_are_numbered_as_the_book_numbers_its_chapters(tmp_path):
    (tmp_path / "_toc.yml").write_text(TOC)
    for name in re.findall(r"(?:root|file): (\S+)", TOC):
        path = tmp_path / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")
    book = readers.Book(tmp_path)
    assert list(lab.places(book).values()) == [
        "intro.md",
        "0-start/0.1-begin.md",
        "1-first/1.0-about_first.md",
        "1-first/1.1-a.md",
        "1-first/1.1.1-deep.md",
        "1-first/1.2-b.md",
        "2-second/2.0-about_second.md",
        "2-second/2.1-c.md",
        "reference/card.md",
    ]
    numbers = {PurePosixPath(page).stem: number for page, number in book.numbers.items()}
    assert (numbers["a"], numbers["deep"], numbers["c"], numbers["card"]) == ("1.1", "", "2.1", "")


def test_the_copies_of_the_book_are_in_the_order_of_reading():
    places = list(TARGETS["lab"].places.values())
    chapters = [place for place in places if place.endswith(".ipynb")]
    assert chapters == sorted(chapters)
    assert len(set(places)) == len(places) == len(BOOK.pages)


def test_colab_finds_every_page_at_its_path_and_the_pictures(tmp_path):
    command = [sys.executable, "tools/readers_notebooks.py", "--colab", "--repository", ADDRESS]
    subprocess.run([*command, str(tmp_path)], cwd=ROOT, check=True)
    for page in BOOK.pages:
        assert (tmp_path / page).is_file()
    assert (tmp_path / "static" / "cover.png").is_file()
    page = tmp_path / "chapters" / "walkthrough" / "simple_cnn.ipynb"  # one with exercises
    text = page.read_text(encoding="utf-8")
    assert json.loads(text)["metadata"]["colab"]["collapsed_sections"]
