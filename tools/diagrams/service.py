"""The diagram of the page on a network as a service."""

from __future__ import annotations

from svg import Drawing


def prediction_service() -> Drawing:
    """A request on its way through a service, and the answer on its way back."""
    drawing = Drawing(420, 372)
    drawing.box(10, 10, 400, 44, "another program, the client", fill="data")
    drawing.arrow((110, 54), (110, 116))
    drawing.text(120, 76, "POST /predict", anchor="start", size=15)
    drawing.text(120, 96, "and a photo", anchor="start", size=15)
    drawing.arrow((330, 116), (330, 54))
    drawing.text(320, 76, "200 OK", anchor="end", size=15)
    drawing.text(320, 96, '"class": "cat"', anchor="end", size=15)
    drawing.box(10, 116, 400, 246, fill="none", dashed=True)
    drawing.text(20, 136, "the service", anchor="start", bold=True)
    steps = [
        ("orange", "too large? no form? say so"),
        ("blue", "open the photo, make it 32 x 32"),
        ("green", "the network: ten scores"),
        ("purple", "softmax, and write it as text"),
    ]
    for number, (fill, words) in enumerate(steps):
        top = 154 + 52 * number
        drawing.box(40, top, 340, 36, words, fill=fill)
        if number:
            drawing.arrow((210, top - 16), (210, top))
    return drawing


DIAGRAMS = {
    "prediction_service": prediction_service,
}
