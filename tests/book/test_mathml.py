"""Formulas as MathML: spaced as TeX spaces them, and refused when a part of them is unknown."""

from xml.etree import ElementTree

import pytest
from sphinx_mathml import mathml


def parts(latex, **settings):
    """The tags, with their text, of a formula's outermost row."""
    row = ElementTree.fromstring(mathml(latex, **settings))[0]
    return [(part.tag, part.text) if part.text else part.tag for part in row]


def test_a_formula_keeps_its_letters_numbers_and_structure():
    root = ElementTree.fromstring(mathml(r"\frac{a_1}{2} + \sqrt{x}", block=True))
    assert root.tag == "math"
    assert root.get("display") == "block"
    fraction, sign, root_sign = root[0]
    assert [fraction.tag, sign.text, root_sign.tag] == ["mfrac", "+", "msqrt"]
    assert "".join(root.itertext()) == "a12+x"


def test_a_function_stands_apart_from_what_it_is_applied_to_unless_that_is_in_brackets():
    assert parts(r"2\ln x") == [("mn", "2"), "mspace", ("mi", "ln"), "mspace", ("mi", "x")]
    assert parts(r"\log_2 w") == ["msub", "mspace", ("mi", "w")]
    assert parts(r"\max(0)")[:2] == [("mi", "max"), ("mo", "(")]
    assert parts(r"-\operatorname{argmax} z") == [
        ("mo", "−"), ("mi", "argmax"), "mspace", ("mi", "z")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("latex", "forms"),
    [
        ("a - b", ["infix"]),
        ("-1", ["prefix"]),
        ("a = -b", ["prefix"]),
        ("0 \\cdot (-1) - 2", ["prefix", "infix"]),
        ("f(x) - 1", ["infix"]),
    ],
)
def test_a_minus_is_a_sign_at_the_beginning_and_an_operation_between_two_things(latex, forms):
    root = ElementTree.fromstring(mathml(latex))
    assert [part.get("form") for part in root.iter("mo") if part.text == "−"] == forms


def test_lines_are_aligned():
    root = ElementTree.fromstring(mathml(r"a &= b \\ c &= d", block=True))
    assert [len(row) for row in root.findall(".//mtr")] == [2, 2]  # and no numbers
    assert "&" not in "".join(root.itertext())


@pytest.mark.parametrize("latex", [r"\nosuchcommand x", r"\frac{a", r"a & b"])
def test_what_is_unknown_is_refused_with_the_formula(latex):
    with pytest.raises(ValueError, match="cannot be made into MathML") as error:
        mathml(latex)
    assert repr(latex) in str(error.value)
