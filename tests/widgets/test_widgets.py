"""Moving figures and quizzes: what they show, and that it stays readable without a kernel."""

import base64
import contextlib
import html
import io
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cifarlib import plots
from cifarlib.widgets import moving_figure, quiz, quiz_names
from cifarlib.widgets.quiz import parse

CONTROLS = {"row": ["a", "b"], "column": ["x", "y", "<z>"]}
ALT = 'A square whose "shade" tells row & column.'


def shade(row, column):
    """A plain picture whose gray value tells which one it is."""
    figure, axis = plots.subplots(size=(1, 1))
    axis.set_axis_off()
    figure.set_facecolor((0.1 + 0.15 * (3 * row + column),) * 3)
    axis.imshow(np.full((2, 2, 3), 0.1 + 0.15 * (3 * row + column)))
    return plots.finish(figure, f"shade {row} {column}")


@pytest.fixture(scope="module")
def figure():
    return moving_figure("Shades", CONTROLS, shade, alt=ALT)


def frames_in(markup):
    data = re.search(r'<script type="application/json">(.*?)</script>', markup, re.DOTALL)
    return json.loads(data.group(1))


def gray(frame):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(frame))))[0, 0].mean() / 255


def test_every_combination_has_its_own_picture_the_last_slider_fastest(figure):
    data = frames_in(figure._repr_html_())
    assert data["labels"] == list(CONTROLS.values())
    assert [gray(frame) for frame in data["frames"]] == pytest.approx(
        [0.1 + 0.15 * number for number in range(6)], abs=0.02
    )


def test_page_shows_the_first_picture_even_without_a_script(figure):
    markup = figure._repr_html_()
    source = re.search(r'<img [^>]*src="data:image/webp;base64,([^"]+)"', markup).group(1)
    assert source == frames_in(markup)["frames"][0]
    assert html.escape(ALT) in markup


def sentence(row, column):
    return f'Row {row}, "column" {column}.'


def test_a_sentence_for_each_picture_stands_beside_it_and_the_first_is_there_without_a_script():
    markup = moving_figure("Shades", CONTROLS, shade, alt=sentence)._repr_html_()
    status = re.search(r'<p role="status" data-sentences="(.*?)" style=".*?">(.*?)</p>', markup)
    sentences = json.loads(html.unescape(status.group(1)))
    assert sentences == [sentence(row, column) for row in range(2) for column in range(3)]
    assert len(sentences) == len(frames_in(markup)["frames"])
    assert f'<img alt="{html.escape(sentence(0, 0))}"' in markup
    assert status.group(2) == ""  # nothing to say before somebody moves it


def test_one_sentence_for_all_pictures_is_written_once(figure):
    markup = figure._repr_html_()
    assert markup.count(html.escape(ALT)) == 1
    assert 'role="status"' not in markup  # the script, the same for all, looks whether there is one


def test_sentences_leave_the_digest_alone_so_that_a_tolerance_can_compare_them(figure):
    assert repr(moving_figure("Shades", CONTROLS, shade, alt=sentence)) == repr(figure)


@pytest.mark.parametrize("nothing", [None, "", "  ", 3])
def test_a_picture_without_a_sentence_is_refused_by_its_place(nothing):
    def silent(row, column):
        return nothing if (row, column) == (1, 0) else "A square."

    with pytest.raises(ValueError, match=r"alt must give a sentence .* at \(1, 0\): "):
        moving_figure("Shades", CONTROLS, shade, alt=silent)
    with pytest.raises(ValueError, match=r"at \(0, 0\): "):
        moving_figure("Shades", CONTROLS, shade, alt=nothing)


def test_each_slider_has_its_name_its_places_and_its_first_label(figure):
    sliders = re.findall(
        r'<label><span>(.*?)</span> <input type="range" min="0" max="(\d+)" value="0" '
        r'aria-valuetext="(.*?)" data-lm-suppress-shortcuts="true"><output>(.*?)</output></label>',
        figure._repr_html_(),
    )
    assert sliders == [("row", "1", "a", "a"), ("column", "2", "x", "x")]


def test_labels_cannot_break_out_of_the_page(figure):
    markup = moving_figure(
        "<b>", {"</label><script>": ["</script>", "&"]}, lambda place: shade(0, place), alt='"><img'
    )._repr_html_()
    assert frames_in(markup)["labels"] == [["</script>", "&"]]
    assert markup.count("<script") == 2
    assert markup.count("</script>") == 2
    assert markup.count("<img") == 1


def test_text_tells_what_is_shown_and_changes_with_it(figure):
    assert re.fullmatch(
        r"<Moving figure: Shades; row \(2\), column \(3\); data [0-9a-f]{12}>", repr(figure)
    )
    assert repr(moving_figure("Shades", CONTROLS, shade, alt=ALT)) == repr(figure)
    other = moving_figure("Shades", CONTROLS, lambda row, column: shade(row, 2 - column), alt=ALT)
    assert repr(other) != repr(figure)  # the same pictures in another order


def test_a_figure_needs_no_id_which_another_one_could_have_too(figure):
    assert " id=" not in figure._repr_html_()
    assert "getElementById" not in figure._repr_html_()


@pytest.mark.parametrize("controls", [{}, {"alone": ["one place"]}, {"a": ["1", "2"], "b": []}])
def test_a_figure_that_cannot_move_is_refused(controls):
    with pytest.raises(ValueError, match="each slider needs two places"):
        moving_figure("still", controls, shade, alt=ALT)


# Quizzes

QUIZ = """
? What is 1 + 1?
- 1 | That is 1 times 1.
+ 2 | The `sum` of the two.
- 11 | That is text, <b>joined</b>.

? And what comes then?
+ 3 | Of course.
- 4 | Not yet.
"""


def test_quiz_is_read_as_it_is_written():
    made = parse("sums", QUIZ)
    assert [question.text for question in made.questions] == [
        "What is 1 + 1?", "And what comes then?",
    ]  # fmt: skip
    answers = made.questions[0].answers
    assert [(a.text, a.right) for a in answers] == [("1", False), ("2", True), ("11", False)]
    assert answers[2].remark == "That is text, <b>joined</b>."


def test_text_of_a_quiz_gives_no_answer_away():
    assert repr(parse("sums", QUIZ)) == "1. What is 1 + 1?\n2. And what comes then?"


def test_page_of_a_quiz_has_a_group_a_question_and_a_remark_an_answer():
    markup = parse("sums", QUIZ)._repr_html_()
    names = re.findall(
        r'<label><input type="radio" name="(.*?)" data-lm-suppress-shortcuts="true"><span>', markup
    )
    assert len(names) == markup.count("<input") == 5
    assert names[:3] == names[:1] * 3
    assert names[3:] == names[3:4] * 2
    assert names[0] != names[3]
    assert " id=" not in markup
    assert "<b>Right.</b> The <code>sum</code> of the two." in markup
    assert "<b>Not quite.</b> That is text, &lt;b&gt;joined&lt;/b&gt;." in markup
    assert "<script" not in markup
    assert "checked>" not in markup


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("+ 2 | no question before it", "line 1: expected"),
        ("? Q\n- 1 | a", "one answer of two or more must be right"),
        ("? Q\n+ 1 | a\n+ 2 | b", "one answer of two or more must be right"),
        ("? Q\n+ 1 | a", "one answer of two or more must be right"),
        ("? Q\n+ 1\n- 2 | b", "line 2: expected"),
        ("? Q\n+ 1 |\n- 2 | b", "line 2: expected"),
        ("Q\n+ 1 | a\n- 2 | b", "line 1: expected"),
        ("?\n+ 1 | a\n- 2 | b", "line 1: expected"),
        ("? Q\n+ 1 | a\n- 2 | b\n? Q\n+ 3 | a\n- 4 | b", "this is there twice: 'Q'"),
        ("? Q\n+ 1 | a\n- 2 | b\n- 2 | c", "this is there twice: '2'"),
    ],
)
def test_a_quiz_that_breaks_the_rules_is_refused(text, complaint):
    with pytest.raises(ValueError, match=f"quiz broken.*{complaint}"):
        parse("broken", text)


@given(st.text(max_size=80))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_text_is_a_quiz_or_a_value_error(text):
    with contextlib.suppress(ValueError):  # any other exception fails the test
        made = parse("any", text)
        assert all(sum(a.right for a in q.answers) == 1 for q in made.questions)


@pytest.mark.parametrize("name", quiz_names())
def test_every_quiz_of_the_book_has_three_to_five_questions(name):
    made = quiz(name)
    assert 3 <= len(made.questions) <= 5
    for question in made.questions:
        assert 3 <= len(question.answers) <= 5, question.text
        assert len({answer.text for answer in question.answers}) == len(question.answers)
        assert all(len(answer.remark) > 20 for answer in question.answers), question.text


def test_right_answers_favor_no_place():
    """On the page, over many questions whose right answer was written first."""
    text = "\n".join(f"? Q{n}\n+ r{n} | yes\n- a{n} | no\n- b{n} | no" for n in range(300))
    markup = parse("many", text)._repr_html_()
    kinds = re.findall(r'class="answer (right|wrong)"', markup)
    places = [kinds[start : start + 3].index("right") for start in range(0, 900, 3)]
    assert all(70 < places.count(place) < 130 for place in range(3))  # 100 expected, 3.7 deviations


def test_unknown_quiz_lists_the_known_ones():
    with pytest.raises(ValueError, match="no quiz is called 'konvolution'") as error:
        quiz("konvolution")
    assert all(name in str(error.value) for name in quiz_names())
