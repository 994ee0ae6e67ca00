"""Diagrams of the page on several machines."""

from __future__ import annotations

from svg import Drawing


def data_parallel() -> Drawing:
    """A batch in two shards, two workers, and one mean gradient for both."""
    drawing = Drawing(420, 400)
    drawing.box(110, 8, 200, 40, "a batch of images", fill="data", bold=True)
    for left, name in ((10, "worker 0"), (230, "worker 1")):
        middle = left + 90
        drawing.arrow((210, 48), (middle, 96))
        drawing.box(left, 96, 180, 58, f"{name}\nthe same weights", fill="blue")
        drawing.arrow((middle, 154), (middle, 186))
        drawing.box(left, 186, 180, 40, "gradient of its half", fill="orange", size=15)
        drawing.arrow((middle, 226), (middle, 262))
        drawing.arrow((middle, 306), (middle, 344))
        drawing.box(left, 344, 180, 48, "the same step", fill="blue")
    drawing.text(72, 74, "one half", size=14)
    drawing.text(350, 74, "the other half", size=14)
    drawing.box(10, 262, 400, 44, "all-reduce: the mean of both", fill="green", bold=True)
    return drawing


DIAGRAMS = {"data_parallel": data_parallel}
