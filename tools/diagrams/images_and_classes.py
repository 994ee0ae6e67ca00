"""Diagrams of the pages on arrays, on scores and classes, and on features that separate them."""

from __future__ import annotations

import math

from svg import Drawing

SCORES = {"cat": 2, "dog": 1, "ship": 0}


def image_array() -> Drawing:
    """An image of 2 x 2 pixels: three tables of numbers, one of them taken out by its index."""
    channels = {
        "red": [[200, 40], [60, 250]],
        "green": [[30, 90], [160, 240]],
        "blue": [[30, 220], [70, 10]],
    }
    drawing = Drawing(420, 262)
    drawing.text(36, 62, "column", size=14).text(38, 100, "row 0", size=14).text(
        38, 144, "row 1", size=14
    )
    for number, (name, values) in enumerate(channels.items()):
        left = 72 + 114 * number
        drawing.text(left + 44, 16, f"channel {number}", size=14)
        drawing.text(left + 44, 36, name, size=14)
        drawing.text(left + 22, 62, "0", size=14).text(left + 66, 62, "1", size=14)
        drawing.grid(left, 78, values, cell=44, fill=name, marked=[(1, 0)])
        drawing.arrow((left + 22, 166), (left + 22, 206))
    words = ", ".join(str(values[1][0]) for values in channels.values())
    drawing.box(72, 206, 316, 42, f"image[1, 0] is [{words}]", fill="orange")
    return drawing


def moved_stripe() -> Drawing:
    """A stripe, the same stripe one pixel on, and plain gray: which of the two is nearer?"""
    stripe, others = [9, 0, 0, 0], {"moved by one": [0, 9, 0, 0], "plain gray": [3, 3, 3, 3]}
    drawing = Drawing(420, 232)
    drawing.text(78, 68, "a stripe").grid(18, 84, [stripe], marked=[(0, 0)])
    for row, (name, other) in enumerate(others.items()):
        top = 40 + 112 * row
        squares = [(a - b) ** 2 for a, b in zip(stripe, other, strict=True)]
        drawing.arrow((138, 99), (196, top + 15))
        drawing.text(260, top - 16, name)
        marked = [(0, 1)] if row == 0 else []
        drawing.grid(200, top, [other], fill="data" if row == 0 else "blue", marked=marked)
        words = f"{' + '.join(map(str, squares))} = {sum(squares)}"
        drawing.text(260, top + 50, words)
        distance = f"distance {math.sqrt(sum(squares)):.1f}"
        drawing.text(260, top + 72, distance, bold=True)
    return drawing


def linear_scores() -> Drawing:
    """A linear model for two classes: image times weights, summed, plus a bias, is a score."""
    image = [3, 3, 1, 0]
    classes = {"airplane": ([1, 1, 0, -1], 0, "blue"), "frog": ([-1, 0, 1, 2], 2, "green")}
    drawing = Drawing(420, 300)
    drawing.text(48, 102, "image").grid(18, 118, _square(image))
    for row, (name, (weights, bias, fill)) in enumerate(classes.items()):
        top = 40 + 150 * row
        products = [a * b for a, b in zip(image, weights, strict=True)]
        score = sum(products) + bias
        drawing.arrow((80, 148), (138, top + 30))
        drawing.text(186, top - 16, f"weights of {name}", size=15)
        drawing.grid(142, top, _square(weights), fill=fill)
        drawing.arrow((204, top + 30), (266, top + 30))
        terms = " + ".join(map(str, products))
        drawing.text(142, top + 86, f"{terms} + {bias} = {score}", anchor="start")
        drawing.box(268, top + 8, 120, 44, f"score {score}", fill="orange", bold=row == 0)
    return drawing


def scores_to_loss() -> Drawing:
    """From three scores to three probabilities to one loss, with the numbers of each step."""
    exponentials = {name: math.exp(score) for name, score in SCORES.items()}
    total = sum(exponentials.values())
    shares = {name: value / total for name, value in exponentials.items()}
    divide = f"divide by {total:.1f}"
    rows = [
        ("scores", [str(score) for score in SCORES.values()], "blue", "e to the score"),
        ("exponentials", [f"{x:.1f}" for x in exponentials.values()], "none", divide),
        ("probabilities", [f"{share:.2f}" for share in shares.values()], "orange", ""),
    ]
    drawing = Drawing(420, 446)
    drawing.grid(124, 10, [[2, 1]], cell=36).text(296, 28, "features", anchor="start", size=15)
    drawing.arrow((160, 46), (160, 88)).text(172, 66, "weights, biases", anchor="start", size=15)
    for column, name in enumerate(SCORES):
        drawing.text(72 + 88 * column, 100, name, size=15, bold=column == 0)
    for row, (name, values, fill, step) in enumerate(rows):
        top = 114 + 84 * row
        drawing.text(296, top + 17, name, anchor="start", size=15)
        for column, value in enumerate(values):
            drawing.box(30 + 88 * column, top, 84, 34, value, fill=fill)
        if step:
            drawing.arrow((160, top + 34), (160, top + 84))
            drawing.text(172, top + 58, step, anchor="start", size=15)
    drawing.arrow((72, 316), (72, 394))
    drawing.text(84, 354, "label cat: minus the logarithm", anchor="start", size=15)
    drawing.box(30, 394, 84, 40, f"{-math.log(shares['cat']):.2f}", fill="green", bold=True)
    drawing.text(126, 414, "loss", anchor="start", bold=True)
    return drawing


def dense_layer() -> Drawing:
    """A dense layer from three numbers to two: a weight for each line, a bias for each output."""
    drawing = Drawing(420, 208)
    inputs = [(70, 34), (70, 104), (70, 174)]
    outputs = [(240, 69), (240, 139)]
    for x, y in inputs:
        for to_x, to_y in outputs:
            drawing.arrow((x + 22, y), (to_x - 22, to_y))
    for x, y in inputs:
        drawing.circle(x, y, 22)
    for x, y in outputs:
        drawing.circle(x, y, 22, "+")
        drawing.text(272, y, "+ 1 bias", anchor="start")
    for number, (x, y) in enumerate(inputs, start=1):
        drawing.text(x, y, f"x{number}")
    drawing.text(272, 176, "3 x 2 + 2 = 8", anchor="start", bold=True)
    drawing.text(272, 196, "parameters", anchor="start")
    return drawing


def folded_line() -> Drawing:
    """Three points that no threshold separates; two ReLUs fold the line, and a line separates."""
    drawing = Drawing(420, 330)
    drawing.text(210, 18, "one number: no threshold separates", bold=True)
    drawing.arrow((50, 76), (370, 76))
    for x, name, fill in ((90, "B", "blue"), (210, "A", "orange"), (330, "B", "blue")):
        drawing.box(x - 15, 61, 30, 30, name, fill=fill)
        drawing.text(x, 46, str((x - 210) // 120), size=15)
    drawing.text(392, 76, "x", size=18)
    drawing.text(210, 128, "two features: a straight line separates", bold=True)
    drawing.arrow((110, 290), (330, 290)).arrow((110, 290), (110, 152))
    drawing.text(342, 290, "ReLU(x)", anchor="start").text(122, 156, "ReLU(-x)", anchor="start")
    drawing.arrow((104, 234), (181, 296), head=False)
    for x, y, name, fill in ((110, 290, "A", "orange"), (240, 290, "B", "blue"),
                             (110, 190, "B", "blue")):  # fmt: skip
        drawing.box(x - 15, y - 15, 30, 30, name, fill=fill)
    drawing.text(110, 318, "0", size=15).text(240, 318, "1", size=15)
    drawing.text(84, 290, "0", size=15).text(84, 190, "1", size=15)
    return drawing


def _square(values: list) -> list:
    return [values[:2], values[2:]]


DIAGRAMS = {
    "image_array": image_array,
    "moved_stripe": moved_stripe,
    "linear_scores": linear_scores,
    "scores_to_loss": scores_to_loss,
    "dense_layer": dense_layer,
    "folded_line": folded_line,
}
