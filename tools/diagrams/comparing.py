"""Diagrams of the page that compares the networks."""

from __future__ import annotations

from svg import Drawing

ONLY_A, ONLY_B = (
    (1, 4, 6, 9, 12, 15),
    (8,),
)  # of twenty test images, those that one of two has right
NEITHER = (17,)


def paired_test() -> Drawing:
    """Twenty images, right or wrong by two networks, and the four numbers they make."""
    drawing, cell = Drawing(420, 318), 17
    for row, (name, right) in enumerate({"A": ONLY_A, "B": ONLY_B}.items()):
        other = ONLY_B if right is ONLY_A else ONLY_A
        drawing.text(16, 22 + 34 * row, name, bold=True)
        for number in range(20):
            wrong = number in other or number in NEITHER
            counts = number in ONLY_A + ONLY_B
            fill = "data" if not counts else ("red" if wrong else "green")
            drawing.box(34 + 19 * number, 13 + 34 * row, cell, cell, fill=fill)
            if wrong:
                left, top = 34 + 19 * number, 13 + 34 * row
                drawing.arrow((left + 4, top + 4), (left + 13, top + 13), head=False)
                drawing.arrow((left + 13, top + 4), (left + 4, top + 13), head=False)
    drawing.text(210, 90, "crossed: the network gets this image wrong", size=14)
    both = 20 - len(ONLY_A) - len(ONLY_B) - len(NEITHER)
    drawing.text(262, 118, "B right").text(362, 118, "B wrong")
    drawing.text(174, 160, "A right").text(174, 220, "A wrong")
    for left, top, value, fill in [
        (214, 132, both, "data"),
        (314, 132, len(ONLY_A), "green"),
        (214, 192, len(ONLY_B), "red"),
        (314, 192, len(NEITHER), "data"),
    ]:
        drawing.box(left, top, 96, 54, str(value), fill=fill, size=22)
    drawing.text(210, 272, f"{len(ONLY_A)} wins for A, {len(ONLY_B)} for B:", size=16, bold=True)
    return drawing.text(210, 298, "only these seven can tell which is better", size=15)


DIAGRAMS = {"paired_test": paired_test}
