"""Make static/fonts/STIXTwoMath.woff2: the characters that formulas use, of a font for mathematics.

    python tools/build_math_font.py STIXTwoMath-Regular.ttf

The font is STIX Two Math 2.11 (SIL Open Font License 1.1), as the PyPI package ``ziamath`` carries
it: whole 1.5 MB, so 0.07. Needs ``fonttools`` and ``brotli``. A test of the built pages says when a
formula uses a character that is not there.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "static" / "fonts" / "STIXTwoMath.woff2"

RANGES = [
    (0x20, 0x7E), (0x300, 0x30C), (0x391, 0x3F6), (0x2013, 0x2026), (0x2190, 0x2199),
    (0x1D434, 0x1D467), (0x1D6A4, 0x1D6E1),  # italic letters, Latin and Greek
]  # fmt: skip
SIGNS = (
    "\u00a0¯°±·×÷ˆˇ˘˙˜‾―\u0332\u0338′″\u2061\u2062\u2063ℎℓℝℂℕℤℚ↦⇒⇔∀∂∃∅∆∇∈∉∏∑−∓∖∗∘√∝∞∣∥∧∨∩∪∫∼≅≈≠≡≤≥≪≫⊂⊆⊕⊗⊙"
    "⊤⊥⋅⋆⋮⋯⋱⌈⌉⌊⌋⟨⟩𝒜𝒩ℒ𝓛"
)


def build(source: Path, target: Path = TARGET) -> None:
    """Write the part of the font that the book needs, with what stretches brackets and roots."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options(
        layout_features=["ssty", "dtls", "flac", "kern", "mark", "ccmp"],
        hinting=False,
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],  # the license among them
    )
    font = TTFont(source)
    subsetter = subset.Subsetter(options)
    wanted = {point for first, last in RANGES for point in range(first, last + 1)}
    subsetter.populate(unicodes=wanted | set(map(ord, SIGNS)))
    subsetter.subset(font)
    font.flavor = "woff2"
    font.save(target)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build(Path(sys.argv[1]))
