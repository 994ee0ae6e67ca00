"""The built pages in a real browser, with every outside request blocked."""

import json
import posixpath
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from built_pages import (
    DESKTOP,
    PHONE,
    ROOT,
    Visit,
    a_third,
    by_turns,
    notebooks,
    numbered_parts,
    pages,
    with_output,
)
from fontTools.ttLib import TTFont
from sphinx_api_links import imports

from cifarlib import plots
from cifarlib.widgets import moving_figure
from cifarlib.widgets.quiz import parse

all_pages = [*pages(), "genindex.html", "search.html"]
QUIZZES = with_output('class=\\"quiz\\"')
MOVING = with_output('class=\\"moving-figure\\"')
MOSTLY_WORDS = ["chapters/outlook/where_to_go_from_here.html"]  # no picture, no exercise


@pytest.fixture(scope="module", params=all_pages)
def opened(request, browser, site):
    """A visit to a page in a wide window, the same for all tests that only look at it."""
    one = Visit(browser, site)
    one.open(request.param)
    one.name, one.sent_at_first = request.param, list(one.sent)
    yield one
    one.close()


def test_page_loads_without_outside_requests_errors_or_missing_pictures(opened):
    page = opened.page
    broken = page.evaluate("""async () => {
      const load = async image => {  // a copy: the picture itself goes on waiting for the reader
        const copy = new Image();
        copy.src = image.src;
        return copy.decode().then(() => [], () => [image.src]);
      };
      return (await Promise.all([...document.images].map(load))).flat();
    }""")
    assert broken == []
    speechless = page.evaluate("[...document.images].filter(i => !i.alt).map(i => i.src)")
    assert speechless == []
    assert opened.troubles == []


@pytest.mark.parametrize(("name", "scheme"), by_turns(all_pages, ["light", "dark"]))
def test_page_does_not_scroll_sideways_on_a_phone(visit, name, scheme):
    page = visit(width=PHONE, scheme=scheme).open(name, settled=False)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    widest = page.evaluate(
        "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
    )
    assert widest <= PHONE


@pytest.mark.parametrize("opened", notebooks(), indirect=True)
def test_chapter_shows_its_outputs_and_hides_its_set_up_for_colab(opened):
    page, name = opened.page, opened.name
    notebook = json.loads((ROOT / name).with_suffix(".ipynb").read_text(encoding="utf-8"))
    shown = [
        cell
        for cell in notebook["cells"]
        if cell.get("outputs") and "remove-cell" not in cell["metadata"].get("tags", [])
    ]
    assert page.locator(".cell_output").count() == len(shown) >= 3
    stored = [output.get("data", {}) for cell in shown for output in cell["outputs"]]
    assert page.locator(".cell_output img").count() >= sum("image/png" in data for data in stored)
    if name not in MOSTLY_WORDS:
        assert page.locator(".cell_output img, article svg.diagram").count() >= 1
    assert "%pip" not in page.locator("article").inner_text()


@pytest.mark.parametrize(("name", "width"), by_turns(MOVING, [PHONE, DESKTOP]))
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

    figure = moving_figure("Places", {"row": ["a", "b"], "column": ["x", "y", "z"]}, draw, alt=alt)
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


@pytest.mark.parametrize(("name", "width"), by_turns(a_third(QUIZZES), [DESKTOP, PHONE]))
def test_quizzes_answer_by_keyboard(visit, name, width):
    page = visit(width=width).open(name, settled=False)
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


@pytest.mark.parametrize("name", a_third(QUIZZES))
def test_solutions_are_hidden_until_the_reader_asks(visit, name):
    page = visit().open(name, settled=False)
    solutions = page.locator(".solution.dropdown")
    source = (ROOT / name).with_suffix(".ipynb").read_text(encoding="utf-8")
    assert solutions.count() == source.count(":::{solution-start}") >= 1
    for solution in solutions.all():
        inside = solution.locator("section, .solution-content").first
        assert not inside.is_visible()
        solution.locator("button, summary").first.press("Enter")
        assert inside.is_visible()


@pytest.mark.parametrize("name", a_third(notebooks()))
def test_the_download_button_gives_the_notebook_that_readers_open(visit, name):
    page = visit().open(name, settled=False)
    links = page.locator("a[href$='.ipynb'][href*='_sources']")
    assert links.count() == 1
    response = page.request.get(links.first.evaluate("link => link.href"))
    assert response.ok
    cells = response.json()["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    assert not any(":::" in text for text in texts)
    if name in (*MOSTLY_WORDS, "chapters/start/first_network.html"):  # a few texts, no exercise
        assert len(texts) > 5
    else:
        assert len(texts) > 10
        assert any(text.startswith("### Exercise ") for text in texts)
    assert "REPOSITORY" not in "".join(map(str, cells))


def luminance(color):
    red, green, blue = (int(value) for value in re.findall(r"\d+", color)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_parts_and_pages_are_numbered_in_the_sidebar_and_lead_from_one_to_the_next(visit, html):
    page = visit().open(pages()[0])
    sidebar = page.locator("nav.bd-links a").all_inner_texts()
    found = [number for text in sidebar for number in re.findall(r"^[\d.]+(?=\. )", text)]
    expected = []
    for part, entry in enumerate(numbered_parts(), start=1):
        expected += [str(part), *(f"{part}.{n + 1}" for n in range(len(entry["sections"])))]
    assert found == expected
    page.locator("a.right-next").click()
    page.wait_for_url(f"**/{pages()[1]}")
    following = []  # the rest of the way by the files alone
    for name in pages():
        text = (html / name).read_text(encoding="utf-8")
        link = re.search(r'<a class="right-next"\s+href="([^"#]+)', text)
        following += [posixpath.normpath(posixpath.join(name, "..", link[1]))] if link else [None]
    assert following == [*pages()[1:], None]


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


@pytest.mark.parametrize(("name", "scheme"), by_turns(a_third(QUIZZES), ["dark", "light"]))
def test_quizzes_and_moving_figures_are_legible_in_both_schemes(visit, name, scheme):
    page = visit(scheme=scheme).open(name, settled=False)
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


def pages_with(mark):
    """The pages whose source holds ``mark``."""
    sources = {name: (ROOT / name).with_suffix(".md") for name in pages()}
    sources |= {name: (ROOT / name).with_suffix(".ipynb") for name in notebooks()}
    return [name for name, file in sources.items() if mark in file.read_text(encoding="utf-8")]


def test_formulas_are_drawn_by_the_browser_itself_in_the_font_for_them(opened):
    page, name = opened.page, opened.name
    if (ROOT / name).with_suffix(".ipynb").is_file() and name in pages_with("\\\\frac"):
        assert page.locator(".math").count() > 0
    signs = set("".join(page.locator("math").all_text_contents()))
    font = TTFont(ROOT / "static" / "fonts" / "STIXTwoMath.woff2").getBestCmap()
    missing = {sign for sign in signs if sign.strip() and ord(sign) not in font}
    assert not missing
    flat = page.locator(".math").evaluate_all(
        """all => all.filter(math => {
          const drawn = math.querySelector("math")?.getBoundingClientRect();
          return !drawn || (math.checkVisibility() && !(drawn.width > 2 && drawn.height > 5));
        }).map(math => math.textContent)"""
    )
    assert flat == []
    aside = page.locator("div.math").evaluate_all(
        """all => all.filter(block => block.checkVisibility()).map(block => {
          const [outer, inner] = [block, block.querySelector("mrow")].map(
            part => part.getBoundingClientRect());
          return inner.left + inner.width / 2 - outer.left - outer.width / 2;
        })"""
    )
    assert [shift for shift in aside if abs(shift) > 3] == []  # in the middle
    words = page.locator("article").evaluate_all("""all => all.map(article => {
      const copy = article.cloneNode(true);
      copy.querySelectorAll("pre, code, script, style").forEach(part => part.remove());
      return copy.textContent;
    }).join("")""")  # the page of the search has no article
    assert re.findall(r"\\[A-Za-z]{2,}|\$[^$\n]{1,40}\$", words) == []


# What readers type into search, and a page that treats it
COVERED = {
    "confusion matrix": "chapters/walkthrough/train_and_evaluate",
    "overfitting": "chapters/walkthrough/train_and_evaluate",
    "learning rate": "chapters/principles/descending",
    "augmentation": "chapters/principles/making_training_work",
    "softmax": "chapters/principles/from_features_to_classes",
    "dropout": "chapters/walkthrough/simple_cnn",
    "ReLU": "chapters/principles/backpropagation",
    "transfer learning": "chapters/outlook/transfer_learning",
    "Grad-CAM": "chapters/walkthrough/what_it_looks_at",
    "ONNX": "chapters/walkthrough/ship_it",
}


def search_results(one, query):
    """The addresses of what the book's search finds, the best first."""
    page = one.open(f"search.html?q={quote(query)}")
    page.wait_for_function(
        "/^Search finished|did not match/.test("
        "document.querySelector('#search-results .search-summary')?.innerText ?? '')"
    )
    links = page.locator("#search-results li > a").evaluate_all("all => all.map(a => a.href)")
    return [link.removeprefix(f"{one.site}/") for link in links]


@pytest.mark.parametrize("query", [*COVERED, "overfit", "confusion"])
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
    assert page.locator("math").first.bounding_box()["width"] > 5
    assert errors == []
    context.close()


def test_buttons_for_a_repository_are_absent_until_there_is_one(html, published):
    assert "colab" not in (html / "chapters/walkthrough/simple_cnn.html").read_text("utf-8")
    chapter = "chapters/part/page.html"
    text = (published / chapter).read_text(encoding="utf-8")
    notebook = "OWNER/NAME/blob/colab/chapters/part/page.ipynb"
    assert f"https://colab.research.google.com/github/{notebook}" in text
    assert "https://github.com/OWNER/NAME/issues" in text


def test_a_book_with_an_address_has_a_map_and_full_addresses_in_the_heads_of_its_pages(published):
    base, chapter = "https://owner.example/NAME/", "chapters/part/page.html"
    places = re.findall("<loc>(.*?)</loc>", (published / "sitemap.xml").read_text(encoding="utf-8"))
    others = [chapter, "chapters/part/index.html", "reference/list.html"]
    assert sorted(places) == sorted([base, *(base + name for name in others)])
    _, tags, text = head(published, chapter)
    assert f'<link rel="canonical" href="{base}{chapter}" />' in text
    assert tags["og:url"] == base + chapter
    assert (published / tags["og:image"].removeprefix(base)).is_file()
    assert f'<link rel="canonical" href="{base}" />' in head(published, "index.html")[2]


# What a plain file server sends for a page, without compression: (megabytes, files)
FRONT_PAGE, CHAPTER = (0.6, 26), (1.5, 40)


def test_a_page_weighs_little(opened):
    name, sent = opened.name, opened.sent_at_first
    limit, files = FRONT_PAGE if name == pages()[0] else CHAPTER
    assert all(size > 0 for size, url in sent)
    assert sum(size for size, url in sent) < limit * 1e6, sorted(sent, reverse=True)[:5]
    assert len(sent) <= files
    scripts = [url for size, url in sent if ".js" in url]
    heavy = ("fontawesome", "mathjax") if "search" in name else ("fontawesome", "mathjax", "search")
    assert [url for url in scripts if any(word in url.lower() for word in heavy)] == []


def test_pictures_have_their_size_and_all_but_the_first_wait_for_the_reader(opened):
    page = opened.page
    pictures = page.locator("article img").evaluate_all(
        "all => all.map(i => ['loading', 'width', 'height'].map(name => i.getAttribute(name)))"
    )
    assert [p for p in pictures if not (p[1] and p[2])] == []
    assert [p[0] for p in pictures[:1]] in ([], [None])
    assert {p[0] for p in pictures[1:]} <= {"lazy"}
    shapes = page.locator("article img").evaluate_all("""
      all => all.filter(i => i.complete && i.clientWidth).map(i => {
        const edge = 2 * parseFloat(getComputedStyle(i).paddingLeft);
        return [(i.clientWidth - edge) / (i.clientHeight - edge),
                i.naturalWidth / i.naturalHeight];
      })""")
    assert [pair for pair in shapes if abs(pair[0] / pair[1] - 1) > 0.05] == []  # not distorted


def test_every_icon_is_drawn(visit):
    """With the font of icons cut down to those that are used, none may be an empty box."""
    for name in (pages()[0], "chapters/principles/convolution.html", "search.html"):
        page = visit().open(name)
        missing = page.evaluate("""async () => {
          await document.fonts.ready;
          const found = [];
          const empty = sign => {  // a sign that no font has, and this one, are drawn the same
            const draw = (text, family) => {
              const canvas = document.createElement("canvas").getContext("2d");
              canvas.canvas.width = canvas.canvas.height = 40;
              canvas.font = `900 24px "${family}"`;
              canvas.fillText(text, 5, 30);
              return canvas.canvas.toDataURL();
            };
            return draw(sign, "Font Awesome 6 Free") === draw("\\uf8ff", "Font Awesome 6 Free");
          };
          for (const element of document.querySelectorAll("*"))
            for (const side of ["::before", "::after"]) {
              const style = getComputedStyle(element, side);
              const text = style.content.replaceAll('"', "");
              if (!/Font Awesome 6 Free/.test(style.fontFamily) || !/[\\ue000-\\uf8ff]/.test(text))
                continue;
              found.push([element.className, text, empty(text)]);
            }
          return found;
        }""")
        assert len(missing) > 3
        assert [icon for icon in missing if icon[2]] == []


def test_search_works_from_the_search_box_of_any_page(visit):
    one = visit()
    page = one.open("chapters/principles/convolution.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("overfitting")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=overfitting")
    page.wait_for_selector("#search-results li a")
    assert one.troubles == []


def head(html, name):
    """A page's title and meta tags."""
    text = (html / name).read_text(encoding="utf-8").partition("</head>")[0]
    title = re.search(r"<title>(.*?)</title>", text, re.DOTALL)[1]
    tags = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)"', text)
    return title, dict(tags), text


@pytest.mark.parametrize("name", pages())
def test_a_page_says_what_it_is_about(html, name):
    title, tags, text = head(html, name)
    first, _, last = title.partition(" &#8212; ")
    assert first != last
    assert 30 < len(tags["description"]) <= 300
    assert tags["og:description"] == tags["description"]
    assert tags["og:title"] in title
    assert tags["og:site_name"] == "Deep Learning for Image Recognition"
    assert tags["twitter:card"]
    assert text.count('name="viewport"') == 1
    assert ("hands-on book" in tags["description"]) is (name == pages()[0])
    file = (ROOT / name).with_suffix(".ipynb")
    if file.is_file() and "The question of this" in file.read_text(encoding="utf-8"):
        assert tags["description"].endswith("?")


def test_no_two_pages_describe_themselves_alike(html):
    described = [head(html, name)[1]["description"] for name in pages()]
    assert len(set(described)) == len(described)


def test_the_first_page_is_index_itself(html):
    title, tags, _ = head(html, "index.html")
    assert (title, tags) == head(html, pages()[0])[:2]
    # The theme takes the book's name from the same place
    assert re.search(r'logo__title">\s*Deep Learning', (html / "index.html").read_text("utf-8"))
    assert "Refresh" not in (html / "index.html").read_text(encoding="utf-8")
    assert not (html / "sitemap.xml").exists()  # nobody knows the address yet


# The reference


def api_links(html, name):
    """Where the links to the package's pages lead, and the words that are linked."""
    text = (html / name).read_text(encoding="utf-8")
    found = re.findall(r'<a class="api-link[^>]*href="([^"]+)"[^>]*>(.*?)</a>', text)
    return {re.sub(r"<[^>]+>", "", word): (html / name).parent / link for link, word in found}


@pytest.mark.parametrize("name", notebooks())
def test_every_name_that_a_page_imports_from_the_package_leads_to_its_entry(html, name):
    notebook = json.loads((ROOT / name).with_suffix(".ipynb").read_text(encoding="utf-8"))
    shown = [
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and "remove-cell" not in cell["metadata"].get("tags", [])
    ]
    names = imports("\n".join(shown))
    links = api_links(html, name)
    assert set(names) - {"cifarlib"} <= set(links)
    for link in links.values():
        file, _, place = str(link).partition("#")
        assert f'id="{place}"' in Path(file).read_text(encoding="utf-8")


def test_an_exercise_has_the_number_that_the_list_gives_it(html):
    text = (html / "reference" / "exercises.html").read_text(encoding="utf-8")
    listed = re.findall(
        r'href="\.\./(chapters/[^"#]+)#([^"]+)"[^>]*><span[^>]*>(Exercise [\d.]+)<', text
    )
    assert len(listed) > 40
    for page, label, number in listed:
        there = (html / page).read_text(encoding="utf-8")
        box = re.search(rf'id="{re.escape(label)}".*?caption-number">([^<]+)<', there, re.DOTALL)
        assert box[1].strip() == number, label
