"""A reader's folder of photos: good ones are counted, bad ones are named before any training."""

import numpy as np
import pytest
from PIL import Image

from cifarlib.data import check_image_folder


def picture(path, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path):
    """Two classes of four images each."""
    for start, name in ((0, "cups"), (10, "plates")):
        for number in range(4):
            suffix = ("png", "JPG", "bmp", "gif")[number]
            picture(tmp_path / name / f"{number}.{suffix}", start + number)
    return tmp_path


def test_images_are_counted_by_class_in_the_order_of_the_labels(folder):
    picture(folder / "cups" / "deeper" / "5.png", 99)
    (folder / ".hidden").mkdir()
    (folder / "notes.txt").write_text("not a picture")
    (folder / "cups" / ".thumbnail.png").write_bytes(b"no picture, but hidden")
    counts = check_image_folder(str(folder), least=4)
    assert counts == {"cups": 5, "plates": 4}


def test_keras_finds_the_same_classes_and_images(folder, capfd):
    import keras

    dataset = keras.utils.image_dataset_from_directory(folder, image_size=(8, 8), batch_size=3)
    counts = check_image_folder(folder, least=4)
    assert dataset.class_names == list(counts)
    assert len(dataset.file_paths) == sum(counts.values())


def empty(folder):
    for path in folder.rglob("*.*"):
        path.unlink()


def single(folder):
    for path in (folder / "plates").iterdir():
        path.unlink()
    (folder / "plates").rmdir()


def damaged(folder):
    path = folder / "cups" / "0.png"
    path.write_bytes(path.read_bytes()[:-30])


def text(folder):
    (folder / "plates" / "1.JPG").write_text("saved by mistake")


def few(folder):
    (folder / "plates" / "3.gif").unlink()


def loose(folder):
    picture(folder / "10.png", 77)


def other_format(folder):
    picture(folder / "cups" / "7.webp", 78)


def copies(folder):
    (folder / "plates" / "same.png").write_bytes((folder / "cups" / "0.png").read_bytes())


def without_folders(folder):
    for name in ("cups", "plates"):
        for path in (folder / name).iterdir():
            path.rename(folder / f"{name}{path.name}")
        (folder / name).rmdir()


def class_without_images(folder):
    (folder / "bowls").mkdir()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (empty, "there is no image in"),
        (single, "has one class only, 'cups'"),
        (damaged, r"cannot be read, remove them: .*cups.0\.png"),
        (text, r"cannot be read, remove them: .*plates.1\.JPG"),
        (few, r"at least 4 images, these have fewer: plates \(3\)"),
        (loose, r"beside the folders of the classes: 10\.png"),
        (without_folders, "beside the folders of the classes: .* and 3 more"),
        (other_format, r"save them as JPEG or PNG: .*7\.webp"),
        (copies, "the same picture in two classes"),
        (class_without_images, r"bowls \(0\)"),
    ],
)
def test_a_bad_folder_is_refused_with_what_to_do(spoil, words, folder):
    spoil(folder)
    with pytest.raises(ValueError, match=words):
        check_image_folder(folder, least=4)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(OSError, match="missing is not a folder"):
        check_image_folder(tmp_path / "missing")


def test_least_must_be_two_or_more(folder):
    with pytest.raises(ValueError, match="least must be a whole number of at least 2, got 1"):
        check_image_folder(folder, least=1)
