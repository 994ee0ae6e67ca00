"""Figures are stored in few bytes, and look the same."""

import io

import numpy as np
import pytest
from PIL import Image

from cifarlib import load_cifar10, plots
from cifarlib._pictures import png, webp


def _pixels(file):
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"), dtype=int)


@pytest.fixture
def drawing():
    figure, axis = plots.subplots(size=(4, 3))
    for power in range(1, 6):
        axis.plot(np.linspace(0, 1, 100), np.linspace(0, 1, 100) ** power)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plots.finish(figure, "a drawing")  # ends the style of the book, too
    return buffer.getvalue()


@pytest.fixture(scope="module")
def photographs():
    sheet = load_cifar10().x_test[:64].reshape(8, 8, 32, 32, 3).swapaxes(1, 2)
    return Image.fromarray(sheet.reshape(256, 256, 3))


def test_a_drawing_becomes_half_as_large_and_looks_the_same(drawing):
    smaller = png(Image.open(io.BytesIO(drawing)))
    assert len(smaller) < len(drawing) / 2
    difference = np.abs(_pixels(smaller) - _pixels(drawing))
    assert difference.mean() < 0.2 and difference.max() < 80


def test_photographs_keep_every_color(photographs):
    assert (_pixels(png(photographs)) == np.asarray(photographs)).all()


def test_what_is_transparent_becomes_white():
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert (_pixels(png(clear)) == 255).all()


def test_webp_is_lossless_for_drawings_and_lossy_for_photographs(photographs):
    flat = Image.new("RGB", (300, 200), "white")
    flat.paste((0, 114, 178), (50, 50, 250, 150))
    assert (_pixels(webp(png(flat))) == np.asarray(flat)).all()
    file = png(photographs)
    assert len(webp(file)) < len(file) / 3
    assert 0 < np.abs(_pixels(webp(file)) - _pixels(file)).mean() < 8
