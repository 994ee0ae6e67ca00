"""What a run ran on: hardware and versions, for records and for the reader's own comparison."""

from __future__ import annotations

import importlib
import os
import platform
import re
from pathlib import Path

# CPU flags that decide how fast, and in what order of additions, a convolution is computed
_CPU_FEATURES = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_bf16": "bf16", "amx_bf16": "AMX"}


def hardware() -> str:
    """The device that computes: the accelerator if Keras sees one, else the CPU and its cores."""
    if accelerators := _accelerators():
        return ", ".join(accelerators)
    name, flags = _cpu()
    features = [label for flag, label in _CPU_FEATURES.items() if flag in flags]
    return f"{_cores()} cores of {name}" + (f" ({', '.join(features)})" if features else "")


def versions() -> dict[str, str]:
    """The versions of Python, Keras, its backend and NumPy, by name."""
    import keras

    backend = keras.backend.backend()
    found = {"python": platform.python_version()}
    for module in ("keras", backend, "numpy"):  # a package may be called tensorflow-cpu
        found[module] = importlib.import_module(module).__version__
    return found


def _accelerators() -> list[str]:
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_physical_devices("GPU")
        details = [tf.config.experimental.get_device_details(device) for device in devices]
        return [detail.get("device_name", "a GPU of unknown name") for detail in details]
    return [name for name in keras.distribution.list_devices() if not name.startswith("cpu")]


def _cpu() -> tuple[str, set[str]]:
    """The CPU's name and flags, where the system tells them (Linux); else the bare architecture."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine(), set()
    name = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    flags = re.search(r"^flags\s*:\s*(.+)$", text, re.MULTILINE)
    return (
        name.group(1).strip() if name else platform.machine(),
        set(flags.group(1).split()) if flags else set(),
    )


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
