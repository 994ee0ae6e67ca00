"""The built pages in a real browser, with every outside request blocked.

The book is built from the stored outputs, which nbval compares elsewhere, so this takes seconds.
Without Chromium these tests are skipped; with ``REQUIRE_BROWSER=1`` they fail instead.
"""

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from cifarlib import plots
from cifarlib.widgets import moving_figure
from cifarlib.widgets.quiz import parse

ROOT = Path(__file__).parents[2]
PHONE, DESKTOP = 360, 1280
NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"]
ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def build(folder, **environment):
    """Build the book from the stored outputs; return the folder of its pages."""
    start = "from jupyter_book.cli.main import main; main()"
    command = [sys.executable, "-c", start, "build", ".", "-W", "--keep-going"]
    result = subprocess.run(
        [*command, "--path-output", str(folder)],
        cwd=ROOT, env={**os.environ, "BOOK_EXECUTE": "off", **environment},
        capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return folder / "_build" / "html"


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    return build(tmp_path_factory.mktemp("book"))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def site(html):
    """The address of a plain file server on the built pages."""
    handler = functools.partial(Quiet, directory=str(html))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        message = "no Chromium found (looked for: " + ", ".join(NAMES) + "; CHROMIUM names another)"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    sandbox = hasattr(os, "geteuid") and os.geteuid() != 0  # Chromium refuses its sandbox to root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=ARGUMENTS, chromium_sandbox=sandbox
        )
        yield browser
        browser.close()


class Visit:
    """A page that was opened, and all that went wrong while it loaded."""

    def __init__(self, browser, site, *, width=DESKTOP, scheme="light"):
        self.site, self.troubles = site, []
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, service_workers="block"
        )
        context.route("**/*", self._only_this_site)
        self.page = context.new_page()
        self.page.set_default_timeout(30_000)
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script error: {error}"))
        self.page.on("requestfailed", lambda r: self.troubles.append(f"request failed: {r.url}"))
        self.page.on("response", self._check_status)

    def _only_this_site(self, route):
        if route.request.url.startswith((self.site, "data:", "blob:")):
            route.continue_()
        else:
            self.troubles.append(f"outside request: {route.request.url}")
            route.abort()

    def _listen(self, message):
        if message.type in ("error", "warning"):
            self.troubles.append(f"console {message.type}: {message.text}")

    def _check_status(self, response):
        if response.status >= 400:
            self.troubles.append(f"status {response.status}: {response.url}")

    def open(self, name):
        self.page.goto(f"{self.site}/{name}", wait_until="load")
        self.page.wait_for_load_state("networkidle")
        return self.page

    def close(self):
        self.page.context.close()


@pytest.fixture
def visit(browser, site):
    visits = []

    def start(**settings):
        visits.append(Visit(browser, site, **settings))
        return visits[-1]

    yield start
    for one in visits:
        one.close()


def pages():
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    files = re.findall(r"(?:root|file): (\S+)", toc)
    return [f"{file}.html" for file in files]


def numbered_parts():
    """The chapters of the numbered part of the table of contents: the parts of the book."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return next(part["chapters"] for part in toc["parts"] if part.get("numbered"))


def notebooks():
    """The pages that are made from a notebook; the openings of parts are not."""
    return [name for name in pages() if (ROOT / name).with_suffix(".ipynb").is_file()]


each_page = pytest.mark.parametrize("name", [*pages(), "genindex.html", "search.html"])


@each_page
def test_page_loads_without_outside_requests_errors_or_missing_pictures(visit, name):
    one = visit()
    page = one.open(name)
    page.evaluate(
        "document.querySelectorAll('img[loading=lazy]').forEach(i => i.loading = 'eager')"
    )
    page.wait_for_function("[...document.images].every(image => image.complete)")
    broken = page.evaluate("[...document.images].filter(i => i.naturalWidth === 0).map(i => i.src)")
    assert broken == []
    speechless = page.evaluate("[...document.images].filter(i => !i.alt).map(i => i.src)")
    assert speechless == []
    assert one.troubles == []


@each_page
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_does_not_scroll_sideways_on_a_phone(visit, name, scheme):
    page = visit(width=PHONE, scheme=scheme).open(name)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    widest = page.evaluate(
        "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
    )
    assert widest <= PHONE


@pytest.mark.parametrize("name", notebooks())
def test_chapter_shows_its_outputs_and_hides_its_set_up_for_colab(visit, name):
    page = visit().open(name)
    notebook = json.loads((ROOT / name).with_suffix(".ipynb").read_text(encoding="utf-8"))
    shown = [
        cell
        for cell in notebook["cells"]
        if cell.get("outputs") and "remove-cell" not in cell["metadata"].get("tags", [])
    ]
    assert page.locator(".cell_output").count() == len(shown) >= 3
    stored = [output.get("data", {}) for cell in shown for output in cell["outputs"]]
    assert page.locator(".cell_output img").count() >= sum("image/png" in data for data in stored)
    assert page.locator(".cell_output img, article svg.diagram").count() >= 1
    assert "%pip" not in page.locator("article").inner_text()


def with_output(mark):
    """The chapters whose stored outputs hold ``mark``."""
    return [
        name
        for name in notebooks()
        if mark in (ROOT / name).with_suffix(".ipynb").read_text(encoding="utf-8")
    ]


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("name", with_output('class=\\"moving-figure\\"'))
def test_moving_figures_move_by_keyboard(visit, name, width):
    one = visit(width=width)
    page = one.open(name)
    for number in range(page.locator(".moving-figure").count()):
        figure = page.locator(".moving-figure").nth(number)
        picture = figure.locator("img")
        seen = {picture.get_attribute("src")}
        for slider in figure.locator("input").all():
            slider.focus()
            page.keyboard.press("Home")
            for _ in range(int(slider.get_attribute("max"))):
                before = slider.get_attribute("aria-valuetext")
                page.keyboard.press("ArrowRight")
                now = slider.get_attribute("aria-valuetext")
                assert now != before
                assert slider.locator("xpath=following-sibling::output").inner_text() == now
                seen.add(picture.get_attribute("src"))
        places = [int(s.get_attribute("max")) for s in figure.locator("input").all()]
        assert len(seen) == 1 + sum(places)  # each step showed another picture
        box = figure.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    assert one.troubles == []


def test_picture_of_a_moving_figure_says_what_it_shows_when_a_slider_moves(browser):
    def draw(row, column):
        figure, axis = plots.subplots(size=(1, 1))
        axis.plot([row, column])
        return plots.finish(figure, f"{row} {column}")

    def alt(row, column):
        return f'Row {row} & "column" {column} – both.'

    figure = moving_figure("Places", {"row": "ab", "column": "xyz"}, draw, alt=alt)
    page = browser.new_page()
    page.set_content(f"<!doctype html><title>Places</title>{figure._repr_html_()}")
    picture, status = page.locator("img"), page.get_by_role("status").last
    assert picture.get_attribute("alt") == alt(0, 0)
    assert status.inner_text() == ""  # a page that opens does not talk
    row, column = page.locator("input").all()
    column.press("ArrowRight")
    assert picture.get_attribute("alt") == status.inner_text() == alt(0, 1)
    row.press("ArrowRight")
    assert picture.get_attribute("alt") == status.inner_text() == alt(1, 1)
    column.press("End")
    assert picture.get_attribute("alt") == status.inner_text() == alt(1, 2)
    page.close()


# How outputs get into a document: with the page, or put there by a program. JupyterLab copies the
# scripts of an output, in place; others run their text at the end of the document's head.
INSERT = """
([outputs, how]) => outputs.forEach(output => {
  const host = document.createElement("div");
  if (how !== "detached") document.body.append(host);
  host.innerHTML = output;
  for (const script of [...host.querySelectorAll("script")]) {
    const copy = document.createElement("script");
    for (const { name, value } of script.attributes) copy.setAttribute(name, value);
    copy.textContent = script.textContent;
    if (how !== "head") script.replaceWith(copy);
    else if (!copy.type) document.head.append(copy);
  }
  if (how === "detached") document.body.append(host);
})
"""


def with_outputs(browser, folder, how, *outputs):
    """A page from the disk that shows these outputs."""
    text = "".join(f"<div>{output}</div>" for output in outputs) if how == "page" else ""
    file = folder / "page.html"
    file.write_text(f"<!doctype html><title>Outputs</title><body>{text}</body>", encoding="utf-8")
    page = browser.new_page()
    page.set_default_timeout(30_000)
    page.goto(file.as_uri())
    if how != "page":
        page.evaluate(INSERT, [outputs, how])
    return page


@pytest.mark.parametrize("how", ["page", "attached", "detached", "head"])
def test_two_moving_figures_of_the_same_texts_move_by_themselves(browser, tmp_path, how):
    def draw(place):
        figure, axis = plots.subplots(size=(1, 1))
        axis.plot([0, place, place**2])
        return plots.finish(figure, "the same text for all")

    figure = moving_figure("Twins", {"place": ["a", "b", "c"]}, draw, alt="A curve.")
    page = with_outputs(browser, tmp_path, how, figure._repr_html_(), figure._repr_html_())
    first, second = (page.locator("figure").nth(number) for number in range(2))
    start = first.locator("img").get_attribute("src")
    second.locator("input").press("ArrowRight")
    assert second.locator("output").inner_text() == "b"
    assert second.locator("img").get_attribute("src") != start
    assert first.locator("output").inner_text() == "a"
    assert first.locator("img").get_attribute("src") == start
    first.locator("input").press("End")
    assert [page.locator("output").nth(n).inner_text() for n in range(2)] == ["c", "b"]
    assert page.evaluate("[...document.querySelectorAll('[id]')].length") == 0
    page.close()


@pytest.mark.parametrize("how", ["page", "attached"])
def test_two_equal_quizzes_are_answered_by_themselves(browser, tmp_path, how):
    markup = parse("sums", "? 1 + 1?\n+ 2 | Yes.\n- 3 | No.\n- 1 | No.\n")._repr_html_()
    page = with_outputs(browser, tmp_path, how, markup, markup)
    first, second = (page.locator(".quiz").nth(number) for number in range(2))
    first.get_by_text("2", exact=True).click()  # a label chooses, too
    second.get_by_text("3", exact=True).click()
    assert first.locator(".remark:visible").inner_text().startswith("Right.")
    assert second.locator(".remark:visible").inner_text().startswith("Not quite.")
    chosen = page.locator("input:checked")
    assert chosen.count() == 2
    address = page.url
    chosen.first.press("Enter")  # sends no form away
    assert (page.url, chosen.count()) == (address, 2)
    assert page.get_by_label("2", exact=True).count() == 2
    page.close()


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("name", with_output('class=\\"quiz\\"'))
def test_quizzes_answer_by_keyboard(visit, name, width):
    page = visit(width=width).open(name)
    questions = page.locator(".quiz fieldset")
    assert questions.count() >= 3
    for question in questions.all():
        assert question.locator(".remark:visible").count() == 0
        answers = question.locator("input")
        answers.first.focus()
        page.keyboard.press("Space")
        shown = set()
        for _ in range(answers.count()):
            remark = question.locator(".remark:visible")
            assert remark.count() == 1
            shown.add(remark.inner_text())
            page.keyboard.press("ArrowDown")
        assert len(shown) == answers.count()
        assert sum(text.startswith("Right.") for text in shown) == 1


@pytest.mark.parametrize("name", with_output('class=\\"quiz\\"'))
def test_solutions_are_hidden_until_the_reader_asks(visit, name):
    page = visit().open(name)
    solutions = page.locator(".solution.dropdown")
    assert solutions.count() >= 2
    for solution in solutions.all():
        inside = solution.locator("section, .solution-content").first
        assert not inside.is_visible()
        solution.locator("button, summary").first.press("Enter")
        assert inside.is_visible()


@pytest.mark.parametrize("name", notebooks())
def test_the_download_button_gives_the_notebook_that_readers_open(visit, name):
    page = visit().open(name)
    links = page.locator("a[href$='.ipynb'][href*='_sources']")
    assert links.count() == 1
    response = page.request.get(links.first.evaluate("link => link.href"))
    assert response.ok
    cells = response.json()["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    assert not any(":::" in text for text in texts)
    if name == "chapters/start/first_network.html":  # six short texts and no exercise
        assert len(texts) > 5
    else:
        assert len(texts) > 10
        assert any(text.startswith("### Exercise ") for text in texts)
    assert "REPOSITORY" not in "".join(map(str, cells))


def luminance(color):
    red, green, blue = (int(value) for value in re.findall(r"\d+", color)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_parts_and_pages_are_numbered_in_the_sidebar_and_lead_from_one_to_the_next(visit):
    page = visit().open(pages()[0])
    sidebar = page.locator("nav.bd-links a").all_inner_texts()
    found = [number for text in sidebar for number in re.findall(r"^[\d.]+(?=\. )", text)]
    expected = []
    for part, entry in enumerate(numbered_parts(), start=1):
        expected += [str(part), *(f"{part}.{n + 1}" for n in range(len(entry["sections"])))]
    assert found == expected
    reached = [pages()[0]]
    while page.locator("a.right-next").count():
        page.locator("a.right-next").click()
        page.wait_for_load_state("load")
        reached.append(page.url.split("/", 3)[3])
    assert reached == pages()


def test_a_page_and_its_exercises_carry_the_same_number(visit):
    name = "chapters/principles/from_features_to_classes"
    principles = numbered_parts()[1]["sections"]
    number = f"2.{[entry['file'] for entry in principles].index(name) + 1}"
    page = visit().open(f"{name}.html")
    assert page.locator("article h1").first.inner_text().startswith(f"{number}. From features")
    titles = page.locator(".exercise .admonition-title").all_inner_texts()
    assert [title.split(" (")[0] for title in titles] == [
        f"Exercise {number}.{place + 1}" for place in range(len(titles))
    ]
    assert len(titles) >= 2


def test_text_contrasts_with_its_background_in_both_schemes(visit):
    for scheme, dark in (("light", False), ("dark", True)):
        page = visit(scheme=scheme).open(pages()[0])
        style = "getComputedStyle(document.querySelector('{}')).{}"
        background = luminance(page.evaluate(style.format("body", "backgroundColor")))
        text = luminance(page.evaluate(style.format("article p", "color")))
        assert (background < text) is dark
        assert abs(background - text) > 120


# The ratio of WCAG 2, between an element's color and the nearest background that is not transparent
CONTRAST = """
elements => elements.map(element => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = color => parts(color).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let around = element;
  while (parts(getComputedStyle(around).backgroundColor)[3] === 0) around = around.parentElement;
  const pair = [getComputedStyle(element).color, getComputedStyle(around).backgroundColor];
  const [low, high] = pair.map(light).sort((a, b) => a - b);
  return [element.textContent.slice(0, 60), (high + 0.05) / (low + 0.05)];
})
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", with_output('class=\\"quiz\\"'))
def test_quizzes_and_moving_figures_are_legible_in_both_schemes(visit, name, scheme):
    page = visit(scheme=scheme).open(name)
    for answer in page.locator(".quiz .answer:first-of-type input").all():
        answer.check()  # so that remarks are there to be read
    words = ".quiz legend, .quiz label, .quiz code, .quiz .remark, .moving-figure span"
    measured = page.locator(f"{words}, .moving-figure output").evaluate_all(CONTRAST)
    assert len(measured) > 10
    assert [row for row in measured if row[1] < 4.5] == []


def test_the_switch_changes_the_scheme(visit):
    page = visit(scheme="light").open(pages()[1])
    button = page.locator("button.theme-switch-button").first
    modes = set()
    for _ in range(3):
        modes.add(page.evaluate("document.documentElement.dataset.theme"))
        button.click()
    assert modes == {"light", "dark"}


def test_formulas_are_typeset_without_a_network(visit):
    page = visit().open("chapters/walkthrough/preparing_data.html")
    page.wait_for_selector("mjx-container svg")
    assert page.locator("mjx-container svg").count() == page.locator(".math").count() > 0


# What readers type into search, and a page that treats it
COVERED = {
    "confusion matrix": "chapters/walkthrough/train_and_evaluate",
    "overfitting": "chapters/walkthrough/train_and_evaluate",
    "learning rate": "chapters/principles/descending",
    "augmentation": "chapters/principles/making_training_work",
    "softmax": "chapters/principles/from_features_to_classes",
    "dropout": "chapters/walkthrough/simple_cnn",
    "ReLU": "chapters/principles/backpropagation",
}
# What the book does not treat yet: the glossary says so, and where else to read about it
NOT_YET = ["Grad-CAM", "ONNX", "transfer learning"]


def search_results(one, query):
    """The addresses of what the book's search finds, the best first."""
    page = one.open(f"search.html?q={quote(query)}")
    page.wait_for_function(
        "/^Search finished|did not match/.test("
        "document.querySelector('#search-results .search-summary')?.innerText ?? '')"
    )
    links = page.locator("#search-results li > a").evaluate_all("all => all.map(a => a.href)")
    return [link.removeprefix(f"{one.site}/") for link in links]


@pytest.mark.parametrize("query", [*COVERED, *NOT_YET, "overfit", "confusion"])
def test_search_leads_first_to_where_the_glossary_explains_the_term(visit, query):
    one = visit()
    found = search_results(one, query)
    assert found, "nothing found"
    assert found[0].startswith("reference/glossary.html")
    page = one.open(found[0])
    term = page.evaluate("document.getElementById(location.hash.slice(1))?.innerText ?? ''")
    assert term.lower().startswith(query.lower())
    assert one.troubles == []


@pytest.mark.parametrize("query", COVERED)
def test_search_has_the_page_that_treats_a_term_among_its_first_five(visit, query):
    pages = [re.sub(r"\.html.*", "", address) for address in search_results(visit(), query)[:5]]
    assert COVERED[query] in pages


@pytest.mark.parametrize("term", NOT_YET)
def test_a_term_that_no_page_treats_yet_names_a_source(term):
    text = (ROOT / "reference" / "glossary.md").read_text(encoding="utf-8")
    entry = re.search(rf"(?m)^{term}\n    (.+)$", text)[1]
    assert re.search(r"does not cover it yet; see \[.+\((19|20)\d\d\)\]\(https://", entry)


def test_the_way_in_is_in_the_first_screen_of_the_front_page(visit):
    for width in (DESKTOP, PHONE):
        page = visit(width=width).open(pages()[0])
        link = page.locator("article a[href$='start/first_network.html']").first
        box = link.bounding_box()
        assert box["y"] + box["height"] <= 800  # the height of the window
        cover = page.locator("article img[src$='cover.png']")
        assert cover.bounding_box()["y"] <= 800 / 2


def test_pages_work_from_the_disk_without_a_server(browser, html):
    context = browser.new_context()
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((html / "chapters/walkthrough/preparing_data.html").as_uri())
    page.wait_for_selector("mjx-container svg")
    assert errors == []
    context.close()


def test_buttons_for_a_repository_are_absent_until_there_is_one(html, tmp_path):
    chapter = "chapters/walkthrough/simple_cnn.html"
    assert "colab" not in (html / chapter).read_text(encoding="utf-8")
    published = build(
        tmp_path, BOOK_REPOSITORY="https://github.com/OWNER/NAME.git", BOOK_BRANCH="colab"
    )
    text = (published / chapter).read_text(encoding="utf-8")
    notebook = "OWNER/NAME/blob/colab/chapters/walkthrough/simple_cnn.ipynb"
    assert f"https://colab.research.google.com/github/{notebook}" in text
    assert "https://github.com/OWNER/NAME/issues" in text
