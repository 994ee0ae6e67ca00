"""The diagram of the page on a reader's own photo."""

from __future__ import annotations

from svg import Drawing

STRIPES = [[0, 8, 0, 8]] * 4
PICKED = [(0, 0), (0, 2), (2, 0), (2, 2)]


def shrink_by_averaging() -> Drawing:
    """Stripes of 4 x 4 pixels as 2 x 2: every second pixel, and the mean of each block."""
    drawing, cell = Drawing(420, 268), 36
    drawing.text(82, 40, "4 x 4 pixels")
    drawing.grid(10, 58, STRIPES, cell=cell, marked=PICKED, size=16)
    ways = {
        "every second pixel": [line[::2] for line in STRIPES[::2]],
        "the mean of each block": [[4, 4], [4, 4]],
    }
    for number, (name, values) in enumerate(ways.items()):
        top = 44 + 112 * number
        drawing.arrow((164, 130), (266, top + cell))
        drawing.text(310, top - 16, name)
        fill = ["orange", "blue"][number]
        drawing.grid(274, top, values, cell=cell, fill=fill, size=16)
    drawing.text(210, 252, "orange: the pixels that are picked", size=15)
    return drawing


DIAGRAMS = {"shrink_by_averaging": shrink_by_averaging}
