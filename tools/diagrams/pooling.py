"""Diagrams of the pages on pooling."""

from __future__ import annotations

from statistics import mean

from svg import Drawing

SMALL_MAP = [[1, 5, 2, 0], [4, 2, 8, 2], [0, 0, 1, 2], [6, 2, 4, 9]]
WINDOWS = ["blue", "orange", "green", "purple"]


def windows_of(values: list[list[int]]) -> list[list[list[int]]]:
    """The four windows of 2 x 2 of a map of 4 x 4, row by row."""
    return [
        [line[left : left + 2] for line in values[top : top + 2]]
        for top in (0, 2)
        for left in (0, 2)
    ]


def flat(window: list[list[int]]) -> list[int]:
    return [value for line in window for value in line]


def pooling() -> Drawing:
    """A map of 4 x 4 in four windows; the largest and the mean of each, and of the whole map."""
    cell, everything = 36, flat(SMALL_MAP)
    drawing = Drawing(420, 316)
    drawing.text(82, 72, "feature map")
    for number, window in enumerate(windows_of(SMALL_MAP)):
        left = 10 + 2 * cell * (number % 2)
        top = 90 + 2 * cell * (number // 2)
        drawing.grid(left, top, window, cell=cell, fill=WINDOWS[number], size=16)
    for row, (name, pool) in enumerate({"max": max, "average": mean}.items()):
        top = 56 + 152 * row
        drawing.arrow((160, 162), (220, top + cell))
        drawing.text(228 + cell, top - 28, f"{name}\n2 x 2")
        for number, window in enumerate(windows_of(SMALL_MAP)):
            left = 228 + cell * (number % 2)
            place = top + cell * (number // 2)
            value = pool(flat(window))
            drawing.grid(left, place, [[value]], cell=cell, fill=WINDOWS[number], size=16)
        drawing.text(364, top - 28, f"global\n{name}")
        drawing.grid(364 - cell / 2, top + cell / 2, [[pool(everything)]], cell=cell, size=16)
    drawing.text(210, 302, "global: one window over the whole map", size=15)
    return drawing


def pooling_field() -> Drawing:
    """Ten pixels in a row, two convolutions, and what one value sees without and with pooling."""
    drawing = Drawing(420, 262)
    cell, gap = 18, 54
    # Each row of cells: its name, how many, which are seen, and their width in pixels
    ways = {
        "without pooling": [
            ("pixels", 10, range(2, 7), 1),
            ("convolution 3", 8, range(2, 5), 1),
            ("convolution 3", 6, range(2, 3), 1),
        ],
        "with pooling": [
            ("pixels", 10, range(8), 1),
            ("convolution 3", 8, range(6), 1),
            ("max-pooling 2", 4, range(3), 2),
            ("convolution 3", 2, range(1), 2),
        ],
    }
    for way, (title, rows) in enumerate(ways.items()):
        middle = 106 + 208 * way
        drawing.text(middle, 14, title, bold=True)
        for number, (name, count, seen, width) in enumerate(rows):
            top = 212 - number * gap
            left = middle - count * width * cell / 2
            drawing.text(middle, top - 12, name, size=14)
            for place in range(count):
                fill = "orange" if place in seen else "data"
                drawing.box(left + place * width * cell, top, width * cell, cell, fill=fill)
        drawing.text(middle, 250, f"one value sees {len(rows[0][2])} pixels", size=15)
    return drawing


def shifted_row() -> Drawing:
    """A row of zeros and ones, moved to the left by 0, 1 and 2 pixels, and its pooled values."""
    row = [0, 0, 1, 0, 0, 0, 1, 0]
    drawing = Drawing(420, 262)
    for shift in range(3):
        moved = row[shift:] + row[:shift]
        pooled = [max(moved[place : place + 2]) for place in range(0, 8, 2)]
        top = 32 + 84 * shift
        title = "not moved" if shift == 0 else f"moved left by {shift}"
        drawing.text(130, top - 16, title)
        drawing.text(346, top - 16, "max-pooled")
        for place in range(4):  # window by window, with a gap
            left = 6 + 64 * place
            values = moved[2 * place : 2 * place + 2]
            marked = [(0, n) for n in range(2) if values[n]]
            drawing.grid(left, top, [values], cell=28, marked=marked, size=14)
        drawing.arrow((260, top + 15), (284, top + 15))
        drawing.grid(288, top, [pooled], marked=[(0, n) for n in range(4) if pooled[n]])
    return drawing


DIAGRAMS = {"pooling": pooling, "pooling_field": pooling_field, "shifted_row": shifted_row}
