"""What pytest needs to know about the whole repository."""

import os

pytest_plugins = ["seconds"]  # tools/seconds.py: with -n, whole files, longest first

# Kernels and subprocesses inherit these.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.pop("CIFARLIB_FULL", None)


def pytest_collectstart(collector):
    """Do not compare stderr: TensorFlow writes there about the CPU, at any log level."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare = (*collector.skip_compare, "stderr")
