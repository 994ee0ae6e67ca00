"""Diagrams of the pages on convolution."""

from __future__ import annotations

from collections.abc import Sequence

from svg import Drawing

PICTURE = [[2, 0, 1], [3, 1, 2], [0, 2, 4]]


def _slide(image: Sequence[Sequence[int]], kernel: Sequence[Sequence[int]]) -> list[list[int]]:
    """The weighted sum under the kernel, at every position."""
    height, width = len(kernel), len(kernel[0])
    return [
        [
            sum(
                kernel[u][v] * image[row + u][column + v]
                for u in range(height)
                for v in range(width)
            )
            for column in range(len(image[0]) - width + 1)
        ]
        for row in range(len(image) - height + 1)
    ]


def convolution_by_hand() -> Drawing:
    """A kernel of 2 x 2 on a picture of 3 x 3: the first of the four sums."""
    kernel = [[1, 2], [-1, 0]]
    output = _slide(PICTURE, kernel)
    under = [(0, 0), (0, 1), (1, 0), (1, 1)]
    drawing = Drawing(420, 214)
    drawing.text(74, 20, "picture").text(226, 20, "kernel").text(358, 20, "output")
    drawing.grid(14, 38, PICTURE, cell=40, marked=under, size=18)
    drawing.text(160, 98, "x", size=20)
    drawing.grid(186, 58, kernel, cell=40, fill="blue", size=18)
    drawing.text(292, 98, "=", size=20)
    shown = [[output[0][0], "?"], ["?", "?"]]
    drawing.grid(318, 58, shown, cell=40, fill="none", marked=[(0, 0)], mark="green", size=18)
    products = [f"{_sign(kernel[u][v])} x {PICTURE[u][v]}" for u, v in under]
    words = f"{' + '.join(products)} = {_sign(output[0][0])}"
    return drawing.text(210, 190, words.replace("+ -", "- "), size=17, bold=True)


def _sign(number: int) -> str:
    return f"-{-number}" if number < 0 else str(number)


def two_convolutions() -> Drawing:
    """Two kernels in a row, the one kernel that does the same, and a ReLU that prevents it."""
    first, second, both = [[-1, 1]], [[1], [1]], [[-1, 1], [-1, 1]]
    steps = _slide(PICTURE, first)
    bent = [[max(value, 0) for value in row] for row in steps]
    drawing = Drawing(420, 390)
    drawing.text(55, 18, "picture", size=15).grid(10, 34, PICTURE)
    drawing.text(146, 48, "first", size=15).grid(118, 64, first, fill="blue", cell=28)
    drawing.arrow((182, 79), (206, 79))
    drawing.grid(210, 34, steps)
    drawing.text(303, 34, "second", size=15).grid(285, 50, second, fill="blue", cell=28)
    drawing.arrow((318, 79), (346, 79))
    drawing.grid(350, 49, _slide(steps, second), fill="green")

    drawing.grid(10, 164, PICTURE)
    drawing.text(146, 164, "one kernel", size=15).grid(118, 180, both, fill="blue", cell=28)
    drawing.arrow((182, 209), (346, 209))
    drawing.text(264, 194, "the same", size=15)
    drawing.grid(350, 179, _slide(PICTURE, both), fill="green")

    drawing.text(118, 280, "with a ReLU in between", size=15, anchor="start")
    drawing.grid(10, 294, PICTURE)
    drawing.grid(118, 324, first, fill="blue", cell=28)
    drawing.arrow((182, 339), (206, 339))
    drawing.grid(210, 294, bent)
    drawing.grid(285, 310, second, fill="blue", cell=28)
    drawing.arrow((318, 339), (346, 339))
    return drawing.grid(350, 309, _slide(bent, second), fill="orange")


def weight_sharing() -> Drawing:
    """Five inputs and three outputs: a weight for each pair, for each window, for each place."""
    rows = [
        ("dense: 15 weights", [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12, 13, 14, 15]]),
        ("local: 9 weights", [[1, 2, 3, "", ""], ["", 4, 5, 6, ""], ["", "", 7, 8, 9]]),
        ("local and shared: 3 weights", [[1, 2, 3, "", ""], ["", 1, 2, 3, ""], ["", "", 1, 2, 3]]),
    ]
    drawing = Drawing(420, 496)
    for number, (title, table) in enumerate(rows):
        top = 164 * number
        drawing.text(10, top + 18, title, anchor="start", bold=True)
        inputs = [24 + 38 * place for place in range(5)]
        outputs = [62 + 38 * place for place in range(3)]
        for row, x_out in enumerate(outputs):
            for column, x_in in enumerate(inputs):
                if table[row][column] != "":
                    drawing.arrow((x_in, top + 62), (x_out, top + 118), head=False)
        for x_in in inputs:
            drawing.circle(x_in, top + 52, 10)
        for x_out in outputs:
            drawing.circle(x_out, top + 128, 10)
        cells = [(r, c) for r in range(3) for c in range(5) if table[r][c] != ""]
        shown = [[f"w{value}" if value != "" else "0" for value in row] for row in table]
        drawing.grid(228, top + 44, shown, cell=36, fill="none", marked=cells, size=14)
        if number == 2:  # the same weight, the same color
            for row in range(3):
                for place, color in enumerate(("blue", "orange", "green")):
                    left = 228 + 36 * (row + place)
                    drawing.grid(
                        left, top + 44 + 36 * row, [[f"w{place + 1}"]], cell=36, fill=color, size=14
                    )
    return drawing


def moving_along() -> Drawing:
    """Shift then convolve, or convolve then shift: a row of numbers takes both ways."""
    row, kernel = [0, 4, 1, 0, 0, 0], [[-1, 1]]
    moved = [0, *row[:-1]]
    drawing = Drawing(420, 236)
    drawing.text(90, 18, "picture", size=15)
    drawing.grid(12, 32, [row], cell=26, marked=[(0, 1), (0, 2)])
    drawing.arrow((172, 45), (270, 45)).text(221, 30, "convolve", size=14)
    (answer,) = _slide([row], kernel)
    drawing.text(340, 18, "map", size=15)
    drawing.grid(275, 32, [answer], cell=26, marked=[(0, 0), (0, 1), (0, 2)], mark="green")
    drawing.arrow((90, 62), (90, 166)).text(98, 112, "shift", size=14, anchor="start")
    drawing.arrow((340, 62), (340, 166)).text(348, 112, "shift", size=14, anchor="start")
    drawing.text(218, 100, "kernel", size=14)
    drawing.grid(192, 112, kernel, cell=26, fill="blue")
    drawing.grid(12, 172, [moved], cell=26, marked=[(0, 2), (0, 3)])
    drawing.arrow((172, 185), (270, 185)).text(221, 170, "convolve", size=14)
    (answer,) = _slide([moved], kernel)
    drawing.grid(275, 172, [answer], cell=26, marked=[(0, 1), (0, 2), (0, 3)], mark="green")
    return drawing.text(210, 220, "both ways lead to the same map", size=15, bold=True)


def receptive_field() -> Drawing:
    """Two layers with windows of 3 on a row of nine pixels: one output sees five of them."""
    cell, left = 30, 132
    layers = [("output", 5, [2]), ("first layer", 7, [2, 3, 4]), ("pixels", 9, [2, 3, 4, 5, 6])]
    drawing = Drawing(420, 246)
    for number, (name, count, marked) in enumerate(layers):
        top, start = 12 + 84 * number, left + cell * (9 - count) / 2
        drawing.text(10, top + cell / 2, name, anchor="start")
        cells = [(0, place) for place in marked]
        mark = ("green", "blue", "orange")[number]
        drawing.grid(start, top, [[""] * count], cell=cell, marked=cells, mark=mark)
        if number < 2:
            below = left + cell * (9 - layers[number + 1][1]) / 2
            first, last = marked[0], marked[-1]
            drawing.arrow(
                (start + cell * first, top + cell), (below + cell * first, top + 84), head=False
            )
            drawing.arrow(
                (start + cell * (last + 1), top + cell),
                (below + cell * (last + 3), top + 84),
                head=False,
            )
    drawing.text(left + 4.5 * cell, 228, "one output sees 5 pixels", bold=True)
    return drawing


def window_settings() -> Drawing:
    """A row of eight pixels under a window of three: usual, stride 2, dilation 2, padding."""
    settings = [
        ("usual: 6 outputs", 1, 1, 0),
        ("stride 2: 3 outputs", 2, 1, 0),
        ("dilation 2: 4 outputs", 1, 2, 0),
        ('padding "same": 8 outputs', 1, 1, 1),
    ]
    drawing = Drawing(420, 416)
    for number, (title, stride, dilation, zeros) in enumerate(settings):
        top = 104 * number
        drawing.text(10, top + 18, title, anchor="start", bold=True)
        cell, left = 30, 104
        for line, mark in enumerate(("orange", "blue")):
            y = top + 34 + line * 32
            drawing.text(10, y + 13, ("first", "second")[line], anchor="start", size=15)
            read = [stride * line + dilation * place for place in range(3)]
            row = [["0"] + [""] * 8 + ["0"]] if zeros else [[""] * 8]
            cells = [(0, place) for place in read]
            drawing.grid(left + cell * (1 - zeros), y, row, cell=cell, marked=cells, mark=mark)
    return drawing


DIAGRAMS = {
    "convolution_by_hand": convolution_by_hand,
    "two_convolutions": two_convolutions,
    "weight_sharing": weight_sharing,
    "moving_along": moving_along,
    "receptive_field": receptive_field,
    "window_settings": window_settings,
}
