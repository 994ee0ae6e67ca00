"""A Sphinx extension: the tables of tools/computed_tables.py, as directives.

    :::{leaderboard} 5
    :::

shows the five most accurate networks of the zoo, as their records are when the book is built.
"""

from __future__ import annotations

from pathlib import Path

from computed_tables import TABLES, table
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class ComputedTable(SphinxDirective):
    """A table whose Markdown is computed, then read like the page's own."""

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        # Its sources are not the page's: without this a second build would show the old numbers
        self.env.note_reread()
        page = Path(self.env.doc2path(self.env.docname)).relative_to(self.env.srcdir).as_posix()
        argument = self.arguments[0] if self.arguments else ""
        try:
            text = table(self.name, argument, list(self.content), Path(self.env.srcdir), page)
        except ValueError as error:
            raise self.error(str(error)) from error
        inside = nodes.Element()
        lines = StringList(text.splitlines(), source=self.env.docname)
        self.state.nested_parse(lines, self.content_offset, inside)
        return inside.children


def setup(app: Sphinx) -> dict:
    for name in TABLES:
        app.add_directive(name, ComputedTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
