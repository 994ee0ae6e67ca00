"""The tables of README and of the pages, made from records, so that no number is typed.

A text asks for one between two comments, which :func:`filled` puts up to date:

    <!-- bench NAME -->
    <!-- /bench -->

where ``cifarlib/bench/records/NAME.json`` is the record.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable
from pathlib import Path

from cifarlib import _checks as checks
from cifarlib.bench.records import FOLDER, Bench, read

LABELS = {
    "classic": "the usual simple CNN, 10 epochs",
    "quick": "`quick`: the best in that time",
    "sprint": "`sprint`: past the simple CNN's accuracy",
    "speednet": "`speednet`",
    "torch": "`torch`: airbench94 in PyTorch",
}
PRECISIONS = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}
BACKENDS = {"keras": "Keras", "tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
EPOCH = 50_000  # images
_PLACE = re.compile(r"(<!-- bench (\S+) -->\n)(?:(?!<!-- ).*\n)*(<!-- /bench -->)")


def table(record: Bench) -> str:
    """Markdown of a record: what was measured and where, then the numbers.

    Raises:
        ValueError: the record has no runs, was a test with few images, or is no record.
    """
    checks.instance("record", record, Bench, "cifarlib.bench.read(path)")
    if not record.runs or record.quick:
        why = "was a test with 1,000 images" if record.quick else "has no runs"
        raise ValueError(f"there is no table to make from a record that {why}")
    made = training_table(record) if record.kind == "training" else pace_table(record)
    return f"{heading(record)}\n\n{made}"


def heading(record: Bench) -> str:
    """A sentence with hardware, versions and date."""
    places = dict.fromkeys(run["hardware"] for run in record.runs)
    versions = {name: run["versions"][name] for run in record.runs for name in run["versions"]}
    with_ = ", ".join(f"{BACKENDS[name]} {versions[name]}" for name in BACKENDS if name in versions)
    what = {
        "training": "Seconds from images in memory to the accuracy on all 10,000 test images",
        "pace": "The pace of training",
    }[record.kind]
    return f"{what}, on {' and '.join(places)}, with {with_}, {record.date[:10]}:"


def training_table(record: Bench) -> str:
    """Median seconds and accuracy of each contender, a pair of columns for each precision."""
    found = record.of()
    precisions = list(dict.fromkeys(precision for _, precision in found))
    names = list(dict.fromkeys(name for name, _ in found))
    head = ["", "runs", *(c for p in precisions for c in (f"seconds in {_short(p)}", "accuracy"))]
    lines = [_row(head), _row(["---"] * len(head))]
    for name in names:
        parts = [found.get((name, precision), []) for precision in precisions]
        counts = sorted({len(runs) for runs in parts if runs})
        cells = [LABELS[name], " or ".join(map(str, counts))]
        for runs in parts:
            seconds = f"{median(runs, 'seconds'):,.{_places(runs)}f}" if runs else ""
            cells += [seconds, f"{100 * median(runs, 'accuracy'):.1f} %" if runs else ""]
        lines.append(_row(cells))
    return "\n".join([*lines, *_quotient(found, "seconds", "`speednet`'s time is")])


def pace_table(record: Bench) -> str:
    """Median step of each contender and precision, and what an epoch and the recipe take at it."""
    head = ["", "precision", "rounds", "images a step", "seconds a step (all rounds)",
            "seconds for 50,000 images", "epochs", "minutes for them"]  # fmt: skip
    lines, found = [_row(head), _row(["---"] * len(head))], record.of()
    for (name, precision), runs in found.items():
        steps = [pace(run) * run["batch_size"] for run in runs]
        epoch = EPOCH * statistics.median(map(pace, runs))
        each = ", ".join(f"{step:.3f}" for step in steps)
        lines.append(
            _row([
                LABELS[name], _short(precision), str(len(runs)), str(runs[0]["batch_size"]),
                f"{statistics.median(steps):.3f} ({each})", f"{epoch:.1f}",
                f"{runs[0]['epochs']:g}", f"{epoch * runs[0]['epochs'] / 60:.1f}",
            ])
        )  # fmt: skip
    return "\n".join([*lines, *_quotient(found, "pace", "`speednet`'s epoch takes")])


def pace(run: dict) -> float:
    """Seconds for an image: contenders differ in the size of their batches."""
    return run["seconds"] / run["images"]


def median(runs: Iterable[dict], key: str) -> float:
    return statistics.median(pace(run) if key == "pace" else run[key] for run in runs)


def ratios(found: dict[tuple[str, str], list[dict]], key: str) -> dict[str, list[float]]:
    """``speednet`` over ``torch`` for each precision that has both, that of the medians first.

    Args:
        found: the runs of each contender and precision.
        key: of a run, or ``"pace"``.

    Returns:
        By precision, the ratio of the medians, then that of each round that has both.
    """
    result = {}
    for name, precision in found:
        ours, theirs = found.get(("speednet", precision)), found.get(("torch", precision))
        if name == "torch" and ours and theirs:
            by_seed = {run["seed"]: run for run in theirs}
            pairs = [(run, by_seed[run["seed"]]) for run in ours if run["seed"] in by_seed]
            each = [median([a], key) / median([b], key) for a, b in pairs]
            result[precision] = [median(ours, key) / median(theirs, key), *each]
    return result


def _quotient(found: dict, key: str, subject: str) -> list[str]:
    """A sentence with the ratio, where there is one."""
    return [
        f"\nIn {_short(precision)}, {subject} {whole:.2f} of PyTorch's "
        f"(round by round: {', '.join(f'{ratio:.2f}' for ratio in each)})."
        for precision, (whole, *each) in ratios(found, key).items()
    ]


def filled(text: str, folder: Path = FOLDER) -> str:
    """The text with each of its tables as the record says.

    Raises:
        OSError: there is no such record.
        ValueError: it was a test with few images, or has no runs.
    """

    def made(match: re.Match) -> str:
        return f"{match[1]}{table(read(folder / f'{match[2]}.json'))}\n{match[3]}"

    return _PLACE.sub(made, text)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _short(precision: str) -> str:
    return PRECISIONS.get(precision, precision)


def _places(runs: list[dict]) -> int:
    """A digit after the point for short times alone."""
    return 1 if median(runs, "seconds") < 100 else 0
