"""The sources of pages, as tables and lists that are computed need them: paths, titles, numbers."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import yaml


def source(root: Path, file: str, page: str) -> str:
    name = f"{file}.ipynb"
    if not Path(root, name).is_file():
        raise ValueError(f"{page}: there is no page {file}")
    return name


def relative(target: str, page: str) -> str:
    return PurePosixPath(os.path.relpath(target, PurePosixPath(page).parent)).as_posix()


def markdown(root: Path, page: str) -> str:
    cells = json.loads(Path(root, page).read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def title(root: Path, page: str) -> str:
    return re.search(r"^# (.+)$", markdown(root, page), re.MULTILINE)[1].strip()


def notebooks(root: Path) -> Iterator[tuple[str, str]]:
    """The notebooks in the order of reading, each with the number that its exercises begin with.

    That is the page's own, ``"2.4"``; of a page below it, the same, for exercises count on there.
    Outside the numbered part it is empty.
    """
    toc = yaml.safe_load(Path(root, "_toc.yml").read_text(encoding="utf-8"))
    count = 0

    def below(entry: dict, number: str) -> Iterator[tuple[str, str]]:
        if Path(root, f"{entry['file']}.ipynb").is_file():
            yield f"{entry['file']}.ipynb", number
        for child in entry.get("sections", []):
            yield from below(child, number)

    for part in toc.get("parts", [toc]):
        for chapter in part["chapters"]:
            numbered = bool(part.get("numbered"))
            count += numbered
            yield from below({"file": chapter["file"]}, "")
            for place, section in enumerate(chapter.get("sections", []), start=1):
                yield from below(section, f"{count}.{place}" if numbered else "")
