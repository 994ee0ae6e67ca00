"""Diagrams of the pages on what an answer rests on."""

from __future__ import annotations

from svg import Drawing

WAYS = [
    ("raise a pixel\na little", "saliency", "blue"),
    ("walk from gray\nto the photo", "integrated\ngradients", "green"),
    ("find the features\nthat speak for it", "Grad-CAM", "orange"),
    ("cover a part", "occlusion", "purple"),
]


def asking_pixels() -> Drawing:
    """Four ways to change the input or look inside, one network, one score."""
    drawing = Drawing(420, 352)
    top, step, height = 56, 74, 56
    drawing.text(84, 22, "what you do", bold=True)
    drawing.text(352, 22, "the picture", bold=True)
    middle = top + 1.5 * step + height / 2
    drawing.box(176, top, 76, 3 * step + height, "", fill="data")
    drawing.text(214, middle - 24, "network").text(214, middle, "and the").text(
        214, middle + 24, "score"
    )
    for number, (words, name, fill) in enumerate(WAYS):
        y = top + step * number
        drawing.box(8, y, 148, height, words, fill=fill, size=15)
        drawing.arrow((156, y + height / 2), (176, y + height / 2))
        drawing.arrow((252, y + height / 2), (292, y + height / 2))
        drawing.box(292, y, 120, height, name, fill=fill, size=15)
    return drawing


def planted_square() -> Drawing:
    """Two training sets that differ in one thing, and the two questions that follow."""
    drawing = Drawing(420, 340)
    for left, title, marked, fill in (
        (8, "as they are", False, "blue"),
        (216, "horses marked", True, "orange"),
    ):
        center = left + 98
        drawing.text(center, 18, title, bold=True)
        for number, (name, horse) in enumerate((("horse", True), ("others", False))):
            x = left + 8 + 96 * number
            drawing.box(x, 38, 84, 84, "", fill="data")
            drawing.text(x + 42, 74, name, size=15)
            if marked and horse:
                drawing.box(x + 5, 43, 16, 16, "", fill="red")
        drawing.arrow((center, 122), (center, 152))
        drawing.box(left + 8, 152, 180, 44, "train", fill=fill)
        drawing.arrow((center, 196), (center, 226))
        drawing.box(left + 8, 226, 180, 56, "maps of marked\nhorses", fill="none")
    drawing.text(210, 312, "How much of the map is in the corner?")
    return drawing


DIAGRAMS = {"asking_pixels": asking_pixels, "planted_square": planted_square}
