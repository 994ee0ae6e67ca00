"""Glossary terms are linked at their first use, by the build and not by hand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from sphinx_glossary import matcher, singular  # noqa: E402

TERMS = {"batch": 1, "batch normalization": 2, "loss": 3, "max-pooling": 4}
PAGE = """\
# The loss of a batch

A batch normalization comes before a batch, and a batch is said twice. `loss` is code, and so is

```
loss
```

[A link on max-pooling](https://example.com) is a link already. Losses add up; max-pooling does not.
$loss$ is a formula. A glossy lossy batchwise word is no term.
"""
CONF = """\
import sys
sys.path.insert(0, r"{tools}")
extensions = ["myst_parser", "sphinx_glossary"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
html_theme = "basic"
"""
GLOSSARY = """\
---
orphan: true
---

# Glossary

:::{glossary}
batch
    The images that one step looks at.

batch normalization
    A layer for a batch.

loss
    A number that says how wrong a batch is.

max-pooling
    The largest value.
:::
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a batch", "batch"),
        ("Batches!", "Batches"),
        ("batch normalization", "batch normalization"),
        ("batch\nnormalization", "batch\nnormalization"),
        ("losses", "losses"),
        ("max-pooling", "max-pooling"),
    ],
)
def test_terms_are_found_in_any_number_and_case_and_the_longest_first(text, found):
    match = matcher(TERMS).search(text)
    assert match.group() == found
    assert singular(match.group().lower(), TERMS) in TERMS


@pytest.mark.parametrize("text", ["batchwise", "lossy", "a-batch", "batch-wise", "unmax-pooling"])
def test_parts_of_words_are_no_terms(text):
    match = matcher({"batch": 1, "loss": 3, "max-pooling": 4}).search(text)
    assert match is None


def test_no_terms_no_pattern():
    assert matcher({}) is None


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A small book with one page and a glossary, built by Sphinx."""
    folder = tmp_path_factory.mktemp("small_book")
    (folder / "conf.py").write_text(CONF.format(tools=ROOT / "tools"), encoding="utf-8")
    (folder / "index.md").write_text(PAGE, encoding="utf-8")
    (folder / "glossary.md").write_text(GLOSSARY, encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", ".", "html"],
        cwd=folder,
        check=True,
    )
    return folder / "html"


def linked(file):
    text = file.read_text(encoding="utf-8")
    return re.findall(r'<a class="glossary-link[^>]*href="([^"]*)"[^>]*>(?:<span>)?([^<]*)', text)


def test_the_first_use_in_running_text_is_linked_and_no_other(page):
    assert linked(page / "index.html") == [
        ("glossary.html#term-batch-normalization", "batch normalization"),
        ("glossary.html#term-batch", "batch"),
        ("glossary.html#term-loss", "Losses"),
        ("glossary.html#term-max-pooling", "max-pooling"),
    ]


def test_the_glossary_does_not_link_to_itself(page):
    assert linked(page / "glossary.html") == []
