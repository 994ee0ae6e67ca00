"""Execute the notebooks of the book side by side, into the cache that the build then reads.

    python tools/execute_book.py

Jupyter Book executes one notebook after another; two at a time on two cores take much less time.
The results go into the cache of ``jupyter-cache``, where MyST-NB finds them and executes nothing
itself. What the cache has already is not executed again: it lies under a hash of the package, its
weights and the pinned versions, and a notebook is known there by its code (``sphinx_book.py``).

A line for each notebook as it ends, with its seconds; nothing of what TensorFlow writes about the
machine. If a cell fails, the others go on, and at the end come the notebook, the cell and the
error, and an exit status of 1.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryFile

import nbformat
import yaml
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tools"))

import seconds  # noqa: E402  (the folder is known only now)
import sphinx_book  # noqa: E402

MOST = 4  # each kernel takes 1 to 2 GB
LIMIT = 600  # seconds for a cell, as in _config.yml
ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CIFARLIB_CHECKS": "strict",  # what a page claims and is not so fails
    "CIFARLIB_FULL": "0",  # pages are made with what the package carries
}


class Failure(Exception):
    """A notebook did not run to its end: which, at which cell, and why."""


def notebooks(toc: Path) -> list[Path]:
    """The notebooks that a table of contents names, in its order."""
    files = [(toc.parent / name).with_suffix(".ipynb") for name in _files(toc)]
    return [path for path in files if path.exists()]


def _files(toc: Path) -> Iterator[str]:
    waiting = [yaml.safe_load(toc.read_text(encoding="utf-8"))]
    while waiting:
        entry = waiting.pop(0)
        if isinstance(entry, dict):
            if "file" in entry:
                yield entry["file"]
            waiting = [value for value in entry.values() if isinstance(value, list)] + waiting
        elif isinstance(entry, list):
            waiting = entry + waiting


def workers() -> int:
    """How many notebooks run at a time: one for each core that this process may use, up to 4."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(usable or 1, MOST))


def execute(path: Path) -> tuple[nbformat.NotebookNode, float]:
    """Run a notebook from top to bottom in its folder.

    Returns:
        The notebook with its outputs, and the seconds that it took.

    Raises:
        Failure: a cell failed or took too long, or the kernel died.
    """
    notebook = nbformat.read(path, as_version=4)
    running = []
    start = time.perf_counter()
    with TemporaryFile() as said:  # by the kernel: TensorFlow greets there, whatever one tells it
        client = NotebookClient(
            notebook,
            timeout=LIMIT,
            record_timing=False,
            resources={"metadata": {"path": str(path.parent)}},
            on_cell_start=lambda cell, cell_index: running.append(cell),
        )
        try:
            client.execute(stdout=said, stderr=said)
        except Exception as error:
            raise Failure(_report(path, running, error, said)) from error
    return notebook, time.perf_counter() - start


def _report(path: Path, running: list, error: Exception, said) -> str:
    """What a person needs to find the fault: notebook, cell, error."""
    lines = [f"{path.name} failed"]
    if running:
        lines += [" in this cell:", *(f"    {line}" for line in running[-1].source.splitlines())]
    if isinstance(error, CellExecutionError):
        lines += [f"{error.ename}: {error.evalue}"]
    else:  # the kernel did not start, died or hung: the end of what it said may tell why
        said.seek(0)
        last = said.read().decode(errors="replace").splitlines()[-5:]
        lines += [f"{type(error).__name__}: {error}".strip().splitlines()[0], *last]
    return "\n".join([lines[0] + (lines.pop(1) if running else ":"), *lines[1:]])


def run(paths: list[Path], cache_folder: Path, count: int) -> list[str]:
    """Execute those of the notebooks that the cache lacks, ``count`` at a time, longest first.

    Returns:
        A report for each notebook that failed.
    """
    cache = get_cache(cache_folder)
    todo = [path for path in paths if not _known(cache, path)]
    if not todo:
        return []
    print(f"Executing {len(todo)} of {len(paths)} notebooks, {count} at a time", flush=True)
    failures = []
    pool = ThreadPoolExecutor(count)
    order = sorted(todo, key=lambda path: -seconds.expected(seconds.name(path)))
    jobs: dict[Future, Path] = {pool.submit(execute, path): path for path in order}
    for number, job in enumerate(as_completed(jobs), start=1):
        path = jobs[job]
        try:
            notebook, took = job.result()
        except Failure as failure:
            failures.append(str(failure))
            print(f"[{number}/{len(todo)}] {path.name}: failed", flush=True)
            continue
        # Only this thread writes to the cache. The outputs stay as they are: the build drops stderr
        bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": took})
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        print(f"[{number}/{len(todo)}] {path.name}: {took:.0f} s", flush=True)
    return failures


def _known(cache, path: Path) -> bool:
    try:
        cache.match_cache_notebook(nbformat.read(path, as_version=4))
    except KeyError:
        return False
    return True


def main() -> int:
    os.environ.update(ENVIRONMENT)
    folder = ROOT / sphinx_book.cache_path("_build/.jupyter_cache")
    start = time.perf_counter()
    try:
        failures = run(notebooks(ROOT / "_toc.yml"), folder, workers())
    except KeyboardInterrupt:
        print("\nInterrupted. What was finished is kept.", file=sys.stderr, flush=True)
        os._exit(130)  # threads that wait for kernels would hold us; kernels end with us
    for failure in failures:
        print(f"\n{failure}", file=sys.stderr, flush=True)
    print(f"Notebooks: {time.perf_counter() - start:.0f} s", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
