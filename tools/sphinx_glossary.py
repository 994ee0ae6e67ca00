"""A Sphinx extension: a page's first use of a glossary term is a link to the glossary.

Nobody has to mark terms by hand, and a term that is added to the glossary is linked everywhere.
Only running text counts: no headings, code, formulas, links, captions or exercise titles, nor the
package's docstrings, in which a kernel may be a processor's. Terms are found in the singular or the
plural, whatever their capitals, the longest first ("batch normalization" is not a "batch").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

# Where a term is not looked for
_SKIPPED = (
    nodes.title, nodes.subtitle, nodes.literal, nodes.literal_block, nodes.math, nodes.math_block,
    nodes.reference, nodes.caption, nodes.rubric, nodes.term, nodes.raw, nodes.comment,
    addnodes.desc,
)  # fmt: skip
# Glossary terms that are everyday words, too: the reader would be sent there for nothing
EVERYDAY = {"baseline", "bias", "channel", "filter", "head", "patch", "schedule", "seed", "stem"}


class GlossaryLinks(SphinxPostTransform):
    """Link the first use of each glossary term on a page."""

    # Before references are resolved and after the page is whole
    default_priority = 9

    def run(self, **kwargs) -> None:
        terms = self.env.get_domain("std")._terms
        here = self.env.docname
        places = {
            term: target
            for term, target in terms.items()
            if target[0] != here and term not in EVERYDAY
        }
        if not places or any(target[0] == here for target in terms.values()):
            return  # no glossary, or the glossary itself
        pattern = matcher(places)
        for text in list(running_text(self.document)):
            self.link(text, pattern, places)
            pattern = matcher(places)
            if pattern is None:
                return

    def link(self, text: nodes.Text, pattern: re.Pattern, places: dict) -> None:
        """Replace the terms in one piece of text, and take them out of ``places``."""
        pieces, rest = [], text.astext()
        position = 0
        for match in pattern.finditer(rest):
            term = singular(match.group().lower(), places)
            if term is None:
                continue  # linked a moment ago, in this very text
            docname, label = places.pop(term)
            pieces.append(nodes.Text(rest[position : match.start()]))
            pieces.append(self.reference(docname, label, match.group()))
            position = match.end()
        if pieces:
            pieces.append(nodes.Text(rest[position:]))
            text.parent.replace(text, [piece for piece in pieces if piece.astext()])

    def reference(self, docname: str, label: str, word: str) -> nodes.reference:
        found = make_refnode(
            self.app.builder, self.env.docname, docname, label, nodes.inline(word, word)
        )
        found["classes"].append("glossary-link")
        return found


def matcher(terms: dict) -> re.Pattern | None:
    """Finds any of the terms as a whole word, the longest first; None when there is none left."""
    if not terms:
        return None
    longest_first = sorted(terms, key=len, reverse=True)
    words = "|".join(re.escape(term).replace(r"\ ", r"\s+") for term in longest_first)
    return re.compile(rf"(?<![\w-])(?:{words})(?:s|es)?(?![\w-])", re.IGNORECASE)


def singular(word: str, terms: dict) -> str | None:
    """The term that a found word stands for, if it is still to be linked."""
    word = re.sub(r"\s+", " ", word)
    for candidate in (word, word.removesuffix("s"), word.removesuffix("es")):
        if candidate in terms:
            return candidate
    return None


def running_text(document: nodes.document) -> Iterator[nodes.Text]:
    """The pieces of text that a reader reads as sentences, in their order."""
    for text in document.findall(nodes.Text):
        above, skipped = text.parent, False
        while above is not None and not skipped:
            skipped = isinstance(above, _SKIPPED) or "exercise-title" in _classes(above)
            skipped |= "cell_output" in _classes(above)
            above = above.parent
        if not skipped:
            yield text


def _classes(node: nodes.Node) -> list[str]:
    return node.get("classes", []) if isinstance(node, nodes.Element) else []


def setup(app: Sphinx) -> dict:
    app.add_post_transform(GlossaryLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
