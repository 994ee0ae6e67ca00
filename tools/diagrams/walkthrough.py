"""Diagrams of the walkthrough's pages."""

from __future__ import annotations

from svg import Drawing


def simple_cnn() -> Drawing:
    """The classic network, from top to bottom: each layer and the shape that leaves it."""
    layers = [
        ("data", "image", "32 x 32 x 3"),
        ("blue", "Conv2D 32, 3 x 3, ReLU", "30 x 30 x 32"),
        ("green", "MaxPooling2D 2 x 2", "15 x 15 x 32"),
        ("blue", "Conv2D 64, 3 x 3, ReLU", "13 x 13 x 64"),
        ("green", "MaxPooling2D 2 x 2", "6 x 6 x 64"),
        ("blue", "Conv2D 64, 3 x 3, ReLU", "4 x 4 x 64"),
        ("data", "Flatten", "1,024"),
        ("orange", "Dense 64, ReLU", "64"),
        ("purple", "Dropout 0.5", "64"),
        ("orange", "Dense 10, softmax", "10"),
    ]
    height, gap = 34, 18
    drawing = Drawing(400, len(layers) * (height + gap) - gap + 20)
    for number, (fill, name, shape) in enumerate(layers):
        top = 10 + number * (height + gap)
        drawing.box(10, top, 230, height, name, fill=fill)
        drawing.text(256, top + height / 2, shape, anchor="start")
        if number:
            drawing.arrow((125, top - gap), (125, top))
    return drawing


def data_splits() -> Drawing:
    """Train, validation and test: what each set of images is for."""
    drawing = Drawing(420, 344)
    drawing.box(10, 10, 252, 56, "training\n45,000 images", fill="blue")
    drawing.box(262, 10, 60, 56, "valid.\n5,000", fill="orange", size=14)
    drawing.box(340, 10, 70, 56, "test\n10,000", fill="green")
    drawing.arrow((136, 66), (136, 110))
    drawing.box(40, 110, 192, 50, "fit changes\nthe weights", fill="none")
    drawing.arrow((292, 66), (292, 135), (232, 135))
    drawing.text(302, 112, "choose", anchor="start", size=15)
    drawing.text(302, 132, "epochs,", anchor="start", size=15)
    drawing.text(302, 152, "rate, size", anchor="start", size=15)
    drawing.arrow((136, 160), (136, 204))
    drawing.box(40, 204, 192, 36, "the chosen network", fill="data")
    drawing.arrow((136, 240), (136, 284))
    drawing.box(40, 284, 192, 50, "the accuracy\nthat you report", fill="none", bold=True)
    drawing.arrow((375, 66), (375, 309), (232, 309))
    drawing.text(300, 292, "once, at the end", size=15)
    return drawing


def channel_sum() -> Drawing:
    """A convolution over three channels: three kernels, three sums, one number."""
    patches = {"red": [[1, 0], [2, 1]], "green": [[0, 3], [1, 1]], "blue": [[2, 2], [0, 1]]}
    kernels = {"red": [[1, 0], [0, 2]], "green": [[1, 1], [0, 0]], "blue": [[0, 1], [1, -1]]}
    drawing = Drawing(420, 310)
    drawing.text(52, 16, "patch").text(176, 16, "kernel")
    for row, name in enumerate(patches):
        top = 34 + row * 84
        patch, kernel = patches[name], kernels[name]
        total = _products(patch, kernel)
        drawing.grid(22, top, patch, fill=name)
        drawing.text(114, top + 30, "x", size=18)
        drawing.grid(146, top, kernel, fill="data")
        drawing.arrow((214, top + 30), (262, top + 30))
        drawing.text(238, top + 16, "sum", size=14)
        drawing.text(280, top + 30, str(total), size=18, bold=True)
        drawing.arrow((294, top + 30), (337 if row == 1 else 341, 148 + 9 * (row - 1)))
    drawing.circle(352, 148, 15, "+")
    drawing.arrow((352, 163), (352, 276))
    drawing.text(340, 292, _sum_text(patches, kernels), size=18, bold=True)
    return drawing


def _products(patch: list, kernel: list) -> int:
    """The sum of the products of two small tables."""
    return sum(
        p * k for rows in zip(patch, kernel, strict=True) for p, k in zip(*rows, strict=True)
    )


def _sum_text(patches: dict, kernels: dict) -> str:
    """3 + 3 + 1 = 7 for the numbers drawn."""
    totals = [_products(patches[name], kernels[name]) for name in patches]
    return f"{' + '.join(map(str, totals))} = {sum(totals)}"


def nearest_mean() -> Drawing:
    """A tiny image, two tiny mean images, and the squared differences that choose between them."""
    image = [[8, 9], [5, 6]]
    means = {"airplane": [[9, 9], [7, 7]], "frog": [[3, 4], [4, 3]]}
    drawing = Drawing(420, 266)
    drawing.text(50, 87, "image").grid(20, 103, image)
    for row, (name, mean) in enumerate(means.items()):
        top = 32 + 136 * row
        squares = [
            [(a - b) ** 2 for a, b in zip(*pair, strict=True)]
            for pair in zip(image, mean, strict=True)
        ]
        values = [value for line in squares for value in line]
        drawing.arrow((80, 133), (150, top + 30))
        drawing.text(183, top - 16, f"mean {name}", size=14)
        drawing.grid(153, top, mean, fill="blue" if row == 0 else "green")
        drawing.arrow((213, top + 30), (298, top + 30))
        drawing.text(332, top - 16, "squared differences", size=14)
        drawing.grid(302, top, squares)
        words = f"{' + '.join(map(str, values))} = {sum(values)}"
        drawing.text(310, top + 80, words, bold=row == 0)
    return drawing


DIAGRAMS = {
    "simple_cnn": simple_cnn,
    "data_splits": data_splits,
    "channel_sum": channel_sum,
    "nearest_mean": nearest_mean,
}
