"""A page loads what it uses: what tools/sphinx_light.py takes away, and what it must leave."""

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from sphinx_light import icons, lighter_page, purge, with_versions


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".used{a:b}", ".used{a:b}\n"),
        (".unused{a:b}", ""),
        (".used .unused{a:b}", ""),
        (".used,.unused{a:b}", ".used{a:b}\n"),
        ("#used:hover{a:b}", "#used:hover{a:b}\n"),
        ("p:not(.unused) .used{a:b}", "p:not(.unused) .used{a:b}\n"),
        ("p[class~=unused]{a:b}", "p[class~=unused]{a:b}\n"),
        (".bs-tooltip-auto .used{a:b}", ".bs-tooltip-auto .used{a:b}\n"),
        ("@media print{.used{a:b}.unused{a:b}}", "@media print{\n.used{a:b}\n}\n"),
        ("@media print{.unused{a:b}}", ""),
        ('@font-face{font-family:"x"}', '@font-face{font-family:"x"}'),
        ("@keyframes k{from{a:b}to{c:d}}", "@keyframes k{from{a:b}to{c:d}}"),
        ("/* used */ p{a:url(data:x)}", "p{a:url(data:x)}\n"),
    ],
)
def test_rules_of_what_is_not_used_are_left_out(css, kept):
    assert purge(css, {"used"}) == kept


def test_purging_twice_changes_nothing():
    css = ".used:before,.unused{content:'\\f019'}@media (min-width:1px){.used>.used{a:b}}"
    once = purge(css, {"used"})
    assert purge(once, {"used"}) == once


def test_icons_are_found_escaped_and_as_they_are():
    assert icons([r'a{content:"\f019"}', 'b{content:"\uf078"}', "c{content:'\\21'}"]) == {
        0xF019, 0xF078
    }  # fmt: skip


PAGE = """<head><meta name="viewport" content="width=device-width, initial-scale=1.0" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<script defer src="_static/scripts/fontawesome.js?digest=1"></script>
<link rel="stylesheet" href="_static/sphinx-design.min.css?v=1" />
<script src="_static/documentation_options.js?v=1"></script>
<script src="_static/searchtools.js"></script>
<script src="_static/doctools.js?v=1"></script>
<script async src="a.js"></script>
<script>let a = 1;</script></head><body>{}</body>"""


def test_a_page_loses_the_scripts_it_does_not_use_and_waits_for_none():
    text = lighter_page(PAGE.format("<p>searchtools.js</p>"))
    assert "fontawesome" not in text
    assert text.count("viewport") == 1
    assert "sphinx-design" not in text
    assert "_static/searchtools.js" not in text
    assert '<script defer src="_static/doctools.js?v=1">' in text
    assert '<script src="_static/documentation_options.js?v=1">' in text  # others call it at once
    assert '<script async src="a.js">' in text
    assert "<p>searchtools.js</p>" in text
    assert lighter_page(text) == text


def test_a_page_keeps_what_it_uses():
    assert "sphinx-design" in lighter_page(PAGE.format('<div class="x sd-card">'))
    assert "searchtools" in lighter_page(PAGE.format(""), searches=True)


def test_a_style_is_asked_for_by_its_content():
    page = '<link href="../a.css?digest=5" /><link href="b.css?v=1" /><a href="c.html">'
    assert with_versions(page, {"a.css": "12"}) == (
        '<link href="../a.css?v=12" /><link href="b.css?v=1" /><a href="c.html">'
    )


def test_the_font_of_formulas_says_its_license_and_can_stretch_brackets():
    font = TTFont(Path(__file__).parents[2] / "static" / "fonts" / "STIXTwoMath.woff2")
    assert "Open Font License" in font["name"].getDebugName(13)
    assert "parenleft" in font["MATH"].table.MathVariants.VertGlyphCoverage.glyphs
