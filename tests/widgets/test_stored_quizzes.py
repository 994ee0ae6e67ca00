"""The quizzes on the pages are those of the texts: a page's output is as its quiz prints today."""

import re
from pathlib import Path

import nbformat
import pytest

from cifarlib.widgets import quiz

CHAPTERS = Path(__file__).parents[2] / "chapters"


def stored():
    """Each page's quiz: its name, and the output that the page stores."""
    for path in sorted(CHAPTERS.glob("*/*.ipynb")):
        for cell in nbformat.read(path, 4).cells:
            if found := re.search(r'(?m)^quiz\("(\w+)"\)', cell.source):
                yield pytest.param(found[1], cell.outputs[-1].data, id=path.stem)


@pytest.mark.parametrize(("name", "data"), [*stored()])
def test_a_page_shows_its_quiz_as_its_text_is_today(name, data):
    assert data["text/html"] == quiz(name)._repr_html_(), "run tools/notebooks.py on the page"
    assert data["text/plain"] == repr(quiz(name))
