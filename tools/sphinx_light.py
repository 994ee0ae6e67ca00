"""A Sphinx extension: a page loads what it uses, and nothing else.

The theme ships for every book that could be: a script of 1.5 MB that draws icons a second time, the
rules of all of Bootstrap and of 2,000 icons, the index of the search on pages that do not search.
What the finished pages, their scripts and styles use is kept; it is found by looking, so nobody has
to list it. The sources of the pages are not touched, and a second build does the same again.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import logging
import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

import tinycss2
from fontTools import subset
from fontTools.ttLib import TTFont
from PIL import Image
from sphinx.application import Sphinx

# The beginnings of names that bootstrap.js puts together from pieces: nobody finds them as words
BUILT_NAMES = ("bs-tooltip", "bs-popover")
ICON = re.compile(r"[\ue000-\uf8ff]|\\([ef][0-9a-f]{3})(?![0-9a-f])")
VIEWPORT = re.compile(r'\s*<meta name="viewport"[^>]*>')
EMBEDDED = re.compile(r"data:image/[\w+]+;base64,[A-Za-z0-9+/=]+")


def setup(app: Sphinx) -> dict:
    app.connect("html-page-context", size_pictures)
    app.connect("build-finished", lighten, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def size_pictures(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Give pictures their size, so that text does not jump; all but the first load when needed."""
    if "body" not in context:
        return
    files = {name: Path(source) for source, name in getattr(app.builder, "images", {}).items()}
    seen = 0

    def add(match: re.Match) -> str:
        nonlocal seen
        seen += 1
        tag = match[0]
        if "loading=" not in tag and seen > 1:
            tag = tag.replace("<img ", '<img loading="lazy" ', 1)
        size = None if re.search(r"\s(width|height)=", tag) else picture_size(tag, files, app)
        if size:
            tag = tag.replace("<img ", '<img width="{}" height="{}" '.format(*size), 1)
        return tag

    context["body"] = re.sub(r"<img [^>]*>", add, context["body"])


def picture_size(tag: str, files: dict[str, Path], app: Sphinx) -> tuple[int, int] | None:
    """The width and height in pixels of the picture that a tag shows."""
    found = re.search(r'src="([^"]+)"', tag)
    if not found or "style=" in tag:
        return None
    address = found[1]
    if address.startswith("data:image/"):
        data = BytesIO(base64.b64decode(address.partition(",")[2]))
    else:
        data = Path(app.srcdir, files.get(address.rpartition("/")[2], Path("none")))
        if not data.is_file() or data.suffix == ".svg":
            return None
    with Image.open(data) as picture:
        return picture.size


def lighten(app: Sphinx, exception: Exception | None) -> None:
    """Take from the finished pages, their styles and fonts what no page uses."""
    if exception or app.builder.name != "html":
        return
    static = Path(app.outdir, "_static")
    for unused in [static / "scripts" / "fontawesome.js", *static.rglob("*.map")]:
        unused.unlink(missing_ok=True)
    pages = {
        path: lighter_page(path.read_text(encoding="utf-8"), searches=path.name == "search.html")
        for path in sorted(Path(app.outdir).rglob("*.html"))
        if static not in path.parents
    }
    scripts = [path.read_text(encoding="utf-8") for path in static.rglob("*.js")]
    words = set()
    for text in [*pages.values(), *scripts]:
        words.update(re.findall(r"[A-Za-z_][\w-]*", EMBEDDED.sub("", text)))
    styles = {}
    for path in static.rglob("*.css"):
        styles[path] = purge(path.read_text(encoding="utf-8"), words)
        path.write_text(styles[path], encoding="utf-8")
    subset_icons(static, icons([*styles.values(), *scripts]))
    versions = {path.name: digest(text) for path, text in styles.items()}
    for path, text in pages.items():
        path.write_text(with_versions(text, versions), encoding="utf-8")


def lighter_page(text: str, *, searches: bool = False) -> str:
    """A page without the files that it does not use, and with scripts that do not keep it waiting.

    Args:
        text: the page's HTML.
        searches: whether it is the search page, the only one that needs the tools and the index.
    """
    unused = ["fontawesome.js"]
    if not searches:
        unused += ["searchtools.js", "language_data.js", "searchindex.js"]
    if not re.search(r'class="[^"]*\bsd-', text):  # sphinx-design: cards, grids, tabs
        unused += ["sphinx-design.min.css", "design-tabs.js"]
    head, end, rest = text.partition("</head>")
    first = VIEWPORT.search(head)  # the theme has a second word on the width, after that of Sphinx
    if first:
        head = head[: first.end()] + VIEWPORT.sub("", head[first.end() :])
    names = "|".join(map(re.escape, unused))
    head = re.sub(
        rf'\s*<(script|link)\b[^>]*\b(?:src|href)="[^"]*\b(?:{names})(?:\?[^"]*)?"[^>]*>(?:</script>)?',
        "", head,
    )  # fmt: skip
    if not searches:  # there, scripts of the theme call others at once
        head = re.sub(
            r"<script(?=[^>]*\bsrc=)(?![^>]*(?:\bdefer\b|\basync\b|documentation_options))",
            "<script defer",
            head,
        )
    return head + end + rest


def purge(css: str, words: set[str]) -> str:
    """A style sheet without the rules for classes and ids that are not among the words."""
    return "".join(_rules(tinycss2.parse_stylesheet(css, skip_comments=True), words))


def _rules(rules: list, words: set[str]) -> Iterator[str]:
    for rule in rules:
        if rule.type == "qualified-rule":
            kept = [part for part in _selectors(rule.prelude) if _used(part, words)]
            if kept:
                heads = ",".join(tinycss2.serialize(part).strip() for part in kept)
                yield f"{heads}{{{tinycss2.serialize(rule.content).strip()}}}\n"
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            inside = tinycss2.parse_rule_list(rule.content, skip_comments=True)
            if text := "".join(_rules(inside, words)):
                prelude = tinycss2.serialize(rule.prelude).strip()
                yield f"@{rule.at_keyword} {prelude}{{\n{text}}}\n"
        elif rule.type != "whitespace":
            yield rule.serialize()


def _selectors(prelude: list) -> Iterator[list]:
    """The selectors of a rule, one by one."""
    part: list = []
    for token in prelude:
        if token == ",":
            yield part
            part = []
        else:
            part.append(token)
    yield part


def _used(selector: list, words: set[str]) -> bool:
    """Whether all classes and ids are among the words, but for those in :not() and :is().

    Names that scripts put together from pieces and names with odd characters are taken as used.
    """
    names = [token.value for token in selector if token.type == "hash"]
    pairs = itertools.pairwise(selector)
    names += [name.value for dot, name in pairs if dot == "." and name.type == "ident"]
    return all(
        name in words or name.startswith(BUILT_NAMES) or not re.fullmatch(r"[\w-]+", name)
        for name in names
    )


def icons(texts: Iterable[str]) -> set[int]:
    """The code points of the icons that styles and scripts name, as such or escaped."""
    found = (match for text in texts for match in ICON.finditer(text))
    return {int(match[1], 16) if match[1] else ord(match[0]) for match in found}


def subset_icons(static: Path, points: set[int]) -> None:
    """Leave in the fonts of icons those that are used."""
    logging.getLogger("fontTools").setLevel(logging.WARNING)  # or it tells each of its steps
    for path in (static / "vendor" / "fontawesome" / "webfonts").glob("*.ttf"):
        font = TTFont(path)
        options = subset.Options(layout_features=[], hinting=False, notdef_outline=True)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=points)
        subsetter.subset(font)
        font.save(path)
        font.flavor = "woff2"
        font.save(path.with_suffix(".woff2"))


def with_versions(text: str, versions: dict[str, str]) -> str:
    """A page whose styles are asked for by their content: a browser keeps no older ones."""

    def renew(match: re.Match) -> str:
        name = match[1].rpartition("/")[2]
        return f'href="{match[1]}?v={versions[name]}"' if name in versions else match[0]

    return re.sub(r'href="([^"?]*\.css)(?:\?[^"]*)?"', renew, text)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
