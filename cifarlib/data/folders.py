"""A folder of a reader's own photos, one folder inside for each class: is it fit to learn from?"""

from __future__ import annotations

import hashlib
from pathlib import Path

from cifarlib import _checks as checks

# What keras.utils.image_dataset_from_directory reads; other files it passes over in silence
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_PICTURES = (".avif", ".heic", ".heif", ".tif", ".tiff", ".webp")  # that it cannot read


def check_image_folder(folder: str | Path, *, least: int = 10) -> dict[str, int]:
    """Look through a folder before ``keras.utils.image_dataset_from_directory`` reads it.

    That function takes whatever it finds: a class without images, a damaged file that stops the
    training in its second epoch, a format that it passes over. This one opens every file.

    Args:
        folder: it has a folder for each class, named as the class. Hidden files and folders, whose
            names begin with a point, are left alone.
        least: how many images each class must have, at least 2.

    Returns:
        The number of images of each class, in the order of Keras' labels.

    Raises:
        OSError: there is no such folder, or it may not be read.
        ValueError: there are no images, images beside the folders of the classes, fewer than two
            classes, too few images of one, pictures in a format that Keras does not read, files
            that are damaged, or the same picture in two classes. The message names them and says
            what to do.

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
    folder = checks.path("folder", folder).absolute()
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder: name the one that has your classes")
    _no_loose_pictures(folder)
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and not _hidden(path))
    found = {path: _files(path, SUFFIXES) for path in classes}
    if not any(found.values()):
        raise ValueError(
            f"there is no image in {folder}: make a folder in it for each class, and put the "
            f"photos there ({', '.join(SUFFIXES)})"
        )
    _readable_formats(classes)
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
    _no_copies(found)
    return {path.name: len(files) for path, files in found.items()}


def _hidden(path: Path) -> bool:
    return path.name.startswith(".")


def _files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """The files of some kinds below a folder, as deep as Keras looks: all the way."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes and path.is_file() and not _hidden(path)
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
    others = [path for folder in classes for path in _files(folder, _PICTURES)]
    if others:
        raise ValueError(
            f"Keras does not read these pictures, save them as JPEG or PNG: {_listed(others)}"
        )


def _all_open(found: dict[Path, list[Path]]) -> None:
    """Decode every file to its end."""
    from PIL import Image

    damaged = []
    for path in (path for files in found.values() for path in files):
        try:
            with Image.open(path) as picture:
                picture.load()
        except Exception:  # Pillow raises many kinds
            damaged.append(path)
    if damaged:
        raise ValueError(f"these files cannot be read, remove them: {_listed(damaged)}")


def _no_copies(found: dict[Path, list[Path]]) -> None:
    """The same bytes under two classes: one of the labels must be wrong."""
    first: dict[str, Path] = {}
    for folder, files in found.items():
        for path in files:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            other = first.setdefault(digest, path)
            if folder not in other.parents:
                raise ValueError(
                    f"{other} and {path} are the same picture in two classes: remove one of them"
                )


def _listed(items: list, most: int = 5) -> str:
    """Some of them, and how many more there are."""
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(str(item) for item in items[:most]) + more
