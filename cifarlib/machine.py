"""What a run ran on: hardware and versions, for records and for the reader's own comparison."""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path

from cifarlib import _checks as checks

CPUINFO = Path("/proc/cpuinfo")  # where Linux describes the CPU

# CPU flags that decide how fast, and in what order of additions, a convolution is computed
_CPU_FEATURES = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_bf16": "bf16", "amx_bf16": "AMX"}


def hardware(cpuinfo: Path = CPUINFO) -> str:
    """The device that computes: the accelerator if Keras sees one, else the CPU and its cores."""
    if accelerators := _accelerators():
        return ", ".join(accelerators)
    return processor(cpuinfo)


def processor(cpuinfo: Path = CPUINFO) -> str:
    """The CPU and the cores of it that this process may use. It loads no Keras."""
    name, flags = _cpu(cpuinfo)
    features = [label for flag, label in _CPU_FEATURES.items() if flag in flags]
    cores = f"{_cores()} core{'s' if _cores() > 1 else ''}"
    return f"{cores} of {name}" + (f" ({', '.join(features)})" if features else "")


def versions() -> dict[str, str]:
    """The versions of Python, Keras, its backend and NumPy, by name."""
    import keras

    backend = keras.backend.backend()
    found = {"python": platform.python_version()}
    for module in ("keras", backend, "numpy"):  # a package may be called tensorflow-cpu
        found[module] = str(importlib.import_module(module).__version__)  # torch's is a class
    return found


def fastest_precision(cpuinfo: Path = CPUINFO) -> str:
    """The dtype policy of Keras that this machine trains fastest with.

    ``bfloat16`` where there are instructions for it (a CPU with AVX-512 bf16 or AMX, a GPU of
    compute capability 8 or more, a TPU), else ``float16`` on a GPU of capability 7 (a T4), else
    ``float32``: where bfloat16 is only imitated, it is far slower.
    """
    if not _accelerators():
        fast = {"avx512_bf16", "amx_bf16"} & _cpu(cpuinfo)[1]
        return "mixed_bfloat16" if fast else "float32"
    capability = _compute_capability()
    if capability >= 8:
        return "mixed_bfloat16"
    return "mixed_float16" if capability >= 7 else "float32"


@contextlib.contextmanager
def precision(name: str) -> Iterator[str]:
    """Build models in a precision inside a ``with`` block.

    Args:
        name: a dtype policy of Keras, or ``"fastest"`` for :func:`fastest_precision`.

    Yields:
        The policy's name.

    Raises:
        ValueError: Keras has no such policy.
    """
    import keras

    before = keras.config.dtype_policy()
    checks.text("name", name)
    chosen = fastest_precision() if name == "fastest" else name
    try:
        keras.config.set_dtype_policy(chosen)
    except (ValueError, TypeError) as error:
        raise ValueError(
            "name must be 'fastest' or a dtype policy of Keras, such as 'float32' or "
            f"'mixed_bfloat16', got {name!r}"
        ) from error
    try:
        yield chosen
    finally:
        keras.config.set_dtype_policy(before)


def _compute_capability() -> float:
    """Of the first GPU, for example 7.5; a TPU counts as 8; 0 where it is unknown."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        details = tf.config.experimental.get_device_details(
            tf.config.list_physical_devices("GPU")[0]
        )
        major, minor = details.get("compute_capability", (0, 0))
        return major + minor / 10
    if keras.backend.backend() == "torch":
        torch = importlib.import_module("torch")  # no requirement: who chose it has it
        major, minor = torch.cuda.get_device_capability(0)
        return major + minor / 10
    import jax

    device = jax.devices()[0]
    if device.platform == "tpu":
        return 8
    found = str(getattr(device, "compute_capability", 0))  # an AMD GPU says "gfx90a"
    return float(found) if found.replace(".", "", 1).isdecimal() else 0


def _accelerators() -> list[str]:
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_physical_devices("GPU")
        details = [tf.config.experimental.get_device_details(device) for device in devices]
        return [detail.get("device_name", "a GPU of unknown name") for detail in details]
    if keras.backend.backend() == "torch":
        torch = importlib.import_module("torch")
        return [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]
    if keras.backend.backend() != "jax":  # numpy, openvino: they compute on the CPU
        return []
    import jax

    return [device.device_kind for device in jax.devices() if device.platform != "cpu"]


def _cpu(cpuinfo: Path) -> tuple[str, set[str]]:
    """The CPU's name and flags, where the system tells them (Linux); else the bare architecture."""
    try:
        text = checks.path("cpuinfo", cpuinfo).read_text(encoding="utf-8")
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
