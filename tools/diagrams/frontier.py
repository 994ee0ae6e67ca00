"""Diagrams of the page on what came after the Vision Transformer."""

from __future__ import annotations

from svg import Drawing

TEXTS = ["deer", "ship", "truck"]
SIMILARITIES = [[0.9, 0.1, 0.2], [0.0, 0.8, 0.3], [0.1, 0.6, 0.7]]


def frontier_map() -> Drawing:
    """Two questions, and the answers that the page tells of."""
    drawing = Drawing(420, 318)
    for left, fill, question, answers in [
        (
            8, "blue", "What mixes\nthe places?",
            ["windows: Swin", "7 x 7: ConvNeXt", "scans: Mamba"],
        ),
        (
            216, "orange", "Who is\nthe teacher?",
            ["a network: DeiT", "hidden patches: MAE", "oneself: DINO", "captions: CLIP"],
        ),
    ]:  # fmt: skip
        drawing.box(left + 26, 78, 144, 52, question, fill=fill, bold=True)
        drawing.arrow((left + 98, 130), (left + 98, 150))
        for number, words in enumerate(answers):
            drawing.box(left, 150 + 41 * number, 196, 34, words, fill=fill)
    drawing.box(110, 8, 200, 38, "Vision Transformer", fill="data", bold=True)
    drawing.arrow((160, 46), (106, 78))
    return drawing.arrow((260, 46), (314, 78))


def shifted_windows() -> Drawing:
    """A grid of 8 x 8 tokens, cut into windows of 4 x 4, and cut again after a shift by two."""
    drawing, cell = Drawing(420, 252), 22
    for left, title, shift in [(16, "one layer", 0), (228, "the next layer", 2)]:
        drawing.text(left + 4 * cell, 16, title, bold=True)
        places = [(place + 4 - shift) // 4 - (0 if shift else 1) for place in range(8)]
        numbers = sorted(set(places))
        for row in range(8):
            for column in range(8):
                count = numbers.index(places[row]) + numbers.index(places[column])
                fill = "blue" if count % 2 else "data"
                if (places[row], places[column]) == (places[3], places[3]):
                    fill = "green"
                x, y = left + cell * column, 32 + cell * row
                drawing.grid(x, y, [[""]], cell=cell, fill=fill)
        x, y = left + 3 * cell, 32 + 3 * cell
        drawing.grid(x, y, [[""]], cell=cell, fill="orange")
    return drawing.text(210, 232, "orange takes from the green window only", size=15)


def two_blocks() -> Drawing:
    """A transformer's block and ConvNeXt's, with what mixes places and what mixes channels."""
    blocks = [
        ("Vision Transformer", [("normalize", "data"), ("attention", "blue"), ("+", "none"),
                                ("normalize", "data"), ("dense x 4", "orange"),
                                ("dense", "orange"), ("+", "none")]),
        ("ConvNeXt", [("depthwise 7 x 7", "blue"), ("normalize", "data"), ("dense x 4", "orange"),
                      ("dense", "orange"), ("+", "none")]),
    ]  # fmt: skip
    drawing = Drawing(420, 384)
    for column, (name, parts) in enumerate(blocks):
        middle = 104 + 208 * column
        drawing.text(middle, 14, name, bold=True)
        entry, y = 34, 54
        drawing.arrow((middle, 30), (middle, 54))
        for words, fill in parts:
            if words == "+":
                drawing.circle(middle, y + 11, 11, "+")
                side = middle + 88
                path = [
                    (middle, entry + 6),
                    (side, entry + 6),
                    (side, y + 11),
                    (middle + 11, y + 11),
                ]
                drawing.arrow(*path)
                end, entry = y + 22, y + 22
            else:
                drawing.box(middle - 70, y, 140, 28, words, fill=fill, size=15)
                end = y + 28
            drawing.arrow((middle, end), (middle, end + 16))
            y = end + 16
    return drawing.text(210, 370, "blue: mixes places; orange: mixes channels", size=15)


def masked_autoencoder() -> Drawing:
    """Sixteen patches, four of them visible: encoder, decoder, and where the loss looks."""
    drawing, cell = Drawing(420, 262), 24
    visible = [(0, 2), (1, 0), (2, 3), (3, 1)]
    drawing.text(60, 14, "image", bold=True).text(360, 14, "prediction", bold=True)
    drawing.grid(12, 30, [[""] * 4] * 4, cell=cell, marked=visible, mark="blue")
    drawing.arrow((108, 78), (134, 78))
    drawing.box(134, 52, 76, 52, "encoder", fill="green")
    drawing.arrow((210, 78), (226, 78))
    drawing.box(226, 60, 70, 36, "decoder", fill="purple", size=15)
    drawing.arrow((296, 78), (312, 78))
    drawing.grid(312, 30, [[""] * 4] * 4, cell=cell, fill="orange", marked=visible, mark="data")
    drawing.text(172, 120, "4 tokens", size=14).text(261, 120, "16 tokens", size=14)
    lines = ["blue: the four patches that the encoder sees",
             "orange: the twelve hidden ones, for the loss",
             "afterward the decoder is thrown away"]  # fmt: skip
    for number, words in enumerate(lines):
        drawing.text(210, 168 + 30 * number, words, size=14)
    return drawing


def self_distillation() -> Drawing:
    """DINO: two crops, a student that is trained and a teacher that follows it."""
    drawing = Drawing(420, 330)
    drawing.box(130, 8, 160, 34, "one photograph", fill="data")
    drawing.arrow((170, 42), (100, 66)).arrow((250, 42), (320, 66))
    drawing.box(30, 66, 140, 34, "a crop", fill="data")
    drawing.box(250, 66, 140, 34, "a large crop", fill="data")
    drawing.arrow((100, 100), (100, 124)).arrow((320, 100), (320, 124))
    drawing.box(30, 124, 140, 40, "student", fill="blue", bold=True)
    drawing.box(250, 124, 140, 40, "teacher", fill="green", bold=True)
    drawing.arrow((170, 144), (250, 144))
    drawing.text(210, 112, "moving\naverage", size=14)
    drawing.arrow((100, 164), (100, 214)).arrow((320, 164), (320, 188))
    drawing.box(250, 188, 140, 50, "minus the mean,\nsharpened", fill="none", size=15)
    drawing.box(30, 214, 140, 34, "answer", fill="data")
    drawing.arrow((320, 238), (320, 258))
    drawing.box(250, 258, 140, 34, "answer", fill="data")
    drawing.arrow((100, 248), (100, 275), (250, 275))
    return drawing.text(210, 316, "the student is to give the teacher's answer", size=15)


def clip_pairs() -> Drawing:
    """Three images against three texts: similarities, the pairs on the diagonal."""
    drawing, cell = Drawing(420, 280), 62
    drawing.box(198, 8, 186, 34, "text encoder", fill="orange")
    drawing.box(16, 36, 132, 34, "image encoder", fill="blue")
    for number, words in enumerate(TEXTS):
        drawing.text(229 + cell * number, 64, f"“{words}”", size=15)
        drawing.text(82, 115 + cell * number, f"photo of\na {words}", size=15)
        drawing.arrow((134, 115 + cell * number), (192, 115 + cell * number))
    values = [[f"{value:.1f}" for value in line] for line in SIMILARITIES]
    diagonal = [(place, place) for place in range(3)]
    return drawing.grid(198, 84, values, cell=cell, marked=diagonal, mark="green", size=17)


DIAGRAMS = {
    "frontier_map": frontier_map,
    "shifted_windows": shifted_windows,
    "two_blocks": two_blocks,
    "masked_autoencoder": masked_autoencoder,
    "self_distillation": self_distillation,
    "clip_pairs": clip_pairs,
}
