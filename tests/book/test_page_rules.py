"""Each rule for a page, both ways: on a small page that keeps it, and on one that breaks it."""

import ast
import copy
import json
from importlib.metadata import version

import nbformat
import page_rules
import page_time
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from page_names import names
from page_rules import CHILD, PAGE, PLAIN

from cifarlib import machine

MOVING = '<figure class="moving-figure"><p data-sentences="[]">'
QUIZ = "1. What?\n2. Why?\n3. How?"
BOX = """:::{admonition} What this page is about
**Afterwards you can** count.

**You should know** nothing.

**Time:** computed.
:::"""


def say(text):
    return new_markdown_cell(text)


def run(source, *outputs, tags=(), **metadata):
    if tags:
        metadata["tags"] = list(tags)
    return new_code_cell(source, outputs=list(outputs), metadata=metadata)


def printed(text):
    return new_output("stream", name="stdout", text=text)


def shown(text="<Figure: a line>", **data):
    data = {key.replace("_", "/"): value for key, value in data.items()}
    return new_output("display_data", data={"text/plain": text, **data})


def picture(source="plots.line(y)", *, tags=("hide-input",), alt="a" * 41, text="<Figure: a line>"):
    mystnb = {"image": {"alt": alt}}
    return run(source, shown(text, image_png="AAAA"), tags=tags, mystnb=mystnb)


def solved(label, *inside):
    return [
        say(f":::{{exercise}} Try\n:label: {label}\n\nDo it.\n:::"),
        say(f":::{{solution-start}} {label}\n:class: dropdown\n:::"),
        *inside,
        say(":::{solution-end}\n:::"),
    ]


def book(*cells):
    cells = [nbformat.from_dict({**cell, "id": f"cell-{n}"}) for n, cell in enumerate(cells)]
    return new_notebook(cells=cells)


def good_page():
    """A page that keeps every rule."""
    return book(
        say("# Counting\n\n![Ten dots in a row](dots.svg)\n\n"
            "> **The question of this page:** how many are there?"),
        say(BOX),
        say("## Two\n\nAdd them up."),
        run("total = 1 + 1\nprint(total)", printed("2\n")),
        say("This is how it looks:"),
        picture(),
        say("## Exercises"),
        *solved("counting-three", run("assert total + 1 == 3")),
        *solved("counting-four", run("print(total + 2)", printed("4\n"))),
        say("## Quiz"),
        run('quiz("counting")', shown(QUIZ, text_html='<div class="quiz">')),
        say("## Take-aways\n\n* One.\n* Two.\n* Three.\n\n**Next:** [More](more.ipynb) counts on."),
    )  # fmt: skip


def test_a_page_that_keeps_the_rules_draws_no_complaint():
    page = good_page()
    measured = {"seconds": 5, "cores": 2, "code": page_time.code_digest(page)}
    assert page_time.fill_in(page, measured)
    assert page_rules.all_complaints(page, PAGE, "counting", measured) == []


# Budget and time


def test_words_and_lines_in_sight_are_counted_without_solutions_quiz_alt_and_folded_cells():
    page = book(
        say("# One two\n\n![A sentence about\na picture](../../static/a.svg)\n\nthree four five"),
        run('a = 1\n\nb = moving(\n    alt="long"\n    "longer",\n)'),
        run("folded = 1", tags=["hide-input"]),
        run('quiz("counting")'),
        say("six\n\n:::{solution-start} x\n:class: dropdown\n:::\n\nnot these words"),
        run("not_this = 1"),
        say("nor these\n:::{solution-end}\n:::\n\nseven"),
        run("d = 1"),
    )
    assert page_time.words(page) == 8  # with the number sign
    assert page_time.visible_lines(page) == 4


def test_a_solution_that_begins_in_the_cell_where_another_ends_is_left_out_too():
    page = book(
        say(":::{solution-start} a\n:class: dropdown\n:::"),
        run("x = 1"),
        say(":::{solution-end}\n:::\n\nbetween\n\n:::{solution-start} b\n:class: dropdown\n:::"),
        run("y = 1"),
        say(":::{solution-end}\n:::"),
        run("z = 1"),
    )
    assert page_time.words(page) == 1
    assert [cell.source for cell in page_time.visible_code(page)] == ["z = 1"]


def test_a_full_page_takes_twenty_minutes_and_an_empty_one_a_minute():
    full = book(say("word " * 2000), *[run("x = 1\n" * 10) for _ in range(22)])
    assert page_time.minutes_to_read(full) == 20
    assert page_time.minutes_to_read(book(say("# Short"))) == 1
    assert page_time.minutes_to_read(book(say("word " * 320))) == 2
    assert page_time.minutes_to_read(book(run("x = 1\n" * 30), run("x = 1\n" * 60))) == 3


def test_the_budget_is_kept_at_its_edge_and_broken_beyond():
    page = book(say("word " * 2000), *[run("x = 1\n" * 10) for _ in range(22)])
    assert page_rules.budget(page) == []
    page.cells += [say("more"), run("x = 1")]
    words, lines = page_rules.budget(page)
    assert "2,001 words, more than 2,000" in words
    assert "221 lines of code in sight, more than 220" in lines


def test_cells_are_short():
    short, long = run("x = 1\n" * 10), run("x = 1\n" * 11)
    assert page_rules.cell_lengths(book(short, short, short, long)) == []
    assert "only 2 of 3" in page_rules.cell_lengths(book(short, short, long))[0]
    whole = run("x = 1\n" * 31, tags=["one-program", "hide-input"])
    assert page_rules.cell_lengths(book(whole)) == []
    assert page_rules.cell_lengths(book(run("x = 1\n" * 31, tags=["hide-input"]))) == [
        "more than 30 lines: x = 1"
    ]


def test_the_time_in_the_box_is_the_computed_one():
    page = good_page()
    assert "no measured time" in page_rules.computed_time(page, None)[0]
    measured = {"seconds": 5, "cores": 2, "code": page_time.code_digest(page)}
    assert "the box lacks the computed time" in page_rules.computed_time(page, measured)[0]
    page_time.fill_in(page, measured)
    assert "**Time:** 1 minute to read, 5 seconds to run on 2 cores." in page_rules.box(page)
    assert page_rules.computed_time(page, measured) == []
    assert page_rules.computed_time(page, {**measured, "seconds": 10}) != []
    page.cells[2].source += " word" * 300  # a longer text takes longer to read
    assert "**Time:** 2 minutes" in page_rules.computed_time(page, measured)[0]
    page.cells[3].source += "\n# changed"
    assert "measured with other code" in page_rules.computed_time(page, measured)[0]


def record(tmp_path, page, seconds):
    page_time.record(tmp_path / "part" / "page.ipynb", page, seconds, tmp_path)
    return page_time.measured_seconds(tmp_path).get("part/page")


def test_a_run_is_recorded_rounded_and_a_similar_one_changes_nothing(tmp_path):
    page = good_page()
    assert record(tmp_path, page, 17.9)["seconds"] == 20
    assert "20 seconds to run" in page_rules.box(page)
    assert record(tmp_path, page, 25.9)["seconds"] == 20
    assert record(tmp_path, page, 29)["seconds"] == 30
    assert record(tmp_path, page, 0.2)["seconds"] == 1
    assert "1 second to run" in page_rules.box(page)
    page.cells[3].source = "print(3)"
    page.cells.insert(0, run("%pip install git+REPOSITORY", tags=["remove-cell"]))
    with_address = copy.deepcopy(page)
    with_address.cells[0].source = "%pip install git+https://github.com/OWNER/NAME"
    assert page_time.code_digest(with_address) == page_time.code_digest(page)
    assert record(tmp_path, page, 1.1)["code"] == page_time.code_digest(page)
    text = (tmp_path / "run_seconds.json").read_text()
    assert list(json.loads(text)) == ["part/page"]


def test_a_run_is_recorded_with_its_machine_and_versions(tmp_path):
    kept = record(tmp_path, good_page(), 3)
    assert kept["hardware"] == machine.processor()
    assert kept["hardware"].startswith(f"{kept['cores']} core")
    assert kept["versions"]["keras"] == version("keras")
    assert page_time.installed("keras", "no-such-package") == {"keras": version("keras")}


def test_a_notebook_elsewhere_and_a_page_with_a_time_of_its_own_are_left_alone(tmp_path):
    page = good_page()
    page_time.record(tmp_path / "page.ipynb", page, 3, tmp_path / "chapters")
    page.cells[1].source = BOX.replace("computed.", "40 minutes to read; 41 seconds to run.")
    before = copy.deepcopy(page)
    page_time.record(tmp_path / "page.ipynb", page, 3, tmp_path)
    assert page == before
    assert list(tmp_path.iterdir()) == []


# Each part of a page: what is changed, and the complaint that must come. The page is good before.


def without(*texts):
    def change(page):
        for text in texts:
            cell = next(cell for cell in page.cells if text in cell.source)
            cell.source = cell.source.replace(text, "")

    return change  # fmt: skip


def with_cells(*cells, at=4):
    def change(page):
        page.cells[at:at] = copy.deepcopy(list(cells))

    return change


def with_tag(text, *tags):
    def change(page):
        next(cell for cell in page.cells if text in cell.source).metadata["tags"] = list(tags)

    return change


PARTS = [
    (without("# Counting\n\n"), "must begin with its title"),
    (with_cells(say("# Another title")), "must begin with its title"),
    (without("> **The question"), "no question"),
    (without("**Afterwards you can**"), "the box lacks **Afterwards"),
    (without("What this page is about"), "the box lacks **You should know**"),
    (without("![Ten dots in a row](dots.svg)"), "no picture before the first section"),
    (without("* Two.\n"), "2 take-aways"),
    (without("* One.\n* Two.\n* Three.\n"), "0 take-aways"),
    (without("**Next:** "), "no **Next:**"),
    (without(":label: counting-three\n"), "1 exercises; this kind of page has 2 to 3"),
    (without(":::{exercise} Try\n:label: counting-three\n", ":::{exercise} Try\n"), "0 exercises"),
    (with_cells(*solved("c1", run("1")), *solved("c2", run("1"))), "4 exercises"),
    (with_cells(*solved("other", run("1"))), "the label other must begin with the page's name"),
    (without("\n:class: dropdown"), "each exercise needs its solution"),
    (with_cells(*solved("counting-talk", say("Think."))), "counting-talk runs nothing"),
    (with_cells(say("Again:"), run('quiz("x")', shown(QUIZ, text_html='class="quiz"'))), "2 quizz"),
    (with_cells(run('quiz("x")', shown("1. What?", text_html='class="quiz"'))), "of 1 questions"),
    (with_cells(*[run("show()", shown("<Moving>", text_html=MOVING), tags=["hide-input"])] * 2),
     "2 figures that move"),
    (with_cells(run("show()", shown("<Moving>", text_html=MOVING), tags=["hide-input"])), None),
    (with_cells(run("show()", shown("<Moving>", text_html='class="moving-figure"'))),
     "a moving figure needs a sentence for each picture"),
    (with_cells(say("So:"), run("assert total == 2")), "an assert in sight"),
    (with_cells(say("So:"), run("print(total == 2)", printed("True\n"))), "prints True"),
    (with_cells(picture(text="x"), run("total > 2", shown("False"), tags=["hide-input"])),
     "prints False"),
    (with_cells(run("three = 3"), at=4), "no sentence before: three = 3"),
    (with_cells(run("three = 3", tags=["hide-cell"]), run("four = 4")), "no sentence before: four"),
    (with_cells(say("Look:"), picture(), run("four = 4")), "no sentence before: four"),
    (with_cells(say("Look:"), run("plt.plot([1, 2])")), "fold the plotting"),
    (with_cells(say("Look:"), picture(tags=())), "fold the plotting"),
    (with_cells(picture(alt="A line.")), "a picture without alternative text"),
    (with_cells(picture(text="[<matplotlib.lines.Line2D at 0x7f>]")), "end the cell with plt.show"),
    (with_cells(picture(tags=["hide-input", "nbval-ignore-output"]), run("assert total")),
     "a picture whose text is not compared"),
    (with_cells(say("So:"), run("x = 1  # fmt: skip")), "a word to the formatter"),
    (with_cells(say("So:"), run("a, b = len([1]), len([2])")), "one assignment a line"),
    (with_cells(say("So:"), run("sum(a if a > 2 else 0 for a in b)")), "a condition, a loop and"),
    (with_cells(say("So:"), run("c = [a if a > 2 else 0 for a in b]")), None),
    (with_cells(say("So:"), run("c = sum(a for a in b if a > 2)")), None),
    (with_tag("total = 1 + 1", "hide-cell"), None),  # needed in folded cells and solutions alone
    (with_cells(run("k = 3", tags=["hide-input"]), say("So:"), run("print(k)", printed("3\n"))),
     "k comes from a folded cell: print(k)"),
    (with_cells(run("log()", printed("0.1\n"), tags=["nbval-ignore-output", "hide-input"])),
     "nothing checks what is not compared"),
    (with_cells(run("log()", printed("0.1\n"), tags=["nbval-ignore-output", "hide-input"]),
                run('check("it is so", lambda: total == 2)', tags=["hide-cell"])), None),
    (with_cells(run("log()", printed("0.1\n"), tags=["nbval-ignore-output", "hide-input"]),
                say("So:"), run("print(total)", printed("2\n"), nbval={"abs": 1})), None),
    (with_cells(run("log()", tags=["nbval-skip", "hide-cell"])), "the tag nbval-skip"),
    (with_cells(say(":::{note}\nMind the gap.")), "1 directives opened, 0 closed: :::{note}"),
    (with_cells(say(":::{note}\nMind the gap.\n:::")), None),
]  # fmt: skip


@pytest.mark.parametrize(("change", "complaint"), PARTS)
def test_each_broken_rule_is_complained_about(change, complaint):
    page = good_page()
    change(page)
    measured = {"seconds": 5, "cores": 2, "code": page_time.code_digest(page)}
    page_time.fill_in(page, measured)
    found = page_rules.all_complaints(page, PAGE, "counting", measured)
    if complaint is None:
        assert found == []
    else:
        assert any(complaint in one for one in found), found


ALLOWED = [
    run("assert total == 2", tags=["assert-is-the-lesson"]),
    run("plt.plot(history.history['loss'])\nplt.show()", shown(image_png="AAAA"),
        tags=["plot-is-the-lesson"], mystnb={"image": {"alt": "a" * 41}}),
    run("a, b = b, a"),
    run("a, b = len([1]), 3"),
    run("x, y = images[:10], labels[:10]"),
    run("x, y = load()"),
    run("total == 2", shown("True"), tags=["hide-cell"]),
    run("print('Trueness')", printed("Trueness\n")),
]  # fmt: skip


@pytest.mark.parametrize("cell", ALLOWED, ids=lambda cell: cell.source[:30])
def test_what_is_the_lesson_or_harmless_is_allowed(cell):
    page = good_page()
    page.cells[4:4] = [say("Look at this:"), copy.deepcopy(cell)]
    measured = {"seconds": 5, "cores": 2, "code": page_time.code_digest(page)}
    page_time.fill_in(page, measured)
    assert page_rules.all_complaints(page, PAGE, "counting", measured) == []


def test_a_boolean_in_a_solution_is_the_readers_own_affair():
    page = book(*solved("x-1", run("2 > 1", shown("True"))))
    assert page_rules.booleans_printed(page) == []


def test_a_child_has_one_exercise_or_a_quiz():
    quiz = run('quiz("x")', shown(QUIZ, text_html='<div class="quiz">'))
    one = solved("x-1", run("1"))
    for page in (book(quiz), book(*one), book(quiz, *one)):
        assert page_rules.exercises(page, CHILD, "x") + page_rules.quizzes(page, CHILD) == []
    assert page_rules.quizzes(book(), CHILD) == ["neither an exercise nor a quiz"]
    assert "2 exercises" in page_rules.exercises(book(*one, *one), CHILD, "x")[0]
    assert "2 quizzes" in page_rules.quizzes(book(quiz, quiz), CHILD)[0]


def test_a_plain_page_has_neither_exercise_nor_quiz_nor_take_aways():
    page = good_page()
    found = page_rules.all_complaints(page, PLAIN, "counting", None)
    assert len(found) == 3, found
    for part in ("2 exercises", "1 quizzes", "has no take-aways"):
        assert any(part in one for one in found)
    assert (
        page_rules.all_complaints(book(say("# Start here"), run("1")), PLAIN, "start", None) == []
    )


def test_a_child_needs_neither_picture_nor_take_aways_but_a_way_on():
    page = book(say("# Why\n\n> **The question of this page:** why?\n\n" + BOX + "\n\n**Next:** x"))
    assert page_rules.opening_words(page, CHILD) + page_rules.closing_words(page, CHILD) == []
    page.cells[0].source += "\n\n## Take-aways\n\n* One.\n"
    assert "1 take-aways" in page_rules.closing_words(page, CHILD)[0]


# Names


NEEDS = [
    ("y = x", {"x"}), ("x = 1\ny = x", set()), ("x = x + 1", {"x"}), ("x += 1", {"x"}),
    ("for x in range(3): print(x)", {"range", "print"}), ("print(x)\nx = 1", {"print", "x"}),
    ("[x for x in z]", {"z"}), ("[x + w for x in z if v]", {"z", "w", "v"}),
    ("x: int = 3", {"int"}), ("with f() as x: x", {"f"}), ("if (n := f()): n", {"f"}),
    ("import numpy as np\nnp.zeros(3)", set()), ("from a import b as c\nc, b", {"b"}),
    ("def f(a=d): return a + g", {"d"}), ("class A(B): c = e", {"B"}), ("a.b = c", {"a", "c"}),
    ("try: f()\nexcept E as e: e", {"f", "E"}), ("lambda a, b=d: a + g", {"d"}),
    ("@wrap\ndef f(): pass", {"wrap"}), ("a[i], b = c", {"a", "i", "c"}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "needed"), NEEDS)
def test_names_needed_at_once(code, needed):
    assert names(ast.parse(code))[1] == needed


@pytest.mark.parametrize(
    ("code", "later"),
    [
        ("def f(a=d): return a + g", {"g"}), ("lambda a: a + g", {"g"}),
        ("def f():\n  x = 1\n  return [x + y for y in z]", {"z"}),
        ("class A:\n  def m(self): return h", {"h"}),
        ("check('so', lambda: all(a > b for a in c))", {"all", "b", "c"}),
        ("[f(lambda: x) for x in z]", set()),
    ],
)  # fmt: skip
def test_names_needed_when_functions_are_called(code, later):
    assert names(ast.parse(code))[2] == later


def test_a_function_may_use_what_a_visible_cell_defines_later_but_nothing_folded():
    double = run("def double(): return 2 * start")
    assert page_rules.names_from_folded_cells(book(double, run("start = 3"))) == []
    found = page_rules.names_from_folded_cells(book(double, run("start = 3", tags=["hide-cell"])))
    assert found == ["start comes from a folded cell: def double(): return 2 * start"]


def test_a_name_that_is_in_sight_first_may_be_used_in_folded_cells_too():
    again = run("x = 5", tags=["hide-input"])
    for code in ("print(x)", "def f(): return x"):
        page = book(run("x = 1"), again, run(code))
        assert page_rules.names_from_folded_cells(page) == []
    magic = run("%pip install y\nimport y", tags=["remove-cell"])
    assert page_rules.names_from_folded_cells(book(magic, run("import y\ny"))) == []


# The table of contents and the openings of parts


TOC = {
    "root": "intro",
    "parts": [
        {"chapters": [{"file": "start"}]},
        {"numbered": 2, "chapters": [
            {"file": "a/index", "sections": [
                {"file": "a/one", "sections": [{"file": "a/why", "sections": [{"file": "a/so"}]}]},
                {"file": "a/two"}]},
            {"file": "b/index", "sections": [{"file": "b/one"}]}]},
        {"caption": "Reference", "numbered": False, "chapters": [{"file": "glossary"}]},
    ],
}  # fmt: skip


def test_kinds_and_numbers_come_from_the_depth_in_the_table_of_contents():
    assert list(page_rules.walk(TOC)) == [
        ("intro", PLAIN, None), ("start", PLAIN, None),
        ("a/index", PLAIN, "1"), ("a/one", PAGE, "1.1"), ("a/why", CHILD, None),
        ("a/so", CHILD, None), ("a/two", PAGE, "1.2"),
        ("b/index", PLAIN, "2"), ("b/one", PAGE, "2.1"),
        ("glossary", PLAIN, None),
    ]  # fmt: skip


def test_a_page_on_the_list_has_no_exercises_and_keeps_its_number(monkeypatch):
    monkeypatch.setattr(page_rules, "WITHOUT_EXERCISES", {"a/two"})
    kinds = {name: (kind, number) for name, kind, number in page_rules.walk(TOC)}
    assert kinds["a/two"] == (PLAIN, "1.2") and kinds["a/one"] == (PAGE, "1.1")


OPENING = (
    "# Part\n\n" + "word " * 70 + "\n\n* [One](one.ipynb): how many?\n* [Two](two.ipynb): why?\n\n"
    "**Next:** [One](one.ipynb) starts."
)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("", "", None),
        ("word " * 20, "", "words, not 80 to 180"),
        ("word " * 70, "word " * 200, "words, not 80 to 180"),
        ("* [One]", "| a table |\n|---|\n| " + "word " * 200 + "|\n\n* [One]", None),
        ("* [One]", "| a table |\n|---|\n| " + "word " * 300 + "|\n\n* [One]", "in tables"),
        ("starts.", "starts.\n\n**Sources:** " + "word " * 200, None),
        ("starts.", "starts.\n\n**Sources:** " + "word " * 300, "words in tables and sources"),
        ("starts.", "starts.\n\nSources: " + "word " * 200, "words, not 80 to 180"),
        ("* [One]", "![" + "word " * 200 + "](a.svg)\n\n* [One]", None),
        ("word " * 70, "| " + "word " * 70 + "|", "words, not 80 to 180"),
        ("* [One]", "## More\n\n* [One]", "no sections"),
        ("# Part", "Part", "one title"),
        ("why?", "why.", "list its pages in order"),
        ("(two.ipynb)", "(three.ipynb)", "list its pages in order"),
        ("**Next:** ", "", "no **Next:**"),
    ],
)
def test_opening_of_a_part(old, new, complaint):
    found = page_rules.part_opening(OPENING.replace(old, new, 1), ["one.ipynb", "two.ipynb"])
    assert bool(found) == bool(complaint)
    assert complaint is None or complaint in " ".join(found)


def test_made_up_notebooks_are_valid():
    nbformat.validate(good_page())
