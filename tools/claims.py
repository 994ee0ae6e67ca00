"""Make each claim of a page false, and see whether the page's own test notices.

python tools/claims.py                        all pages that have a ledger
python tools/claims.py simple_cnn principles  this one, and those of a part
python tools/claims.py simple_cnn --only 3    its third claim alone
python tools/claims.py simple_cnn --trust     without running the unchanged page first

A page's main claims are listed in tests/claims/<page>.yaml; tests/claims/README.md says how. A
claim's mutant is a small change to one cell that makes the claim false. It is tried on a copy of
the notebook, outside the tree, under the same nbval and the same rules as the page itself. The
copy should fail at that cell or after it, because of an assertion or of an output that differs.
A mutant that only breaks the program says nothing about the claim and counts as a failure of ours.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).parents[1]
CHAPTERS = ROOT / "chapters"
LEDGERS = ROOT / "tests" / "claims"
COLORS = re.compile(r"\x1b\[[0-9;]*m")
NOTICED = ("assertion", "output")


@dataclass
class Verdict:
    """What became of one run: the page as it is (claim 0), or with one claim's mutant."""

    page: str
    claim: int
    sentence: str
    outcome: str  # green, caught, SURVIVED, survives, CRASHED, RED, STALE
    cell: str = ""  # the cell that failed
    reason: str = ""  # what it said
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return self.outcome in ("green", "caught", "survives")

    def __str__(self) -> str:
        where = f" by cell {self.cell}: {self.reason}" if self.cell else ""
        name = f"{self.page} {self.claim}" if self.claim else f"{self.page}, unchanged"
        return f"{name}: {self.outcome}{where} ({self.seconds:.0f} s)\n    {self.sentence}"


def page_path(page: str) -> Path:
    """The notebook of a page, by its file name without the ending."""
    found = sorted(CHAPTERS.rglob(f"{page}.ipynb"))
    if len(found) != 1:
        names = ", ".join(sorted(path.stem for path in CHAPTERS.rglob("*.ipynb")))
        raise SystemExit(f"There is no page {page!r}. The pages are: {names}.")
    return found[0]


def named(names: list[str]) -> list[str]:
    """The pages meant by names of pages and parts; by no name, all that have a ledger."""
    written = sorted(path.stem for path in LEDGERS.glob("*.yaml"))
    pages = []
    for name in names:
        part = {path.stem for path in (CHAPTERS / name).rglob("*.ipynb")}
        pages += [page for page in written if page in part] if part else [name]
    return pages if names else written


def read_ledger(page: str) -> list[dict]:
    """The claims of a page, in the order of its ledger."""
    path = LEDGERS / f"{page}.yaml"
    if not path.exists():
        page_path(page)  # says so if the page itself is not there
        raise SystemExit(f"{page} has no ledger yet: write tests/claims/{page}.yaml.")
    return yaml.safe_load(path.read_text(encoding="utf-8"))["claims"]


def mutate(notebook: nbformat.NotebookNode, mutant: dict) -> None:
    """Change the one cell that a mutant names, in place. Its text must be there exactly once."""
    cells = [cell for cell in notebook.cells if cell.id == mutant["cell"]]
    if len(cells) != 1:
        raise ValueError(f"there is no cell {mutant['cell']}")
    count = cells[0].source.count(mutant["replace"])
    if count != 1:
        raise ValueError(f"cell {mutant['cell']} has {mutant['replace']!r} {count} times, not once")
    cells[0].source = cells[0].source.replace(mutant["replace"], mutant["with"])


def run_copy(notebook: nbformat.NotebookNode, place: Path) -> tuple[str, str, str]:
    """Run a notebook under nbval, from a folder outside the tree, up to its first failure.

    Returns how it failed ("assertion", "output", "error", or "" for green), the id of the cell
    that failed, and what it said.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / place.relative_to(CHAPTERS.parent)
        copy.parent.mkdir(parents=True)
        copy.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        environment = {**os.environ, "PYTHONPATH": path, "CIFARLIB_CHECKS": "strict"}
        environment.pop("CIFARLIB_FULL", None)
        # The repository's settings and its conftest.py, for a file that lies elsewhere
        command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml")]
        command += ["--rootdir", str(ROOT), "-p", "conftest", "-p", "no:cacheprovider"]
        command += ["--nbval", "-x", "-q", "-rf", "--color=no", str(copy)]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8"
        )
    text = COLORS.sub("", done.stdout)
    if done.returncode == 0:
        return "", "", ""
    failed = re.search(r"^(?:FAILED|ERROR) .*::Cell (\d+)", text, re.MULTILINE)
    if done.returncode != 1 or not failed:
        raise SystemExit(f"pytest could not run {place.name}:\n{text[-3000:]}{done.stderr[-3000:]}")
    code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return (*explain(text), code_cells[int(failed.group(1))].id)


def explain(text: str) -> tuple[str, str]:
    """How a cell failed, from nbval's report: its kind, and the line that says it best."""
    if "Cell outputs differ" in text:
        return "output", "its output differs"
    errors = re.findall(r"^(\w*(?:Error|Exception|Interrupt|Warning|Timeout)\w*\b.*)$", text, re.M)
    if not errors:
        said = re.search(r"^Cell \d+: (.*)$", text, re.MULTILINE)
        return "error", said.group(1) if said else "an error without words"
    # A check that could not be evaluated says nothing about its claim
    noticed = re.match(r"AssertionError|ClaimError: not so", errors[-1])
    return ("assertion" if noticed else "error"), errors[-1]


def order(notebook: nbformat.NotebookNode) -> list[str]:
    return [cell.id for cell in notebook.cells]


def judge(page: str, number: int, claim: dict) -> Verdict:
    """Run one claim's mutant."""
    mutant, expected = claim["mutant"], claim.get("survives")
    place = page_path(mutant.get("page", page))
    notebook = nbformat.read(place, as_version=4)
    verdict = Verdict(page, number, claim["claim"].strip(), "")
    started = time.perf_counter()
    try:
        mutate(notebook, mutant)
    except ValueError as error:
        verdict.outcome, verdict.cell, verdict.reason = "STALE", mutant["cell"], str(error)
        return verdict
    kind, verdict.reason, verdict.cell = run_copy(notebook, place)
    verdict.seconds = round(time.perf_counter() - started, 1)
    cells = order(notebook)
    if not kind:
        verdict.outcome = "survives" if expected else "SURVIVED"
    elif kind not in NOTICED:
        verdict.outcome = "CRASHED"
    elif cells.index(verdict.cell) < cells.index(mutant["cell"]):
        verdict.outcome = "RED"  # the page fails without the mutant
    elif expected:
        verdict.outcome = "STALE"
        verdict.reason += "; the ledger says that it survives: take `survives` out"
    else:
        verdict.outcome = "caught"
    return verdict


def unchanged(page: str) -> Verdict:
    """Run a page as it is."""
    started = time.perf_counter()
    place = page_path(page)
    kind, reason, cell = run_copy(nbformat.read(place, as_version=4), place)
    seconds = round(time.perf_counter() - started, 1)
    sentence = "The page does what its stored outputs say."
    return Verdict(page, 0, sentence, "RED" if kind else "green", cell, reason, seconds)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run the mutants of the ledger of claims.")
    parser.add_argument("pages", nargs="*", help="or parts; default: all that have a ledger")
    parser.add_argument("--only", type=int, nargs="+", help="claims by number, counted from 1")
    parser.add_argument("--trust", action="store_true", help="do not run the unchanged page first")
    parser.add_argument("--json", type=Path, help="write the verdicts to this file, too")
    options = parser.parse_args(arguments)
    ledgers = {page: read_ledger(page) for page in named(options.pages)}  # a wrong name ends here
    verdicts = []

    def report(verdict: Verdict) -> None:
        verdicts.append(verdict)
        print(verdict, flush=True)
        if options.json:  # after each run, so that what has been found is never lost
            rows = [asdict(verdict) for verdict in verdicts]
            options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")

    for page, claims in ledgers.items():
        if not options.trust:
            report(unchanged(page))
            if not verdicts[-1].good:
                continue
        for number, claim in enumerate(claims, 1):
            if "mutant" in claim and (not options.only or number in options.only):
                report(judge(page, number, claim))
    outcomes = [verdict.outcome for verdict in verdicts if verdict.claim]
    counts = ", ".join(f"{outcomes.count(name)} {name}" for name in dict.fromkeys(outcomes))
    print(f"{len(outcomes)} mutants: {counts or 'none'}")
    return int(any(not verdict.good for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
