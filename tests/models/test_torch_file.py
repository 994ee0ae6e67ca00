"""Tensors of a file that PyTorch wrote: their numbers in their own order, and nothing else."""

import io
import os
import pickle
import sys
import types
from collections import OrderedDict

import numpy as np
import pytest

from cifarlib.models.torch_file import MAGIC, PROTOCOL, read_tensors


class Storage:
    """What a pickle refers to by a persistent id."""

    def __init__(self, key, kind, array):
        self.key, self.kind, self.array = key, kind, array


class Pickler(pickle.Pickler):
    def persistent_id(self, item):
        if isinstance(item, Storage):
            return ("storage", item.kind, item.key, "cpu", item.array.size, None)
        return None


class View:
    """A tensor, pickled as PyTorch does it."""

    def __init__(self, rebuild, *arguments):
        self.rebuild, self.arguments = rebuild, arguments

    def __reduce__(self):
        return self.rebuild, (*self.arguments, False, OrderedDict())


@pytest.fixture
def torch(monkeypatch):
    """Modules with the names that such files refer to; PyTorch itself is not needed."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def _rebuild_tensor_v2(*arguments):
        raise AssertionError("never called: the reader has its own")

    for module, name, item in (
        (torch, "FloatStorage", type("FloatStorage", (), {})),
        (torch, "LongStorage", type("LongStorage", (), {})),
        (torch, "HalfStorage", type("HalfStorage", (), {})),
        (utils, "_rebuild_tensor_v2", _rebuild_tensor_v2),
    ):
        item.__module__, item.__qualname__ = module.__name__, name
        setattr(module, name, item)
    torch._utils = utils
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)
    return torch


def write(path, tensors, storages, *, magic=MAGIC, little=True):
    """A file as ``torch.save`` made it until version 1.5."""
    file = io.BytesIO()
    for item in (magic, PROTOCOL, {"little_endian": little}):
        pickle.dump(item, file, protocol=2)
    Pickler(file, protocol=2).dump(tensors)
    pickle.dump([storage.key for storage in storages], file, protocol=2)
    for storage in storages:
        file.write(storage.array.size.to_bytes(8, "little") + storage.array.tobytes())
    path.write_bytes(file.getvalue())
    return path


def small(torch, path, **settings):
    """A transposed view with an offset, and a counter."""
    values = Storage("1", torch.FloatStorage, np.arange(30, dtype="<f4"))
    counter = Storage("2", torch.LongStorage, np.array([7], "<i8"))
    rebuild = torch._utils._rebuild_tensor_v2
    tensors = OrderedDict(
        kernel=View(rebuild, values, 3, (4, 3, 2), (1, 8, 4)),
        counter=View(rebuild, counter, 0, (), ()),
    )
    return write(path, tensors, [counter, values], **settings)


def test_strides_and_offset_decide_where_a_number_is(torch, tmp_path):
    found = read_tensors(small(torch, tmp_path / "file"))
    kernel = found["kernel"]
    expected = np.array([3 + i + 8 * j + 4 * k for i in range(4) for j in range(3) for k in (0, 1)])
    np.testing.assert_array_equal(kernel.ravel(), expected)
    assert (kernel.shape, kernel.dtype, kernel.flags.c_contiguous) == ((4, 3, 2), "f4", True)
    strideless = np.arange(3, 27).reshape(4, 3, 2)
    assert (kernel != strideless).any(), "a reader without strides would pass this test"
    assert found["counter"].shape == () and int(found["counter"]) == 7


def test_what_is_read_has_its_own_memory(torch, tmp_path):
    kernel = read_tensors(small(torch, tmp_path / "file"))["kernel"]
    kernel[:] = 0  # would fail in a file's buffer
    assert kernel.base is None


class Call:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("function", [os.system, eval, exec, getattr, __import__, open])
def test_a_file_that_would_call_anything_is_refused(function, tmp_path):
    path = tmp_path / "file"
    proof = tmp_path / "proof"
    harm = Call(function, f"open({str(proof)!r}, 'w')")
    write(path, OrderedDict(a=harm), [])
    with pytest.raises(ValueError, match="which is refused"):
        read_tensors(path)
    assert not proof.exists()


def test_other_storages_are_refused(torch, tmp_path):
    half = Storage("1", torch.HalfStorage, np.zeros(2, "<f2"))
    tensor = View(torch._utils._rebuild_tensor_v2, half, 0, (2,), (1,))
    write(tmp_path / "file", OrderedDict(a=tensor), [half])
    with pytest.raises(ValueError, match=r"torch\.HalfStorage"):
        read_tensors(tmp_path / "file")


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(0, (31,), (1,)), (1, (30,), (1,)), (0, (4, 8), (8, 1)), (-1, (2,), (1,)), (9, (3,), (-4,))],
)
def test_a_tensor_that_reaches_beyond_its_storage_is_refused(
    offset, shape, strides, torch, tmp_path
):
    values = Storage("1", torch.FloatStorage, np.zeros(30, "<f4"))
    tensor = View(torch._utils._rebuild_tensor_v2, values, offset, shape, strides)
    write(tmp_path / "file", OrderedDict(a=tensor), [values])
    with pytest.raises(ValueError, match="beyond its storage"):
        read_tensors(tmp_path / "file")


def test_an_empty_tensor_is_read(torch, tmp_path):
    values = Storage("1", torch.FloatStorage, np.zeros(0, "<f4"))
    tensor = View(torch._utils._rebuild_tensor_v2, values, 0, (0, 3), (3, 1))
    write(tmp_path / "file", OrderedDict(a=tensor), [values])
    assert read_tensors(tmp_path / "file")["a"].shape == (0, 3)


def test_a_file_of_another_kind_or_a_damaged_one_is_named(torch, tmp_path):
    path = small(torch, tmp_path / "whole")
    content = path.read_bytes()
    damaged = {
        "empty": b"",
        "text": b"not a pickle at all",
        "zip": b"PK\x03\x04" + content,
        "short": content[:-1],
        "shorter": content[: len(content) // 2],
        "count": content.replace((30).to_bytes(8, "little"), (1 << 60).to_bytes(8, "little")),
    }
    for name, changed in damaged.items():
        (tmp_path / name).write_bytes(changed)
        with pytest.raises(ValueError, match=name):
            read_tensors(tmp_path / name)
    with pytest.raises(ValueError, match="begin"):
        read_tensors(small(torch, tmp_path / "magic", magic=5))
    with pytest.raises(ValueError, match="big-endian"):
        read_tensors(small(torch, tmp_path / "endian", little=False))
    with pytest.raises(OSError, match="missing"):
        read_tensors(tmp_path / "missing")
