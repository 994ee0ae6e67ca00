"""How long each file of the tests takes, so that what runs side by side starts with the longest.

``seconds.json`` has whole seconds for each test file and notebook, measured on two cores. They
decide an order and nothing else, so they may be old; a file that is not there counts as short. To
measure anew, on a quiet machine:

    python -m pytest --nbval -n 2 --write-seconds

A plugin of pytest, too (``conftest.py`` loads it): under ``-n`` it hands out whole files, longest
first. Notebooks must not be torn apart, for a cell needs those before it.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILE = Path(__file__).with_suffix(".json")
SHORT = 1
MEASURED: Counter = Counter()


def expected(name: str) -> int:
    """The seconds of a file, named from the root with slashes."""
    return json.loads(FILE.read_text(encoding="utf-8")).get(name, SHORT)


def name(path: Path) -> str:
    """A file as it is named here; one from elsewhere has no seconds."""
    path = path.resolve()
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()


def longest_first(items: list) -> list:
    """Tests in an order in which files stay whole, the longest in front."""
    known = json.loads(FILE.read_text(encoding="utf-8"))
    return sorted(items, key=lambda item: -known.get(file_of(item.nodeid), SHORT))


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def pytest_addoption(parser):
    parser.addoption(
        "--write-seconds", action="store_true", help="write the seconds of each file for next time"
    )


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):
        items[:] = longest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Whole files, in the order of the tests; by itself xdist sorts by the number of tests."""
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


def pytest_runtest_logreport(report):
    MEASURED[file_of(report.nodeid)] += report.duration


def pytest_sessionfinish(session):
    if session.config.option.write_seconds and not hasattr(session.config, "workerinput"):
        known = json.loads(FILE.read_text(encoding="utf-8"))
        known |= {file: round(took) for file, took in MEASURED.items() if round(took) > SHORT}
        known = {file: took for file, took in known.items() if (ROOT / file).exists()}
        FILE.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
