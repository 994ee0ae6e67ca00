"""A folder of test photos beside one of training photos: the same classes, and no photo in both."""

import shutil

import numpy as np
import pytest
from PIL import Image

from cifarlib.data import check_image_folder


@pytest.fixture
def folders(tmp_path):
    """Training photos and test photos of two classes, three of each."""
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        for name in ("cups", "plates"):
            (tmp_path / part / name).mkdir(parents=True)
            for number in range(3):
                pixels = rng.integers(0, 256, (8, 8, 3), np.uint8)
                Image.fromarray(pixels).save(tmp_path / part / name / f"{number}.png")
    return tmp_path / "train", tmp_path / "test"


def test_other_photos_of_the_same_classes_are_counted(folders):
    train, test = folders
    assert check_image_folder(test, least=3, beside=str(train)) == {"cups": 3, "plates": 3}


def test_the_two_folders_may_differ_in_number(folders):
    train, test = folders
    (train / "cups" / "0.png").unlink()
    assert check_image_folder(test, least=3, beside=train) == {"cups": 3, "plates": 3}


def test_a_class_that_the_test_lacks_is_named(folders):
    train, test = folders
    shutil.rmtree(test / "plates")
    with pytest.raises(ValueError, match=r"same classes.*only in .*train: plates"):
        check_image_folder(test, least=3, beside=train)


def test_a_class_that_was_not_trained_is_named(folders):
    train, test = folders
    (test / "cups").rename(test / "Cups")
    with pytest.raises(ValueError, match=r"only in .*train: cups; only in .*test: Cups"):
        check_image_folder(test, least=3, beside=train)


def test_the_same_file_in_both_is_named_with_both_places(folders):
    train, test = folders
    shutil.copy(train / "cups" / "1.png", test / "cups" / "another_name.png")
    with pytest.raises(ValueError, match=r"in both folders.*train.cups.1\.png and .*another_name"):
        check_image_folder(test, least=3, beside=train)


def test_the_same_file_under_another_class_is_found_too(folders):
    train, test = folders
    shutil.copy(train / "cups" / "1.png", test / "plates" / "1.png")
    with pytest.raises(ValueError, match=r"in both folders.*train.cups.1\.png and .*test.plates"):
        check_image_folder(test, least=3, beside=train)


def test_of_many_files_in_both_the_first_are_named(folders):
    train, _ = folders
    with pytest.raises(ValueError, match=r"in both folders.*and 1 more"):
        check_image_folder(train, least=3, beside=train)


def test_a_folder_beside_it_that_is_not_there_is_named(folders):
    train, test = folders
    with pytest.raises(OSError, match="missing is not a folder"):
        check_image_folder(test, least=3, beside=train.parent / "missing")
