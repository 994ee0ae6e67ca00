"""A Sphinx extension: diagrams stand in the page itself, so that its light and dark colors hold.

A page shows a diagram as any picture, ``![what one sees](../../static/diagrams/NAME.svg)``; this
puts the SVG in the place of the picture, with the alt text as its name for screen readers. Where
pages are shown without this extension, the file is a picture that reads on any background.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

FOLDER = "static/diagrams/"


class InlineDiagrams(SphinxPostTransform):
    """Replace pictures of diagrams by the diagrams."""

    default_priority = 5
    formats = ("html",)

    def run(self, **kwargs) -> None:
        for image in list(self.document.findall(nodes.image)):
            if image["uri"].startswith(FOLDER) and image["uri"].endswith(".svg"):
                svg = Path(self.env.srcdir, image["uri"]).read_text(encoding="utf-8")
                image.replace_self(nodes.raw("", inline(svg, image.get("alt", "")), format="html"))


def inline(svg: str, alt: str) -> str:
    """An SVG file's text as a part of a page."""
    named = f'<svg class="diagram" role="img" aria-label="{escape(alt)}" '
    return svg.replace("<svg ", named, 1).rstrip()


def setup(app: Sphinx) -> dict:
    app.add_post_transform(InlineDiagrams)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
