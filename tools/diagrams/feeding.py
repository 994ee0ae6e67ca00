"""The diagram of the page on input pipelines."""

from __future__ import annotations

from svg import Drawing


def input_pipeline() -> Drawing:
    """From several files to the step of a training, station by station."""
    drawing = Drawing(420, 498)
    for number in range(3):
        left = 10 + 60 * number
        drawing.box(left, 10, 50, 40, f"file\n{number}", fill="data", size=14)
        drawing.arrow((left + 25, 50), (95, 84))
    drawing.text(200, 30, "many images in a file", anchor="start", size=15)
    stations = [
        ("interleave", "a little from each file", "orange"),
        ("shuffle", "drawn from a buffer", "purple"),
        ("decode", "bytes become an image", "green"),
        ("batch", "64 images at a time", "green"),
        ("augment", "a whole batch at once", "purple"),
        ("prefetch", "the next one is ready", "orange"),
        ("step", "the network learns", "blue"),
    ]
    for number, (name, words, fill) in enumerate(stations):
        top = 84 + 60 * number
        drawing.box(10, top, 170, 40, name, fill=fill, bold=True)
        drawing.text(200, top + 20, words, anchor="start", size=15)
        if number:
            drawing.arrow((95, top - 20), (95, top))
    return drawing


DIAGRAMS = {"input_pipeline": input_pipeline}
