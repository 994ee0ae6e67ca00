"""Diagrams of the pages about transformers."""

from __future__ import annotations

import math

from svg import Drawing

# The page's example: three tokens of two numbers, how much wing and how much sky
TOKENS = {"wing": (2, 0), "haze": (0, 1), "sky": (0, 2)}


def three_tokens() -> Drawing:
    """Attention for one of three tokens, with its numbers."""
    query = TOKENS["wing"][::-1]
    scores = [sum(q * k for q, k in zip(query, key, strict=True)) for key in TOKENS.values()]
    powers = [math.exp(score / math.sqrt(2)) for score in scores]
    shares = [power / sum(powers) for power in powers]
    taken = [
        sum(share * value[place] for share, value in zip(shares, TOKENS.values(), strict=True))
        for place in range(2)
    ]
    drawing = Drawing(420, 330)
    drawing.text(46, 30, "wing", bold=True).grid(80, 15, [TOKENS["wing"]], fill="data")
    drawing.arrow((140, 30), (206, 30)).text(173, 16, "swap", size=14)
    drawing.text(238, 30, "query").grid(266, 15, [query], fill="orange")
    for x, words in ((90, "key"), (151, "score"), (200, "÷ √2"), (255, "e to it"), (313, "share")):
        drawing.text(x, 74, words, size=14)
    drawing.text(382, 74, "value", size=14)
    for row, (name, token) in enumerate(TOKENS.items()):
        top = 92 + 46 * row
        middle = top + 15
        drawing.text(32, middle, name).grid(60, top, [token], fill="blue")
        drawing.text(151, middle, str(scores[row]))
        drawing.text(200, middle, f"{scores[row] / math.sqrt(2):.2f}")
        drawing.text(255, middle, f"{powers[row]:.1f}")
        drawing.box(288, top, 50, 30, f"{shares[row]:.2f}", fill="orange")
        drawing.grid(352, top, [token], fill="green")
    drawing.text(200, 232, "sum", size=14).text(255, 232, f"{sum(powers):.1f}")
    drawing.arrow((313, 218), (313, 256))
    drawing.text(126, 280, "shares x values, added up")
    for place, value in enumerate(taken):
        drawing.box(258 + 56 * place, 258, 56, 36, f"{value:.2f}", fill="purple")
    drawing.text(210, 316, "mostly sky: that is what the wing asked for", size=14)
    return drawing


def vit_overview() -> Drawing:
    """From an image to logits: patches, tokens, six encoder blocks, the class token."""
    drawing = Drawing(420, 452)
    drawing.grid(30, 12, [[""] * 8 for _ in range(8)], cell=11, fill="data")
    drawing.text(74, 114, "64 patches", size=14)
    drawing.arrow((126, 56), (176, 56))
    drawing.box(178, 34, 212, 44, "each 48 numbers to 128\nby one dense layer", size=14)
    drawing.arrow((284, 78), (284, 146))
    drawing.text(62, 136, "class token", size=14)
    lefts = (22, 112, 172, 232, 338)
    for left, name, place in zip(
        lefts, ("class", "1", "2", "3", "64"), (0, 1, 2, 3, 64), strict=True
    ):
        width = 80 if name == "class" else 50
        drawing.box(left, 148, width, 30, name, fill="orange" if place == 0 else "blue")
        drawing.text(left + width / 2, 190, "+", size=14)
        drawing.box(left, 202, width, 26, f"place {place}" if place == 0 else str(place),
                    fill="green", size=14)  # fmt: skip
        drawing.arrow((left + width / 2, 228), (left + width / 2, 254))
    drawing.text(310, 163, "...").text(310, 215, "...")
    for shift in (16, 8, 0):
        drawing.box(22 + shift, 254 + shift, 350, 54, fill="purple")
    drawing.text(197, 281, "encoder block, six times:\n65 tokens in, 65 tokens out")
    for left, name in zip(lefts, ("class", "1", "2", "3", "64"), strict=True):
        width = 80 if name == "class" else 50
        drawing.arrow((left + width / 2, 324), (left + width / 2, 346))
        drawing.box(left, 346, width, 30, name, fill="orange" if name == "class" else "blue")
    drawing.text(310, 361, "...")
    drawing.arrow((62, 376), (62, 406))
    drawing.box(22, 406, 200, 34, "dense layer: 10 logits", fill="data")
    drawing.text(316, 396, "not used any more", size=14)
    return drawing


def encoder_block() -> Drawing:
    """The two branches of a block, each behind a layer normalization and beside a shortcut."""
    drawing = Drawing(400, 476)
    steps = [
        (10, "65 tokens of 128 numbers", "data"),
        (76, "layer normalization", "green"),
        (128, "attention, 4 heads", "orange"),
        (244, "layer normalization", "green"),
        (296, "dense 256, GELU", "blue"),
        (348, "dense 128", "blue"),
        (432, "65 tokens of 128 numbers", "data"),
    ]
    for top, words, fill in steps:
        drawing.box(20, top, 236, 34, words, fill=fill)
    for plus, start in ((188, 58), (408, 226)):
        drawing.arrow((138, start), (372, start), (372, plus), (150, plus))
        drawing.circle(138, plus, 11, "+")
    drawing.arrow((138, 44), (138, 76)).arrow((138, 110), (138, 128)).arrow((138, 162), (138, 177))
    drawing.arrow((138, 199), (138, 244)).arrow((138, 278), (138, 296))
    drawing.arrow((138, 330), (138, 348)).arrow((138, 382), (138, 397))
    drawing.arrow((138, 419), (138, 432), head=False)
    drawing.text(336, 44, "shortcut", size=14).text(336, 212, "shortcut", size=14)
    drawing.text(268, 145, "between", anchor="start", size=14)
    drawing.text(268, 162, "tokens", anchor="start", size=14)
    drawing.text(268, 330, "each token", anchor="start", size=14)
    drawing.text(268, 347, "by itself", anchor="start", size=14)
    return drawing


def multi_head() -> Drawing:
    """A token's 128 numbers through four heads of 32 and together again."""
    drawing = Drawing(420, 300)
    drawing.box(95, 10, 230, 32, "each token: 128 numbers", fill="data")
    for head, left in enumerate((10, 113, 216, 319), start=1):
        middle = left + 45
        drawing.arrow((210, 42), (middle, 76))
        drawing.box(left, 76, 90, 52, "q, k, v:\n32 each", fill="blue", size=14)
        drawing.arrow((middle, 128), (middle, 146))
        drawing.box(left, 146, 90, 32, f"head {head}", fill="orange")
        drawing.arrow((middle, 178), (middle, 208))
    drawing.box(10, 208, 399, 30, "4 x 32 numbers, side by side", fill="purple")
    drawing.arrow((210, 238), (210, 258))
    drawing.box(95, 258, 230, 32, "dense layer: 128 numbers", fill="data")
    return drawing


def cct_tokens() -> Drawing:
    """What makes a token in a Vision Transformer, and what does in a CCT."""
    drawing = Drawing(420, 474)
    drawing.text(105, 16, "ViT", bold=True).text(315, 16, "CCT", bold=True)
    for x in (20, 230):
        drawing.box(x, 32, 170, 32, "image 32 x 32 x 3", fill="data", size=15)
        drawing.box(x, 268, 170, 32, "64 tokens of 128", fill="purple", size=15)
    drawing.arrow((105, 64), (105, 130))
    drawing.box(20, 130, 170, 50, "4 x 4 convolution\nwith stride 4", size=15)
    drawing.text(60, 198, "8 x 8 x 128", size=14)
    drawing.arrow((105, 180), (105, 268))
    steps = [
        ("3 x 3 conv, ReLU", "blue"),
        ("3 x 3 max-pool, / 2", "green"),
        ("3 x 3 conv, ReLU", "blue"),
        ("3 x 3 max-pool, / 2", "green"),
    ]
    drawing.arrow((315, 64), (315, 76))
    for number, (words, fill) in enumerate(steps):
        top = 76 + 48 * number
        drawing.box(230, top, 170, 34, words, fill=fill, size=15)
        drawing.arrow((315, top + 34), (315, top + 48))
    drawing.text(210, 326, "pixels that three neighboring tokens see", size=14)
    for number in range(3):
        drawing.box(63 + 28 * number, 346, 28, 28, fill="orange")
        drawing.box(241 + 28 * number, 346, 91, 91, fill="none")
    drawing.text(105, 400, "4 pixels a side,\nno overlap", size=14)
    drawing.text(315, 458, "13 a side, overlapping", size=14)
    return drawing


DIAGRAMS = {
    "three_tokens": three_tokens,
    "vit_overview": vit_overview,
    "encoder_block": encoder_block,
    "multi_head": multi_head,
    "cct_tokens": cct_tokens,
}
