"""The book to take away: on paper as one PDF, and as a zip that opens from the disk."""

import io
import re
import shutil
import sys
import unicodedata
import zipfile
from pathlib import Path

import pytest
from pypdf import PdfReader
from small_book import CODE

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import built_book  # noqa: E402
import print_book  # noqa: E402
import zip_book  # noqa: E402

NAME = "deep-learning-for-image-recognition"
WIDTH = 658  # of A4 less the margins, in a browser's pixels
TITLES = ["About", "1. A part", "1.1. A page", "Reference", "A list"]


# --- on paper ---


@pytest.fixture(scope="module")
def pdf(browser, published):
    """The small book on paper."""
    return PdfReader(
        io.BytesIO(print_book.make(published, browser, published.parents[1] / "source"))
    )


@pytest.fixture(scope="module")
def sides(pdf):
    """The text of each side."""
    return [unicodedata.normalize("NFKC", side.extract_text()) for side in pdf.pages]  # ligatures


@pytest.fixture(scope="module")
def paper(browser, published):
    """The document that is printed, in a window as wide as the paper."""
    context = browser.new_context(viewport={"width": WIDTH, "height": 900})
    context.route("**/*.js*", lambda route: route.abort())
    tab = context.new_page()
    tab.goto((published / "index.html").as_uri())
    tab.emulate_media(media="print")
    source = published.parents[1] / "source"
    print_book.assemble(tab, published, print_book.lines(source), "Title", "1")
    yield tab
    context.close()


def plain(text):
    return re.sub(r"\s+", "", text)


def test_title_and_contents_come_first(sides):
    assert "Deep Learning for Image" in sides[0]
    assert re.search(r"^Contents", sides[1], re.MULTILINE)
    place = 0
    for title in TITLES:
        place = sides[1].index(title, place)


def test_the_contents_say_on_which_side_a_page_begins(sides):
    said = re.findall(r"^(.+?)\s*(\d+)$", sides[1], re.MULTILINE)
    named = {title.strip(): int(number) for title, number in said if title.strip() in TITLES}
    assert named.keys() == set(TITLES) - {"Reference"}
    for title, number in named.items():
        assert title in sides[number - 1].split("\n\n")[0]
        assert sides[number - 1].rstrip().endswith(str(number)) or str(number) in sides[number - 1]
    assert len(set(named.values())) == 4  # each page begins a side


def test_bookmarks_are_the_titles_one_below_the_other_as_in_the_table_of_contents(pdf):
    def titles(items):
        return [titles(item) if isinstance(item, list) else item.title for item in items]

    assert titles(pdf.outline) == ["About", "1. A part", ["1.1. A page"], "Reference", ["A list"]]
    page = pdf.outline[2][0]
    side = pdf.pages[pdf.get_destination_page_number(page)]
    assert "1.1. A page" in side.extract_text()


def test_links_between_pages_lead_within_the_document(pdf):
    named, ways, outside = pdf.named_destinations, {}, []
    for number, side in enumerate(pdf.pages):
        for note in side.get("/Annots", []):
            note = note.get_object()
            action = note.get("/A", {})
            if "/URI" in action:
                outside.append(action["/URI"])
            else:
                goal = note.get("/Dest", action.get("/D"))
                ways.setdefault(number, set()).add(pdf.get_destination_page_number(named[goal]))
    sides = [pdf.get_destination_page_number(item) for item in flat(pdf.outline)]
    about, part, page, _, listed = sides
    assert ways[1] == {about, part, page, listed}  # the contents
    assert page in ways[about]
    assert about in ways[listed]  # to a heading there
    assert ways[part] and min(ways[part]) >= page
    assert not [address for address in outside if not address.startswith("http")]


def flat(items):
    for item in items:
        yield from flat(item) if isinstance(item, list) else [item]


def test_solutions_and_answers_stand_at_the_end_of_their_page(paper):
    text = paper.inner_text("body")
    order = ["Move it.", "Exercise 1.1.1", "Solution: at the end", "A 3 x 3 convolution with",
             "Solutions\n", "Like this.", "Answers to the quiz", "A list\n"]  # fmt: skip
    place = text.rindex("1.1. A page")  # the contents have it, too
    for words in order:
        place = text.index(words, place)
    before, _, after = text.partition("Answers to the quiz")
    remark = "3 x 3 x 8 for each of the 16 filters."
    assert remark not in before
    assert remark in after
    assert "Not quite" not in text
    assert 'quiz("' not in text.partition("In two words")[2].partition("Exercises")[2]
    assert paper.locator(".quiz input, .moving-figure input, button").count() == 0


def test_a_moving_figure_is_its_first_picture_and_says_so(sides):
    text = " ".join("\n".join(sides).split())
    assert "exponent: 0. In the book's pages this figure moves; here is the first of its 3" in text


def test_code_is_wrapped_and_what_is_folded_is_left_out(sides):
    text = "\n".join(sides)
    assert CODE not in text
    assert plain(CODE) in plain(text)
    for words in ("Show code cell", "print(1 + 1)", "%pip", "Copy to clipboard"):
        assert words not in text


def test_nothing_is_wider_than_the_paper(paper):
    wide = paper.evaluate("""width => [...document.querySelectorAll("pre, td, figure, img, svg, p")]
        .filter(one => one.getBoundingClientRect().right > width ||
                       (one.clientWidth && one.scrollWidth > one.clientWidth + 1))
        .map(one => one.outerHTML.slice(0, 80))""", WIDTH)  # fmt: skip
    assert wide == []


def test_a_screen_reader_finds_tags_language_and_title(pdf):
    catalog = pdf.trailer["/Root"]
    assert "/StructTreeRoot" in catalog
    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == "en"
    assert pdf.metadata.title == "Deep Learning for Image Recognition"
    assert pdf.pdf_header >= "%PDF-1.4"


def test_the_lines_of_the_contents_are_all_pages_in_the_order_of_reading():
    book = print_book.lines()
    files = [line.file for line in book if line.name]
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert files == [f"{name}.html" for name in re.findall(r"(?:root|file): (\S+)", toc)]
    assert len({line.name for line in book if line.name}) == len(files)
    depths = {line.file: line.depth for line in book}
    assert depths["chapters/walkthrough/index.html"] == 0
    assert depths["chapters/walkthrough/first_look.html"] == 1
    assert depths["chapters/walkthrough/when_to_stay_silent.html"] == 2


# --- in a zip ---


@pytest.fixture(scope="module")
def unpacked(html, tmp_path_factory):
    """The folder of the book as somebody unpacked it."""
    folder = tmp_path_factory.mktemp("unpacked")
    zip_book.pack(html, folder / "book.zip", NAME)
    with zipfile.ZipFile(folder / "book.zip") as archive:
        archive.extractall(folder)
    (folder / "book.zip").unlink()
    return folder / NAME


@pytest.fixture
def opened(browser, unpacked):
    """``opened(name)`` is a page from the disk; ``opened.troubles`` what went wrong."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})

    class Opened:
        def __init__(self):
            self.troubles = []

        def __call__(self, name):
            page = context.new_page()
            page.on("console", self.listen)
            page.on("pageerror", lambda error: self.troubles.append(str(error)))
            page.on("requestfailed", self.missing)
            page.on("request", self.look)
            page.goto(f"{unpacked.as_uri()}/{name}", wait_until="load")
            page.wait_for_load_state("networkidle")
            return page

        def missing(self, request):
            # A picture that is still on its way when the page is left is not missing
            if request.failure != "net::ERR_ABORTED":
                self.troubles.append(f"{request.failure}: {request.url}")

        def listen(self, message):
            if message.type in ("error", "warning"):
                self.troubles.append(message.text)

        def look(self, request):
            if not request.url.startswith(("file:", "data:", "blob:")):
                self.troubles.append(request.url)

    yield Opened()
    context.close()


def test_the_zip_has_one_folder_and_all_of_the_book(html, unpacked, tmp_path):
    assert [path.name for path in unpacked.parent.iterdir()] == [NAME]
    packed = {path.relative_to(unpacked) for path in unpacked.rglob("*") if path.is_file()}
    built = {path.relative_to(html) for path in html.rglob("*") if path.is_file()}
    left_out = {path for path in built - packed if not zip_book.needs_a_server(path)}
    assert {path.name for path in left_out} <= zip_book.LEFT_OUT
    for path in packed:
        assert (unpacked / path).stat().st_size == (html / path).stat().st_size


def test_the_same_pages_give_the_same_zip_without_what_lies_beside_them(published, tmp_path):
    html = shutil.copytree(published, tmp_path / "html")
    zip_book.pack(html, tmp_path / "one.zip", NAME)
    for suffix in ("zip", "pdf"):  # as publish.yml puts them
        (html / f"{NAME}.{suffix}").write_bytes(b"a")
    zip_book.pack(html, tmp_path / "two.zip", NAME)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert "objects.inv" not in str(zipfile.ZipFile(tmp_path / "one.zip").namelist())


def test_the_zip_opens_from_the_disk_and_leads_on(opened):
    page = opened("index.html")
    page.locator("article a[href$='start/first_network.html']").first.click()
    page.wait_for_load_state("networkidle")
    assert "Your first network" in page.title()
    for beginning in ("Try it", "1."):
        page.locator(".prev-next-area a.right-next").click()
        page.wait_for_load_state("networkidle")
        assert page.locator("article h1").inner_text().startswith(beginning)
    assert opened.troubles == []


def test_figures_move_and_quizzes_answer_from_the_disk(opened):
    page = opened("chapters/principles/convolution.html")
    picture = page.locator(".moving-figure img").first
    before = picture.get_attribute("src")
    page.locator(".moving-figure input").first.press("ArrowRight")
    assert picture.get_attribute("src") != before
    page.locator(".quiz .right input").first.check()
    assert page.locator(".quiz .remark:visible").inner_text().startswith("Right.")
    assert page.locator("math").first.bounding_box()["width"] > 5
    solution = page.locator(".solution").first
    assert not solution.locator("p").nth(1).is_visible()
    solution.locator(".toggle-button").click()
    assert solution.locator("p").nth(1).is_visible()
    download = page.locator("a[href*='_sources']").first.get_attribute("href")
    assert page.evaluate("href => new URL(href, location).protocol", download) == "file:"
    assert opened.troubles == []


def test_search_finds_pages_from_the_disk_though_it_cannot_quote_them(opened):
    page = opened("search.html?q=overfitting")
    page.wait_for_selector("#search-results li a")
    assert "Train, evaluate" in page.locator("#search-results").inner_text()
    assert opened.troubles == []


def test_pages_of_each_kind_load_from_the_disk_without_an_error(opened):
    # One of each part; with a server, another test opens all of them
    for name in (
        "chapters/architectures/which_one.html",
        "reference/glossary.html",
        "genindex.html",
    ):
        opened(name).close()
    assert opened.troubles == []


# --- both ---


def test_the_file_is_named_like_the_book():
    assert built_book.file_name(built_book.config()["title"]) == NAME


@pytest.mark.parametrize("tool", ["print_book", "zip_book"])
def test_without_built_pages_a_sentence_says_what_to_run(tool, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [tool, str(tmp_path)])
    with pytest.raises(SystemExit):
        {"print_book": print_book, "zip_book": zip_book}[tool].main()
    assert "run make read or make book first" in capsys.readouterr().err


def test_without_a_browser_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(print_book, "NAMES", ["none-of-this-name"])
    with pytest.raises(SystemExit, match="apt install chromium"):
        print_book.find_browser()
