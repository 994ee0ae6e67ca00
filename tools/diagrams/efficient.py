"""Diagrams of the pages on EfficientNet, compound scaling and ConvMixer."""

from __future__ import annotations

import math

from svg import Drawing


def separable_convolution() -> Drawing:
    """From two maps to three: six kernels of 3 x 3, or two of them and a table of 2 x 3."""
    empty = [[""] * 3] * 3
    drawing = Drawing(420, 398)
    drawing.text(10, 18, "ordinary", anchor="start", bold=True)
    for row in range(2):
        drawing.box(14, 56 + 58 * row, 40, 40, fill="data")
    for place in range(6):
        drawing.grid(128 + 52 * (place % 3), 56 + 58 * (place // 3), empty, cell=13, fill="blue")
    for row in range(3):
        drawing.box(364, 38 + 50 * row, 40, 40, fill="green")
    for row in range(2):
        drawing.arrow((62, 76 + 58 * row), (118, 76 + 58 * row))
    drawing.arrow((288, 105), (352, 105))
    drawing.text(205, 30, "6 kernels of 3 x 3", size=15)
    drawing.text(205, 184, "6 x 9 = 54 weights", bold=True)

    drawing.text(10, 218, "depthwise, then pointwise", anchor="start", bold=True)
    for row in range(2):
        drawing.box(14, 252 + 58 * row, 40, 40, fill="data")
        drawing.arrow((62, 272 + 58 * row), (86, 272 + 58 * row))
        drawing.grid(94, 253 + 58 * row, empty, cell=13, fill="blue")
        drawing.arrow((141, 272 + 58 * row), (165, 272 + 58 * row))
        drawing.box(173, 252 + 58 * row, 40, 40, fill="data")
        drawing.arrow((219, 272 + 58 * row), (250, 292 + 18 * row))
    drawing.grid(256, 286, [[""] * 3] * 2, cell=16, fill="orange")
    for row in range(3):
        drawing.box(364, 232 + 50 * row, 40, 40, fill="green")
    drawing.arrow((312, 302), (352, 302))
    drawing.text(280, 262, "2 x 3", size=15)
    return drawing.text(205, 378, "2 x 9 + 2 x 3 = 24 weights", bold=True)


def mbconv() -> Drawing:
    """The block of EfficientNet beside the fused one; a bar's width is its channels."""
    drawing = Drawing(420, 448)
    drawing.text(105, 18, "MBConv", bold=True, size=17)
    drawing.text(315, 18, "fused MBConv", bold=True, size=17)
    blocks = (
        (
            115,
            [
                (48, "1 x 1", "blue", 76),
                (170, "depthwise 3 x 3", "orange", 144),
                (170, "squeeze-excite", "purple", 212),
                (170, "1 x 1", "blue", 280),
            ],
        ),
        (325, [(170, "3 x 3", "orange", 144), (170, "1 x 1", "blue", 280)]),
    )
    for middle, steps in blocks:
        drawing.box(middle - 40, 40, 80, 26, "c", fill="data")
        tops = [66]
        for _, words, fill, top in steps:
            drawing.arrow((middle, tops[-1]), (middle, top + 8))
            drawing.box(middle - 80, top + 8, 160, 34, words, fill=fill, size=15)
            tops.append(top + 42)
        drawing.arrow((middle, 322), (middle, 340))
        drawing.box(middle - 40, 340, 80, 26, "c", fill="data")
        drawing.arrow((middle, 366), (middle, 384)).circle(middle, 396, 12, "+")
        left = middle - 96
        drawing.arrow((middle - 40, 53), (left, 53), (left, 396), (middle - 12, 396))
        drawing.arrow((middle, 408), (middle, 430))
    for middle, places in ((115, (135, 203, 271)), (325, (235,))):
        for place in places:
            drawing.text(middle + 30, place, "4c", size=14)
    return drawing


def squeeze_and_excitation() -> Drawing:
    """Four maps, their means, two units, four gates, and the maps times their gates."""
    drawing = Drawing(420, 250)
    means, gates = ("0.2", "3.0", "1.1", "0.4"), ("0.5", "0.9", "0.1", "0.6")
    for row in range(4):
        top = 40 + 52 * row
        drawing.box(12, top, 38, 38, fill="data")
        drawing.arrow((54, top + 19), (76, top + 19))
        drawing.grid(80, top + 4, [[means[row]]], cell=32, fill="blue", size=14)
        drawing.grid(250, top + 4, [[gates[row]]], cell=32, fill="orange", size=14)
        drawing.arrow((286, top + 19), (308, top + 19))
        drawing.circle(320, top + 19, 11, "x")
        drawing.arrow((332, top + 19), (358, top + 19))
        drawing.box(364, top, 38, 38, fill="green")
        for unit in range(2):
            drawing.arrow((112, top + 20), (168, 105 + 60 * unit), head=False)
            drawing.arrow((194, 105 + 60 * unit), (250, top + 20), head=False)
    for unit in range(2):
        drawing.circle(181, 105 + 60 * unit, 13)
    drawing.text(31, 20, "maps", size=15).text(96, 20, "means", size=15)
    drawing.text(181, 62, "a few\nunits", size=15)
    return drawing.text(266, 20, "gates", size=15).text(360, 20, "maps x gates", size=15)


def compound_scaling() -> Drawing:
    """A network as a row of bars, and four that cost about four times as much."""
    drawing = Drawing(420, 424)
    networks = (
        ("base", 1, 1, 20, 80, 94),
        ("4 x depth", 4, 1, 20, 210, 356),
        ("2 x width", 1, 2, 20, 110, 240),
        ("2 x resolution", 1, 1, 40, 300, 94),
        ("some of each", 1.5, 1.25, 28, 320, 240),
    )
    for name, depth, width, side, middle, center in networks:
        bars = _bars(depth, width, side)
        step = 3 if depth == 4 else 6
        length = sum(bar for bar, _ in bars) + step * (len(bars) - 1)
        place = middle - length / 2
        for thick, high in bars:
            drawing.box(place, center - high / 2, thick, high, fill="blue")
            place += thick + step
        drawing.text(middle, {94: 18, 240: 176, 356: 304}[center], name, bold=True)
    return drawing.text(210, 408, "height: pixels a side, thickness: channels", size=15)


def _bars(depth: float, width: float, side: int) -> list[tuple[float, float]]:
    """Thickness (channels) and height (pixels) of each block, for the drawing."""
    stages = ((1, 16, 1), (2, 16, 2), (2, 32, 2))  # blocks, channels, stride of the first
    bars = []
    for count, channels, stride in stages:
        side = math.ceil(side / stride)
        for _ in range(math.ceil(count * depth)):
            bars.append((8 * round(channels * width / 8) / 1.7, 3 * side))
    return bars


def convmixer() -> Drawing:
    """Patches, the block that is repeated, the mean and the classifier."""
    drawing = Drawing(420, 426)
    drawing.grid(26, 22, [[""] * 4] * 4, cell=20, fill="data")
    drawing.text(70, 124, "32 x 32 pixels,\ncut into patches", size=14)
    drawing.arrow((110, 62), (140, 62))
    drawing.box(146, 42, 120, 40, "4 x 4, stride 4", fill="green", size=15)
    drawing.text(206, 100, "GELU, norm", size=14)
    drawing.arrow((272, 62), (302, 62))
    drawing.maps(312, 22, 56, 6, fill="data", step=5)
    drawing.text(345, 126, "8 x 8 places,\n192 channels", size=14)

    drawing.arrow((345, 146), (345, 156), (210, 156), (210, 188))
    drawing.box(60, 164, 340, 196, fill="none", dashed=True)
    drawing.text(366, 344, "8 times", size=15, bold=True)
    drawing.box(110, 188, 200, 36, "depthwise 5 x 5", fill="orange")
    drawing.text(326, 200, "mixes\nplaces", size=14, anchor="start")
    drawing.text(266, 238, "GELU, norm", size=14)
    drawing.arrow((210, 224), (210, 250)).circle(210, 262, 12, "+")
    drawing.arrow((210, 176), (84, 176), (84, 262), (198, 262))
    drawing.arrow((210, 274), (210, 290))
    drawing.box(110, 290, 200, 36, "1 x 1", fill="blue")
    drawing.text(326, 302, "mixes\nchannels", size=14, anchor="start")
    drawing.text(266, 340, "GELU, norm", size=14)
    drawing.arrow((210, 326), (210, 378))
    return drawing.box(90, 380, 240, 36, "mean, then 10 classes", fill="green")


DIAGRAMS = {
    "compound_scaling": compound_scaling,
    "convmixer": convmixer,
    "mbconv": mbconv,
    "separable_convolution": separable_convolution,
    "squeeze_and_excitation": squeeze_and_excitation,
}
