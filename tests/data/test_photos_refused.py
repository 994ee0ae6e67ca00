"""What is no photo is refused, in words that say what was given and what to do."""

import contextlib
import io
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cifarlib.data import photo

RED = np.full((40, 50, 3), (200, 0, 0), np.uint8)


def file_of(kind="png", image=None, **settings):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (90, 90, 3), dtype=np.uint8)
    Image.fromarray(noise if image is None else image).save(buffer, kind, **settings)
    return buffer.getvalue()


PNG = file_of(image=RED)


def png_that_claims(width, height):
    """A PNG whose head claims a size, with hardly anything behind it."""

    def chunk(kind, body):
        check = zlib.crc32(kind + body).to_bytes(4, "big")
        return len(body).to_bytes(4, "big") + kind + body + check

    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    head = chunk(b"IHDR", size + bytes([8, 2, 0, 0, 0]))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")
    )


# Ways to give one


class Bunch(dict):
    """ipywidgets 8 gives its uploaded files as something like this."""

    __getattr__ = dict.__getitem__


def ways(path):
    content = path.read_bytes()
    old = {"metadata": {"name": "a.png", "size": len(content)}, "content": content}
    new = Bunch(name="a.png", type="image/png", size=9, content=memoryview(content))
    return {
        "a path": path,
        "a path as text": str(path),
        "a path as bytes": None,
        "bytes": content,
        "a bytearray": bytearray(content),
        "a memoryview": memoryview(content),
        "a file object": io.BytesIO(content),
        "ipywidgets 7": {"a.png": old},
        "ipywidgets 8": (new,),
        "one file of ipywidgets 8": new,
        "Colab": {"a.png": content},
        "a Pillow image": Image.open(io.BytesIO(content)),
        "an array": RED,
        "a gray array": RED[:, :, 0],
        "a gray array with an axis": RED[:, :, :1],
    }


def test_a_photo_may_be_given_in_many_ways(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    for way, source in ways(path).items():
        if source is not None:
            wanted = (200, 200, 200) if "gray" in way else (200, 0, 0)
            assert (photo(source) == wanted).all(), way
    with path.open("rb") as file:
        assert (photo(file) == (200, 0, 0)).all()


def test_a_path_in_the_home_folder_and_a_relative_one(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(PNG)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert (photo("~/a.png") == photo("a.png")).all()


# What is refused

NO_PHOTO = {
    "text": (b"hello, world", "is no picture that Pillow can read: it looks like text, 'hello"),
    "empty": (b"", "is empty"),
    "noise": (bytes(range(128, 228)), "something else: its first bytes are"),
    "svg": (b"<svg xmlns='x'></svg>", "SVG or XML: save it as PNG"),
    "xml": (b"\xef\xbb\xbf<?xml version='1.0'?><svg/>", "SVG or XML"),
    "page": (b"<!DOCTYPE html><html>", "a web page, not the picture on it"),
    "pdf": (b"%PDF-1.7 ...", "a PDF document"),
    "video": (b"\0\0\0\x18ftypmp42....", "a video: save one picture of it"),
    "zip": (b"PK\x03\x04......", "a ZIP archive: unpack it first"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "PostScript or WMF"),
    "cut in its data": (file_of()[:2000], "is damaged or cut off"),
    "cut jpeg": (file_of("jpeg")[:1500], "is damaged or cut off: .*Copy it again"),
    "cut gif": (file_of("gif")[:900], "is damaged or cut off"),
    "cut webp": (file_of("webp")[:900], "damaged or cut off|is no picture"),
    "cut bmp": (file_of("bmp")[:900], "is damaged or cut off"),
    "cut in its head": (PNG[:20], "is no picture|damaged"),
    "wrong sum": (PNG.replace(b"IDAT", b"IDAT\0", 1), "is damaged or cut off"),
    "bomb": (png_that_claims(40_000, 40_000), "has more than 179 million pixels, Pillow's limit"),
    "a size of nothing": (png_that_claims(0, 5), "is no picture|damaged"),
    "promises too much": (png_that_claims(500, 500), "is damaged or cut off"),
    "deep gray": (file_of("tiff", np.full((4, 5), 70_000, np.int32)), "gray values beyond 16 bits"),
    "not a number": (file_of("tiff", np.full((4, 5), np.nan, np.float32)), "beyond 16 bits"),
}


@pytest.mark.parametrize("case", NO_PHOTO)
def test_what_is_no_photo_is_refused_with_a_reason(case, tmp_path):
    content, complaint = NO_PHOTO[case]
    path = tmp_path / "odd.png"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=complaint) as error:
        photo(path)
    assert str(path) in str(error.value)
    with pytest.raises(ValueError, match=complaint) as error:
        photo(content)
    assert "what was given as bytes" in str(error.value)


def test_pillows_own_limit_is_left_alone():
    assert Image.MAX_IMAGE_PIXELS == 1024**3 // 4 // 3


FOUND_OUT = [
    ("https://example.com/cat.jpg", ValueError, "is a URL: download the picture first"),
    ("data:image/png;base64,AAAA", ValueError, "is a URL"),
    ("", ValueError, "'' is no path"),
    ("a\0b.png", ValueError, "is no path"),
    ("missing.png", FileNotFoundError, "there is no file .*missing.png"),
    ("x" * 5000, FileNotFoundError, "there is no file"),
    (None, TypeError, "got NoneType, need a path, the bytes"),
    (3, TypeError, "got int, need"),
    ((), ValueError, "nothing has been uploaded yet"),
    ({}, ValueError, "nothing has been uploaded yet"),
    (({"content": b""}, {"content": b""}), ValueError, "2 files are there: choose one"),
    ({"content": PNG[:0]}, ValueError, "the uploaded file is empty"),
    (({"name": "b.png", "content": b"x"},), ValueError, r"b\.png is no picture"),
    ({"name": "b.png", "content": "text"}, TypeError, "got str, need"),
    ([PNG], TypeError, "got a list of bytes"),
    (io.StringIO("text"), TypeError, "open it with open"),
    (io.BytesIO(), ValueError, r"read to its end before: seek\(0\)"),
    (RED / 255, ValueError, "must be uint8, 0 to 255, got float64: of values from 0 to 1"),
    (RED.astype(int), ValueError, "got int64"),
    (RED > 9, ValueError, "got bool"),
    (RED[None], ValueError, r"got \(1, 40, 50, 3\); give one image of them"),
    (RED[:, :0], ValueError, r"got \(40, 0, 3\)"),
    (RED[0, 0], ValueError, r"got \(3,\)"),
    (np.zeros((4, 4, 5), np.uint8), ValueError, r"got \(4, 4, 5\)"),
]


@pytest.mark.parametrize(("source", "kind", "complaint"), FOUND_OUT)
def test_what_could_be_no_photo_is_found_out_by_its_kind(source, kind, complaint):
    with pytest.raises(kind, match=complaint):
        photo(source)


def test_a_folder_leads_to_the_function_for_folders(tmp_path):
    with pytest.raises(
        IsADirectoryError, match=r"is a folder: name a picture in it, or use photos"
    ):
        photo(tmp_path)


@pytest.mark.parametrize("place", ["open", "stat"])
def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch, place):
    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "mine.png").write_bytes(PNG)
    monkeypatch.setattr(Path, place, refuse)
    with pytest.raises(PermissionError, match=r"mine\.png may not be read"):
        photo(tmp_path / "mine.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a plain file"):
        photo(tmp_path / "pipe")


SETTINGS = [
    ({"size": 0}, "size must be a whole number of at least 1, got 0"),
    ({"size": 32.0}, "size must be a whole number"),
    ({"fit": "stretch"}, "fit must be one of 'crop', 'pad', got 'stretch'"),
    ({"background": "white"}, "background must be red, green and blue, got 'white'"),
    ({"background": (1, 2)}, "background must be red, green and blue"),
    ({"background": (0, 0, 256)}, "a color of background must be a whole number from 0 to 255"),
]


@pytest.mark.parametrize(("wrong", "complaint"), SETTINGS)
def test_settings_are_checked_before_the_photo(wrong, complaint):
    with pytest.raises(ValueError, match=complaint):
        photo("missing.png", **wrong)


@given(st.binary(max_size=60), st.integers(0, 400), st.sampled_from(["png", "gif", "jpeg", "bmp"]))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_any_damage_gives_an_image_or_a_value_error(damage, place, kind):
    content = bytearray(file_of(kind, RED))
    content[place : place + len(damage)] = damage
    with contextlib.suppress(ValueError):  # any other exception fails the test
        assert photo(bytes(content)).shape == (32, 32, 3)
