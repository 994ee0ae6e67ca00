"""Diagrams of the pages on pictures from outside the test set, and on pictures made to mislead."""

from __future__ import annotations

from svg import Drawing

WEIGHTS, NUMBERS, STEP = [1, -2, 1], [2, 0, 1], 1


def leaving_the_lab() -> Drawing:
    """Four ways in which a picture may differ from those of the test set."""
    ways = [
        ("orange", "worse pictures", "noise, blur, fog, JPEG"),
        ("orange", "moved pictures", "shifted, turned"),
        ("red", "other things", "none of the ten classes"),
        ("purple", "changed on purpose", "to mislead the network"),
    ]
    drawing = Drawing(460, 330)
    drawing.box(10, 10, 440, 44, "the lab: photos that are all alike", fill="green")
    drawing.text(30, 76, "outside:", anchor="start", bold=True)
    for row, (fill, name, example) in enumerate(ways):
        top = 94 + 58 * row
        drawing.box(10, top, 190, 46, name, fill=fill, bold=True)
        drawing.text(212, top + 23, example, anchor="start")
    return drawing


def one_step_against_it() -> Drawing:
    """Three numbers and three weights: every number takes a small step, and the score flips."""
    signs = [1 if weight > 0 else -1 for weight in WEIGHTS]
    moved = [number - STEP * sign for number, sign in zip(NUMBERS, signs, strict=True)]
    drawing = Drawing(420, 268)
    drawing.text(60, 18, "picture").text(200, 18, "weights").text(340, 18, "score")
    for row, numbers in enumerate([NUMBERS, moved]):
        top = 34 + 152 * row
        products = [a * b for a, b in zip(numbers, WEIGHTS, strict=True)]
        fill = "data" if row == 0 else "red"
        drawing.grid(15, top, [numbers], fill=fill)
        drawing.text(130, top + 15, "x", size=18)
        drawing.grid(155, top, [WEIGHTS], fill="blue")
        drawing.arrow((249, top + 15), (290, top + 15))
        drawing.box(294, top - 7, 92, 44, str(sum(products)), fill="orange", bold=True)
        terms = " + ".join(f"({value})" if value < 0 else str(value) for value in products)
        drawing.text(155, top + 54, terms, anchor="start")
        drawing.text(340, top + 54, "cat" if sum(products) > 0 else "dog", bold=True)
    drawing.arrow((60, 66), (60, 182))
    drawing.text(72, 126, "each number 1 step", anchor="start")
    drawing.text(72, 146, "against its weight's sign", anchor="start")
    return drawing


DIAGRAMS = {"leaving_the_lab": leaving_the_lab, "one_step_against_it": one_step_against_it}
