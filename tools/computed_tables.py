"""Tables that are computed when the book is built, so that nobody has to keep them up to date.

A page asks for one by a directive. tools/sphinx_leaderboard.py puts it on the built page,
tools/readers_markdown.py in what readers open; both take its Markdown from here. Keras is not
needed: the zoo's records are JSON.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable
from pathlib import Path

from page_sources import markdown, relative, source, title
from reference_tables import citation, exercise_list, run_times, tested_versions, training_times

# "25 minutes to read; about 40 seconds to run on two cores"
_TIME = re.compile(
    r"\*\*Time:\*\* (\d+) minutes? to read[,;] (?:about )?(\d+) (seconds?|minutes?) to run"
)


def table(name: str, argument: str, body: list[str], root: Path, page: str) -> str:
    """The Markdown of a table.

    Args:
        name: of the directive, one of ``TABLES``.
        argument: what stands behind the name.
        body: the directive's lines.
        root: the book's folder.
        page: the path from there of the page that shows the table, for links.

    Raises:
        ValueError: the directive asks for what there is not.
    """
    return TABLES[name](argument, [line for line in body if line.strip()], Path(root), page)


# --- the leaderboard ---


def records(root: Path) -> list[dict]:
    """The zoo's records of networks of which a run finished, the most accurate first."""
    files = sorted(Path(root, "cifarlib", "zoo").glob("*/record.json"))
    found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return sorted(filter(finished, found), key=accuracy, reverse=True)


def finished(record: dict) -> list[dict]:
    return [run for run in record["runs"] if "accuracy" in run]


def views(record: dict) -> bool:
    """Whether test-time augmentation was recorded for every run that finished."""
    return all("accuracy_tta" in run for run in finished(record))


def accuracy(record: dict) -> float:
    """The mean of all seeds, with test-time augmentation where it was recorded; 0 to 1."""
    key = "accuracy_tta" if views(record) else "accuracy"
    return statistics.fmean(run[key] for run in finished(record))


def cost(record: dict) -> str:
    """The median time of a training, and what it ran on.

    Of processors the time of all cores, where it was measured: other work on the machine is not in
    it. Of a graphics card the time on the clock.
    """
    runs = finished(record)
    hardware = runs[0]["hardware"]
    if "core" not in hardware:
        return f"{minutes(run['seconds'] for run in runs)} on one {hardware} GPU"
    if all("cpu_seconds" in run for run in runs):
        return f"{minutes(run['cpu_seconds'] for run in runs)} of CPU time"
    cores = re.match(r"\d+ cores?", hardware)[0].replace("core", "CPU core")
    return f"{minutes(run['seconds'] for run in runs)} on {cores}"


def minutes(seconds) -> str:
    return f"{statistics.median(seconds) / 60:.0f} min"


def leaderboard(argument: str, body: list[str], root: Path, page: str) -> str:
    """``:::{leaderboard} 5``: the first five networks."""
    if not argument.isdigit() or body:
        raise ValueError(f"{page}: say how many rows, as in {{leaderboard}} 5; got {argument!r}")
    lines = ["| Network | Test accuracy | Parameters | Training |", "|---|---|---|---|"]
    for record in records(root)[: int(argument)]:
        count = len(finished(record))
        seeds = f"mean of {count} seeds" if count > 1 else "1 seed"
        how = f"{seeds}, test-time augmentation" if views(record) else seeds
        lines.append(
            f"| `{record['name']}` | **{accuracy(record):.1%}** ({how}) "
            f"| {record['parameters']:,} | {cost(record)} |"
        )
    return "\n".join(lines)


# --- plans for teachers ---


def session_plan(argument: str, body: list[str], root: Path, page: str) -> str:
    """``:::{session-plan}``: a line for each session, ``PAGE PAGE | what students do``.

    The minutes come from the pages' boxes: to read, and to run rounded up to whole minutes.
    """
    lines = ["| Session | Pages | Minutes | What students do |", "|---|---|---|---|"]
    for number, line in enumerate(body, start=1):
        files, bar, task = line.partition("|")
        if not bar or not files.split() or not task.strip():
            raise ValueError(f"{page}: a session is 'PAGE PAGE | what students do', not {line!r}")
        pages = [source(root, file, page) for file in files.split()]
        links = "; ".join(f"[{title(root, one)}]({relative(one, page)})" for one in pages)
        total = sum(page_minutes(root, one) for one in pages)
        lines.append(f"| {number} | {links} | {total} | {task.strip()} |")
    return "\n".join(lines)


def page_minutes(root: Path, page: str) -> int:
    """Minutes to read and run a page, as its box says."""
    found = _TIME.search(markdown(root, page))
    if not found:
        raise ValueError(f"{page}: no **Time:** in its box that a plan could take minutes from")
    run = int(found[2]) * (60 if found[3].startswith("minute") else 1)
    return int(found[1]) + -(-run // 60)


TABLES: dict[str, Callable[[str, list[str], Path, str], str]] = {
    "leaderboard": leaderboard,
    "session-plan": session_plan,
    "exercise-list": exercise_list,
    "run-times": run_times,
    "training-times": training_times,
    "tested-versions": tested_versions,
    "citation": citation,
}
