"""Diagrams of the page about gradient descent, momentum and Adam."""

from __future__ import annotations

from itertools import pairwise

from svg import Drawing


def pencil_descent() -> Drawing:
    """Three steps down the parabola w squared, with a rate that settles and one that does not."""
    drawing = Drawing(420, 270)
    _parabola(drawing, left=10, reach=4.6, rate=0.25)
    _parabola(drawing, left=218, reach=10.2, rate=1.25)
    return drawing


def _parabola(drawing: Drawing, *, left: float, reach: float, rate: float) -> None:
    """A panel 190 wide: the curve, the weights of a descent from 4 and arrows between them."""
    width, top, bottom = 190, 62, 226

    def place(weight: float) -> tuple[float, float]:
        across = left + width / 2 + weight / reach * width / 2
        return across, bottom - (weight / reach) ** 2 * (bottom - top)

    drawing.text(left + width / 2, 18, f"rate {rate:g}", bold=True)
    drawing.arrow((left, bottom), (left + width, bottom), head=False)
    drawing.arrow(*[place(reach * n / 20) for n in range(-20, 21)], head=False)
    weights = [4.0]
    for _ in range(2):
        weights.append(weights[-1] - rate * 2 * weights[-1])
    for before, after in pairwise(weights):
        drawing.arrow(place(before), place(after))
    for weight in weights:
        x, y = place(weight)
        drawing.circle(x, y, 4)
        drawing.arrow((x, bottom), (x, bottom + 6), head=False)
        drawing.text(x, bottom + 18, f"{weight:g}", size=15)
    drawing.text(left + width / 2, 262, "weight", size=14)


def optimizers() -> Drawing:
    """What gradient descent, momentum and Adam do with a gradient before they take a step."""
    drawing = Drawing(420, 372)
    rows = [("gradient descent", 46), ("momentum", 146), ("Adam", 268)]
    for name, middle in rows:
        drawing.text(10, middle - 34, name, anchor="start", bold=True)
        drawing.box(10, middle - 18, 84, 36, "gradient", fill="data")
        drawing.box(346, middle - 18, 64, 36, "step", fill="green")
    drawing.arrow((94, 46), (346, 46)).text(220, 32, "x (- rate)", size=14)

    drawing.arrow((94, 146), (150, 146))
    drawing.box(150, 128, 92, 36, "velocity", fill="orange")
    drawing.arrow((230, 164), (230, 184), (162, 184), (162, 164))
    drawing.text(196, 200, "keeps 0.9 of itself", size=14)
    drawing.arrow((242, 146), (346, 146)).text(294, 132, "x (- rate)", size=14)

    drawing.arrow((94, 260), (120, 260), (120, 250), (150, 250))
    drawing.arrow((94, 276), (120, 276), (120, 316), (150, 316))
    drawing.box(150, 232, 106, 36, "mean", fill="orange")
    drawing.box(150, 298, 106, 36, "mean square", fill="orange", size=15)
    drawing.text(203, 282, "keeps 0.9", size=14)
    drawing.text(203, 350, "keeps 0.999", size=14)
    drawing.circle(294, 268, 13, "÷")
    drawing.arrow((256, 250), (284, 260))
    drawing.arrow((256, 316), (294, 316), (294, 281))
    drawing.text(300, 302, "root", size=14, anchor="start")
    drawing.arrow((307, 268), (346, 268)).text(330, 236, "x (- rate)", size=14)
    return drawing


DIAGRAMS = {"pencil_descent": pencil_descent, "optimizers": optimizers}
