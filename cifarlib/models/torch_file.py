"""Read the tensors of a file that PyTorch wrote before version 1.6, without PyTorch.

Such a file is a pickle, and a pickle may call any function there is. Here it may name four things,
none of which does anything; whatever else it names is refused.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_STORAGES = {("torch", "FloatStorage"): "<f4", ("torch", "LongStorage"): "<i8"}


@dataclass(frozen=True)
class _Tensor:
    """Where the numbers of a tensor are: a view of a storage."""

    storage: str
    dtype: str
    count: int  # numbers in the storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # in numbers, not in bytes

    @property
    def last(self) -> int:
        """The place of its last number in the storage; -1 if it has none."""
        if 0 in self.shape:
            return -1
        return self.offset + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))


def read_tensors(path: str | Path) -> dict[str, np.ndarray]:
    """The tensors of a ``state_dict`` in a file of PyTorch's old kind.

    A tensor is a view of a storage: its strides say how far apart two neighbors along an axis are.
    Where a network came from TensorFlow, the storage often has TensorFlow's order of axes still,
    and a reader that ignores the strides gets arrays of the right shape with the wrong content.

    Args:
        path: the file.

    Returns:
        Arrays by name, ``float32`` or ``int64``, each with its own memory, in C order.

    Raises:
        ValueError: it is no such file, it is damaged, or it names anything but tensors.
        OSError: it cannot be read.

    Source:
        ``torch/serialization.py`` of PyTorch, ``_legacy_save``.
    """
    with Path(path).open("rb") as file:
        try:
            if pickle_load(file) != MAGIC or pickle_load(file) != PROTOCOL:
                raise ValueError("it does not begin as PyTorch's old files do")
            if not pickle_load(file)["little_endian"]:
                raise ValueError("its numbers are big-endian")
            tensors, keys = pickle_load(file), pickle_load(file)
            storages = _storages(file, tensors, keys)
            return {name: _array(tensor, storages) for name, tensor in tensors.items()}
        except OSError:
            raise
        except Exception as error:  # a damaged pickle raises whatever it likes
            raise ValueError(f"{path} cannot be read as tensors of PyTorch: {error}") from error


def pickle_load(file: BinaryIO) -> object:
    """Unpickle the next object; only tensors and plain Python values can come of it."""
    return _Unpickler(file).load()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if (module, name) in _STORAGES:
            return _STORAGES[module, name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is refused")

    def persistent_load(self, pid: tuple) -> tuple[str, str, int]:
        """A storage: its key, dtype and size. A view of a part of one is of older files."""
        kind, dtype, key, _, count, view = pid
        if kind != "storage" or view is not None or dtype not in _STORAGES.values():
            raise pickle.UnpicklingError(f"it refers to {pid!r}, which is refused")
        return str(key), dtype, int(count)


def _tensor(storage, offset, shape, strides, *_) -> _Tensor:
    """In place of PyTorch's function of that name: note what it would build."""
    tensor = _Tensor(*storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))
    numbers = (tensor.offset, *tensor.shape, *tensor.strides)
    if min(numbers) < 0 or tensor.last >= tensor.count:
        raise pickle.UnpicklingError(f"a tensor {tensor.shape} reaches beyond its storage")
    return tensor


def _storages(file: BinaryIO, tensors: dict, keys: list) -> dict[str, np.ndarray]:
    """What follows the pickles: for each key a count and as many numbers."""
    wanted = {}
    for tensor in tensors.values():
        first = wanted.setdefault(tensor.storage, tensor)
        if (first.dtype, first.count) != (tensor.dtype, tensor.count):
            raise ValueError(f"storage {tensor.storage} is described in two ways")
    if sorted(keys) != sorted(wanted):
        raise ValueError("its storages are not those of its tensors")
    storages = {}
    for key in keys:
        tensor = wanted[key]
        count = int.from_bytes(file.read(8), "little")
        size = count * np.dtype(tensor.dtype).itemsize
        content = file.read(size) if count == tensor.count else b""
        if count != tensor.count or len(content) != size:
            raise ValueError(f"storage {key} is cut short")
        storages[key] = np.frombuffer(content, tensor.dtype)
    return storages


def _array(tensor: _Tensor, storages: dict[str, np.ndarray]) -> np.ndarray:
    """The tensor's numbers in its own order of axes."""
    storage = storages[tensor.storage]
    view = np.lib.stride_tricks.as_strided(
        storage[tensor.offset :],
        tensor.shape,
        tuple(stride * storage.itemsize for stride in tensor.strides),
        writeable=False,
    )
    return np.array(view, order="C")
