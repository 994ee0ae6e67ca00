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


def own_classes() -> Drawing:
    """From a folder of photos to one file: what happens to them on the way."""
    drawing = Drawing(360, 470)
    for left, name in ((24, "cat"), (132, "dog"), (240, "horse")):
        drawing.box(left, 10, 96, 40, name, fill="data")
    steps = [
        (78, "open every file, count them", "none"),
        (150, "pretrained body, frozen:\n1,280 features per photo", "data"),
        (240, "head learns from the\ntraining photos", "orange"),
        (330, "photos kept apart\nsay how good it is", "green"),
    ]
    for left in (72, 180, 288):
        drawing.arrow((left, 50), (left, 78))
    for (top, text, fill), (below, *_) in zip(steps, [*steps[1:], (420,)], strict=True):
        height = 44 if "\n" not in text else 62
        drawing.box(24, top, 312, height, text, fill=fill, size=16)
        drawing.arrow((180, top + height), (180, below))
    drawing.box(24, 420, 190, 40, "one file: the model", fill="none", size=16)
    drawing.box(226, 420, 110, 40, "class names", fill="none", size=16)
    return drawing


DIAGRAMS = {"transfer_stages": transfer_stages, "own_classes": own_classes}
