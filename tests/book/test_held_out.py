"""Where a page takes slices of one array to learn from and to judge by, they share no image."""

import re
from pathlib import Path

import nbformat
import pytest

CHAPTERS = Path(__file__).parents[2] / "chapters"

# Of each page, slices of which each two must have no place in common
SLICES = {
    "first_network": ("x_train[:9000]", "x_train[9000:]"),
    "vision_transformer": ("data.x_train[:2000]", "data.x_train[8000:]"),
    "how_much_data_a_transformer_needs": ("images[:2000]", "images[8000:]"),
    "convmixer": ("data.x_train[:1000]", "data.x_train[2000:4000]"),
    "speednet": ("data.x_train[:2000]", "data.x_train[6000:8000]"),
    "feeding_the_network": ("images[:8000]", "images[8000:]"),
    "learning_without_labels": ("known[:8000]", "known[8000:]"),
    "what_makes_classes_separable": ("train[:8000]", "train[8000:]"),
    "searching_for_settings": (
        "data.x_train[:2000]", "data.x_train[2000:4000]", "data.x_train[4000:8000]",
    ),
}  # fmt: skip


def places(text):
    """The places of 10,000 that a slice takes."""
    start, stop = re.search(r"\[(\d*):(\d*)\]", text).groups()
    return set(range(10_000)[slice(int(start or 0), int(stop) if stop else None)])


@pytest.mark.parametrize("page", SLICES)
def test_what_is_judged_by_was_not_learned_from(page):
    (path,) = CHAPTERS.rglob(f"{page}.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    slices = SLICES[page]
    for text in slices:
        assert re.search(rf"(?<![\w.]){re.escape(text)}", code), f"{text} is not on the page"
    for number, text in enumerate(slices):
        for other in slices[number + 1 :]:
            assert places(text).isdisjoint(places(other)), (text, other)


def test_places_of_slices():
    assert places("x[:3]") == {0, 1, 2}
    assert places("x[9998:]") == {9998, 9999}
    assert not places("x[:9001]").isdisjoint(places("x[9000:]"))
