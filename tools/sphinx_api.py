"""A Sphinx extension: the pages of the package, written by its docstrings.

    :::{room} cifarlib.zoo
    :::

lists what a room exports, in the order of its ``__all__``: functions and classes with their
docstrings, constants with the comment above them. A module without ``__all__`` shows what it
defines and documents, or what ``:only:`` names. Keras is mocked (``autodoc_mock_imports``): the
package is only read here, and TensorFlow alone would make a build wait for several seconds.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.ext.autodoc.mock import mock, undecorate
from sphinx.util import inspect as sphinx_inspect
from sphinx.util.docutils import SphinxDirective
from sphinx.util.rst import escape

_SIGNATURE = re.compile(r'<dt class="sig .*?</dt>', re.DOTALL)
LONGEST = 60  # characters of a value that stands beside its name


class Room(SphinxDirective):
    """What a module of the package offers to readers."""

    required_arguments = 1
    option_spec: ClassVar[dict] = {"only": str.split}

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # for it changes with the package, not with the page
        name, inside = self.arguments[0], nodes.Element()
        with mock(self.config.autodoc_mock_imports):  # autodoc would end it between two names
            try:
                module = importlib.import_module(name)
            except ImportError as error:
                raise self.error(f"{name} cannot be imported: {error}") from error
            names = self.options.get("only") or public_names(module)
            text = "\n".join(entries(module, names))
            lines = ["``````{eval-rst}", *text.splitlines(), "``````"]
            content = StringList(lines, source=self.env.docname)
            self.state.nested_parse(content, self.content_offset, inside)
        return inside.children


def public_names(module: ModuleType) -> list[str]:
    """What a module exports; of one that does not say, all it defines and documents."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    own = assignments(Path(module.__file__).read_text(encoding="utf-8"))
    return [
        name
        for name, item in vars(module).items()
        if not name.startswith("_")
        and (
            (name.isupper() and name in own)
            or (getattr(item, "__module__", "") == module.__name__ and bool(item.__doc__))
        )
    ]


def entries(module: ModuleType, names: list[str]) -> Iterator[str]:
    """reStructuredText for names of a module."""
    yield f".. py:module:: {module.__name__}\n"
    for name in names:
        item, path = undecorate(getattr(module, name)), f"{module.__name__}.{name}"
        if inspect.isclass(item):
            yield f".. autoclass:: {path}\n   :members:\n"
        elif callable(item):
            yield f".. autofunction:: {path}\n"
        else:
            yield constant(module, name, item)


def constant(module: ModuleType, name: str, value: object) -> str:
    """A constant: its value, or what it holds, and the comment that stands above it."""
    shown = short(value)
    lines = [f".. py:data:: {name}"]
    if isinstance(value, dict):
        keys = ", ".join(f"``{key!r}``" for key in value)
        lines += ["", f"   A dictionary with the keys {keys}."]
    elif len(shown) <= LONGEST:
        lines += [f"   :value: {shown}"]
    else:
        folded = textwrap.wrap(
            shown, LONGEST, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )
        lines += ["", "   .. code-block:: python", "", *(f"      {line}" for line in folded)]
    if above := comment(module, name):
        lines += ["", f"   {escape(above.rstrip('.'))}."]
    return "\n".join([*lines, ""])


def short(value: object) -> str:
    """A value as one writes it: a dataclass without the settings that are as usual."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return repr(value)
    pairs = [(field, getattr(value, field.name)) for field in dataclasses.fields(value)]
    told = [f"{f.name}={short(found)}" for f, found in pairs if found != f.default]
    return f"{type(value).__name__}({', '.join(told)})"


def comment(module: ModuleType, name: str) -> str:
    """The comment above the assignment of a name, here or in the file that it was imported from."""
    for file in _files(module, name):
        source = file.read_text(encoding="utf-8")
        if line := assignments(source).get(name):
            return _above(source.splitlines(), line - 1)
    return ""


def assignments(source: str) -> dict[str, int]:
    """The names that a module assigns at its top, with the lines where it does."""
    found = {}
    for node in ast.parse(source).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        found |= {target.id: node.lineno for target in targets if isinstance(target, ast.Name)}
    return found


def _files(module: ModuleType, name: str) -> list[Path]:
    """Where a name may be assigned: the module, then those of the package that have the same."""
    value = getattr(module, name)
    package = module.__name__.partition(".")[0]
    others = [
        other
        for key, other in sorted(sys.modules.items())
        if key.startswith(f"{package}.") and vars(other).get(name, None) is value
    ]
    return [Path(other.__file__) for other in [module, *others]]


def _above(lines: list[str], place: int) -> str:
    found = []
    while place and lines[place - 1].startswith("# "):
        place -= 1
        found.insert(0, lines[place].removeprefix("# "))
    return " ".join(found)


def own_signature(
    app: Sphinx, what: str, name: str, item: object, options: dict, signature: str, returns: str
) -> tuple[str, str] | None:
    """The settings of a layer are its own: Keras' and the mock's ``__new__`` take anything."""
    signature = (signature or "").replace("= <factory>", "= ...")  # what can be parsed
    if what != "class" or not signature.startswith("(*args"):
        return signature, returns
    if "__init__" not in vars(item):
        return "(**kwargs)", ""
    found = sphinx_inspect.signature(item.__init__, bound_method=True)
    found = found.replace(return_annotation=inspect.Signature.empty)
    return sphinx_inspect.stringify_signature(found, unqualified_typehints=True), ""


def not_a_field(app: Sphinx, what: str, name: str, item: object, skip: bool, options: dict) -> bool:
    """A named tuple's fields say nothing but that they are fields; its own docstring says more."""
    return skip or (getattr(item, "__doc__", None) or "").startswith("Alias for field number")


def signature_lines(
    app: Sphinx, page: str, template: str, context: dict, document: nodes.document | None
) -> None:
    """A signature of several lines is no list: Sphinx makes one of definitions without terms."""
    if "body" in context:
        context["body"] = _SIGNATURE.sub(lambda sig: lines_not_list(sig[0]), context["body"])


def lines_not_list(signature: str) -> str:
    signature = re.sub(r"\s*</?dl>\s*", "", signature)
    return re.sub(r"<dd>(.*?)</dd>\s*", r'<span class="sig-line">\1</span>\n', signature)


def setup(app: Sphinx) -> dict:
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.connect("autodoc-process-signature", own_signature)
    app.connect("autodoc-skip-member", not_a_field)
    app.connect("html-page-context", signature_lines)
    app.add_directive("room", Room)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
