"""Photos of every kind become what a network sees: odd files are made here, others are real."""

import io
import warnings

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.transform import resize_local_mean
from sklearn.datasets import load_sample_images

from cifarlib.data import photo, photos
from cifarlib.data.photos import area_average

ORANGE = (240, 140, 20)


def corners(width=48, height=40):
    """Red, green, blue and white quarters: a turn, a flip or swapped colors would show."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (255, 0, 0)
    image[: height // 2, width // 2 :] = (0, 255, 0)
    image[height // 2 :, : width // 2] = (0, 0, 255)
    image[height // 2 :, width // 2 :] = (255, 255, 255)
    return image


def saved(picture, kind, **settings):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **settings)
    return buffer.getvalue()


def plain(mode, size=(50, 40)):
    """One orange, or as gray, in any mode."""
    return Image.new("RGB", size, ORANGE).convert(mode)


# Shrinking


@given(
    st.integers(1, 70),
    st.integers(1, 70),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(0, 9),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_area_average_is_that_of_scikit_image(h, w, height, width, seed):
    image = np.random.default_rng(seed).integers(0, 256, (h, w, 3), dtype=np.uint8)
    wanted = resize_local_mean(image.astype(float), (height, width), channel_axis=2)
    assert np.abs(area_average(image, height, width) - wanted).max() <= 0.51


def test_whole_blocks_are_the_mean_of_their_pixels():
    image = np.random.default_rng(0).integers(0, 256, (96, 64, 3), dtype=np.uint8)
    wanted = image.reshape(32, 3, 32, 2, 3).mean(axis=(1, 3))
    assert np.abs(area_average(image, 32, 32) - wanted).max() <= 0.5


def test_no_pixel_is_skipped():
    for place in range(0, 64, 7):
        image = np.zeros((64, 64, 3), np.uint8)
        image[place, 63 - place] = 255
        small = photo(image)
        assert small[place // 2, (63 - place) // 2, 0] == 64 and (small > 0).sum() == 3


def test_crop_keeps_the_middle_and_pad_keeps_all():
    image = np.zeros((40, 100, 3), np.uint8)
    image[:, :30] = image[:, 70:] = (255, 0, 0)
    image[:, 30:70] = (0, 0, 255)
    assert (photo(image, 20) == (0, 0, 255)).all()
    whole = photo(image, 20, "pad", background=(9, 8, 7))
    assert (whole[:6] == (9, 8, 7)).all() and (whole[14:] == (9, 8, 7)).all()
    assert (whole[6:14, :6] == (255, 0, 0)).all() and (whole[6:14, 6:14] == (0, 0, 255)).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 1), (3, 5), (31, 33), (32, 32)])
@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_any_size_comes_out_square(shape, fit):
    small = photo(np.full((*shape, 3), ORANGE, np.uint8), fit=fit)
    assert small.shape == (32, 32, 3) and small.dtype == np.uint8
    assert (small == ORANGE).all(axis=2).any()


def test_an_image_of_cifar_10_stays_as_it_is(images):
    assert (photo(images[0]) == images[0]).all()


# Kinds of files

GRAY16 = np.full((40, 50), 40_000, np.uint16)
KINDS = {
    "rgb.png": (plain("RGB"), "png", {}, ORANGE),
    "rgba.png": (plain("RGBA"), "png", {}, ORANGE),
    "gray.png": (plain("L"), "png", {}, (156,) * 3),
    "gray_alpha.png": (plain("LA"), "png", {}, (156,) * 3),
    "palette.png": (plain("RGB").quantize(4), "png", {}, ORANGE),
    "palette_transparent.png": (plain("RGB").quantize(4), "png", {"transparency": 0}, None),
    "color_key.png": (plain("RGB"), "png", {"transparency": ORANGE}, (255, 255, 255)),
    "one_bit.png": (plain("1"), "png", {}, None),
    "gray16.png": (Image.fromarray(GRAY16), "png", {}, (156,) * 3),
    "gray16.tif": (Image.fromarray(GRAY16), "tiff", {}, (156,) * 3),
    "int32.tif": (Image.fromarray(GRAY16.astype(np.int32)), "tiff", {}, (156,) * 3),
    "int32 of 8 bits.tif": (plain("L").convert("I"), "tiff", {}, (156,) * 3),
    "float.tif": (Image.fromarray(np.full((4, 5), 0.5, np.float32)), "tiff", {}, (128,) * 3),
    "float255.tif": (Image.fromarray(np.full((4, 5), 200, np.float32)), "tiff", {}, (200,) * 3),
    "rgb.tif": (plain("RGB"), "tiff", {"compression": "tiff_lzw"}, ORANGE),
    "cmyk.tif": (plain("CMYK"), "tiff", {}, ORANGE),
    "photo.jpg": (plain("RGB"), "jpeg", {"quality": 95}, ORANGE),
    "gray.jpg": (plain("L"), "jpeg", {"quality": 95}, (156,) * 3),
    "cmyk.jpg": (plain("CMYK"), "jpeg", {"quality": 95}, ORANGE),
    "progressive.jpg": (plain("RGB"), "jpeg", {"quality": 95, "progressive": True}, ORANGE),
    "lossy.webp": (plain("RGB"), "webp", {"quality": 95}, ORANGE),
    "lossless.webp": (plain("RGBA"), "webp", {"lossless": True}, ORANGE),
    "still.gif": (plain("RGB"), "gif", {}, ORANGE),
    "rgb.bmp": (plain("RGB"), "bmp", {}, ORANGE),
    "gray.bmp": (plain("L"), "bmp", {}, (156,) * 3),
    "photo.ppm": (plain("RGB"), "ppm", {}, ORANGE),
    "photo.tga": (plain("RGB"), "tga", {}, ORANGE),
    "icon.ico": (plain("RGBA", (32, 32)), "ico", {}, ORANGE),
    "photo.jp2": (plain("RGB"), "jpeg2000", {}, ORANGE),
    "tiny.png": (plain("RGB", (1, 1)), "png", {}, ORANGE),
    "thin.png": (plain("RGB", (1, 999)), "png", {}, ORANGE),
}


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_file_is_read_with_its_colors(name, tmp_path):
    picture, kind, settings, wanted = KINDS[name]
    path = tmp_path / name
    path.write_bytes(saved(picture, kind, **settings))
    small = photo(path)
    assert small.shape == (32, 32, 3) and small.dtype == np.uint8
    if wanted is not None:
        assert np.abs(small.astype(int) - wanted).max() <= 6, small[0, 0]


def test_heic_and_avif_are_read_where_pillow_can_and_named_where_not():
    with pytest.raises(ValueError, match="a HEIC photo, as phones make them: send it as JPEG"):
        photo(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    avif = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1"
    with pytest.raises(ValueError, match=r"AVIF|damaged"):
        photo(avif)
    Image.init()
    if "AVIF" in Image.SAVE:
        assert np.abs(photo(saved(plain("RGB"), "avif")).astype(int) - ORANGE).max() <= 6


TURNS = {1: 0, 3: 2, 6: 3, 8: 1}  # EXIF's number: quarter turns to the left that it asks for


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff"])
def test_a_photo_taken_with_the_camera_turned_stands_upright(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {"webp": {"lossless": True}, "jpeg": {"quality": 95, "subsampling": 0}}
    file = saved(Image.fromarray(corners(40, 40)), kind, exif=exif, **lossless.get(kind, {}))
    image = corners(40, 40)
    wanted = {2: image[:, ::-1], 4: image[::-1], 5: image.transpose(1, 0, 2),
              7: image[::-1, ::-1].transpose(1, 0, 2)}.get(orientation)  # fmt: skip
    if wanted is None:
        wanted = np.rot90(image, TURNS[orientation])
    assert np.abs(photo(file, 4).astype(int) - photo(np.ascontiguousarray(wanted), 4)).max() <= 12


def test_transparent_pixels_show_the_background():
    image = np.zeros((40, 40, 4), np.uint8)
    image[:, :20] = (*ORANGE, 255)
    file = saved(Image.fromarray(image), "png")
    assert (photo(file)[:, :16] == ORANGE).all() and (photo(file)[:, 16:] == 255).all()
    assert (photo(file, background=(0, 50, 0))[:, 16:] == (0, 50, 0)).all()
    image[:, 20:, 3] = 128  # half transparent black
    assert np.abs(photo(saved(Image.fromarray(image), "png"))[:, 20:].astype(int) - 127).max() <= 1


@pytest.mark.parametrize("kind", ["gif", "png", "webp", "tiff"])
def test_of_several_pictures_the_first_is_used_and_that_is_said(kind, tmp_path):
    path = tmp_path / f"moving.{kind}"
    others = [Image.new("RGB", (50, 40), color) for color in ("blue", "green")]
    lossless = {"lossless": True} if kind == "webp" else {}
    path.write_bytes(
        saved(plain("RGB"), kind, save_all=True, append_images=others, duration=100, **lossless)
    )
    with pytest.warns(UserWarning, match=f"moving.{kind} holds 3 pictures: the first is used") as w:
        small = photo(path)
    assert w[0].filename == __file__
    assert np.abs(small.astype(int) - ORANGE).max() <= 2


def test_the_two_pictures_in_a_phones_mpo_are_nothing_to_speak_of():
    file = saved(plain("RGB"), "mpo", save_all=True, append_images=[plain("RGB")], quality=95)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.abs(photo(file).astype(int) - ORANGE).max() <= 6


# Real photos


@pytest.mark.parametrize("name", ["chelsea", "coffee", "astronaut", "rocket"])
def test_free_photos_of_scikit_image_come_out_as_it_would_shrink_them(name):
    image = getattr(skimage.data, name)()
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    square = image[top : top + side, left : left + side].astype(float)
    wanted = resize_local_mean(square, (32, 32), channel_axis=2)
    assert np.abs(photo(image) - wanted).max() <= 0.51
    assert photo(image, fit="pad").shape == (32, 32, 3)


def test_free_photos_of_scikit_learn_are_read_from_their_files():
    found = load_sample_images()
    for name, image in zip(found.filenames, found.images, strict=True):
        assert (photo(name) == photo(image)).all()


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_a_photo_of_twelve_million_pixels_is_no_trouble(fit):
    image = np.random.default_rng(0).integers(0, 256, (3000, 4000, 3), dtype=np.uint8)
    small = photo(saved(Image.fromarray(image), "jpeg"), fit=fit)
    assert abs(small[15:17].mean() - 127.5) < 6


# A folder


def test_all_photos_of_a_folder_in_the_order_of_their_names(tmp_path):
    for name, color in {"b.png": "red", "a.JPG": "blue", ".c.png": "green"}.items():
        (tmp_path / name).write_bytes(saved(Image.new("RGB", (40, 40), color), "png"))
    (tmp_path / "notes.txt").write_text("none")
    (tmp_path / "d.png").mkdir()
    images, names = photos(tmp_path, size=8)
    assert names == ["a.JPG", "b.png"] and images.shape == (2, 8, 8, 3)
    assert (images[0] == (0, 0, 255)).all() and (images[1] == (255, 0, 0)).all()
    (tmp_path / "e.png").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"e\.png is no picture"):
        photos(tmp_path)


def test_a_folder_that_is_none_or_has_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match="there is no picture in"):
        photos(tmp_path)
    with pytest.raises(NotADirectoryError, match="is not a folder"):
        photos(tmp_path / "missing")


def test_files_that_pillow_knows_by_name_alone_are_passed_over(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    for name in ("model.h5", "labels.pdf", "clip.mpg"):
        (tmp_path / name).write_bytes(b"no picture")
    assert photos(tmp_path)[1] == ["a.png"]


def test_a_name_may_begin_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save("~photo.png")
    assert photo("~photo.png").shape == (32, 32, 3)
    with pytest.raises(ValueError, match="folder begins at the home of no user here"):
        photos("~nobody-of-that-name/y")
