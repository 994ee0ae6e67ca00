"""Computed tables of the reference: all exercises, measured times, how to cite.

``computed_tables.py`` says how a page asks for one. Each function gets what stands behind the
directive's name, its lines, the book's folder and the page, and gives Markdown.
"""

from __future__ import annotations

import json
import re
import statistics
from collections import Counter
from pathlib import Path

import yaml
from page_sources import markdown, notebooks, relative, title

_EXERCISE = re.compile(
    r"^:::\{exercise(?:-start)?\} *(.*)\n(?:^:(?!label).*\n)*^:label: *(\S+)", re.M
)
NAMES = {"keras": "Keras", "tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def exercise_list(argument: str, body: list[str], root: Path, page: str) -> str:
    """``:::{exercise-list} chapters/principles``: those of the pages in a folder, page by page."""
    lines, counts = [], Counter()
    for file, number in notebooks(root):
        found = _EXERCISE.findall(markdown(root, file))
        if found and file.startswith(f"{argument}/"):
            lines += ["", f"[{title(root, file)}]({relative(file, page)})", ""]
        for name, label in found:
            counts[number] += 1
            place = f"{number}.{counts[number]}" if number else str(counts[number])
            if file.startswith(f"{argument}/"):
                lines.append(f"* {{ref}}`Exercise {place} <{label}>`: {name}")
    if body or not lines:
        raise ValueError(f"{page}: name a folder whose pages have exercises, not {argument!r}")
    return "\n".join(lines).strip()


# --- times ---


def run_times(argument: str, body: list[str], root: Path, page: str) -> str:
    """``:::{run-times}``: what running each page took, where and with which versions."""
    measured = json.loads(Path(root, "chapters", "run_seconds.json").read_text(encoding="utf-8"))
    lines = ["| Page | Seconds | Measured on | With |", "|---|---|---|---|"]
    for file, _ in notebooks(root):
        name = file.removeprefix("chapters/").removesuffix(".ipynb")
        if name in measured:
            row = measured[name]
            cores = f"{row['cores']} core{'s' if row['cores'] > 1 else ''}"
            with_ = versions(row["versions"]) if "versions" in row else "the tested versions"
            link = f"[{title(root, file)}]({relative(file, page)})"
            lines.append(f"| {link} | {row['seconds']} | {row.get('hardware', cores)} | {with_} |")
    return "\n".join(lines)


def training_times(argument: str, body: list[str], root: Path, page: str) -> str:
    """``:::{training-times}``: what training the networks of the zoo took, by median."""
    lines = [
        "| Network | Runs | Minutes | CPU minutes | Trained on | With |",
        "|---|---|---|---|---|---|",
    ]
    for file in sorted(Path(root, "cifarlib", "zoo").glob("*/record.json")):
        record = json.loads(file.read_text(encoding="utf-8"))
        runs = [run for run in record["runs"] if "accuracy" in run]
        if not runs:
            continue
        cpu = [run["cpu_seconds"] for run in runs if "cpu_seconds" in run]
        machines = sorted({run["hardware"] for run in runs})
        kinds = sorted({versions(run["versions"]) for run in runs})
        lines.append(
            f"| `{record['name']}` | {len(runs)} | {minutes(run['seconds'] for run in runs)} "
            f"| {minutes(cpu) if len(cpu) == len(runs) else 'not measured'} "
            f"| {'; '.join(machines)} | {'; '.join(kinds)} |"
        )
    return "\n".join(lines)


def tested_versions(argument: str, body: list[str], root: Path, page: str) -> str:
    """``:::{tested-versions}``: a sentence with those of ``constraints.txt``."""
    pinned = Path(root, "constraints.txt").read_text(encoding="utf-8")
    found = []
    for name in ("tensorflow", "keras", "numpy"):
        for version, where in re.findall(rf"(?m)^{name}==([^\s;]+) *(?:; *(.+))?$", pinned):
            found.append(f"| {NAMES.get(name, 'NumPy')} | {version} | {_pythons(where)} |")
    return "\n".join(["| Package | Tested version | Python |", "|---|---|---|", *found])


def _pythons(marker: str) -> str:
    """``python_full_version < '3.11'`` in words."""
    bound = re.search(r"(<|>=|==) *'([\d.]+?)(?:\.\*)?'", marker)
    if not bound:
        return "all"
    return {"<": "before {}", ">=": "{} or newer", "==": "{}"}[bound[1]].format(bound[2])


def versions(found: dict[str, str]) -> str:
    """The versions that matter for speed: ``Keras 3.15.1, TensorFlow 2.21.0``."""
    return ", ".join(f"{NAMES[key]} {found[key]}" for key in NAMES if key in found)


def minutes(seconds) -> str:
    return f"{statistics.median(seconds) / 60:.0f}"


# --- how to cite ---


def citation(argument: str, body: list[str], root: Path, page: str) -> str:
    """``:::{citation}``: ``CITATION.cff`` as a sentence and as BibTeX."""
    cff = yaml.safe_load(Path(root, "CITATION.cff").read_text(encoding="utf-8"))
    config = yaml.safe_load(Path(root, "_config.yml").read_text(encoding="utf-8"))
    year = str(cff.get("date-released", config["copyright"]))[:4]
    authors = [_author(one) for one in cff["authors"]]
    fields = {
        "author": " and ".join(f"{{{a}}}" if "," not in a else a for a in authors),
        "title": cff["title"],
        "version": str(cff["version"]),
        "year": year,
        **{key: str(cff[key]) for key in ("doi", "url") if key in cff},
    }
    key = re.sub(r"\W+", "_", cff["title"].lower())
    lines = [f"  {name:7} = {{{value}}}," for name, value in fields.items()]
    sentence = f"{'; '.join(authors)} ({year}). *{cff['title']}*, version {cff['version']}."
    return "\n".join([f"> {sentence}", "", "```bibtex", f"@software{{{key},", *lines, "}", "```"])


def _author(entry: dict) -> str:
    """A name as BibTeX wants it; a group has one name only."""
    if "name" in entry:
        return entry["name"]
    return f"{entry['family-names']}, {entry['given-names']}"
