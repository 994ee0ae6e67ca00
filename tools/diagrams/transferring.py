"""Diagrams of the pages on transfer learning."""

from __future__ import annotations

from svg import Drawing


def transfer_stages() -> Drawing:
    """What is trained before, in the first stage and in the second."""
    drawing = Drawing(420, 330)
    stages = [
        (75, "pretrained", "data", "head: 1,000\nclasses", "data", "trained by\nsomebody"),
        (210, "stage 1", "data", "new head:\n10 classes", "orange", "only the\nhead learns"),
        (345, "stage 2", "orange", "head:\n10 classes", "orange", "all learns, in\nsmall steps"),
    ]
    for middle, title, body_fill, head, head_fill, words in stages:
        left = middle - 57
        drawing.text(middle, 18, title, bold=True)
        drawing.text(middle, 50, "images", size=15)
        drawing.arrow((middle, 62), (middle, 88))
        drawing.box(left, 88, 114, 70, "body", fill=body_fill)
        drawing.arrow((middle, 158), (middle, 192))
        drawing.box(left, 192, 114, 56, head, fill=head_fill, size=15)
        drawing.text(middle, 286, words, size=15)
    for start in (132, 267):
        drawing.arrow((start, 123), (start + 21, 123))
    return drawing


DIAGRAMS = {"transfer_stages": transfer_stages}
