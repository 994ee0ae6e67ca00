"""Measure how far the numbers of the chapters move, beside the tolerances that they state.

python tools/tolerances.py                      all chapters that state one
python tools/tolerances.py a.ipynb b.ipynb      these
python tools/tolerances.py --python OLDEST/bin/python   also in another environment
python tools/tolerances.py --json FILE          also keep every number of every run

Copies of the chapters run as they are, with AVX2 alone, and on one thread. Where one calls
`set_random_seed`, they also run with that seed plus 1, 2 and 3: training turns a difference in
the last bit into another run, so another seed stands for the machines that nobody here has.
Random draws that are the same on every machine (NumPy's `default_rng`) stay as they are.

A tolerance should be 1.5 to 5 times the largest difference from the stored number. Where twice
that difference reaches a control (`"not"`), a page cannot tell them apart from one run, and prints
the record's number instead. The exit status is 1 if anything is flagged.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbval_tolerance import Tolerance, complaint, texts
from numbers_in_text import plain, tokens

CHAPTERS = Path(__file__).parents[1] / "chapters"
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
SETTINGS = {"default": {}, "AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2"}, "one thread": ONE_THREAD}
SEED = re.compile(r"(?<!def )\bset_random_seed\(\s*(seed\s*=\s*)?")
TIGHT, WIDE = 1.5, 5


def stated(notebook) -> dict[int, Tolerance]:
    """The tolerances of a notebook by cell, counted from 0."""
    found = {n: Tolerance.of(cell.metadata) for n, cell in enumerate(notebook.cells)}
    return {n: tolerance for n, tolerance in found.items() if tolerance is not None}


def with_seeds_moved(notebook, shift: int):
    """A copy of a notebook, up to its last tolerance, whose seeds are larger by ``shift``."""
    moved = copy.deepcopy(notebook)
    moved.cells = moved.cells[: max(stated(notebook)) + 1]
    for cell in moved.cells:
        if cell.cell_type == "code" and shift:
            cell.source = SEED.sub(rf"set_random_seed(\g<1>{shift} + ", cell.source)
    return moved


def plan(notebook, other_python: str | None) -> dict[str, tuple[int, dict, str]]:
    """The runs of a notebook: by name, the shift of its seeds, the environment, the Python."""
    runs = {name: (0, setting, sys.executable) for name, setting in SETTINGS.items()}
    code = "\n".join(c.source for c in notebook.cells[: max(stated(notebook)) + 1])
    if SEED.search(code):
        runs |= {f"seed + {shift}": (shift, {}, sys.executable) for shift in (1, 2, 3)}
    if other_python:
        runs["the other Python"] = (0, {}, other_python)
    return runs


def run(notebook, folder: Path, shift: int, setting: dict, python: str):
    """Run a copy of a notebook in a process of its own, in ``folder``; errors stay in the cells."""
    unset = ("CIFARLIB_FULL", "CIFARLIB_CHECKS", "ONEDNN_MAX_CPU_ISA", *ONE_THREAD)
    variables = {key: value for key, value in os.environ.items() if key not in unset}
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "copy.ipynb"
        nbformat.write(with_seeds_moved(notebook, shift), path)
        result = subprocess.run(
            [python, __file__, "--execute", str(path), str(folder)],
            env={**variables, "TF_CPP_MIN_LOG_LEVEL": "3", **setting},
            capture_output=True,
            text=True,
        )
        if result.returncode != 0:
            sys.exit(result.stderr)
        return nbformat.read(path, as_version=4)


def execute(path: Path, folder: Path) -> None:
    """Run a notebook in place, as the process that :func:`run` starts."""
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=3600, allow_errors=True, resources={"metadata": {"path": str(folder)}}
    ).execute()
    nbformat.write(notebook, path)


def numbers(cell, tolerance: Tolerance) -> list[str]:
    """The numbers in a cell's outputs that its tolerance is for, as they are written."""
    return [
        token.text
        for text, html in texts(cell.outputs)
        for token in tokens(text, html=html)
        if tolerance.applies(token)
    ]


def value(number: str) -> float:
    return float(number.replace("−", "-").replace(",", ""))


def distance(stored: str, new: float, tolerance: Tolerance) -> float:
    """How far a number is from the stored one, in the units of the tolerance."""
    if new == value(stored):
        return 0.0
    difference = abs(new - value(stored))
    if not math.isfinite(difference):
        return math.inf
    return difference if tolerance.relative is None else difference / abs(value(stored))


def judge(tolerance: Tolerance, stored: list[str], runs: dict[str, list[str] | str]) -> dict:
    """Compare the runs of a cell with what is stored, and its tolerance with the spread.

    Args:
        tolerance: of the cell.
        stored: its numbers.
        runs: by name, the numbers then, or a sentence that says why there are none.
    """
    spread, worst, flags = 0.0, "", []
    for name, found in runs.items():
        if isinstance(found, str):
            flags.append(f"{name}: {found}")
            continue
        if len(found) != len(stored):
            flags.append(f"{name}: {len(found)} numbers instead of {len(stored)}")
            continue
        for old, new in zip(stored, found, strict=True):
            if (far := distance(old, value(new), tolerance)) > spread:
                spread, worst = far, f"{name}: {old} became {new}"
    stating = tolerance.absolute if tolerance.relative is None else tolerance.relative
    times = stating / spread if spread else math.inf
    if times < TIGHT:
        flags.append(f"too tight: {plain(times)} times the spread, below {TIGHT}")
    if times > WIDE:
        by = f"{plain(times)} times the spread, above {WIDE}" if spread else "nothing moved"
        flags.append(f"too wide: {by}")
    for control in tolerance.controls:
        nearest = min(stored, key=lambda number: distance(number, control, tolerance))
        if 2 * spread >= distance(nearest, control, tolerance):
            flags.append(
                f"twice the spread reaches from {nearest} to the control {control}: print the "
                "record's number instead"
            )
    return {"spread": spread, "worst": worst, "times": times, "flags": flags}


def outcome(cell, tolerance: Tolerance) -> list[str] | str:
    """The numbers of a cell that ran, or what went wrong."""
    for output in cell.outputs:
        if output.output_type == "error":
            return f"{output.ename}: {output.evalue}"
    return numbers(cell, tolerance)


def measure(path: Path, other_python: str | None) -> list[dict]:
    """Run a chapter in all settings; a result for each cell that states a tolerance."""
    notebook = nbformat.read(path, as_version=4)
    cells, runs = stated(notebook), {}
    for name, (shift, setting, python) in plan(notebook, other_python).items():
        started = time.perf_counter()
        done = run(notebook, path.parent.resolve(), shift, setting, python)
        runs[name] = {n: outcome(done.cells[n], cells[n]) for n in cells}
        print(f"{path.name}, {name}: {time.perf_counter() - started:.0f} s", flush=True)
    results = []
    for n, tolerance in cells.items():
        stored = numbers(notebook.cells[n], tolerance)
        by_run = {name: found[n] for name, found in runs.items()}
        results.append({
            "notebook": path.name, "cell": n + 1, "source": notebook.cells[n].source,
            "nbval": notebook.cells[n].metadata.nbval, "stored": stored, "runs": by_run,
            **judge(tolerance, stored, by_run),
        })  # fmt: skip
    return results


def show(result: dict) -> None:
    kind = "abs" if "abs" in result["nbval"] else "rel"
    first = result["source"].strip().splitlines()[0]
    print(f"\n{result['notebook']}, cell {result['cell']}: {first[:70]}")
    worst = f" ({result['worst']}), {result['times']:.1f} times" if result["worst"] else ""
    print(f"  tolerance {kind} {result['nbval'][kind]}, spread {plain(result['spread'])}{worst}")
    for flag in result["flags"]:
        print(f"  ! {flag}")


def chosen(paths: list[Path]) -> list[Path]:
    """The notebooks to run: those named, or all chapters that state a tolerance."""
    found = []
    for path in paths or sorted(CHAPTERS.rglob("*.ipynb")):
        if not path.is_file():
            sys.exit(f"There is no {path}")
        notebook = nbformat.read(path, as_version=4)
        if wrong := complaint(notebook):
            sys.exit(f"{path.name}: tolerances that cannot be right\n{wrong}")
        if stated(notebook):
            found.append(path)
        elif paths:
            sys.exit(f"{path.name} states no tolerance")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure spreads beside the stated tolerances.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all that state one")
    parser.add_argument("--python", help="the interpreter of another environment, to run in, too")
    parser.add_argument("--json", type=Path, help="write all numbers to this file")
    parser.add_argument("--execute", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.execute:
        return execute(*options.execute)
    paths, results = chosen(options.notebooks), []
    if options.python:
        command = [options.python, "-c", "import nbclient, nbval, ipykernel"]
        try:
            subprocess.run(command, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"--python {options.python} cannot run notebooks: {error}")
    if options.json:
        options.json.write_text("[]\n", encoding="utf-8")  # fails now rather than after the runs
    for path in paths:
        found = measure(path, options.python)
        results += found
        if options.json:
            options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        for result in found:
            show(result)
    if not results:
        print("No chapter states a tolerance.")
    sys.exit(any(result["flags"] for result in results))


if __name__ == "__main__":
    main()
