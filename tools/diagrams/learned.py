"""Diagrams of the page on what a network has learned."""

from __future__ import annotations

from svg import Drawing


def asking_a_unit() -> Drawing:
    """Two ways to ask a unit what excites it: search among photos, or change an image."""
    drawing = Drawing(420, 376)
    left, right, width = 100, 306, 160
    for middle, title in ((left, "Which photo\nexcites a unit most?"),
                          (right, "Which image would\nexcite a unit most?")):  # fmt: skip
        drawing.text(middle, 26, title, size=15, bold=True)
    drawing.box(left - width / 2, 54, width, 44, "2,000 photos", fill="data")
    drawing.box(right - width / 2, 54, width, 44, "an image,\nat first noise", fill="data")
    for middle in (left, right):
        drawing.arrow((middle, 98), (middle, 124))
        drawing.box(middle - width / 2, 124, width, 40, "network", fill="blue")
        drawing.arrow((middle, 164), (middle, 190))
    drawing.grid(left - 80, 190, [["0.2", "3.1", "0.0", "1.4"]], cell=40, marked=[(0, 1)])
    drawing.text(left, 244, "its answers", size=14)
    drawing.grid(right - 20, 190, [["0.4"]], cell=40)
    drawing.text(right, 244, "its answer", size=14)
    drawing.arrow((left, 256), (left, 306))
    drawing.box(left - width / 2, 306, width, 50, "keep the photos\nwith the largest", fill="green")
    drawing.arrow((right, 256), (right, 306))
    drawing.text(right + 8, 280, "gradient", size=14, anchor="start")
    drawing.box(
        right - width / 2, 306, width, 50, "change the pixels,\nnot the weights", fill="orange"
    )
    return drawing.arrow((386, 331), (408, 331), (408, 76), (386, 76))


DIAGRAMS = {"asking_a_unit": asking_a_unit}
