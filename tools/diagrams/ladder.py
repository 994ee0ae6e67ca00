"""Diagrams of the pages on the way from 69 to 94 percent, and on what a teacher adds."""

from __future__ import annotations

import math

from svg import Drawing


def ladder_places() -> Drawing:
    """One training, and where each change of the ladder acts."""
    drawing = Drawing(420, 440)
    drawing.box(20, 10, 190, 34, "training image", fill="data")
    drawing.arrow((115, 44), (115, 62))
    drawing.box(20, 62, 190, 34, "shifts and flips", fill="orange")
    drawing.text(222, 79, "one of 50 versions", anchor="start", size=14)
    drawing.arrow((115, 96), (115, 114))
    drawing.box(20, 114, 190, 158, fill="none").text(115, 132, "network", bold=True)
    inside = [
        ("a deeper network", "blue", "seven convolutions,\nnot three"),
        ("batch normalization", "green", "values stay on\none scale"),
        ("a prepared start", "purple", "first weights made\nfrom the images"),
    ]
    for number, (name, fill, words) in enumerate(inside):
        top = 148 + 40 * number
        drawing.box(32, top, 166, 34, name, fill=fill)
        drawing.text(222, top + 17, words, anchor="start", size=14)
    drawing.arrow((115, 272), (115, 290))
    drawing.box(20, 290, 190, 34, "label smoothing", fill="red")
    drawing.text(222, 307, "targets a little\nless certain", anchor="start", size=14)
    drawing.arrow((115, 324), (115, 342))
    drawing.box(20, 342, 190, 34, "SGD with a schedule", fill="red")
    drawing.text(222, 359, "steps that grow,\nthen shrink", anchor="start", size=14)
    drawing.arrow((115, 376), (115, 394))
    drawing.box(20, 394, 190, 34, "averaged weights", fill="red")
    return drawing.text(222, 411, "set back a little\nevery 20 steps", anchor="start", size=14)


def teacher_and_student() -> Drawing:
    """A cat's scores by a teacher, as probabilities and softened, and the student that learns."""
    names, scores = ["cat", "dog", "truck"], [6, 3, 0]
    drawing = Drawing(420, 372)
    drawing.box(20, 10, 170, 52, "teacher\n(large, trained)", fill="blue")
    drawing.text(212, 36, "a picture of a cat", anchor="start", size=15)
    drawing.arrow((50, 62), (50, 112))
    lines = [
        ("scores", [str(score) for score in scores]),
        ("softmax", [f"{share:.3f}" for share in _softmax(scores, 1)]),
        ("softmax\nof scores / 3", [f"{share:.3f}" for share in _softmax(scores, 3)]),
    ]
    left, top, cell = 170, 90, 78
    for column, name in enumerate(names):
        drawing.text(left + cell * (column + 0.5), top, name, bold=True, size=15)
    for row, (words, values) in enumerate(lines):
        y = top + 18 + 46 * row
        drawing.text(20, y + 19, words, anchor="start", size=15)
        fill = "orange" if row == 2 else "data"
        for column, value in enumerate(values):
            drawing.box(left + cell * column, y, cell, 38, value, fill=fill, size=15)
    drawing.arrow((287, 240), (287, 268))
    drawing.box(20, 268, 170, 52, "student\n(small)", fill="green")
    drawing.box(210, 268, 154, 52, "imitate this,\ntoo", fill="orange")
    drawing.arrow((210, 294), (190, 294))
    return drawing.text(192, 348, "and, as always, the label: cat", size=15)


def grid_and_random() -> Drawing:
    """Nine trials in a grid and nine at random, below what the better of two settings is worth."""
    drawing = Drawing(420, 300)
    side, top = 180, 96
    spread = [0.05, 0.17, 0.29, 0.42, 0.50, 0.63, 0.74, 0.86, 0.95]
    heights = [0.55, 0.90, 0.20, 0.70, 0.35, 0.95, 0.10, 0.45, 0.80]
    grid = [(column, row) for column in (0.15, 0.43, 0.85) for row in (0.15, 0.5, 0.85)]
    squares = [(20, "grid", grid), (220, "random", list(zip(spread, heights, strict=True)))]
    for left, name, trials in squares:
        drawing.text(left + side / 2, 14, name, bold=True)
        steps = [place / 40 for place in range(41)]
        curve = [(left + side * u, top - 6 - 58 * _worth(u)) for u in steps]
        drawing.arrow(*curve, head=False)
        drawing.box(left, top, side, 150, fill="none")
        best = max(_worth(u) for u, _ in trials)
        for u, v in trials:
            fill = "orange" if _worth(u) == best else "data"
            drawing.box(left + side * u - 6, top + 150 * v - 6, 12, 12, fill=fill)
        drawing.text(left + side / 2, top + 166, "learning rate", size=15)
    return drawing.text(210, 288, "height: another setting, without effect here", size=14)


def _worth(place: float) -> float:
    """How good a learning rate at this place is, 0..1: a narrow peak."""
    return math.exp(-(((place - 0.63) / 0.13) ** 2))


def _softmax(scores: list[float], temperature: float) -> list[float]:
    powers = [math.exp(score / temperature) for score in scores]
    return [power / sum(powers) for power in powers]


DIAGRAMS = {
    "ladder_places": ladder_places,
    "teacher_and_student": teacher_and_student,
    "grid_and_random": grid_and_random,
}
