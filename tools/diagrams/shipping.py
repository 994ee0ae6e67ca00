"""Diagrams of the page on shipping a network."""

from __future__ import annotations

from svg import Drawing


def ways_out() -> Drawing:
    """A trained network, the files that it can become, and what each of them needs."""
    drawing = Drawing(420, 372)
    drawing.box(40, 10, 340, 40, "trained network", fill="blue", bold=True)
    files = [
        ("orange", ".keras", 10),
        ("green", "ONNX\nfloat32", 145),
        ("green", "LiteRT\nfloat32", 280),
    ]
    for fill, name, left in files:
        drawing.arrow((left + 55, 50), (left + 55, 100))
        drawing.box(left, 100, 110, 56, name, fill=fill)
    drawing.text(65, 184, "needs Python\nand Keras", size=15)
    drawing.text(200, 184, "need a small\nruntime", size=15)
    drawing.arrow((335, 156), (335, 206))
    drawing.box(280, 206, 110, 56, "float16\nhalf the bytes", fill="purple", size=14)
    drawing.arrow((390, 128), (409, 128), (409, 334), (390, 334))
    drawing.box(280, 306, 110, 56, "int8\na quarter", fill="red", size=15)
    drawing.box(60, 306, 150, 56, "training images\ncalibrate", fill="data", size=15)
    drawing.arrow((210, 334), (280, 334))
    return drawing


DIAGRAMS = {"ways_out": ways_out}
