"""Diagrams of the page on what makes training work."""

from __future__ import annotations

from statistics import fmean, pstdev

from svg import Drawing


def training_ingredients() -> Drawing:
    """One step of a training, and where each ingredient acts in it."""
    drawing = Drawing(420, 478)
    drawing.box(40, 10, 180, 34, "training image", fill="data")
    drawing.arrow((130, 44), (130, 62))
    drawing.box(40, 62, 180, 34, "augmentation", fill="orange")
    drawing.text(232, 79, "another version\neach time", anchor="start", size=14)
    drawing.arrow((130, 96), (130, 114))
    drawing.box(40, 114, 180, 158, fill="none").text(130, 132, "network", bold=True)
    inside = [
        ("initial weights", "blue", "the right size\nat first"),
        ("normalization", "green", "the right size\nat every step"),
        ("dropout", "purple", "noise"),
    ]
    for number, (name, fill, words) in enumerate(inside):
        top = 148 + 40 * number
        drawing.box(54, top, 152, 34, name, fill=fill)
        drawing.text(232, top + 17, words, anchor="start", size=14)
    drawing.arrow((130, 272), (130, 290))
    drawing.box(40, 290, 180, 34, "loss", fill="data")
    drawing.arrow((130, 324), (130, 350))
    drawing.text(142, 337, "gradient", anchor="start", size=14)
    drawing.box(40, 350, 180, 118, fill="none").text(130, 368, "change of weights", bold=True)
    for number, (name, words) in enumerate(
        [("schedule", "how large a step"), ("weight decay", "a pull toward zero")]
    ):
        top = 384 + 40 * number
        drawing.box(54, top, 152, 34, name, fill="red")
        drawing.text(232, top + 17, words, anchor="start", size=14)
    return drawing.arrow((40, 409), (16, 409), (16, 193), (40, 193))


def batch_normalization() -> Drawing:
    """Four images with two channels: minus the channel's mean, divided by its deviation."""
    channels = [[2, 4, 6, 8], [10, 30, 20, 40]]
    means, deviations = [fmean(c) for c in channels], [pstdev(c) for c in channels]
    normalized = [
        [f"{(value - mean) / deviation:.2f}" for value in channel]
        for channel, mean, deviation in zip(channels, means, deviations, strict=True)
    ]
    cell, left, right, top = 46, 80, 310, 40
    drawing = Drawing(420, 300)
    for x in (left, right):
        drawing.text(x + cell / 2, 24, "A", bold=True).text(x + 1.5 * cell, 24, "B", bold=True)
    for number in range(4):
        middle = top + cell * (number + 0.5)
        drawing.text(8, middle, f"image {number + 1}", anchor="start", size=14)
    drawing.grid(left, top, list(zip(*channels, strict=True)), cell=cell)
    drawing.grid(right, top, list(zip(*normalized, strict=True)), cell=cell, fill="green")
    drawing.text(241, 112, "minus mean,\nthen divided\nby deviation", size=14)
    drawing.arrow((182, 148), (300, 148))
    lines = [("mean", means, ["0", "0"]), ("deviation", deviations, ["1", "1"])]
    for number, (name, before, after) in enumerate(lines):
        y = top + 4 * cell + 24 + 28 * number
        drawing.text(8, y, name, anchor="start", size=14)
        for column in range(2):
            value = f"{before[column]:.1f}".removesuffix(".0")
            drawing.text(left + cell * (column + 0.5), y, value)
            drawing.text(right + cell * (column + 0.5), y, after[column])
    return drawing


DIAGRAMS = {
    "training_ingredients": training_ingredients,
    "batch_normalization": batch_normalization,
}
