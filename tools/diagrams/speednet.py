"""Diagrams of the page on speednet."""

from __future__ import annotations

from svg import Drawing

PAIRS = [(3, 1), (1, 3), (-3, -1), (-1, -3)]  # two neighboring pixels, less their mean


def speednet() -> Drawing:
    """The network from image to scores, with the shape of the maps beside each layer."""
    rows = [
        ("image, normalized", "data", "32 x 32 x 3"),
        ("whitening, 2 x 2, fixed", "green", "31 x 31 x 24"),
        ("convolution 64, pool, norm", "blue", "15 x 15 x 64"),
        ("convolution 64, norm", "blue", "15 x 15 x 64"),
        ("convolution 256, pool, norm", "blue", "7 x 7 x 256"),
        ("convolution 256, norm", "blue", "7 x 7 x 256"),
        ("convolution 256, pool, norm", "blue", "3 x 3 x 256"),
        ("convolution 256, norm", "blue", "3 x 3 x 256"),
        ("largest value of each map", "orange", "256"),
        ("dense layer, divided by 9", "orange", "10 scores"),
    ]
    drawing = Drawing(420, 52 * len(rows) + 4)
    for number, (words, fill, shape) in enumerate(rows):
        top = 6 + 52 * number
        drawing.box(8, top, 276, 36, words, fill=fill)
        drawing.text(294, top + 18, shape, anchor="start", size=15)
        if number:
            drawing.arrow((146, top - 16), (146, top))
    return drawing


def whitening() -> Drawing:
    """Four pairs of pixels on a slanted line, and the same four whitened, in a square."""
    whitened = [((a + b) / 4, (a - b) / 2) for a, b in PAIRS]
    drawing = Drawing(420, 262)
    scenes = [
        (100, PAIRS, 20, "neighboring pixels", ("left", "right")),
        (320, whitened, 48, "whitened", ("sum / 4", "difference / 2")),
    ]
    for middle, points, unit, title, names in scenes:
        drawing.text(middle, 14, title, bold=True)
        drawing.arrow((middle - 88, 136), (middle + 88, 136))
        drawing.arrow((middle, 232), (middle, 48))
        drawing.text(middle + 44, 152, names[0], size=14)
        drawing.text(middle, 38, names[1], size=14)
        for x, y in points:
            drawing.circle(middle + unit * x, 136 - unit * y, 6)
            label = f"({x:g}, {y:g})".replace("-", "−")
            beside = 136 - unit * y + (17 if y < 0 else -17)
            aside = 0 if abs(x) == 3 else 18 * x
            drawing.text(middle + unit * x + aside, beside, label, size=14)
    drawing.arrow((194, 206), (226, 206))
    return drawing.text(210, 250, "the same four pairs, before and after", size=14)


def identity_kernel() -> Drawing:
    """A 3 x 3 kernel with a 1 in its middle copies the map; a random kernel does not."""
    picture = [[0, 5, 0], [5, 9, 5], [0, 5, 0]]
    drawing = Drawing(420, 170)
    for left, title, values, fill in [
        (14, "map", picture, "data"),
        (164, "kernel at the start", [[0, 0, 0], [0, 1, 0], [0, 0, 0]], "green"),
        (314, "output", picture, "data"),
    ]:
        drawing.text(left + 48, 18, title, size=15)
        drawing.grid(left, 36, values, cell=32, fill=fill, marked=[(1, 1)])
    drawing.text(137, 84, "*", size=24)
    drawing.text(287, 84, "=", size=24)
    return drawing.text(210, 152, "one such kernel for each input channel", size=15)


DIAGRAMS = {"speednet": speednet, "whitening": whitening, "identity_kernel": identity_kernel}
