"""No violation that axe-core finds: with all that opens opened, and at night as a page opens, too.

A page is looked at wide or narrow, in light or in dark, by turns; ``AXE=all`` looks at every page
in all four ways, before and after it is opened up, as the nightly workflow does. Reader's settings
are tried beside: spaced text, a keyboard, less motion.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe
from built_pages import DESKTOP, EVERYTHING, a_third, by_turns, notebooks, pages
from sphinx_accessible import MENDS, mended

NARROW = 320  # 1280 at 400 %
SCRIPT = Axe().axe_script

OPEN = """
() => {
  document.querySelectorAll("details").forEach(part => part.open = true);
  document.querySelectorAll(".toggle-button").forEach(button => {
    if (button.closest(".toggle-hidden")) button.click();
  });
  document.querySelectorAll(".quiz .answer:first-of-type input").forEach(input => input.click());
}
"""
# The theme's buttons take 150 milliseconds to take on the colors of the dark scheme
STILL = "document.getAnimations().every(animation => animation.playState !== 'running')"
# A violation: the rule, then each element that breaks it, with what is wrong there
RUN = """
async () => (await axe.run({ resultTypes: ["violations"] })).violations.flatMap(rule =>
  rule.nodes.map(node => [rule.id, node.target.join(" "), node.html.slice(0, 200),
                          node.failureSummary]))
"""
all_pages = [*pages(), "genindex.html", "search.html"]

SETTINGS = [(DESKTOP, "light"), (NARROW, "dark"), (DESKTOP, "dark"), (NARROW, "light")]


def looks():
    """A page and how to look at it.

    Every page in all four ways with ``AXE=all``. Else in one, by turns, all that are no notebooks
    and a third of those: axe takes seconds for a page, and most of what it can find is on many.
    """
    left_out = set(notebooks()) - set(a_third(notebooks()))
    names = [name for name in all_pages if name not in left_out]
    return [(name, *setting) for name, setting in by_turns(names, SETTINGS)]


@pytest.mark.parametrize(("name", "width", "scheme"), looks())
def test_axe_finds_nothing(visit, name, width, scheme):
    page = visit(width=width, scheme=scheme).open(name, settled=False)
    page.wait_for_function(STILL)
    page.evaluate(SCRIPT)
    if EVERYTHING:
        assert page.evaluate(RUN) == []
    page.evaluate(OPEN)
    page.wait_for_timeout(400)  # until what opens has opened: it takes the theme 300
    assert page.evaluate(RUN) == []


# The spacing that WCAG 2.2 (1.4.12) asks a page to bear
SPACED = """
* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }
"""


@pytest.mark.parametrize("name", a_third(all_pages))
def test_a_page_at_400_percent_with_spaced_text_does_not_scroll_sideways(visit, name):
    page = visit(width=NARROW).open(name, settled=False)
    page.add_style_tag(content=SPACED)
    widest = page.evaluate(
        "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
    )
    assert widest <= NARROW


def test_the_keyboard_reaches_all_that_can_be_pressed_and_shows_where_it_is(visit):
    page = visit().open("chapters/principles/convolution.html")
    seen = []
    for _ in range(400):
        page.keyboard.press("Tab")
        here = page.evaluate("""() => {
          const part = document.activeElement;
          if (part === document.body) return null;
          const style = getComputedStyle(part), name = part.ariaLabel || part.title
            || part.textContent.trim() || part.getAttribute("aria-labelledby")
            || part.placeholder || part.labels?.length;
          return [part.tagName, part.outerHTML.slice(0, 120), Boolean(name),
                  parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== "none"];
        }""")
        if here is None:
            break
        seen.append(here)
    assert {"A", "BUTTON", "INPUT", "SUMMARY"} <= {stop[0] for stop in seen}
    assert [stop for stop in seen if not stop[2]] == []  # each has a name
    assert [stop for stop in seen if not stop[3]] == []  # and shows that it has the focus
    assert not [stop for stop in seen if "math" in stop[1]]


def test_mending_twice_changes_nothing():
    arrow = '<a href="x">1. Parts</a><details open="open"><summary><span class="toctree-toggle">'
    page = "".join(before for before, _ in MENDS) + arrow
    once = mended(page)
    assert '<summary aria-label="Pages below: 1. Parts"><span' in once
    assert not any(before in once for before, _ in MENDS)
    assert mended(once) == once


def test_each_mend_has_something_to_mend(html):
    """A mend that fits nothing any more would be lost in silence: the theme has changed."""
    text = "".join((html / name).read_text(encoding="utf-8") for name in all_pages)
    for _, after in MENDS:
        assert not after or after in text
    assert 'aria-label="Pages below: 2. Principles"' in text


def test_who_asks_for_less_motion_gets_none(visit):
    page = visit().open("chapters/principles/convolution.html")
    moving = """[...document.querySelectorAll("*")].map(e => getComputedStyle(e)).filter(
        s => parseFloat(s.transitionDuration) > 1e-3 || parseFloat(s.animationDuration) > 1e-3
    ).length"""
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(moving) > 0  # so that the test could fail
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0
