"""Diagrams of the pages on ResNet."""

from __future__ import annotations

from svg import Drawing

BLOCK = [
    ("blue", "conv 3 x 3"),
    ("green", "normalization"),
    ("orange", "ReLU"),
    ("blue", "conv 3 x 3"),
    ("green", "normalization"),
]


def residual_block() -> Drawing:
    """A plain block beside a residual one: the same layers, and a way around them."""
    drawing = Drawing(420, 424)
    height, step = 30, 44
    for middle, title in ((88, "plain block"), (282, "residual block")):
        left = middle - 65
        drawing.text(middle, 14, title, bold=True)
        drawing.box(left, 30, 130, height, "input x", fill="data")
        for number, (fill, words) in enumerate(BLOCK, start=1):
            top = 30 + step * number
            drawing.arrow((middle, top - step + height), (middle, top))
            drawing.box(left, top, 130, height, words, fill=fill)
        end = 30 + step * len(BLOCK) + height
        plus = end + 32
        relu = end + 64
        if title == "residual block":
            drawing.arrow((middle, end), (middle, plus - 13))
            drawing.circle(middle, plus, 13, "+")
            drawing.arrow((middle, 67), (392, 67), (392, plus), (middle + 13, plus))
            drawing.text(384, 45, "shortcut", size=15)
            drawing.text(405, plus - 40, "x")
            drawing.text(middle - 30, end + 12, "F(x)", size=15)
            drawing.arrow((middle, plus + 13), (middle, relu))
        else:
            drawing.arrow((middle, end), (middle, relu))
            drawing.text(middle - 30, plus, "F(x)", size=15)
        drawing.box(left, relu, 130, height, "ReLU", fill="orange")
        drawing.arrow((middle, relu + height), (middle, relu + height + 14))
        words = "ReLU(F(x))" if title == "plain block" else "ReLU(x + F(x))"
        drawing.text(middle, relu + height + 24, words, size=15)
    return drawing


def resnet20_stages() -> Drawing:
    """ResNet-20 from top to bottom: three stages of three blocks, with the shape that leaves."""
    drawing = Drawing(420, 462)
    rows = [
        ("image", "32 x 32 x 3", "data"),
        ("conv 3 x 3, norm, ReLU", "32 x 32 x 16", "blue"),
        ("stage 1", "32 x 32 x 16", ""),
        ("stage 2", "16 x 16 x 32", ""),
        ("stage 3", "8 x 8 x 64", ""),
        ("mean of each map", "64", "green"),
        ("dense", "10", "orange"),
    ]
    top = 10
    for number, (words, shape, fill) in enumerate(rows):
        height = 34 if fill else 66
        if number:
            drawing.arrow((150, top - 18), (150, top))
        if fill:
            drawing.box(45, top, 210, height, words, fill=fill)
        else:
            drawing.box(10, top, 280, height, fill="none", dashed=True)
            drawing.text(150, top + 14, words, size=15)
            for block in range(3):
                strided = block == 0 and words != "stage 1"
                label = "block / 2" if strided else "block"
                color = "red" if strided else "purple"
                drawing.box(20 + 90 * block, top + 28, 80, 30, label, fill=color, size=15)
                if block:
                    drawing.arrow((10 + 90 * block, top + 43), (20 + 90 * block, top + 43))
        drawing.text(302, top + height / 2, shape, anchor="start")
        top += height + 18
    return drawing


def bottleneck_block() -> Drawing:
    """Two convolutions of 3 x 3 at 256 channels, beside a bottleneck; with their weights."""
    columns = {
        "basic block": [("3 x 3", 256, 9 * 256 * 256), ("3 x 3", 256, 9 * 256 * 256)],
        "bottleneck": [
            ("1 x 1", 64, 256 * 64),
            ("3 x 3", 64, 9 * 64 * 64),
            ("1 x 1", 256, 64 * 256),
        ],
    }
    drawing = Drawing(420, 392)
    for middle, (title, layers) in zip((100, 306), columns.items(), strict=True):
        drawing.text(middle, 14, title, bold=True)
        drawing.box(middle - 78, 30, 156, 28, "256 maps", fill="data")
        plus = 314
        gap = (plus - 13 - 58) / len(layers)
        for number, (size, filters, weights) in enumerate(layers):
            top = 58 + gap * number + 24
            half = 78 if filters == 256 else 52
            start = 58 if number == 0 else top - gap + 48
            drawing.arrow((middle, start), (middle, top))
            fill = "blue" if size == "3 x 3" else "orange"
            words = f"{size}, {filters}\n{weights:,}"
            drawing.box(middle - half, top, 2 * half, 48, words, fill=fill, size=15)
        drawing.arrow((middle, top + 48), (middle, plus - 13))
        drawing.circle(middle, plus, 13, "+")
        drawing.arrow((middle, 68), (middle + 94, 68), (middle + 94, plus), (middle + 13, plus))
        total = sum(weights for _, _, weights in layers)
        drawing.text(middle, 346, f"{total:,}", bold=True)
        drawing.text(middle, 370, "weights", size=15)
    return drawing


def residual_paths() -> Drawing:
    """Two blocks with shortcuts, and the four paths through them written out."""
    drawing = Drawing(420, 342)
    drawing.text(210, 14, "two blocks", bold=True)
    drawing.text(24, 70, "x")
    drawing.arrow((34, 70), (80, 70))
    for number, left in enumerate((80, 240), start=1):
        drawing.box(left, 54, 60, 32, f"F{number}", fill="blue" if number == 1 else "orange")
        drawing.arrow((left + 60, 70), (left + 90, 70))
        drawing.circle(left + 103, 70, 13, "+")
        drawing.arrow((left - 20, 70), (left - 20, 34), (left + 103, 34), (left + 103, 57))
    drawing.arrow((196, 70), (240, 70))
    drawing.arrow((356, 70), (400, 70))
    drawing.text(210, 122, "four paths, added up", bold=True)
    ways = [((), "0 branches"), ((1,), "1"), ((2,), "1"), ((1, 2), "2 branches")]
    for row, (passed, words) in enumerate(ways):
        y = 156 + 50 * row
        drawing.text(24, y, "x")
        place = 34
        for number, left in enumerate((80, 190), start=1):
            if number in passed:
                drawing.arrow((place, y), (left, y))
                fill = "blue" if number == 1 else "orange"
                drawing.box(left, y - 16, 60, 32, f"F{number}", fill=fill)
                place = left + 60
        drawing.arrow((place, y), (300, y))
        words = {"1": "1 branch"}.get(words, words)
        drawing.text(310, y, words, anchor="start")
    return drawing


DIAGRAMS = {
    "residual_block": residual_block,
    "resnet20_stages": resnet20_stages,
    "bottleneck_block": bottleneck_block,
    "residual_paths": residual_paths,
}
