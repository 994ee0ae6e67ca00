"""A folder of a reader's own photos, one folder inside for each class: is it fit to learn from?"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

from cifarlib import _checks as checks

# What keras.utils.image_dataset_from_directory reads; other files it passes over in silence
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_PICTURES = (  # that it does not read; .jfif and .jpe are JPEG by other names
    ".avif", ".heic", ".heif", ".jfif", ".jpe", ".tif", ".tiff", ".webp",
)  # fmt: skip
_FORMATS = ("BMP", "GIF", "JPEG", "MPO", "PNG")  # as Pillow calls them; MPO: JPEG, some phones'


def check_image_folder(
    folder: str | Path, *, least: int = 10, beside: str | Path | None = None
) -> dict[str, int]:
    """Look through a folder of photos before a network learns from it, or is tested on it.

    ``keras.utils.image_dataset_from_directory`` takes whatever it finds: a class without images, a
    damaged file that stops the training in its second epoch, a format that it passes over. This
    function opens every file.

    Args:
        folder: it has a folder for each class, named as the class. Hidden folders beside these,
            whose names begin with a point, and files that are no pictures are left alone.
        least: how many images each class must have, at least 2.
        beside: for a folder of test images, the one with the training images. It is not checked
            itself, but must have the same classes, and no file in common with ``folder``.

    Returns:
        The number of images of each class, in the order of Keras' labels.

    Raises:
        OSError: there is no such folder, or it may not be read.
        ValueError: there are no images, images beside the folders of the classes, fewer than two
            classes, too few images of one, other classes than ``beside`` has, pictures in a format
            that Keras does not read, whatever they are named, hidden files named as pictures,
            files that are damaged, or the same file twice: in two classes, in one, or also in
            ``beside``. The message names them and says what to do. The same file means the same
            bytes (SHA-256); a photo that was saved again is another file.

    >>> import tempfile
    >>> from PIL import Image
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("cups", "plates"):
    ...     (folder / name).mkdir()
    ...     for number in range(3):
    ...         color = (40 * number, 99, 99 if name == "cups" else 0)
    ...         Image.new("RGB", (8, 8), color).save(folder / name / f"{number}.png")
    >>> check_image_folder(folder, least=3)
    {'cups': 3, 'plates': 3}
    """
    least = checks.whole("least", least, 2)
    folder = _existing(folder)
    _no_loose_pictures(folder)
    classes = _classes(folder)
    _readable_formats(classes)
    found = {path: _files(path) for path in classes}
    if not any(found.values()):
        raise ValueError(
            f"there is no image in {folder}: make a folder in it for each class, and put the "
            f"photos there ({', '.join(SUFFIXES)})"
        )
    if beside is not None:
        beside = _existing(beside, "beside")
        _same_classes(folder, beside)
    if len(classes) < 2:
        raise ValueError(
            f"{folder} has one class only, {classes[0].name!r}: a classifier needs two or more. "
            "For 'this or anything else', make a second folder with anything else"
        )
    few = [f"{path.name} ({len(files)})" for path, files in found.items() if len(files) < least]
    if few:
        raise ValueError(
            f"each class needs at least {least} images, these have fewer: {', '.join(few)}. "
            "Add photos, or remove the folder"
        )
    _all_open(found)
    first = _no_copies(found)
    if beside is not None:
        _nothing_in_both(first, beside)
    return {path.name: len(files) for path, files in found.items()}


def _existing(folder: str | Path, name: str = "folder") -> Path:
    folder = checks.path(name, folder).absolute()
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder: name the one that has your classes")
    return folder


def _classes(folder: Path) -> list[Path]:
    found = (path for path in folder.iterdir() if path.is_dir() and not _hidden(path))
    return sorted(found, key=lambda path: path.name)  # Windows sorts paths in another order


def _hidden(path: Path) -> bool:
    return path.name.startswith(".")


def _files(folder: Path, suffixes: tuple[str, ...] = SUFFIXES) -> list[Path]:
    """The files of some kinds below a folder, as deep as Keras looks: all the way."""
    return sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file()
    )


def _no_loose_pictures(folder: Path) -> None:
    loose = [
        path.name
        for path in sorted(folder.iterdir())
        if path.is_file() and path.suffix.lower() in SUFFIXES + _PICTURES and not _hidden(path)
    ]
    if loose:
        raise ValueError(
            f"{folder} has images beside the folders of the classes: {_listed(loose)}. Put each "
            "into the folder of its class"
        )


def _readable_formats(classes: list[Path]) -> None:
    hidden = [path for folder in classes for path in _files(folder) if _hidden(path)]
    if hidden:
        raise ValueError(
            "these hidden files are named as photos and would be read as such (a Mac leaves some "
            f"that begin with ._ when it copies), remove them: {_listed(hidden)}"
        )
    others = [path for folder in classes for path in _files(folder, _PICTURES)]
    if others:
        heic = any(path.suffix.lower() in (".heic", ".heif") for path in others)
        hint = " (HEIC is what an iPhone writes: export the photos as JPEG)" if heic else ""
        raise ValueError(
            f"Keras does not read these pictures, save them as JPEG or PNG: {_listed(others)}{hint}"
        )


def _same_classes(folder: Path, beside: Path) -> None:
    names, others = ({path.name for path in _classes(each)} for each in (folder, beside))
    if names == others:
        return
    only = [(beside, sorted(others - names)), (folder, sorted(names - others))]
    told = "; ".join(f"only in {where}: {', '.join(which)}" for where, which in only if which)
    raise ValueError(f"both folders must have the same classes, spelled alike. {told}")


def _all_open(found: dict[Path, list[Path]]) -> None:
    """Decode every file to its end, and see that it is of a kind that Keras reads."""
    from PIL import Image

    damaged, misnamed, odd = [], [], []
    for path in (path for files in found.values() for path in files):
        try:
            with Image.open(path) as picture:
                picture.load()
                kind = picture.format
            if kind == "BMP" and not _plain_bmp(path.read_bytes()):
                odd.append(path)
        except Exception:  # Pillow raises many kinds
            with path.open("rb") as file:
                kind = "HEIC or AVIF" if file.read(8)[4:] == b"ftyp" else None
        if kind is None:
            damaged.append(path)
        elif kind not in _FORMATS:
            misnamed.append(f"{path} ({kind})")
    if damaged:
        raise ValueError(f"these files cannot be read, remove them: {_listed(damaged)}")
    if odd:
        raise ValueError(
            "Keras misreads BMP files that are packed, have a palette or more than their rows, "
            f"save them as PNG: {_listed(odd)}"
        )
    if misnamed:
        raise ValueError(
            "these files are not what their names say, open each and save it as JPEG or PNG: "
            f"{_listed(misnamed)}"
        )


def _plain_bmp(content: bytes) -> bool:
    """Whether TensorFlow reads a BMP aright: 24 or 32 bits a pixel, and not a byte more."""
    start, width, height, bits = struct.unpack("<i4xiixxh", content[10:30])
    row = (bits // 8 * width + 3) // 4 * 4
    return bits in (24, 32) and len(content) == start + row * abs(height)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _no_copies(found: dict[Path, list[Path]]) -> dict[str, Path]:
    """No file twice; under two classes, one of the labels must be wrong. Files by their digest."""
    first: dict[str, Path] = {}
    across, within = [], []
    for folder, files in found.items():
        for path in files:
            other = first.setdefault(_digest(path), path)
            if folder not in other.parents:
                across.append(f"{other} and {path}")
            elif other != path:
                within.append(path)
    if across:
        raise ValueError(
            f"the same picture in two classes, remove one of each pair: {_listed(across)}"
        )
    if within:
        raise ValueError(
            "these files are copies of others in the same class and would count twice, remove "
            f"them: {_listed(within)}"
        )
    return first


def _nothing_in_both(first: dict[str, Path], beside: Path) -> None:
    """No test image among the training images."""
    files = [path for folder in _classes(beside) for path in _files(folder)]
    digests = ((_digest(path), path) for path in files)
    both = [f"{path} and {first[digest]}" for digest, path in digests if digest in first]
    if both:
        raise ValueError(
            "the same picture in both folders, so the test would ask what is known by heart; "
            f"remove one of each pair: {_listed(both)}"
        )


def _listed(items: list, most: int = 5) -> str:
    """Some of them, and how many more there are."""
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(str(item) for item in items[:most]) + more
