"""Diagrams of the page on what a network gets wrong."""

from __future__ import annotations

from svg import Drawing

COUNTS = [[6, 4], [2, 8]]  # rows: labels cat and dog; columns: answers


def precision_recall() -> Drawing:
    """Twenty answers in a table: recall along a row, precision down a column."""
    drawing = Drawing(420, 282)
    (hits, missed), (mistaken, others) = COUNTS
    drawing.text(152, 22, "“cat”", bold=True).text(242, 22, "“dog”", bold=True)
    drawing.text(60, 76, "10 cats", bold=True).text(60, 146, "10 dogs", bold=True)
    for left, top, value, fill in [
        (110, 44, hits, "green"),
        (200, 44, missed, "orange"),
        (110, 114, mistaken, "blue"),
        (200, 114, others, "data"),
    ]:
        drawing.box(left, top, 84, 64, str(value), fill=fill, size=22)
    drawing.arrow((288, 76), (314, 76))
    drawing.text(366, 66, "recall", bold=True)
    drawing.text(366, 88, f"{hits} of {hits + missed}")
    drawing.arrow((152, 182), (152, 206))
    drawing.text(152, 220, "precision", bold=True)
    drawing.text(152, 242, f"{hits} of {hits + mistaken}")
    return drawing.text(210, 268, "rows: the label; columns: the answer", size=14)


def paired_images() -> Drawing:
    """Ten images that two networks answer: only where they differ does one gain on the other."""
    drawing = Drawing(440, 176)
    for row, (name, right) in enumerate([("A", "1110111000"), ("B", "0001111000")]):
        top = 12 + 48 * row
        drawing.text(22, top + 18, name, bold=True)
        for place, one in enumerate(right):
            words, fill = ("right", "green") if one == "1" else ("", "orange")
            drawing.box(44 + 39 * place, top, 34, 36, words and "✓", fill=fill, size=18)
    for place, gain in enumerate(["+1", "+1", "+1", "−1", *6 * ["0"]]):
        drawing.text(61 + 39 * place, 124, gain, bold=gain != "0")
    return drawing.text(220, 158, "A leads by 2 images of 10", size=16)


DIAGRAMS = {"precision_recall": precision_recall, "paired_images": paired_images}
