"""One family of diagrams: boxes, arrows, grids of numbers and stacks of maps, as SVG.

Every color is a CSS variable with a fallback. In the built pages the SVG stands inline, and the
page's own stylesheet sets the variables for light and dark; anywhere else (JupyterLab, Colab, a
file viewer) the fallbacks hold: dark ink on a white card, which reads on any background.

Widths are in units of which 16 make a line of text. A drawing at most 420 wide is legible on a
phone: at 340 pixels its text has 13 pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

INK, PAPER, LINE = "var(--diagram-ink, #1b1f24)", "var(--diagram-paper, #fff)", 1.5
# What boxes are filled with: Okabe and Ito's colors, pale; the stylesheet has darker ones for dark
FILLS = {
    "data": "var(--diagram-data, #e6e6e6)",
    "blue": "var(--diagram-blue, #cfe5f5)",
    "orange": "var(--diagram-orange, #fbe6bd)",
    "green": "var(--diagram-green, #c9ece0)",
    "red": "var(--diagram-red, #f9d9c4)",
    "purple": "var(--diagram-purple, #f3dcea)",
    "none": "none",
}


class Drawing:
    """A drawing of a given size; every method adds to it and gives the drawing back."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.parts: list[str] = []

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 16,
        anchor: str = "middle",
        bold: bool = False,
    ) -> Drawing:
        """Words whose middle line is at ``y``; each line of them below the one before."""
        lines = words.split("\n")
        top = y - 1.2 * size * (len(lines) - 1) / 2
        weight = ' font-weight="bold"' if bold else ""
        for number, line in enumerate(lines):
            place = f'x="{_n(x)}" y="{_n(top + 1.2 * size * number)}" dy="0.35em"'
            style = f'font-size="{_n(size)}" text-anchor="{anchor}"{weight} fill="{INK}"'
            self.parts.append(f"<text {place} {style}>{escape(line)}</text>")
        return self

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        words: str = "",
        *,
        fill: str = "blue",
        size: float = 16,
        dashed: bool = False,
        bold: bool = False,
    ) -> Drawing:
        """A rounded box with words in its middle; ``x`` and ``y`` are its top left corner."""
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        self.parts.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" rx="5" '
            f'fill="{FILLS[fill]}" stroke="{INK}" stroke-width="{LINE}"{dashes}/>'
        )
        if words:
            self.text(x + width / 2, y + height / 2, words, size=size, bold=bold)
        return self

    def arrow(self, *points: tuple[float, float], head: bool = True) -> Drawing:
        """A line through the points, with a head at the last one."""
        path = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{INK}" stroke-width="{LINE}"/>'
        )
        if head:
            (x0, y0), (x, y) = points[-2:]
            length = ((x - x0) ** 2 + (y - y0) ** 2) ** 0.5
            along, across = (x - x0) / length, (y - y0) / length
            base = x - 9 * along, y - 9 * across
            corners = [
                (x, y),
                (base[0] - 4.5 * across, base[1] + 4.5 * along),
                (base[0] + 4.5 * across, base[1] - 4.5 * along),
            ]
            path = " ".join(f"{_n(a)},{_n(b)}" for a, b in corners)
            self.parts.append(f'<polygon points="{path}" fill="{INK}"/>')
        return self

    def circle(self, x: float, y: float, radius: float, words: str = "") -> Drawing:
        """A circle around words: a sum, a product, a unit."""
        self.parts.append(
            f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{PAPER}" '
            f'stroke="{INK}" stroke-width="{LINE}"/>'
        )
        return self.text(x, y, words, size=1.4 * radius) if words else self

    def grid(
        self,
        x: float,
        y: float,
        values: Sequence[Sequence],
        *,
        cell: float = 30,
        fill: str = "data",
        marked: Sequence[tuple[int, int]] = (),
        mark: str = "orange",
        size: float = 15,
    ) -> Drawing:
        """A table of numbers; the cells in ``marked`` (row, column) have another color."""
        for row, line in enumerate(values):
            for column, value in enumerate(line):
                color = FILLS[mark if (row, column) in marked else fill]
                left, top = x + column * cell, y + row * cell
                self.parts.append(
                    f'<rect x="{_n(left)}" y="{_n(top)}" width="{_n(cell)}" height="{_n(cell)}" '
                    f'fill="{color}" stroke="{INK}" stroke-width="1"/>'
                )
                if str(value):
                    self.text(left + cell / 2, top + cell / 2, str(value), size=size)
        return self

    def maps(
        self, x: float, y: float, side: float, count: int, *, fill: str = "blue", step: float = 4
    ) -> Drawing:
        """A stack of ``count`` square maps, the last one in front at the bottom right."""
        for number in range(count):
            left, top = x + step * number, y + step * number
            self.parts.append(
                f'<rect x="{_n(left)}" y="{_n(top)}" width="{_n(side)}" height="{_n(side)}" '
                f'fill="{FILLS[fill]}" stroke="{INK}" stroke-width="1"/>'
            )
        return self

    def svg(self) -> str:
        """The drawing as a file's text."""
        size = f"{_n(self.width)} {_n(self.height)}"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" '
            f'width="{_n(self.width)}" height="{_n(self.height)}" '
            'font-family="system-ui, Segoe UI, Roboto, Helvetica, Arial, sans-serif">\n'
            f'<rect width="100%" height="100%" rx="6" fill="{PAPER}"/>\n'
            + "\n".join(self.parts)
            + "\n</svg>\n"
        )


def _n(value: float) -> str:
    """A coordinate, short."""
    return f"{value:.1f}".rstrip("0").rstrip(".")
