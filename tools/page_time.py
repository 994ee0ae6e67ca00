"""What a page costs its reader: words, lines of code in sight, minutes to read, seconds to run.

python tools/page_time.py    fills in every page's time anew, after its text has changed

A page's box says ``**Time:** 14 minutes to read, 20 seconds to run on 2 cores.`` Nobody types that:
write ``**Time:** computed.`` and ``tools/notebooks.py`` measures the run, keeps its seconds in
``chapters/run_seconds.json`` and fills in the line. The formula of the minutes is in
:func:`minutes_to_read`. A page that says anything else there is left alone.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nbformat

from cifarlib._files import write_atomically
from cifarlib.machine import processor

CHAPTERS = Path(__file__).parents[1] / "chapters"
FOLDED = {"hide-cell", "hide-input", "remove-cell", "remove-input"}
# Two thirds of the speed of a novel, since formulas and tables are among the words. The budget of a
# page, 2,000 words and 220 lines, makes 20 minutes.
WORDS_A_MINUTE, LINES_A_MINUTE = 160, 30

_PICTURE = re.compile(r"!\[[^\]]*\]\([^)]*\)")  # its sentence is for those who do not see it
_SOLUTION = re.compile(r":::\{solution-start\}.*?(?::::\{solution-end\}\n:::|\Z)", re.DOTALL)
_TIME = re.compile(
    r"\*\*Time:\*\* (?:computed|\d+ minutes? to read, \d+ seconds? to run on \d+ cores?)\."
)


def outside_solutions(notebook) -> list:
    """Copies of the cells without the solutions, which may begin and end inside a cell."""
    kept, inside = [], False
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            if not inside:
                kept.append(cell)
            continue
        text = ":::{solution-start} .\n" * inside + cell.source
        inside = text.rfind("{solution-start}") > text.rfind("{solution-end}")
        text = _SOLUTION.sub("", text)
        if text.strip():
            kept.append(nbformat.from_dict({**cell, "source": text}))
    return kept


def is_quiz(cell) -> bool:
    return cell.cell_type == "code" and re.search(r"(?m)^quiz\(", cell.source) is not None


def visible_code(notebook) -> list:
    """The code cells that a reader sees at first: no solution, no quiz, nothing folded."""
    return [
        cell
        for cell in outside_solutions(notebook)
        if cell.cell_type == "code"
        and not FOLDED & set(cell.metadata.get("tags", []))
        and not is_quiz(cell)
    ]


def without_pictures(text: str) -> str:
    """Markdown without its pictures, and so without the sentences that describe them."""
    return _PICTURE.sub("", text)


def words(notebook) -> int:
    """What stands between spaces in the Markdown, but for solutions and what pictures show."""
    cells = outside_solutions(notebook)
    texts = [without_pictures(cell.source) for cell in cells if cell.cell_type == "markdown"]
    return sum(len(text.split()) for text in texts)


def visible_lines(notebook) -> int:
    """Lines of code in sight that are not blank and not alternative text."""
    return sum(
        bool(line.strip())
        for cell in visible_code(notebook)
        for line in without_alt(cell.source).splitlines()
    )


def without_alt(source: str) -> str:
    """The code without the lines of arguments ``alt="..."``."""
    lines = source.splitlines()
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.keyword) and node.arg == "alt":
            first, last = node.lineno - 1, node.value.end_lineno
            if lines[first].lstrip().startswith("alt="):
                lines[first:last] = [""] * (last - first)
    return "\n".join(lines)


def parsed(source: str) -> ast.Module:
    """A cell's code as a tree; lines that are IPython's (``%pip``) count as empty."""
    return ast.parse(re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", source))


def minutes_to_read(notebook) -> int:
    """A minute for 160 words or for 30 lines of code in sight, together rounded; at least one."""
    minutes = words(notebook) / WORDS_A_MINUTE + visible_lines(notebook) / LINES_A_MINUTE
    return max(1, round(minutes))


def time_line(notebook, seconds: int, cores: int) -> str:
    def some(count, noun):
        return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

    minutes = some(minutes_to_read(notebook), "minute")
    return (
        f"**Time:** {minutes} to read, {some(seconds, 'second')} to run on {some(cores, 'core')}."
    )


def fill_in(notebook, measured: dict) -> bool:
    """Write the time into the box; whether there was a place for it."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and _TIME.search(cell.source):
            line = time_line(notebook, measured["seconds"], measured["cores"])
            cell.source = _TIME.sub(line, cell.source, count=1)
            return True
    return False


def code_digest(notebook) -> str:
    """Twelve digits that change with the code, and so say for which code a run was measured.

    Not with the cell for Colab, into which publishing writes an address.
    """
    code = [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and "remove-cell" not in cell.metadata.get("tags", [])
    ]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()[:12]


def page_name(path: Path, chapters: Path = CHAPTERS) -> str:
    return path.resolve().relative_to(chapters.resolve()).with_suffix("").as_posix()


def measured_seconds(chapters: Path = CHAPTERS) -> dict[str, dict]:
    """What the last runs took, where, with which versions and of which code, by page."""
    file = chapters / "run_seconds.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def record(path: Path, notebook, seconds: float, chapters: Path = CHAPTERS) -> None:
    """Keep what a run took, and fill it in on the page; other notebooks are left alone.

    A run that took about as long as the last one changes nothing: no two take the same.
    """
    if chapters.resolve() not in path.resolve().parents:
        return
    rounded = max(1, round(seconds) if seconds < 10 else 5 * round(seconds / 5))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    known = measured_seconds(chapters)
    before = known.get(page_name(path, chapters), {})
    if before.get("cores") == cores and 0.7 <= seconds / before["seconds"] <= 1.4:
        rounded = before["seconds"]
    now = {
        "code": code_digest(notebook),
        "cores": cores,
        "hardware": processor(),
        "seconds": rounded,
        "versions": installed("keras", "tensorflow", "numpy"),
    }
    if not fill_in(notebook, now):
        return  # the page gives a time of its own
    known[page_name(path, chapters)] = now
    lines = (f"{json.dumps(name)}: {json.dumps(known[name])}" for name in sorted(known))
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    write_atomically(chapters / "run_seconds.json", lambda file: file.write(text.encode()))


def installed(*names: str) -> dict[str, str]:
    """The versions of packages, by name; TensorFlow may be there under another one."""
    found = {}
    for name in names:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def main() -> None:
    import notebooks  # it records times itself: not at the top

    for name, measured in measured_seconds().items():
        path = CHAPTERS / f"{name}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        if fill_in(notebook, measured):
            notebooks.write(path, notebook)


if __name__ == "__main__":
    main()
