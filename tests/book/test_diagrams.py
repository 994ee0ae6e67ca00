"""The diagrams are what their script draws, legible, named, and all of them used."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "static" / "diagrams"
sys.path.insert(0, str(ROOT / "tools"))
from sphinx_diagrams import inline  # noqa: E402

FILES = sorted(FOLDER.glob("*.svg"))
PHONE = 340  # pixels left for a picture at 360
each_diagram = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def elements(path, kind):
    return ElementTree.parse(path).iter(f"{{http://www.w3.org/2000/svg}}{kind}")


def width(path):
    return float(next(elements(path, "svg")).get("viewBox").split()[2])


def test_the_files_are_what_the_script_draws(tmp_path):
    subprocess.run([sys.executable, str(ROOT / "tools" / "diagrams"), str(tmp_path)], check=True)
    drawn = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert drawn == {path.name: path.read_text(encoding="utf-8") for path in FILES}


@each_diagram
def test_text_is_legible_on_a_phone(path):
    """13 CSS pixels and more for most of it, none under 11."""
    shrink = min(1, PHONE / width(path))
    sizes = [float(text.get("font-size")) * shrink for text in elements(path, "text")]
    assert min(sizes) >= 11, f"the smallest text of {path.name} has {min(sizes):.1f} pixels"


@each_diagram
def test_every_color_can_be_changed_for_dark_pages(path):
    colors = re.findall(r'(?:fill|stroke)="([^"]*)"', path.read_text(encoding="utf-8"))
    assert set(colors) <= {"none", *[c for c in colors if c.startswith("var(--diagram-")]}


@each_diagram
def test_text_stays_inside_the_drawing(path):
    """By a generous guess of a letter's width: 0.62 of the font's size, bold 0.66."""
    for text in elements(path, "text"):
        size = float(text.get("font-size"))
        bold = 0.66 if text.get("font-weight") else 0.62
        length, x = len(text.text) * size * bold, float(text.get("x"))
        left = {"start": x, "middle": x - length / 2, "end": x - length}[text.get("text-anchor")]
        assert left >= -2, text.text
        assert left + length <= width(path) + 2, text.text


@each_diagram
def test_shapes_stay_inside_the_drawing(path):
    """Once the last box of a network was cut in half by the picture's lower edge."""
    corner = [float(side) for side in next(elements(path, "svg")).get("viewBox").split()[2:]]
    reached = [(0.0, 0.0)]
    for rect in elements(path, "rect"):
        if rect.get("width") != "100%":
            x, y, wide, high = (float(rect.get(key)) for key in ("x", "y", "width", "height"))
            reached += [(x, y), (x + wide, y + high)]
    for circle in elements(path, "circle"):
        x, y, r = (float(circle.get(key)) for key in ("cx", "cy", "r"))
        reached += [(x - r, y - r), (x + r, y + r)]
    for kind in ("polyline", "polygon"):
        for line in elements(path, kind):
            reached += [tuple(map(float, point.split(","))) for point in line.get("points").split()]
    for axis in (0, 1):
        assert min(point[axis] for point in reached) >= -0.5
        assert max(point[axis] for point in reached) <= corner[axis] + 0.5


def test_a_diagram_in_a_page_has_a_name_for_screen_readers():
    page = inline('<svg xmlns="x" viewBox="0 0 1 1"><rect/></svg>\n', 'a "box" & more')
    assert page.startswith(
        '<svg class="diagram" role="img" aria-label="a &quot;box&quot; &amp; more"'
    )


@each_diagram
def test_a_page_shows_the_diagram_and_says_what_is_in_it(path):
    pages = [p for p in (ROOT / "chapters").rglob("*") if p.suffix in {".ipynb", ".md"}]
    texts = [p.read_text(encoding="utf-8") for p in pages]
    alts = [
        alt
        for text in texts
        for alt in re.findall(rf"!\[([^\]]*)\]\([^)]*diagrams/{path.name}\)", text)
    ]
    assert alts, f"no page shows {path.name}"
    assert min(map(len, alts)) > 60, f"say what is in {path.name}"
