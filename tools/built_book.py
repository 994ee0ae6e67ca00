"""What the tools that take the built pages further, to paper and into a zip, know about them."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "_build" / "html"


def config(book: Path = ROOT) -> dict:
    """What ``_config.yml`` says."""
    return yaml.safe_load((book / "_config.yml").read_text(encoding="utf-8"))


def file_name(title: str) -> str:
    """The book's title as the name of a file, without its suffix."""
    return re.sub(r"\W+", "-", title.lower()).strip("-")


def named_folder(description: str) -> Path:
    """The folder of built pages that the command line names, else where ``make`` builds them."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("html", nargs="?", type=Path, default=BUILT, help="the built pages")
    html = parser.parse_args().html.resolve()
    if not (html / "index.html").exists():
        parser.exit(1, f"There is no {html / 'index.html'}: run make read or make book first.\n")
    return html
