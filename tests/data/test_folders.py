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
    (folder / ".hidden" / "6.png").write_bytes(b"no picture, but in a hidden folder")
    (folder / "cups" / ".DS_Store").write_bytes(b"what a Mac leaves behind")
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


def heic(folder):
    (folder / "cups" / "IMG_1.HEIC").write_bytes(b"whatever an iPhone writes")


def heic_alone(folder):
    for path in folder.rglob("*.*"):
        path.rename(path.with_suffix(".heic"))


def heic_by_another_name(folder):
    (folder / "cups" / "IMG_1.jpg").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))


def tiff_by_another_name(folder):
    picture(folder / "cups" / "7.tiff", 79)
    (folder / "cups" / "7.tiff").rename(folder / "cups" / "7.jpg")


def leftover_of_a_mac(folder):
    (folder / "plates" / "._1.JPG").write_bytes(b"no picture")


def copy_in_its_class(folder):
    (folder / "plates" / "3 (1).gif").write_bytes((folder / "plates" / "3.gif").read_bytes())


def copies(folder):
    (folder / "plates" / "same.png").write_bytes((folder / "cups" / "0.png").read_bytes())


def without_folders(folder):
    for name in ("cups", "plates"):
        for path in (folder / name).iterdir():
            path.rename(folder / f"{name}{path.name}")
        (folder / name).rmdir()


def bmp_with_palette(folder):
    path = folder / "plates" / "2.bmp"
    Image.open(path).quantize(16).save(path)


def bmp_of_two_colors(folder):
    path = folder / "plates" / "2.bmp"
    Image.open(path).convert("1").save(path)


def jpeg_of_a_windows_browser(folder):
    (folder / "cups" / "1.JPG").rename(folder / "cups" / "1.jfif")


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
        (heic, r"save them as JPEG or PNG: .*IMG_1\.HEIC.*\(HEIC is what an iPhone writes"),
        (heic_alone, r"save them as JPEG or PNG: .* and 3 more.*\(HEIC is what an iPhone writes"),
        (heic_by_another_name, r"not what their names say.*IMG_1\.jpg \(HEIC or AVIF\)"),
        (tiff_by_another_name, r"not what their names say.*7\.jpg \(TIFF\)"),
        (bmp_with_palette, r"Keras misreads BMP .*save them as PNG: .*plates.2\.bmp"),
        (bmp_of_two_colors, r"Keras misreads BMP .*save them as PNG: .*plates.2\.bmp"),
        (jpeg_of_a_windows_browser, r"save them as JPEG or PNG: .*1\.jfif"),
        (leftover_of_a_mac, r"hidden files.*remove them: .*\._1\.JPG"),
        (copies, r"the same picture in two classes.*cups.0\.png and .*plates.same\.png"),
        (copy_in_its_class, r"would count twice, remove them: .*3(\.| \(1\)\.)gif"),
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


def test_a_phone_s_jpeg_of_several_pictures_and_a_png_named_jpg_are_accepted(folder):
    pixels = np.random.default_rng(5).integers(0, 256, (2, 9, 12, 3), np.uint8)
    first, second = map(Image.fromarray, pixels)
    first.save(folder / "cups" / "two.jpg", format="MPO", save_all=True, append_images=[second])
    picture(folder / "cups" / "8.png", 80)
    (folder / "cups" / "8.png").rename(folder / "cups" / "8.jpg")
    assert check_image_folder(folder, least=4) == {"cups": 6, "plates": 4}
