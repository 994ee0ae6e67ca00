"""A work has one year, on all pages, in the package's docstrings and in the bibliography."""

import re
from collections import defaultdict
from pathlib import Path

import nbformat
import page_rules
from pybtex.database import parse_file

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\[[^\]]*?\b((?:19|20)\d\d)\)?\]\((https?://[^)\s]+)\)")
DOCSTRING = re.compile(r"\(((?:19|20)\d\d)\),\s+arXiv (\d{4}\.\d{5})")


def pages():
    """The texts of the book, by path."""
    for path in [ROOT / "intro.md", *ROOT.glob("chapters/**/*"), *ROOT.glob("reference/**/*.md")]:
        if path.suffix == ".md":
            yield path, path.read_text(encoding="utf-8")
        elif path.suffix == ".ipynb":
            yield path, page_rules.prose(nbformat.read(path, 4))


def cited():
    """Where a work is named with which year, by its address."""
    found = defaultdict(lambda: defaultdict(set))
    for path, text in pages():
        for year, address in LINK.findall(text):
            found[address.rstrip("/")][year].add(path.stem)
    for path in ROOT.glob("cifarlib/**/*.py"):
        for year, number in DOCSTRING.findall(path.read_text(encoding="utf-8")):
            found[f"https://arxiv.org/abs/{number}"][year].add(path.stem)
    for key, entry in parse_file(ROOT / "references.bib").entries.items():
        fields = entry.fields
        addresses = {
            fields.get("url", "").rstrip("/"),
            f"https://doi.org/{fields.get('doi')}",
            f"https://arxiv.org/abs/{fields.get('eprint')}",
        }
        for address in addresses & set(found):
            found[address][fields["year"]].add(key)
    return found


def test_a_work_has_one_year_everywhere():
    found = cited()
    assert len(found) > 80
    several = {address: dict(years) for address, years in found.items() if len(years) > 1}
    assert several == {}
