"""Numbers are compared within the tolerance that a cell states: text by text, and in nbval."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbval_tolerance import Tolerance, problems
from numbers_in_text import compare, tokens

ROOT = Path(__file__).parents[2]


def numbers(text, **settings):
    return [token.text for token in tokens(text, **settings) if token.value is not None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("69.3%", "69.3"),
        ("took 1.0s, 12ms", "1.0 12"),
        ("69.3/70", "69.3 70"),
        ("69.3; 4", "69.3 4"),
        ("It is 69.3.", "69.3"),
        ("It is 69.\n", "69"),
        ("1,234,567 and 1,234.5", "1,234,567 1,234.5"),
        ("(1,2,345)", "1 2 345"),
        ("1e-5 4.7e+17 1E5 1.e-05", "1e-5 4.7e+17 1E5 1.e-05"),
        ("-3.5 −3.5 +2 (-1) =-0.5", "-3.5 −3.5 +2 -1 -0.5"),
        (".5 -.5", ".5 -.5"),
        ("3 x 3, x0.5, 2.5x", "3 3 0.5 2.5"),
        ("5-10, 1.2-3.4, 5%-10%, f(x)-1.5", "5 10 1.2 3.4 5 10 1.5"),
        ("(0.1, 2) [0.1 0.2] [-0.5 1. 2.]", "0.1 2 0.1 0.2 -0.5 1. 2."),
        ("nan -inf inf% Infinity", "nan -inf inf Infinity"),
        ("banana infer NaN-safe inf_norm", ""),
        ("conv2d_7 resnet20 VGG-16 top-1 cifar10 v2.21 B0", ""),
        ("0x7f3a91bc 0xff", ""),
        ("data afe51a2d9eae, data 397951dfe9cc, data 80e512345678, data 123456789012", ""),
        ("1.5e512a4", "1.5"),
        ("2.21.0 3.15.1.post1", ""),
        ("2015-12-10 2026-11-28T17:20:06", ""),
        ("3x3 32x32x16 1_000", ""),
        ("3.5 years, a_1=0.5", "3.5 0.5"),
        ("1.5s-2.5s, 1.5s/2.5s, 0.5points.", "1.5 2.5 1.5 2.5 0.5"),
        ("69.3±0.4 and 69.3 ± 0.4", "69.3 0.4 69.3 0.4"),
    ],
)
def test_numbers_are_found_and_names_are_not(text, expected):
    assert numbers(text) == expected.split()


def test_only_the_text_of_html_has_numbers():
    page = (
        '<style>td { width: 1.5em }</style><!-- 2.5 --><script>let a = "3.5 < 4";</script>'
        '<table border="1" style="top: 4.5px" title="a > 5.5"><tr><th>6.5</th><td>x&#8722;7.5</td>'
        "<td>8.5&nbsp;%</td></tr></table> 3 < 9.5"
    )
    assert numbers(page, html=True) == ["6.5", "7.5", "8.5", "3", "9.5"]
    assert "1.5" in numbers(page)


def test_tokens_lose_nothing():
    text = "  a\t1.5%  [ 2. 3]\n\n−4e-3 x0.5 VGG-16, 1,234\n "
    for html in (False, True):
        assert "".join(token.before + token.text for token in tokens(text, html=html)) == text


@pytest.mark.parametrize(
    ("stored", "new", "settings"),
    [
        ("test accuracy 69.3 %", "test accuracy 68.0 %", {"absolute": 2}),
        ("69.3", "71.3", {"absolute": 2}),  # exactly the tolerance; in binary it is a bit more
        ("0.1", "0.4", {"absolute": 0.3}),
        ("69.3 %, 100 images", "70.3 %, 100 images", {"absolute": 2}),
        ("12 of 100", "13 of 101", {"absolute": 2, "whole": True}),
        ("10.0 s", "11.0 s", {"relative": 0.1}),
        ("-10.0", "-11.0", {"relative": 0.1}),
        ("inf and -inf, 1.0", "inf and -inf, 1.5", {"absolute": 1}),
        ("[ 9.8 10.1]", "[10.1 10.2]", {"absolute": 1}),
        ("[1.  1.5]", "[1.1 1.4]", {"absolute": 1}),
        ("  acc\n0  9.9\n", "   acc\n0  10.1\n", {"absolute": 1}),
        ("−0.1 +0.2", "+0.1 −0.2", {"absolute": 1}),
        ("<td>69.3</td>", "<td>68.3</td>", {"absolute": 2, "html": True}),
    ],
)
def test_near_enough(stored, new, settings):
    assert compare(stored, new, **settings) == []


@pytest.mark.parametrize(
    ("stored", "new", "settings", "sentence"),
    [
        ("first\ntest accuracy 69.3 %\nlast", "first\ntest accuracy 66.8 %\nlast", {"absolute": 2},
         "69.3 became 66.8, which differs by 2.5, more than the 2 allowed, "
         'in "test accuracy 69.3 %"'),
        ("took 10.0 s", "took 11.1 s", {"relative": 0.1},
         '10.0 became 11.1, which differs by 1.1, more than the 1 (0.1 of 10.0) allowed, '
         'in "took 10.0 s"'),
        ("0.00001", "0.00005", {"absolute": 1e-5}, "which differs by 4e-05, more than the 1e-05"),
        ("-3.5", "3.5", {"absolute": 2}, "-3.5 became 3.5, which differs by 7"),
        ("−3.5", "3.5", {"absolute": 2}, "−3.5 became 3.5, which differs by 7"),
        ("+0.5", "0.5", {"absolute": 2}, "+0.5 became 0.5, with another sign"),
        ("100 images", "101 images", {"absolute": 2},
         '100 became 101, but whole numbers must stay the same (unless the tolerance says '
         '"int": true), in "100 images"'),
        ("60", "60.5", {"absolute": 2}, "60 became 60.5, but whole numbers"),
        ("100", "103", {"absolute": 2, "whole": True}, "which differs by 3"),
        ("1.0", "nan", {"absolute": 2}, "1.0 became nan, and nan is never near enough"),
        ("nan", "nan", {"absolute": 2}, "nan became nan, and nan is never near enough"),
        ("1.0 inf", "1.0 -inf", {"absolute": 2}, "infinity is near nothing but itself"),
        ("1.0 inf", "1.0 5.0", {"absolute": 2}, "infinity is near nothing but itself"),
        ("1.0", "inf", {"relative": 0.5}, "infinity is near nothing but itself"),
        ("69.3 %", "69.3 s", {"absolute": 2}, '"%" became "s", in "69.3 %"'),
        ("1.0s", "1.0ms", {"absolute": 2}, '"s" became "ms"'),
        ("train 1.0", "test 1.0", {"absolute": 2}, '"train" became "test"'),
        ("Keras 3.15.1: 1.0", "Keras 3.15.2: 1.0", {"absolute": 2}, '"3.15.1" became "3.15.2"'),
        ("resnet20 1.0", "resnet32 1.0", {"absolute": 99}, '"resnet20" became "resnet32"'),
        ("1.0 2.0", "1.0", {"absolute": 2}, "2.0 became the end"),
        ("1.0", "1.0 2.0", {"absolute": 2}, "the end became 2.0"),
        ("1.0", "one", {"absolute": 2}, '1.0 became "one"'),
        ("a  1.0", "a 1.0", {"absolute": 2}, "white space '  ' before 1.0 became ' '"),
        ("1.0\n", "1.0", {"absolute": 2}, "white space '\\n' before the end became ''"),
        ("9.9\n1.0", "10.0 1.0", {"absolute": 2}, "white space '\\n' before 1.0 became ' '"),
        ("9.9 a b", "10.0 ab", {"absolute": 2}, '"a" became "ab"'),
        ("<tr><th>a</th><td>69.3</td></tr>", "<tr><th>a</th><td>60.3</td></tr>",
         {"absolute": 2, "html": True}, 'more than the 2 allowed, in "a 69.3"'),
        ('<td class="a">1.0', '<td class="b">1.0', {"absolute": 2, "html": True},
         '"<td class="a">" became "<td class="b">"'),
    ],
)  # fmt: skip
def test_not_near_enough(stored, new, settings, sentence):
    found = compare(stored, new, **settings)
    assert len(found) == 1
    assert sentence in found[0]


def test_every_number_that_is_too_far_is_named():
    assert len(compare("1.0 2.0 3.0", "9.0 2.0 9.0", absolute=1)) == 2


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"abs": 2, "tol": 1}, '"nbval" has the unknown key "tol"; known are "abs", "rel", "int"'),
        ({}, 'must have either "abs" or "rel", and has neither'),
        ({"abs": 2, "rel": 0.1}, 'must have either "abs" or "rel", and has both'),
        (2, '"nbval" must be like {"abs": 2} or {"rel": 0.1}, got 2'),
        ({"abs": "2"}, "\"abs\" must be a finite number above 0, got '2'"),
        ({"abs": 0}, '"abs" must be a finite number above 0, got 0'),
        ({"abs": -1}, '"abs" must be a finite number above 0, got -1'),
        ({"abs": True}, '"abs" must be a finite number above 0, got True'),
        ({"abs": float("inf")}, '"abs" must be a finite number above 0, got inf'),
        ({"rel": 1}, '"rel" must be a number between 0 and 1, got 1'),
        ({"rel": 0}, '"rel" must be a number between 0 and 1, got 0'),
        ({"abs": 2, "int": 1}, '"int" must be true or false, got 1'),
        ({"abs": 2, "not": 10.0}, '"not" must be a list of finite numbers, got 10.0'),
        ({"abs": 2, "not": []}, '"not" must be a list of finite numbers, got []'),
        ({"abs": 2, "not": ["a"]}, "\"not\" must be a list of finite numbers, got ['a']"),
    ],
)
def test_a_tolerance_that_is_none_is_refused(given, sentence):
    with pytest.raises(ValueError) as refused:  # noqa: PT011 (the text is compared below)
        Tolerance.of({"nbval": given})
    assert sentence in str(refused.value)


def test_a_tolerance_is_read():
    assert Tolerance.of({"tags": []}) is None
    given = {"abs": 2, "int": True, "not": [10.0, 50]}
    assert Tolerance.of({"nbval": given}) == Tolerance(2, None, True, (10.0, 50))
    assert Tolerance.of({"nbval": {"rel": 0.1}}) == Tolerance(None, 0.1)


def code(source, printed="", nbval=None, **metadata):
    """A code cell with its stored output."""
    if nbval is not None:
        metadata["nbval"] = nbval
    cell = nbformat.v4.new_code_cell(source, metadata=metadata, execution_count=1)
    if printed:
        cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)]
    return cell


@pytest.mark.parametrize(
    ("printed", "nbval", "found"),
    [
        ("69.3 %, 12 images", {"abs": 2}, None),
        ("69.3 %, 12 images", {"abs": 2, "not": [10.0, 12]}, None),
        ("11.3 %", {"abs": 2, "not": [10.0]},
         "the control 10.0 is within the tolerance 2 of 11.3: the check could not tell them apart"),
        ("12.0 %", {"abs": 2, "not": [10.0]}, "the control 10.0 is within the tolerance 2 of 12.0"),
        ("0.4", {"abs": 0.3, "not": [0.1]}, "the control 0.1 is within the tolerance 0.3 of 0.4"),
        ("11.3", {"rel": 0.1, "not": [10.0]}, None),
        ("11.3", {"rel": 0.2, "not": [10.0]}, "the control 10.0 is within the tolerance 0.2 of"),
        ("12.5 11", {"abs": 2, "int": True, "not": [10]}, "the control 10 is within the tolerance"),
        ("no digits: conv2d_7", {"abs": 2}, "no number in the stored output that it could be for"),
        ("12 images", {"abs": 2}, "no number in the stored output that it could be for"),
        ("12 images", {"abs": 2, "int": True}, None),
        ("", {"abs": 2}, "a tolerance, but no stored output"),
        ("0.0 and 1.0", {"rel": 0.1}, 'a stored 0.0 with "rel"'),
        ("0.0 and 1.0", {"abs": 0.1}, None),
        ("1.0 nan", {"abs": 0.1}, "nan in the stored output"),
        ("1.0 inf", {"abs": 0.1}, None),
        ("69.3 % in 12.5 s", {"abs": 1}, "one tolerance for 69.3 % and 12.5 s: print one kind"),
        ("69.3 % in 12 s", {"abs": 1}, None),
        ("1.5 s, 300.0 ms", {"rel": 0.1}, "one tolerance for 1.5 s and 300.0 ms"),
        ("1.5 s, 2.5 seconds, 3.5s", {"abs": 0.1}, None),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_stored_cell(printed, nbval, found):
    sentences = problems(code("show()", printed, nbval))
    assert len(sentences) == (found is not None), sentences
    if found:
        assert found in sentences[0]


def test_a_tolerance_is_for_code_whose_output_is_compared():
    markdown = nbformat.v4.new_markdown_cell("1.0", metadata={"nbval": {"abs": 2}})
    assert problems(markdown) == ['"nbval" is for code cells, and this is a markdown cell']
    tagged = code("show()", "1.0", {"abs": 2}, tags=["nbval-ignore-output"])
    commented = code("# NBVAL_IGNORE_OUTPUT\nshow()", "1.0", {"abs": 2})
    for cell in (tagged, commented):
        assert "says that nothing is compared" in problems(cell)[0]


SHOW = "from IPython.display import HTML, display\n"
# name: (source of the cell, its stored output, tolerance, what is said of it, or None if it passes)
RUNS = {
    "words_and_numbers": ("print('accuracy 68.0 %, 5 of 7')", "accuracy 69.3 %, 5 of 7\n",
                          {"abs": 2}, None),
    "too_far": ("print('first')\nprint('test accuracy 66.8 %')", "first\ntest accuracy 69.3 %\n",
                {"abs": 2}, "69.3 became 66.8, which differs by 2.5, more than the 2 allowed, "
                            'in "test accuracy 69.3 %"'),
    "no_tolerance": ("print(68.0)", "69.3\n", None, "Cell outputs differ"),
    "relative": ("print(108.0)", "100.0\n", {"rel": 0.1}, None),
    "relative_too_far": ("print(111.0)", "100.0\n", {"rel": 0.1},
                         "differs by 11, more than the 10 (0.1 of 100.0) allowed"),
    "whole": ("print(1.5, 8)", "1.0 7\n", {"abs": 2}, "7 became 8, but whole numbers"),
    "whole_allowed": ("print(1.5, 8)", "1.0 7\n", {"abs": 2, "int": True}, None),
    "another_unit": ("print('1.0 s')", "1.0 %\n", {"abs": 2}, '"%" became "s"'),
    "not_a_number": ("print(float('nan'))", "1.0\n", {"abs": 2}, "1.0 became nan, and nan is"),
    "control_outside": ("print(68.0)", "69.3\n", {"abs": 2, "not": [10.0]}, None),
    "column_moves": ("print('a:  9.5 %')", "a: 10.5 %\n", {"abs": 2}, None),
    "address": ("print(0x7f, '0x7fffabcdef', 1.5)", "127 0x7fff123456 1.0\n", {"abs": 1}, None),
    "text_and_html": (SHOW + "display(HTML('<b title=\"1.0\">2.5</b>'))",
                      {"text/plain": "<IPython.core.display.HTML object>",
                       "text/html": '<b title="1.0">2.0</b>'}, {"abs": 1}, None),
    "attribute": (SHOW + "display(HTML('<b title=\"1.5\">2.5</b>'))",
                  {"text/plain": "<IPython.core.display.HTML object>",
                   "text/html": '<b title="1.0">2.0</b>'}, {"abs": 1}, 'became "<b title="1.5">"'),
    "value": ("[1.25, 2]", {"text/plain": "[1.5, 2]"}, {"abs": 1}, None),
    "value_too_far": ("[1.25, 2]", {"text/plain": "[3.5, 2]"}, {"abs": 1},
                      "3.5 became 1.25, which differs by 2.25, more than the 1 allowed"),
    "errors_are_not_compared": ("import sys\nprint('2.5', file=sys.stderr)\nprint(1.0)", "1.5\n",
                                {"abs": 1}, None),
}  # fmt: skip
# Said before anything runs
REFUSED = {
    "control_inside": (code("print(11.3)", "11.3\n", {"abs": 2, "not": [10.0]}),
                       "cell 1 (print(11.3)): the control 10.0 is within the tolerance 2 of 11.3"),
    "no_number": (code("print('a')", "a\n", {"abs": 2}), "no number in the stored output"),
    "no_output": (code("a = 1.0", "", {"abs": 2}), "no stored output that it could be for"),
    "address_only": (code("print(object())", "<object object at 0x7f3a91bc>\n", {"abs": 2}),
                     "no number in the stored output"),
    "unknown_key": (code("print(1.0)", "1.0\n", {"absolute": 2}), 'the unknown key "absolute"'),
    "markdown": (nbformat.v4.new_markdown_cell("1.0", metadata={"nbval": {"abs": 2}}),
                 "this is a markdown cell"),
}  # fmt: skip


def run_nbval(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "-p", "no:cacheprovider", "--color=no",
         "-rA", *arguments],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip


def store(path, *cells):
    path.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), path)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """What this repository's tests of notebooks need, and notebooks for each rule."""
    root = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / "tools", root / "tools")  # the root conftest.py imports some of them
    for name in ("conftest.py", "pyproject.toml", "tests/sanitize.cfg"):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    cells = []
    for source, stored, nbval, _ in RUNS.values():
        cell = code(source, stored if isinstance(stored, str) else "", nbval)
        if not isinstance(stored, str):
            kind = "display_data" if "display(" in source else "execute_result"
            count = {} if "display(" in source else {"execution_count": 1}
            cell.outputs = [nbformat.v4.new_output(kind, data=stored, **count)]
        cells.append(cell)
    store(root / "chapters" / "rules.ipynb", *cells)
    store(root / "chapters" / "right.ipynb", code("print(68.0)", "69.3\n", {"abs": 2}))
    for name, (cell, _) in REFUSED.items():
        store(root / "refused" / f"{name}.ipynb", cell)
    return root


@pytest.fixture(scope="module")
def report(repository):
    """nbval's report, started in the folder of the chapters."""
    result = run_nbval(repository / "chapters", "rules.ipynb")
    assert result.returncode == 1, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("name", RUNS)
def test_nbval_compares_within_the_tolerance(report, name):
    *_, complaint = RUNS[name]
    number = list(RUNS).index(name)
    outcome = re.search(rf"(PASSED|FAILED) \S*rules.ipynb::Cell {number}\b", report)
    assert outcome[1] == ("FAILED" if complaint else "PASSED")
    if complaint:
        section = report.split(f" chapters/rules.ipynb::Cell {number} _")[1].split("\n____")[0]
        assert complaint in section


def test_nbval_compares_alike_from_the_root(repository):
    result = run_nbval(repository, "chapters/right.ipynb")
    assert result.returncode == 0, result.stdout
    assert "1 passed" in result.stdout


def test_nbval_refuses_what_cannot_be_right_before_it_runs_anything(repository):
    result = run_nbval(repository, "refused", "chapters/right.ipynb")
    assert f"{len(REFUSED)} errors" in result.stdout
    assert "passed" not in result.stdout
    for name, (_, complaint) in REFUSED.items():
        section = result.stdout.split(f" ERROR collecting refused/{name}.ipynb ")[1]
        section = section.split("\n____")[0]
        assert f"{name}.ipynb: tolerances that cannot be right" in section
        assert complaint in section
