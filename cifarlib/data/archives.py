"""Read an archive of CIFAR-10 in memory: nothing of it reaches the disk, nothing is executed."""

import io
import itertools
import json
import pickletools
import re
import zlib

import numpy as np

from cifarlib.data.arrays import Cifar10, Description

BATCHES = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
FOLDERS = ("cifar-10-batches-bin/", "cifar-10-batches-py/", "package/")


class Files(dict):
    """Contents by file name; one that is missing is an error in words."""

    def __missing__(self, name: str):
        raise ValueError(f"the archive lacks {name}")


def read_archive(packed: bytes, wanted: Description) -> Cifar10:
    """The images of a .tar.gz: either version of the official archive, or the Node package."""
    members = unpack(packed, wanted.limit)
    decoders = (decode_binary, decode_pickled, decode_node)
    for folder, decode in zip(FOLDERS, decoders, strict=True):
        files = {name[len(folder) :]: members[name] for name in members if name.startswith(folder)}
        if files:
            return decode(Files(files), wanted.batch)
    raise ValueError("the archive holds no batches of CIFAR-10")


def unpack(packed: bytes, limit: int) -> dict[str, memoryview]:
    """The plain files of a .tar.gz by name, without links, folders and devices."""
    if packed[:2] != b"\x1f\x8b":
        raise ValueError(f"not a gzip file: it begins with {bytes(packed[:16])!r}")
    gzip = zlib.decompressobj(wbits=31)
    content = gzip.decompress(packed, limit)
    if gzip.unconsumed_tail or not gzip.eof:
        end = f"unpacks to more than {limit} bytes" if gzip.unconsumed_tail else "ended too early"
        raise ValueError(f"the archive {end}")
    return plain_members(content)


def plain_members(content: bytes) -> dict[str, memoryview]:
    """The plain files of an unpacked .tar that lie in :data:`FOLDERS`, by name.

    Each header is 512 bytes, and each step goes on by as many at least. ``tarfile`` honors more
    (sizes below 0, records that replace names and sizes), and some of it never ends.
    """
    members, start, whole = {}, 0, memoryview(content)
    while any(header := content[start : start + 512]):
        size = re.fullmatch(rb" *([0-7]+)[ \0]*", header[124:136])
        if size is None or len(header) < 512:
            raise ValueError(f"byte {start} of the archive begins no member that could be CIFAR-10")
        begin, end = start + 512, start + 512 + int(size[1], 8)
        if end > len(content):
            raise ValueError(f"the archive ends within a member of {end - begin} bytes")
        name = header[:100].partition(b"\0")[0].decode("latin-1")
        if header[156:157] in (b"0", b"\0") and name.startswith(FOLDERS):
            members[name] = whole[begin:end]
        start = begin + -(-(end - begin) // 512) * 512
    return members


def decode_binary(files: Files, batch: int) -> Cifar10:
    """Six files of records: a label, then 3,072 bytes of red, green and blue planes."""
    records = [np.frombuffer(files[f"{n}.bin"], np.uint8).reshape(batch, 3073) for n in BATCHES]
    return _assemble([(_channels_last(record[:, 1:]), record[:, 0]) for record in records])


def decode_pickled(files: Files, batch: int) -> Cifar10:
    """Six pickles: their opcodes are listed, none is executed, and what matters is picked out:
    the one string as long as the pixels, and the numbers between the key "labels" and the next.
    """
    batches = []
    for name in BATCHES:
        pixels, labels, key = [], [], None
        most = 20 * batch + 1000  # an honest one has four opcodes an image
        for opcode, value, _ in itertools.islice(
            pickletools.genops(_ShortLines(files[name])), most
        ):
            if isinstance(value, (bytes, str)):
                key = value if isinstance(value, bytes) else value.encode("latin-1")
                pixels += [key] if len(key) == batch * 3072 else []
            elif key == b"labels" and opcode.name.startswith("BININT"):
                labels.append(value)
        if len(pixels) != 1 or len(labels) != batch:
            raise ValueError(f"{name} is no batch of {batch} images and labels")
        images = _channels_last(np.frombuffer(pixels[0], np.uint8))
        batches.append((images, np.array(labels, np.uint8)))
    return _assemble(batches)


class _ShortLines(io.BytesIO):
    """A pickle whose numbers in decimal digits have an end: Python takes days for a long one."""

    def readline(self, size: int = 1000) -> bytes:
        return super().readline(size)


def decode_node(files: Files, batch: int) -> Cifar10:
    """Six PNGs of one image a row, and two JSON lists of labels (their names are misspelled)."""
    from PIL import Image

    labels = [
        json.loads(bytes(files[f"{part}_lables.json"]), parse_int=lambda digits: int(digits[:4]))
        for part in ("train", "test")
    ]
    labels = np.array(labels[0] + labels[1], np.uint8).reshape(6, batch)
    batches = []
    for name, y in zip(BATCHES, labels, strict=True):
        image = Image.open(io.BytesIO(files[f"{name}.png"]), formats=["PNG"])
        if (image.mode, *image.size) != ("RGB", 1024, batch):  # known before it is decoded
            raise ValueError(f"{name}.png is {image.mode} of {image.size} pixels")
        batches.append((np.array(image).reshape(batch, 32, 32, 3), y))
    return _assemble(batches)


def _channels_last(rows: np.ndarray) -> np.ndarray:
    """Turn rows of red, green and blue planes into ``(n, 32, 32, 3)`` images."""
    return rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


def _assemble(batches: list[tuple[np.ndarray, np.ndarray]]) -> Cifar10:
    """Join five training batches, and put the test batch after them."""
    train, (x_test, y_test) = zip(*batches[:5], strict=True), batches[5]
    x_train, y_train = map(np.concatenate, train)
    return Cifar10(*map(np.ascontiguousarray, (x_train, y_train, x_test, y_test)))
