"""How fast this machine learns: train some networks in turn, print a table, keep every run."""

from __future__ import annotations

import argparse
import json
import math
import shlex
import statistics
import sys
from pathlib import Path

from cifarlib.bench.contenders import CONTENDERS, NAMES, rounds, why_not
from cifarlib.bench.records import HERE, Bench, new_record, read, usual_place, write
from cifarlib.bench.tables import pace, ratios, table

PROGRAM = "python -m cifarlib.bench"
HEAD = f"{'contender':10} {'precision':15} {'':7} {'seconds':>8} {'training':>9} {'accuracy':>9}"
PACE_HEAD = f"{'contender':10} {'precision':15} {'':7} {'a step':>8} {'50,000 images':>14}"


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    if options.child:
        from cifarlib.bench.measure import measure

        timed = options.epochs_timed is not None
        print(json.dumps(measure(*options.child, options.seed, options.quick, timed)), flush=True)
        return 0
    try:
        if options.table:
            print("\n\n".join(table(read(path)) for path in options.table))
        else:
            compete(options, shlex.join(sys.argv[1:] if arguments is None else arguments))
    except (ValueError, OSError, RuntimeError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return 1
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="rounds over all (default 3)")
    parser.add_argument(
        "--contenders", nargs="+", choices=NAMES, default=list(CONTENDERS), metavar="NAME",
        help=f"of {', '.join(NAMES)} (default all but the last, which needs PyTorch)",
    )  # fmt: skip
    parser.add_argument(
        "--precisions", nargs="+", metavar="POLICY",
        help="dtype policies of Keras (default the machine's fastest and float32)",
    )  # fmt: skip
    parser.add_argument(
        "--epochs-timed", type=int, metavar="N",
        help="in place of whole trainings, N rounds of an epoch each: the pace of the steps alone",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, metavar="FILE",
        help=f"for the record, JSON (default a new one in {HERE}; none for --quick)",
    )  # fmt: skip
    parser.add_argument(
        "--table", nargs="+", type=Path, metavar="FILE",
        help="run nothing: print records as tables in Markdown",
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="one epoch of 1,000 images: a test")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.table or options.child:
        return options
    if options.repeats < 1:
        parser.error("--repeats must be at least 1")
    if options.epochs_timed is not None and options.epochs_timed < 1:
        parser.error("--epochs-timed must be at least 1")
    if options.output is not None and options.output.exists():
        parser.error(f"--output: {options.output} is there already; name another file")
    if lacking := why_not(options.contenders):
        parser.error(lacking)
    options.precisions = _policies(parser, options.precisions)
    if not rounds(options.contenders, options.precisions, 1):
        which = " or ".join(options.precisions)
        parser.error(f"none of these contenders is run in {which}; try --precisions float32")
    return options


def _policies(parser: argparse.ArgumentParser, names: list[str] | None) -> list[str]:
    """Names of dtype policies; a wrong one would fail after the contenders before it, hours on."""
    import keras

    from cifarlib.machine import fastest_precision

    fastest = fastest_precision()
    usual = list(dict.fromkeys([fastest, "float32"]))
    chosen = list(dict.fromkeys(fastest if n == "fastest" else n for n in names or usual))
    for name in chosen:
        try:
            keras.dtype_policies.get(name)
        except ValueError:
            tip = " or ".join(usual)
            parser.error(f"--precisions: Keras has no dtype policy {name!r}; try {tip}")
    return chosen


def compete(options: argparse.Namespace, arguments: str) -> None:
    """Let the contenders take turns; print each run, keep it, and compare the medians."""
    from cifarlib._files import check_writable
    from cifarlib.bench.measure import run

    timed = options.epochs_timed is not None
    kind, count = ("pace", options.epochs_timed) if timed else ("training", options.repeats)
    record = new_record(kind, f"{PROGRAM} {arguments}".strip(), options.quick)
    path = options.output or (None if options.quick else usual_place(record))
    if path is not None:
        check_writable(path)
    print(f"{record.hardware}\n{PACE_HEAD if timed else HEAD}", flush=True)
    for name, precision, seed in rounds(options.contenders, options.precisions, count, timed=timed):
        result = run(name, precision, seed, options.quick, timed)
        record.runs.append(result)
        if path is not None:  # after each, so that a stop loses no more than the one under way
            write(path, record)
        label = f"{'round' if timed else 'seed'} {seed}"
        print((pace_line if timed else line)(name, precision, label, result), flush=True)
    print("\n".join((pace_medians if timed else medians)(record)))
    if path is not None:
        print(f"\nwritten to {path}\nas a table: {PROGRAM} --table {shlex.quote(str(path))}")


def medians(record: Bench) -> list[str]:
    """The lines below the runs: each contender's median, and the classic's time over it."""
    parts = ("seconds", "training", "accuracy")
    found = {
        key: {part: statistics.median(run[part] for run in runs) for part in parts}
        for key, runs in record.of().items()
    }
    classic = found.get(("classic", "float32"), {}).get("seconds", math.nan)
    lines = ["\nmedians", f"{HEAD} {'classic / it':>12}"]
    for (name, precision), median in found.items():
        label = f"of {len(record.of()[name, precision])}"
        quotient = classic / median["seconds"]
        lines.append(f"{line(name, precision, label, median)} {quotient:12.2f}")
    return lines + _against_torch(record, "seconds")


def pace_medians(record: Bench) -> list[str]:
    """The same for the pace."""
    lines = ["\nmedians", PACE_HEAD]
    for (name, precision), runs in record.of().items():
        middle = {"seconds": statistics.median(map(pace, runs)), "images": 1}
        middle["batch_size"] = runs[0]["batch_size"]
        lines.append(pace_line(name, precision, f"of {len(runs)}", middle))
    return lines + _against_torch(record, "pace")


def _against_torch(record: Bench, key: str) -> list[str]:
    return [
        f"\nspeednet / torch in {precision}: {median:.3f}; "
        f"round by round {', '.join(f'{ratio:.3f}' for ratio in each)}"
        for precision, (median, *each) in ratios(record.of(), key).items()
    ]


def line(name: str, precision: str, label: str, result: dict) -> str:
    """A line of the table."""
    return (
        f"{name:10} {precision:15} {label:7} {result['seconds']:8.1f} {result['training']:9.1f} "
        f"{result['accuracy']:9.2%}"
    )


def pace_line(name: str, precision: str, label: str, result: dict) -> str:
    """A line of the table of paces, seconds of a step and of an epoch."""
    image = pace(result)
    return (
        f"{name:10} {precision:15} {label:7} {image * result['batch_size']:8.3f} "
        f"{image * 50_000:14.1f}"
    )


if __name__ == "__main__":
    sys.exit(main())
