"""A Sphinx extension: formulas are MathML, made when the book is built.

Browsers draw MathML themselves, so a page with formulas needs no script at all (MathJax, which
draws them while one waits, is 2.3 MB), it can be read without JavaScript, and a screen reader
finds the formula, not a picture of it. What makes the MathML is ``latex2mathml``; the letters
come from static/fonts (tools/build_math_font.py).
"""

from __future__ import annotations

import re
from html import escape
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

logger = logging.getLogger(__name__)

THIN = "0.167em"
SCRIPTED = {"msub", "msup", "msubsup", "munder", "mover", "munderover"}
# Before and after these no thin space stands beside the name of a function
OPENING, CLOSING = "([{⌈⌊⟨", ")]}⌉⌋⟩"


def mathml(latex: str, *, block: bool = False) -> str:
    """A formula as MathML.

    Args:
        latex: what stands between the dollar signs.
        block: whether it stands on a line of its own; several lines are aligned at ``&``.

    Raises:
        ValueError: when ``latex2mathml`` does not know a part of the formula. It would put a
            command's name on the page, or end with an error that does not name the formula.
    """
    source = latex.strip()
    if block and r"\\" in source and r"\begin" not in source:
        source = rf"\begin{{align*}}{source}\end{{align*}}"
    source = re.sub(r"\\(begin|end)\{(aligned|split|align)\}", r"\\\1{align*}", source)
    plain = re.sub(r"\\[{}]", "", source)
    try:
        if plain.count("{") != plain.count("}"):
            raise ValueError("its braces do not match")
        root = ElementTree.fromstring(convert(source, display="block" if block else "inline"))
    except Exception as error:
        raise ValueError(f"cannot be made into MathML: {latex!r} ({error})") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        if element.tag in ("mi", "mo") and re.search(r"\\|^&$", element.text or ""):
            raise ValueError(f"cannot be made into MathML: {latex!r} ({element.text} is unknown)")
    for element in root.iter():
        space(element)
    return ElementTree.tostring(root, encoding="unicode")


def space(row: ElementTree.Element) -> None:
    """Space the parts of a formula as TeX does, where the converter leaves it to the browser."""
    before = None
    for part in list(row):
        text = part.text or ""
        if part.tag == "mo" and text in ("−", "+", "±") and row.tag == "mrow":
            sign = before is None or (before.tag == "mo" and before.text not in tuple(CLOSING))
            part.set("form", "prefix" if sign else "infix")
        if part.tag == "mo" and text == "/":
            part.set("lspace", "0")
            part.set("rspace", "0")
        if part.tag == "mo" and text in ("|", "‖"):
            part.set("stretchy", "false")
        if part.tag == "mspace" and part.get("width") == "negativethinmathspace":
            part.set("width", f"-{THIN}")
        if is_function(part):
            leaf = part[0] if part.tag in SCRIPTED else part
            leaf.tag = "mi"
        before = part
    if row.tag in SCRIPTED:
        return
    parts = list(row)
    for place in range(len(parts) - 1, 0, -1):
        left, right = parts[place - 1], parts[place]
        after = is_function(left) and not opens(right) and right.tag not in ("mspace", "mtext")
        ahead = is_function(right) and left.tag not in ("mo", "mspace", "mtext")
        if after or ahead:
            row.insert(place, ElementTree.Element("mspace", width=THIN))


def is_function(part: ElementTree.Element) -> bool:
    """Whether an element is a function's name, such as ``log``, with or without an index."""
    leaf = part[0] if part.tag in SCRIPTED and len(part) else part
    return leaf.tag in ("mi", "mo") and len(leaf.text or "") > 1 and leaf.text.isalpha()


def opens(part: ElementTree.Element) -> bool:
    """Whether an element is a bracket, or begins with one, or is a sign between two things."""
    leaf = part[0] if part.tag in SCRIPTED | {"mrow"} and len(part) else part
    return leaf.tag == "mo" and (leaf.text in tuple(OPENING) or leaf is part)


def of_node(node: nodes.Element, block: bool) -> str:
    try:
        return mathml(node.astext(), block=block)
    except ValueError as error:  # the build with -W ends here; without, the page shows the source
        logger.warning("a formula %s", error, location=node)
        return f"<code>{escape(node.astext())}</code>"


def visit_inline(self, node: nodes.math) -> None:
    opening = self.starttag(node, "span", "", CLASS="math notranslate nohighlight")
    self.body.append(f"{opening}{of_node(node, False)}</span>")
    raise nodes.SkipNode


def visit_block(self, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node.get("number"):
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(f"{of_node(node, True)}</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict:
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
