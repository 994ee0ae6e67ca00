"""What pytest needs to know about the whole repository."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parent
sys.path.append(str(ROOT / "tools"))

import export_needed  # noqa: E402  (the folder is known only now)
import nbval_tolerance  # noqa: E402
import pytest  # noqa: E402

pytest_plugins = ["seconds"]  # tools/seconds.py: with -n, whole files, longest first

# Kernels and subprocesses inherit these.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CIFARLIB_FULL"] = "0"  # the images that the package carries, whatever is in a cache
os.environ["CIFARLIB_CHECKS"] = "strict"  # what a page claims and is not so fails


def pytest_configure(config):
    """Compare numbers within a tolerance where a cell states one; find our files from anywhere."""
    nbval_tolerance.install()
    rules = config.option.nbval_sanitize_with
    if rules and not os.path.isabs(rules) and not os.path.exists(rules):
        config.option.nbval_sanitize_with = str(ROOT / rules)


def pytest_collectstart(collector):
    """Do not compare stderr: TensorFlow writes there about the CPU, at any log level."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare = (*collector.skip_compare, "stderr")


def pytest_collection_modifyitems(items):
    """Skip the cells of pages that export models where the packages for that are missing."""
    reason = export_needed.reason_to_skip()
    if reason is None:
        return
    for item in items:
        if item.path.suffix == ".ipynb" and export_needed.is_needed_by(item.path):
            item.add_marker(pytest.mark.skip(reason=reason))
