"""A Sphinx extension: a page's first use of a name of the package is a link to its entry.

In running text that is code such as ``load_cifar10()`` or ``zoo.load``; in the code of a notebook
it is the line that imports the name, and the first ``module.name`` of a module imported there. What
a short name means is told by the page's own imports, so that a variable called ``logits`` is no
link. A page without code may only name what could be nothing else: ``cifarlib.zoo.load``,
``zoo.load``, or a long name that the package has once.
"""

from __future__ import annotations

import re
from html import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode
from sphinx_glossary import running_text

PACKAGE = "cifarlib"
PAGES = "reference/api/"  # these say where a name is by being there
_IMPORT = re.compile(
    rf"^\s*from ({PACKAGE}[\w.]*) import (?:\(([^)]*)\)|([^\n#]*))|^\s*import ({PACKAGE}[\w.]*)",
    re.MULTILINE,
)
_CODE = re.compile(r"([A-Za-z_][\w.]*)(?:\(.*\))?", re.DOTALL)
_PRE = re.compile(r"<pre>.*?</pre>", re.DOTALL)
_NAME = re.compile(
    r'(?P<before><span class="n">(?P<module>\w+)</span><span class="o">\.</span>)?'
    r'<span class="n">(?P<name>\w+)</span>'
)


def imports(code: str) -> dict[str, str]:
    """What names mean that code imports from the package: ``load`` is ``cifarlib.zoo.load``."""
    found = {}
    for module, several, line, plain in _IMPORT.findall(code):
        if plain:
            found[plain] = plain
        for one in re.sub(r"#.*", "", several or line).split(","):
            name, _, alias = (part.strip() for part in one.partition(" as "))
            if name:
                found[alias or name] = f"{module}.{name}"
    return found


def entry(path: str, objects: dict) -> str | None:
    """The documented object that a dotted path means: it may be exported elsewhere, too."""
    if path in objects:
        return path
    module, _, name = path.rpartition(".")
    found = [key for key in objects if key.startswith(f"{module}.") and key.endswith(f".{name}")]
    found = [key for key in found if not key.split(".")[-2][0].isupper()]  # of a class
    return found[0] if module and len(found) == 1 else None


def meant(code: str, names: dict[str, str], objects: dict) -> str | None:
    """The documented object that inline code names, if any.

    Args:
        code: such as ``zoo.load("vit")``.
        names: what the page imports, see :func:`imports`.
        objects: the documented ones, by their full names.
    """
    match = _CODE.fullmatch(code.strip())
    if not match:
        return None
    first, dot, rest = match[1].partition(".")
    if first in names:
        return entry(names[first] + dot + rest, objects)
    if first == PACKAGE:
        return entry(match[1], objects)
    if dot:
        return entry(f"{PACKAGE}.{match[1]}", objects)
    if not names and "_" in first.strip("_"):
        return entry(f"{PACKAGE}.{first}", objects)
    return None


def page_code(document: nodes.document) -> str:
    return "\n".join(block.astext() for block in document.findall(nodes.literal_block))


class ApiLinks(SphinxPostTransform):
    """Link the first inline code of each page that names something of the package."""

    default_priority = 9

    def run(self, **kwargs) -> None:
        objects = self.env.get_domain("py").objects
        here = self.env.docname
        if here.startswith(PAGES):
            return
        names, seen = imports(page_code(self.document)), set()
        for literal in list(self.document.findall(nodes.literal)):
            path = meant(literal.astext(), names, objects)
            if path is None or path in seen or not _running(literal):
                continue
            seen.add(path)
            place = objects[path]
            link = make_refnode(
                self.app.builder, here, place.docname, place.node_id, literal.deepcopy()
            )
            link["classes"].append("api-link")
            literal.parent.replace(literal, link)


def _running(literal: nodes.literal) -> bool:
    """Whether code stands in running text, for which the glossary has the rules."""
    stand_in = nodes.paragraph("", "x")
    stand_in.parent = literal.parent
    return any(True for _ in running_text(stand_in))


def link_code(
    app: Sphinx, page: str, template: str, context: dict, document: nodes.document | None
) -> None:
    """Link names in the highlighted code of a notebook, each where it comes first."""
    if document is None or page.startswith(PAGES) or app.builder.format != "html":
        return
    names = imports(page_code(document))
    if not names:
        return
    objects, seen = app.env.get_domain("py").objects, set()

    def link(match: re.Match) -> str:
        path = None
        if match["module"] in names:
            path = entry(f"{names[match['module']]}.{match['name']}", objects)
        elif not match["module"] and match["name"] in names:
            path = entry(names[match["name"]], objects)
        if path is None or path in seen:
            return match[0]
        seen.add(path)
        place = objects[path]
        address = f"{app.builder.get_relative_uri(page, place.docname)}#{place.node_id}"
        word = f'<span class="n">{match["name"]}</span>'
        return f'{match["before"] or ""}<a class="api-link" href="{escape(address)}">{word}</a>'

    context["body"] = _PRE.sub(lambda pre: _NAME.sub(link, pre[0]), context["body"])


def setup(app: Sphinx) -> dict:
    app.add_post_transform(ApiLinks)
    app.connect("html-page-context", link_code)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
