"""Find the numbers in a text, and compare two texts number by number.

Numbers are what a page prints as a measurement: ``69.3%``, ``1.0s``, ``69.3/70``, ``1,234,567``,
``1e-5``, ``−3.5``, ``x0.5``, ``[0. 1.]``, ``nan``. Digits that name something are part of a word:
``conv2d_7``, ``VGG-16``, ``2.21.0``, ``2015-12-10``, ``0x7f3a``, a hexadecimal digest. What could
be either is a word, which is compared to the letter. In HTML only text has numbers.
"""

from __future__ import annotations

import html as html_module
import re
from dataclasses import dataclass
from decimal import Decimal

TOKEN = re.compile(
    r"""
      (?P<space> \s+ )
    | (?P<name>                                          # digits that name something
          \d{4}-\d{2}-\d{2} (?: T[\d:.]+Z? )? (?!\w)     # a date
        | \d+ (?: \.\d+ ){2,} (?: [-+.]?\w+ )*           # a version
        | 0[xX][0-9a-fA-F]+ \w*                          # an address
        | (?=[0-9a-f]*[a-f]) (?=[0-9a-f]*\d) [0-9a-f]{8,} (?!\w)    # a digest
        | (?<=data\ ) [0-9a-f]{12} (?!\w)                # one of cifarlib.plots
      )
    | (?P<number>
        (?: (?<![\w)\]%]) [-+−] )?                       # "5-10" and "5%-10%" are ranges
        (?:
            (?i: nan | inf | infinity ) (?! -?\w )
          | (?: \d+\.?\d* | \.\d+ ) [eE] [-+−]?\d{1,3} (?! [^\W\d]*\d )
          | (?<!\d,) [1-9]\d{0,2} (?: ,\d{3} )+ (?: \.\d+ )? (?! ,?\d )
          | \d*\.\d+
          | \d+ (?! \d | [^\W\d]+\d )
        )
      )
    | (?P<word>
          \d+ [^\W\d]+ \d \w* (?: [-.]\w+ )*             # 3x3, 51afe2
        | (?<! [^\W\d] ) x (?= \d+ (?:\.\d+)? (?!\w) | \.\d )       # x0.5: the number follows
        | (?<=\d) [^\W\d_]+ (?!\w)                       # a unit, in "1.5s-2.5s" alone
        | [^\W\d]\w* (?: [-.]\w+ )*
        | .
      )
    """,
    re.VERBOSE | re.DOTALL,
)
MARKUP = re.compile(
    r"""
      <!-- .*? -->
    | <(?P<skipped>script|style)\b .*? </(?P=skipped)\s*>
    | </?[a-z!] (?: [^>"'] | "[^"]*" | '[^']*' )* >
    | & (?: \#\d+ | \#x[0-9a-f]+ | [a-z]\w* ) ;
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True)
class Token:
    """A word, a sign, a piece of HTML's markup or a number, and the white space before it.

    ``value`` is None unless it is a number; ``whole`` says that it has no point and no exponent.
    """

    text: str
    start: int
    before: str
    value: Decimal | None = None
    whole: bool = False


def tokens(text: str, *, html: bool = False) -> list[Token]:
    """Split a text into tokens; ``html`` says that it is HTML, whose markup has no numbers."""
    found, position, before, brackets = [], 0, "", 0
    while position < len(text):
        markup = MARKUP.match(text, position) if html else None
        match = markup or TOKEN.match(text, position)
        start, position = position, match.end()
        if markup or match.lastgroup != "number":
            piece = match.group()
            if not markup and match.lastgroup == "space":
                before = piece
                continue
            brackets = max(0, brackets + {"[": 1, "]": -1}.get(piece, 0))
            found.append(Token(piece, start, before))
        else:
            # NumPy writes 1.0 as "1."; anywhere else that is a number and a full stop
            if brackets and re.compile(r"(?<=\d)\.(?=[\s\],])").match(text, position):
                position += 1
            found.append(_number(text[start:position], start, before))
        before = ""
    return [*found, Token("", len(text), before)]


def _number(text: str, start: int, before: str) -> Token:
    value = Decimal(text.replace("−", "-").replace(",", ""))
    whole = value.is_finite() and not re.search(r"[.eE]", text)
    return Token(text, start, before, value, whole)


def compare(
    stored: str,
    new: str,
    *,
    absolute: float | None = None,
    relative: float | None = None,
    whole: bool = False,
    html: bool = False,
) -> list[str]:
    """Say in a sentence each what differs between two texts by more than a tolerance.

    Args:
        stored, new: the texts.
        absolute: how much a number may differ; or
        relative: which part of the stored number it may differ by.
        whole: numbers without point and exponent may differ, too. Otherwise they are exact.
        html: the texts are HTML.

    Returns:
        An empty list if words are the same to the letter and all numbers near enough. White space
        must be the same, too, unless a number became longer or shorter: then columns move.
    """
    olds, news = tokens(stored, html=html), tokens(new, html=html)
    pairs = list(zip(olds, news, strict=False))  # each ends in a token without text
    found = []
    for old, now in pairs:
        where = f'in "{line_of(stored, old.start, html=html)}"'
        if old.value is None or now.value is None:
            if old.text != now.text:
                found.append(f"{_shown(old, stored)} became {_shown(now, new)}, {where}")
                return found  # what follows no longer stands side by side
        elif problem := _difference(old, now, absolute, relative, whole):
            found.append(f"{old.text} became {now.text}, {problem}, {where}")
    moved = any(o.value is not None and len(o.text) != len(n.text) for o, n in pairs)
    for number, (old, now) in enumerate(pairs):
        near = any(t.value is not None for t in olds[max(0, number - 1) : number + 1])
        if not _same_space(old.before, now.before, moved, near):
            where = f'in "{line_of(stored, old.start, html=html)}"'
            return [
                *found,
                f"white space {old.before!r} before {_shown(old, stored)} became "
                f"{now.before!r}, {where}",
            ]
    return found


def _difference(
    old: Token, now: Token, absolute: float | None, relative: float | None, whole: bool
) -> str | None:
    """Say why a number is not near enough to the stored one, or None if it is."""
    if old.value.is_nan() or now.value.is_nan():
        return "and nan is never near enough, not even to nan"
    if old.text.startswith("+") != now.text.startswith("+") and min(old.value, now.value) >= 0:
        return "with another sign"
    if old.whole and not whole:
        if old.value == now.value and now.whole:
            return None
        return 'but whole numbers must stay the same (unless the tolerance says "int": true)'
    if old.value.is_infinite() or now.value.is_infinite():
        return None if old.value == now.value else "and infinity is near nothing but itself"
    difference, allowed = abs(now.value - old.value), margin(old, absolute, relative)
    if difference <= allowed:
        return None
    part = "" if relative is None else f" ({plain(relative)} of {old.text})"
    return f"which differs by {plain(difference)}, more than the {plain(allowed)}{part} allowed"


def margin(number: Token, absolute: float | None, relative: float | None) -> Decimal:
    """How much a number may differ from the stored one."""
    if relative is None:
        return Decimal(repr(absolute))
    return Decimal(repr(relative)) * abs(number.value)


def plain(number: float | Decimal) -> str:
    """A number as one would write it: at most six digits, no zeros at the end, exact below 1."""
    return f"{float(number):.6g}"


def _same_space(old: str, now: str, moved: bool, near_a_number: bool) -> bool:
    if old == now or not moved:
        return old == now
    if old.count("\n") != now.count("\n"):
        return False
    return near_a_number or "\n" in old or bool(old) == bool(now)


def _shown(token: Token, text: str) -> str:
    if token.text:
        return token.text if token.value is not None else f'"{token.text}"'
    return "the end"


def line_of(text: str, position: int, *, html: bool = False) -> str:
    """The line around a position; in an HTML table, the text of the row."""
    opening, closing = ("<tr", "</tr") if html and "<tr" in text else ("\n", "\n")
    start, end = text.rfind(opening, 0, position) + 1, text.find(closing, position)
    line = text[start : end if end >= 0 else len(text)]
    if html:
        line = html_module.unescape(re.sub(r"^[^<>]*>|<[^>]*>", " ", line))
    line = " ".join(line.split())
    return line if len(line) <= 100 else f"{line[:97]}..."
