"""MyST Markdown as the book's sources use it, turned into the Markdown that every viewer shows.

JupyterLab and Colab know headings, quotes, tables, links and formulas. They show a directive as raw
text, and know no roles. Here a box becomes a quote, an exercise a numbered heading, a solution a
heading under which everything can be folded away, and a role its text. A directive or a role that
is not known here is an error that names it: nobody shall find ``:::`` in a notebook.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from computed_tables import TABLES, table

EXERCISE, SOLUTION = 3, 4  # levels of headings
BOXES = (
    "admonition", "attention", "caution", "danger", "dropdown", "error", "hint", "important",
    "note", "seealso", "tip", "warning",
)  # fmt: skip
DIRECTIVES = (
    *BOXES, "bibliography", "exercise", "exercise-end", "exercise-start", "figure", "glossary",
    "image", "include", "math", "room", "solution", "solution-end", "solution-start", "try-it",
    *TABLES,
)  # fmt: skip
TEXT_ROLES = ("abbr", "command", "guilabel", "kbd", "sub", "sup", "term")
REFERENCES = ("ref", "numref", "prf:ref")
ROLES = (*TEXT_ROLES, *REFERENCES, "cite", "cite:p", "cite:t", "code", "math")

_FENCE = re.compile(r"^(?P<indent> {0,3})(?P<fence>:{3,}|`{3,}|~{3,})(?P<rest>.*)$")
_NAMED = re.compile(r"\{(?P<name>[^}]+)\}\s*(?P<argument>.*)$")
_OPTION = re.compile(r"^:(?P<key>[\w-]+):\s*(?P<value>.*)$")
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)(?:\s+#+)?\s*$")
# What is inside a line, whichever begins first: a role, code, a formula, a link or picture
_INLINE = re.compile(
    r"\{(?P<role>[A-Za-z][\w:+-]*)\}(?P<ticks>`+)(?P<content>.+?)(?P=ticks)(?!`)"
    r"|(?P<code>(?P<fence>`+)(?!`).+?(?<!`)(?P=fence)(?!`))"
    r"|(?P<formula>\$\$.+?\$\$|\$(?!\s)[^$\n]+?(?<!\s)\$)"
    r"|(?P<bang>!?)\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<href>[^()\s]+(?:\([^()\s]*\))?)"
    r"(?:\s+\"[^\"]*\")?\)",
    re.DOTALL,
)


@dataclass
class Piece:
    """A stretch of a page: a heading with what follows it, or what precedes the first one.

    Attributes:
        level: of the heading, 0 without one.
        text: Markdown, the heading included.
        slugs: how links name this place: by the heading, by a label.
        folded: whether what follows, up to the next heading of this level, starts folded away.
        ends_solution: whether a solution ended before this piece.
    """

    level: int
    text: str
    slugs: list[str] = field(default_factory=list)
    folded: bool = False
    ends_solution: bool = False

    @property
    def heading(self) -> str:
        """The heading's text without marks."""
        return plain(_HEADING.match(self.text.splitlines()[0]).group(2)) if self.level else ""


@dataclass
class Directive:
    name: str
    argument: str
    options: dict[str, str]
    body: list[str]


class Page:
    """Turns the Markdown of one page, cell after cell, into pieces.

    Args:
        name: of the page, for messages.
        link: gets the text, the address and whether it is a picture; gives Markdown.
        number: of the chapter, such as ``"2.4"``: its exercises are 2.4.1, 2.4.2. May be empty.
        bibliography: the text of the BibTeX file, for citations.
        root: the book's folder, for tables that are computed.
    """

    def __init__(
        self,
        name: str,
        link: Callable[[str, str, bool], str],
        number: str = "",
        bibliography: str = "",
        root: Path = Path(),
    ) -> None:
        self.name, self.link, self.bibliography = name, link, bibliography
        self.root = root
        self.prefix = f"{number}." if number else ""
        self.exercises: dict[str, str] = {}  # "Exercise 2.4.1" by label
        self.in_solution = False
        self._ended = False

    def number_exercises(self, text: str) -> None:
        """Give the exercises of a text their numbers, in the order of the calls."""
        for block in blocks(text):
            if isinstance(block, Directive) and block.name in ("exercise", "exercise-start"):
                if "label" not in block.options:
                    raise ValueError(f"{self.name}: the exercise {block.argument!r} has no :label:")
                self.exercises[block.options["label"]] = (
                    f"Exercise {self.prefix}{len(self.exercises) + 1}"
                )

    def pieces(self, text: str) -> list[Piece]:
        """The pieces of a cell's text (or of a whole page)."""
        pieces = [Piece(0, "")]
        for block in blocks(text):
            if isinstance(block, Directive):
                self._directive(block, pieces)
            else:
                self._lines(block, pieces)
        return [piece for piece in pieces if piece.text.strip() or piece.ends_solution]

    def _begin(self, pieces: list[Piece], level: int, heading: str, *slugs: str) -> Piece:
        piece = Piece(level, f"{'#' * level} {heading}\n", [slug(plain(heading)), *slugs])
        pieces.append(piece)
        return piece

    def _lines(self, text: str, pieces: list[Piece]) -> None:
        labels: list[str] = []
        kept: list[str] = []

        def flush() -> None:
            if kept:
                pieces[-1].text += self.inline("\n".join(kept)) + "\n"
            kept.clear()

        lines, number = text.split("\n"), 0
        while number < len(lines):
            line = lines[number]
            if mark := _FENCE.match(line):  # code, which nobody touches
                end = _closing(lines, number, mark["fence"])
                flush()
                pieces[-1].text += "\n".join(lines[number : end + 1]) + "\n"
                number = end + 1
                continue
            number += 1
            heading = _HEADING.match(line)
            if heading:
                flush()
                level = len(heading[1])
                if self.in_solution:  # or it would end the fold
                    level = min(6, max(level, SOLUTION + 1))
                self._begin(pieces, level, self.inline(heading[2]), *labels)
                labels.clear()
            elif target := re.match(r"^\(([\w.:-]+)\)=\s*$", line):
                labels.append(target[1])
            elif not line.startswith("% "):  # a comment
                kept.append(re.sub(r"(\$\$)\s*\([\w.:-]+\)\s*$", r"\1", line))
        flush()

    def _directive(self, block: Directive, pieces: list[Piece]) -> None:
        name, body = block.name, "\n".join(block.body)
        if name not in DIRECTIVES:
            raise ValueError(
                f"{self.name}: the directive {{{name}}} is not known; readers' notebooks can show "
                f"{', '.join(DIRECTIVES)}. Use one of them, or teach tools/readers_markdown.py"
            )
        if name in ("exercise", "exercise-start"):
            label = block.options["label"]
            title = self.exercises[label]
            heading = f"{title}: {self.inline(block.argument)}" if block.argument else title
            piece = self._begin(pieces, EXERCISE, heading, label)
            piece.text += "\n" + self.inside(body)
        elif name in ("solution", "solution-start"):
            title = self.exercises.get(block.argument)
            if title is None:
                raise ValueError(
                    f"{self.name}: a solution is for {block.argument!r}, but the exercises are "
                    f"{', '.join(self.exercises) or 'none'}"
                )
            piece = self._begin(pieces, SOLUTION, f"Solution to {title.lower()}")
            piece.folded = self.in_solution = True
            pieces.append(Piece(0, ""))
            if name == "solution":
                self._lines(body, pieces)
                self._end(pieces)
        elif name == "solution-end":
            self._end(pieces)
        elif name != "exercise-end":
            pieces[-1].text += "\n" + self._shown(block, body) + "\n"

    def _end(self, pieces: list[Piece]) -> None:
        self.in_solution = False
        pieces.append(Piece(0, "", ends_solution=True))

    def inside(self, text: str) -> str:
        """The body of a directive, which has no headings of its own."""
        return "\n".join(piece.text for piece in self.pieces(text))

    def _shown(self, block: Directive, body: str) -> str:
        """What a directive without a heading looks like."""
        if block.name in BOXES:
            title = self.inline(block.argument) or block.name.capitalize()
            return quote(f"**{title}**\n\n{self.inside(body).strip()}")
        if block.name in ("image", "figure"):
            picture = self.link(block.options.get("alt", ""), block.argument.strip(), True)
            return picture + (f"\n\n*{self.inline(body.strip())}*" if body.strip() else "")
        if block.name == "math":
            return f"$$\n{body.strip() or block.argument}\n$$"
        if block.name == "room":  # its docstrings are where the reader runs the code
            return f"In a notebook, `import {block.argument}` and `help({block.argument})` show it."
        if block.name == "try-it":
            return "*(Here a network runs: in the built pages, which `make read` opens.)*"
        if block.name == "include":
            return f"See the file `{Path(block.argument).name}` in the book's folder."
        if block.name == "glossary":
            return "\n".join(self._glossary(block.body))
        if block.name in TABLES:
            computed = table(block.name, block.argument, block.body, self.root, self.name)
            return self.inline(computed)
        return self._whole_bibliography()

    def _glossary(self, lines: list[str]) -> Iterator[str]:
        for line in lines:
            if line.startswith((" ", "\t")):
                yield self.inline(line.strip())
            elif line:
                yield f"**{line}**  "
            else:
                yield ""

    def inline(self, text: str) -> str:
        """A text with its roles as plain text and its links leading somewhere."""
        return _INLINE.sub(self._inline, text)

    def _inline(self, match: re.Match) -> str:
        if match["role"]:
            return self._role(match["role"], match["content"].strip())
        if match["href"]:
            text = match["text"] if match["bang"] else self.inline(match["text"])
            return self.link(text, match["href"], bool(match["bang"]))
        return match.group()

    def _role(self, role: str, content: str) -> str:
        if role not in ROLES:
            raise ValueError(
                f"{self.name}: the role {{{role}}} is not known; readers' notebooks can show "
                f"{', '.join(ROLES)}. Use one of them, or teach tools/readers_markdown.py"
            )
        named = re.match(r"(.+?)\s*<([^<>]+)>$", content, re.DOTALL)
        text, target = named.groups() if named else ("", content)
        if role == "code":
            return f"`{content}`"
        if role == "math":
            return f"${content}$"
        if role in REFERENCES:
            if not text and target not in self.exercises:
                raise ValueError(f"{self.name}: {{{role}}}`{content}` needs a text: `text <label>`")
            return text or self.exercises[target].lower()
        if role.startswith("cite"):
            return ", ".join(cited(key, self.bibliography) for key in re.split(r",\s*", target))
        return text or target

    def _whole_bibliography(self) -> str:
        from pybtex import PybtexEngine

        text = PybtexEngine().format_from_string(
            self.bibliography, style="plain", output_backend="markdown"
        )
        entries = re.sub(r"^\[\d+\] ", "* ", text, flags=re.MULTILINE)
        return re.sub(r"\n(?!\*)", " ", entries).strip()


def blocks(text: str) -> Iterator[str | Directive]:
    """A text as its directives and what stands between them, in order.

    Raises:
        ValueError: a directive is not closed.
    """
    lines, between, number = text.split("\n"), [], 0
    while number < len(lines):
        mark = _FENCE.match(lines[number])
        if not mark:
            between.append(lines[number])
            number += 1
            continue
        end = _closing(lines, number, mark["fence"])
        named = _NAMED.match(mark["rest"].strip())
        if not named:  # a block of code, which nobody touches
            between += lines[number : end + 1]
        else:
            yield "\n".join(between)
            between = []
            inner = lines[number + 1 : end]
            options = {}
            while inner and (option := _OPTION.match(inner[0])):
                options[option["key"]] = option["value"]
                inner.pop(0)
            yield Directive(named["name"], named["argument"].strip(), options, inner)
        number = end + 1
    yield "\n".join(between)


def _closing(lines: list[str], start: int, fence: str) -> int:
    """The line that closes what ``fence`` opens at ``start``."""
    for number in range(start + 1, len(lines)):
        line = lines[number].strip()
        if len(line) >= len(fence) and set(line) == {fence[0]}:
            return number
    raise ValueError(f"not closed: {lines[start]!r}")


def quote(text: str) -> str:
    """A text as a quote."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def plain(text: str) -> str:
    """A heading's text as it is read: without marks for code, emphasis and links."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"[`*]", "", text).strip()


def slug(text: str) -> str:
    """How MyST names a heading in links: small letters, hyphens, no signs."""
    return re.sub(r"[^\w\s-]", "", text.lower()).strip().replace(" ", "-")


def cited(key: str, bibliography: str) -> str:
    """``Authors (year)`` of an entry.

    Raises:
        ValueError: the bibliography has no such entry.
    """
    from pybtex.database import parse_string

    entries = parse_string(bibliography, "bibtex").entries
    if key not in entries:
        raise ValueError(f"references.bib has no entry {key!r}")
    names = [" ".join(person.last_names) for person in entries[key].persons["author"]]
    joined = names[0] + " et al." if len(names) > 2 else " and ".join(names)
    return f"{joined} ({entries[key].fields['year']})"
