"""What a record says about the machine."""

import importlib
import os
import platform
import re
import sys
from importlib import metadata
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from cifarlib import machine

XEON = """\
processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Processor @ 2.00GHz
flags\t\t: fpu sse4_2 avx avx2 avx512f avx512_bf16 amx_bf16

processor\t: 1
model name\t: Another name that does not count
flags\t\t: fpu
"""


@pytest.fixture
def cpuinfo(tmp_path, monkeypatch):
    """``cpuinfo(text)`` gives a file in place of Linux's /proc/cpuinfo; there is no accelerator."""
    monkeypatch.setattr(machine, "_accelerators", list)

    def write(text=None):
        path = tmp_path / "cpuinfo"
        if text is not None:
            path.write_text(text)
        return path

    return write


def test_hardware_is_one_line_that_names_a_device():
    assert re.fullmatch(r"\S.*\S", machine.hardware())
    assert machine.hardware() == machine.hardware()


def test_cpu_is_named_with_what_decides_its_speed(cpuinfo):
    path = cpuinfo(XEON)
    assert machine.hardware(path).endswith(
        " of Intel(R) Xeon(R) Processor @ 2.00GHz (AVX2, AVX-512, bf16, AMX)"
    )


def test_a_feature_is_a_whole_word(cpuinfo):
    path = cpuinfo("model name : Old\nflags : avx2x notavx512f avx512_bf16_not\n")
    assert machine.hardware(path).endswith(" of Old")


def test_cores_are_those_this_process_may_use(cpuinfo):
    path = cpuinfo(XEON)
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert machine.hardware(path).startswith(f"{allowed} core{'s' if allowed > 1 else ''} of Intel")


@pytest.mark.parametrize(("count", "said"), [(1, "1 core of Intel"), (16, "16 cores of Intel")])
def test_one_core_is_no_cores(cpuinfo, monkeypatch, count, said):
    path = cpuinfo(XEON)
    monkeypatch.setattr(machine, "_cores", lambda: count)
    assert machine.hardware(path).startswith(said)


def test_cpu_without_a_name_is_named_by_its_architecture(cpuinfo):
    path = cpuinfo("processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\n")
    assert machine.hardware(path).endswith(f" of {platform.machine()}")


def test_system_without_cpuinfo_still_names_something(cpuinfo):
    found = machine.hardware(cpuinfo())
    assert found.endswith(f" of {platform.processor() or platform.machine()}")


def test_accelerators_come_before_the_cpu(monkeypatch):
    monkeypatch.setattr(machine, "_accelerators", lambda: ["Tesla T4", "Tesla T4"])
    assert machine.hardware() == "Tesla T4, Tesla T4"
    assert "core" in machine.processor()


def test_versions_are_those_of_what_is_imported():
    backend = importlib.import_module(keras.backend.backend())
    assert machine.versions() == {
        "python": platform.python_version(),
        "keras": keras.__version__,
        keras.backend.backend(): backend.__version__,
        "numpy": np.__version__,
    }


def test_version_is_found_whatever_the_backend_s_package_is_called(monkeypatch):
    real = metadata.version

    def version(package):
        if package == keras.backend.backend():
            raise metadata.PackageNotFoundError(package)
        return real(package)

    monkeypatch.setattr(metadata, "version", version)
    backend = importlib.import_module(keras.backend.backend())
    assert machine.versions()[keras.backend.backend()] == backend.__version__


# Precision


@pytest.mark.parametrize(
    ("flags", "policy"),
    [
        ("avx2 avx512f avx512_bf16", "mixed_bfloat16"),
        ("avx2 amx_bf16 amx_tile", "mixed_bfloat16"),
        ("avx2 avx512f", "float32"),
        ("avx2 avx512_bf16_not", "float32"),
    ],
)
def test_cpu_computes_in_bfloat16_only_where_it_has_instructions_for_it(cpuinfo, flags, policy):
    path = cpuinfo(f"model name : Some CPU\nflags : {flags}\n")
    assert machine.fastest_precision(path) == policy


def test_cpu_that_tells_nothing_computes_in_float32(cpuinfo):
    assert machine.fastest_precision(cpuinfo()) == "float32"


@pytest.mark.parametrize(
    ("capability", "policy"),
    [
        (6.1, "float32"),  # P100 and older
        (7.0, "mixed_float16"),
        (7.5, "mixed_float16"),  # T4
        (8.0, "mixed_bfloat16"),  # A100
        (9.0, "mixed_bfloat16"),
        (0, "float32"),  # unknown
    ],
)
def test_gpu_s_capability_decides(monkeypatch, capability, policy):
    monkeypatch.setattr(machine, "_accelerators", lambda: ["some GPU"])
    monkeypatch.setattr(machine, "_compute_capability", lambda: capability)
    assert machine.fastest_precision() == policy


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's own report")
@pytest.mark.parametrize(
    ("details", "capability", "name"),
    [
        ({"compute_capability": (7, 5), "device_name": "Tesla T4"}, 7.5, "Tesla T4"),
        ({"compute_capability": (9, 0), "device_name": "H100"}, 9.0, "H100"),
        ({}, 0, "a GPU of unknown name"),
    ],
)
def test_gpu_is_asked_for_its_capability_and_name(monkeypatch, details, capability, name):
    config = importlib.import_module("tensorflow").config
    monkeypatch.setattr(config, "list_physical_devices", lambda kind: {"GPU": ["first"]}[kind])
    monkeypatch.setattr(config.experimental, "get_device_details", {"first": details}.__getitem__)
    assert machine._compute_capability() == pytest.approx(capability)
    assert machine._accelerators() == [name]


def test_jax_s_accelerator_has_its_product_s_name(monkeypatch):
    jax = pytest.importorskip("jax")
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    processor = SimpleNamespace(platform="cpu", device_kind="cpu")
    card = SimpleNamespace(platform="gpu", device_kind="NVIDIA H200", compute_capability="9.0")
    monkeypatch.setattr(jax, "devices", lambda: [card, processor])
    assert machine.hardware() == "NVIDIA H200"
    assert machine.fastest_precision() == "mixed_bfloat16"
    other = SimpleNamespace(platform="gpu", device_kind="AMD", compute_capability="gfx90a")
    monkeypatch.setattr(jax, "devices", lambda: [other])
    assert machine.fastest_precision() == "float32"
    monkeypatch.setattr(jax, "devices", lambda: [processor])
    assert machine._accelerators() == []


def test_torch_is_asked_under_torch_and_jax_is_not_wanted(monkeypatch, cpuinfo):
    cuda = SimpleNamespace(
        device_count=lambda: 2,
        get_device_name=["Tesla T4", "NVIDIA H100"].__getitem__,
        get_device_capability=[(7, 5), (9, 0)].__getitem__,
    )
    monkeypatch.undo()  # the accelerators are what is tested
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    monkeypatch.setitem(sys.modules, "jax", None)  # not installed
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    assert machine.hardware() == "Tesla T4, NVIDIA H100"
    assert machine.fastest_precision() == "mixed_float16"
    cuda.device_count = lambda: 0
    path = cpuinfo(XEON)
    assert " of Intel(R) Xeon(R)" in machine.hardware(path)
    assert machine.fastest_precision(path) == "mixed_bfloat16"


@pytest.mark.parametrize("backend", ["numpy", "openvino"])
def test_backends_without_accelerators_want_nothing(monkeypatch, backend):
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    for module in ("jax", "torch", "tensorflow"):
        monkeypatch.setitem(sys.modules, module, None)
    assert " core" in machine.hardware()


def test_precision_holds_inside_its_block_alone(monkeypatch):
    monkeypatch.setattr(machine, "fastest_precision", lambda: "mixed_float16")
    before = keras.config.dtype_policy().name
    with machine.precision("fastest") as name:
        assert name == "mixed_float16"
        assert keras.layers.Dense(1).dtype_policy.name == "mixed_float16"
    assert keras.config.dtype_policy().name == before
    with pytest.raises(RuntimeError), machine.precision("mixed_bfloat16"):
        raise RuntimeError
    assert keras.config.dtype_policy().name == before
