"""Why photos are not read by keras.utils.image_dataset_from_directory: its two traps."""

import keras
import numpy as np
import pytest
from PIL import Image, ImageOps


@pytest.fixture
def read_by_both(tmp_path):
    """A function: one picture with an EXIF tag, as Keras and as Pillow make it 96 pixels a side."""

    def read(pixels, orientation=1):
        path = tmp_path / "one" / "photo.png"
        path.parent.mkdir()
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(pixels).save(path, exif=exif)
        dataset = keras.utils.image_dataset_from_directory(
            tmp_path, labels=None, image_size=(96, 96), batch_size=None, verbose=False
        )
        (by_keras,) = dataset.as_numpy_iterator()
        upright = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        return by_keras, np.asarray(ImageOps.fit(upright, (96, 96), Image.Resampling.BILINEAR))

    return read


def test_keras_leaves_a_photo_lying_on_its_side(read_by_both):
    pixels = np.zeros((192, 192, 3), np.uint8)
    pixels[96:] = 200
    by_keras, upright = read_by_both(pixels, orientation=6)  # a quarter to the right
    assert by_keras[60:].mean() > 190 and by_keras[:40].mean() < 10
    assert upright[:, :40].mean() > 190 and upright[:, 60:].mean() < 10


def test_keras_takes_no_means_where_it_shrinks_a_photo(read_by_both):
    noise = np.random.default_rng(0).integers(0, 256, (1920, 1920, 3), np.uint8)
    by_keras, means = read_by_both(noise)
    assert means.std() < 5 < 30 < by_keras.std()
