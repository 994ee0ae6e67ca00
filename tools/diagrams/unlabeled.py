"""Diagrams of the pages on learning without labels."""

from __future__ import annotations

from svg import Drawing


def two_views() -> Drawing:
    """Two images, two views of each, one network for all, and the table of similarities."""
    drawing = Drawing(420, 424)
    for name, left, fill in (("image A", 20, "blue"), ("image B", 230, "orange")):
        drawing.box(left, 8, 170, 38, name, fill=fill, bold=True)
        letter = name[-1].lower()
        for number, shift in enumerate((0, 95), start=1):
            x = left + shift
            drawing.arrow((x + 37, 46), (x + 37, 82))
            drawing.box(x, 82, 75, 38, f"view {letter}{number}", fill=fill)
            drawing.arrow((x + 37, 120), (x + 37, 150))
    drawing.box(20, 150, 380, 36, "encoder: the same for all", fill="green")
    drawing.arrow((210, 186), (210, 212))
    drawing.box(20, 212, 380, 36, "projection, for the loss alone", fill="purple")
    drawing.arrow((210, 248), (210, 276))
    names = ["", "a1", "a2", "b1", "b2"]
    rows = [names, ["a1", "", "pull", "push", "push"], ["b1", "push", "push", "", "pull"]]
    for row, line in enumerate(rows):
        for column, word in enumerate(line):
            fill = {"pull": "green", "push": "red", "": "data"}.get(word, "none")
            if row == 0 or column == 0:
                if word:
                    drawing.text(62 + 74 * column, 296 + 40 * row, word, bold=True)
            else:
                drawing.box(
                    25 + 74 * column, 278 + 40 * row, 74, 36, word or "itself", fill=fill, size=15
                )
    drawing.text(210, 410, "how similar should they be?", size=15)
    return drawing


PUSHED = "pull; push\nthe others"


def without_strangers() -> Drawing:
    """BYOL, DINO and CLIP: who has to agree with whom."""
    drawing = Drawing(420, 476)
    blocks = [
        ("BYOL", "view 1", "student\npredicts", "view 2", "teacher", "same vector", "blue"),
        ("DINO", "view 1", "student", "view 2", "teacher\ncentered", "same class", "orange"),
        ("CLIP", "image", "encoder\nof images", "its text", "encoder\nof texts", PUSHED, "green"),
    ]  # fmt: skip
    for number, (name, one, upper, two, lower, goal, fill) in enumerate(blocks):
        top = 12 + 156 * number
        drawing.text(30, top + 60, name, bold=True)
        for shift, words, network in ((0, one, upper), (66, two, lower)):
            y = top + shift
            drawing.box(66, y, 76, 50, words, fill="data", size=15)
            drawing.arrow((142, y + 25), (172, y + 25))
            drawing.box(172, y, 102, 50, network, fill=fill, size=15)
            drawing.arrow((274, y + 25), (302, y + 25), (302, top + 58), (320, top + 58))
        drawing.box(320, top + 33, 92, 50, goal, fill="purple", size=14)
        if number < 2:
            drawing.text(222, top + 130, "teacher: the student's moving average", size=14)
    return drawing


def masked_training() -> Drawing:
    """Sixteen patches, four seen by the encoder, sixteen drawn by the decoder."""
    drawing = Drawing(420, 330)
    seen = [(0, 1), (1, 3), (2, 0), (3, 2)]
    drawing.grid(10, 40, [[""] * 4 for _ in range(4)], cell=28, marked=seen, mark="blue")
    drawing.text(66, 20, "a quarter", size=15)
    drawing.arrow((124, 96), (152, 96))
    drawing.box(152, 62, 110, 68, "encoder\nsees 4\ntokens", fill="green", size=15)
    drawing.arrow((262, 96), (286, 96))
    drawing.grid(290, 40, [[""] * 4 for _ in range(4)], cell=28, marked=seen, mark="green")
    drawing.text(346, 20, "16 places again", size=15)
    drawing.arrow((346, 154), (346, 196))
    drawing.box(284, 196, 126, 52, "small decoder\ndraws pixels", fill="orange", size=15)
    drawing.arrow((284, 222), (254, 222))
    drawing.box(130, 196, 124, 52, "loss: hidden\npatches only", fill="purple", size=15)
    drawing.arrow((207, 130), (207, 160), (66, 160), (66, 196))
    drawing.box(10, 196, 112, 52, "kept for\nlater tasks", fill="data", size=15)
    drawing.text(210, 290, "Hidden places get one and the same\nlearned token.", size=15)
    return drawing


DIAGRAMS = {
    "two_views": two_views,
    "without_strangers": without_strangers,
    "masked_training": masked_training,
}
