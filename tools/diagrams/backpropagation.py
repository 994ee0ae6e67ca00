"""Diagrams of the page about backpropagation."""

from __future__ import annotations

from svg import Drawing

# The page's example: one input, three hidden units, one output
INPUT, FIRST, LAST, WANTED = 2, [1, -1, 2], [3, 4, -1], 1


def computational_graph() -> Drawing:
    """A network of two layers with one input: its numbers going forward, its gradients back."""
    hidden = [INPUT * weight for weight in FIRST]
    active = [max(0, value) for value in hidden]
    output = sum(a * v for a, v in zip(active, LAST, strict=True))
    to_output = 2 * (output - WANTED)
    to_active = [to_output * v for v in LAST]
    to_hidden = [g * (h > 0) for g, h in zip(to_active, hidden, strict=True)]
    to_input = sum(g * w for g, w in zip(to_hidden, FIRST, strict=True))

    drawing = Drawing(420, 486)
    drawing.box(10, 8, 76, 24, "forward", fill="blue", size=14)
    drawing.box(330, 8, 80, 24, "gradient", fill="orange", size=14)
    _node(drawing, 210, 44, f"x = {INPUT}", to_input)
    for number, middle in enumerate((70, 210, 350)):
        drawing.arrow((210, 76), (middle, 148))
        _weight(drawing, (middle + 210) / 2, 112, FIRST[number], to_hidden[number] * INPUT)
        _node(drawing, middle, 148, f"h = {hidden[number]}", to_hidden[number])
        drawing.arrow((middle, 180), (middle, 222))
        drawing.text(middle + 8, 200, "ReLU", size=14, anchor="start")
        _node(drawing, middle, 222, f"a = {active[number]}", to_active[number])
        drawing.arrow((middle, 254), (210, 340))
        _weight(drawing, (middle + 210) / 2, 292, LAST[number], to_output * active[number])
    _node(drawing, 210, 340, f"z = {output}", to_output)
    drawing.arrow((210, 372), (210, 414))
    drawing.text(210, 432, f"loss ({output} - {WANTED})² = {(output - WANTED) ** 2}", bold=True)
    drawing.text(210, 464, "forward along the arrows, gradients against", size=14)
    return drawing


def _node(drawing: Drawing, middle: float, top: float, words: str, gradient: int) -> None:
    """A value, and beside it the gradient of the loss with respect to it."""
    drawing.box(middle - 58, top, 74, 32, words, fill="blue")
    drawing.box(middle + 16, top, 42, 32, str(gradient), fill="orange")


def _weight(drawing: Drawing, x: float, y: float, weight: int, gradient: int) -> None:
    """A weight on an arrow, with its gradient."""
    drawing.box(x - 36, y - 12, 38, 24, f"x {weight}", fill="data", size=14)
    drawing.box(x + 2, y - 12, 32, 24, str(gradient), fill="orange", size=14)


def layer_passes() -> Drawing:
    """What goes through a layer forward and backward, and what it keeps in between."""
    drawing = Drawing(420, 226)
    drawing.box(136, 10, 148, 206, fill="none")
    drawing.text(210, 30, "a layer", bold=True)
    drawing.box(150, 48, 120, 32, "weights", fill="data")
    drawing.box(150, 96, 120, 32, "keeps input", fill="purple")
    drawing.box(150, 160, 120, 42, "gradient\nof weights", fill="orange", size=14)
    drawing.box(10, 48, 72, 32, "input", fill="blue").arrow((82, 64), (136, 64))
    drawing.box(338, 48, 72, 32, "output", fill="blue").arrow((284, 64), (338, 64))
    drawing.box(10, 160, 82, 42, "gradient\nof input", fill="orange", size=14)
    drawing.arrow((136, 181), (92, 181))
    drawing.box(328, 160, 82, 42, "gradient\nof output", fill="orange", size=14)
    drawing.arrow((328, 181), (284, 181))
    drawing.arrow((210, 80), (210, 96)).arrow((210, 128), (210, 160))
    drawing.text(46, 32, "forward", size=14).text(50, 144, "backward", size=14)
    return drawing


DIAGRAMS = {"computational_graph": computational_graph, "layer_passes": layer_passes}
