"""What a page says about itself: see tools/sphinx_findable.py."""

import pytest
from docutils import nodes
from sphinx_findable import LONGEST, description, shorter, title_once

LINE = "This paragraph is long enough to say in its own words what a page is about."


def document(*parts):
    page = nodes.section("", *parts)
    whole = nodes.Element("", page)
    whole.document = None
    return whole


def test_the_question_of_a_page_describes_it():
    question = "The question of this page: how can\nnine numbers find edges? And more."
    quotation = nodes.block_quote("", nodes.paragraph("", question))
    found = description(document(nodes.paragraph("", LINE), quotation))
    assert found == "How can nine numbers find edges?"


@pytest.mark.parametrize(
    "before",
    [
        nodes.paragraph("", "Short."),
        nodes.paragraph("", "", nodes.image(uri="a.png", alt=LINE + " Seen.")),
        nodes.bullet_list("", nodes.list_item("", nodes.paragraph("", LINE + " Listed."))),
        nodes.paragraph("", LINE.removesuffix(".") + " and leads nowhere:"),
    ],
)
def test_without_a_question_the_first_running_text_does(before):
    assert description(document(before, nodes.paragraph("", LINE))) == LINE


def test_a_long_description_ends_with_a_sentence_or_a_word():
    assert shorter("a " * LONGEST).endswith("a …")
    text = "One sentence. " + "word " * LONGEST
    assert shorter(text) == "One sentence."
    assert len(shorter("x" * 50 + " " + "word " * LONGEST)) <= LONGEST


def test_a_title_is_said_once():
    assert title_once("<title>Book &#8212; Book</title>") == "<title>Book</title>"
    other = "<title>Page &#8212; Book</title>"
    assert title_once(other) == other
