"""What pytest needs to know about the whole repository."""

import os

# Kernels and subprocesses inherit these.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CIFARLIB_FULL"] = "0"  # the images that the package carries, whatever is in a cache


def pytest_collectstart(collector):
    """Do not compare stderr: TensorFlow writes there about the CPU, at any log level."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare = (*collector.skip_compare, "stderr")
