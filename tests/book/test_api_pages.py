"""The package's pages, and links to them: tools/sphinx_api.py and tools/sphinx_api_links.py."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sphinx_api
import sphinx_api_links
import yaml

from cifarlib.training import train

ROOT = Path(__file__).parents[2]
API = ROOT / "reference" / "api"
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
SETTINGS = [
    "autodoc_mock_imports", "autodoc_member_order", "autodoc_preserve_defaults",
    "napoleon_numpy_docstring", "napoleon_use_ivar", "napoleon_custom_sections",
    "python_maximum_signature_line_length", "add_module_names",
]  # fmt: skip
CONF = f"""\
import sys
sys.path[:0] = [{str(ROOT / "tools")!r}, {str(ROOT)!r}]
extensions = ["myst_parser", "sphinx_api", "sphinx_api_links", "no_keras"]
myst_enable_extensions = ["colon_fence"]
html_theme = "basic"
exclude_patterns = ["html"]
"""
# Fails a build that imports Keras or what it stands on, which would take seconds
NO_KERAS = """\
import sys

class Guard:
    def find_spec(self, name, path=None, target=None):
        if name in ("keras", "tensorflow", "jax", "torch"):
            raise RuntimeError(f"{name} was imported")

def setup(app):
    sys.meta_path.append(Guard())
"""
PAGE = """\
# A page with `load_cifar10`

Here `load_cifar10(full=True)` comes first, then `load_cifar10()`; `train` is no `data.train`.
A recipe is given to `cifarlib.training.train(model, data)`. `training.Batches` is a class,
`check` is imported, `nothing.at_all` and `x[0]` are not.

```python
from cifarlib import check, load_cifar10, zoo  # all that is needed
from cifarlib.evaluation import (
    accuracy as share,
    macs,
)
data = load_cifar10()
logits = zoo.logits("vgg")
zoo.logits("vit")
load = share(logits, data.y_test)
```
"""
PLAIN = """\
# No code here

`train` could be anything, `train.py` a file, and `load_cifar10` is `zoo.load`'s neighbor.
"""


def test_what_names_mean_is_told_by_the_imports():
    code = "import cifarlib\nfrom cifarlib import zoo, plots as p  # two\nfrom keras import ops\n"
    assert sphinx_api_links.imports(code) == {
        "cifarlib": "cifarlib",
        "zoo": "cifarlib.zoo",
        "p": "cifarlib.plots",
    }


OBJECTS = [
    "cifarlib.data.load",
    "cifarlib.data.Big.train",
    "cifarlib.zoo.load",
    "cifarlib.zoo.read_it",
    "cifarlib.zoo",
]


@pytest.mark.parametrize(
    ("code", "names", "found"),
    [
        ("load()", {"load": "cifarlib.zoo.load"}, "cifarlib.zoo.load"),
        ("load()", {}, None),  # there are two, and it is an everyday word
        ("read_it", {}, "cifarlib.zoo.read_it"),
        ("read_it", {"other": "cifarlib.zoo"}, None),  # a page with code imports what it uses
        ('zoo.load("x")', {}, "cifarlib.zoo.load"),
        ("cifarlib.zoo.load", {}, "cifarlib.zoo.load"),
        ("z.load", {"z": "cifarlib.zoo"}, "cifarlib.zoo.load"),
        ("cifarlib.read_it", {}, "cifarlib.zoo.read_it"),  # exported at another place, too
        ("cifarlib.load", {}, None),
        ("zoo.missing", {}, None),
        ("data.train", {}, None),  # a variable, not what a class of that room has
        ("a + b", {}, None),
    ],
)
def test_inline_code_names_an_entry_or_nothing(code, names, found):
    assert sphinx_api_links.meant(code, names, dict.fromkeys(OBJECTS)) == found


def test_a_constant_has_the_comment_above_it(tmp_path):
    source = "# Old\n\n# Of two\n# lines\nONE = 1\nTWO: int = 2\n"
    assert sphinx_api.assignments(source) == {"ONE": 5, "TWO": 6}
    assert sphinx_api._above(source.splitlines(), 4) == "Of two lines"
    assert sphinx_api._above(source.splitlines(), 5) == ""


def test_a_setting_that_is_as_usual_is_not_told():
    from cifarlib.images import Augmentation
    from cifarlib.recipes import SIMPLE_CNN

    assert sphinx_api.short(Augmentation(crop=4)) == "Augmentation(crop=4)"
    assert "momentum" not in sphinx_api.short(SIMPLE_CNN)


def test_every_room_and_module_of_the_package_has_a_page():
    shown = re.findall(r"\{room\} (\S+)", "\n".join(p.read_text("utf-8") for p in API.glob("*.md")))
    package = ROOT / "cifarlib"
    there = [p.parent.name for p in package.glob("*/__init__.py")]
    there += [p.stem for p in package.glob("*.py")]
    wanted = {f"cifarlib.{name}" for name in there if not name.startswith("_")}
    assert wanted <= set(shown), "a room needs a page in reference/api, listed in _toc.yml"
    assert len(shown) == len(set(shown))


def test_the_first_page_names_every_room():
    links = re.findall(r"\]\((\w+)\.md\)", (API / "index.md").read_text(encoding="utf-8"))
    assert sorted([*links, "index"]) == sorted(path.stem for path in API.glob("*.md"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """A small book with four rooms and two pages, built by Sphinx with the book's settings."""
    folder = tmp_path_factory.mktemp("small_book")
    settings = "".join(f"{key} = {CONFIG[key]!r}\n" for key in SETTINGS)
    (folder / "conf.py").write_text(CONF + settings, encoding="utf-8")
    (folder / "no_keras.py").write_text(NO_KERAS, encoding="utf-8")
    api = folder / "reference" / "api"
    api.mkdir(parents=True)
    for name in ("layers", "training", "data", "zoo", "claims", "evaluation"):
        (api / f"{name}.md").write_text(
            f"---\norphan: true\n---\n# {name}\n\n:::{{room}} cifarlib.{name}\n:::\n"
        )
    (folder / "index.md").write_text(PAGE, encoding="utf-8")
    (folder / "plain.md").write_text("---\norphan: true\n---\n" + PLAIN, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "html",
        ".",
        "html",
    ]
    result = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(folder)}
    )
    assert result.returncode == 0, result.stderr
    return folder / "html"


def text(page):
    body = re.search(
        r'<div class="body".*?<div class="clearer">', page.read_text("utf-8"), re.DOTALL
    )
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", body[0]))


def test_an_entry_has_signature_parameters_errors_source_and_example(pages):
    shown = text(pages / "reference/api/training.html")
    for part in (
        "train(model: keras.Model, data: tuple[ndarray, ndarray], recipe: Recipe, *, valid",
        "Parameters: model – takes raw images",
        "Raises: ValueError – images or labels have the wrong shape",
        "Source",
        "&gt;&gt;&gt; run = train(simple_cnn(), (x[:640], y[:640]), SIMPLE_CNN",
        "Variables: seed (int) – the seed of shuffling",
    ):
        assert part in shown, part


def test_layers_and_callbacks_show_their_own_settings(pages):
    shown = text(pages / "reference/api/layers.html")
    assert "class PaddedShortcut( filters: int, stride: int, **settings, )" in re.sub(
        r"PaddedShortcut\(filters: int, stride: int, \*\*settings\)",
        "PaddedShortcut( filters: int, stride: int, **settings, )", shown,
    )  # fmt: skip
    assert "*args" not in shown
    assert "*args" not in text(pages / "reference/api/training.html")
    assert "Mean and standard deviation of each channel" in shown


def test_a_long_signature_has_a_line_for_each_setting_and_is_no_list(pages):
    page = (pages / "reference/api/training.html").read_text(encoding="utf-8")
    signature = re.search(
        r'<dt class="sig [^>]*id="cifarlib.training.train">.*?</dt>', page, re.DOTALL
    )
    settings = inspect.signature(train).parameters
    assert signature[0].count('<span class="sig-line">') == len(settings) + 1  # the star
    assert not re.search(r"</?d[ld]\b", signature[0])
    assert page.count("<dl") == page.count("</dl>")
    assert page.count("<dd") == page.count("</dd>")


def test_fields_of_a_named_tuple_say_nothing_twice(pages):
    assert "Alias for field" not in text(pages / "reference/api/data.html")


def links(page):
    found = re.findall(
        r'<a class="api-link[^>]*href="([^"]+)"[^>]*>(.*?)</a>', page.read_text("utf-8")
    )
    return [(address, re.sub(r"<[^>]+>", "", word)) for address, word in found]


def test_the_first_use_of_a_name_is_linked_in_text_and_in_code(pages):
    api = "reference/api/"
    assert links(pages / "index.html") == [
        (f"{api}data.html#cifarlib.data.load_cifar10", "load_cifar10(full=True)"),
        (f"{api}training.html#cifarlib.training.train", "cifarlib.training.train(model, data)"),
        (f"{api}training.html#cifarlib.training.Batches", "training.Batches"),
        (f"{api}claims.html#cifarlib.claims.check", "check"),
        # and in the code
        (f"{api}claims.html#cifarlib.claims.check", "check"),
        (f"{api}data.html#cifarlib.data.load_cifar10", "load_cifar10"),
        (f"{api}zoo.html#module-cifarlib.zoo", "zoo"),
        (f"{api}evaluation.html#cifarlib.evaluation.accuracy", "share"),
        (f"{api}evaluation.html#cifarlib.evaluation.macs", "macs"),
        (f"{api}zoo.html#cifarlib.zoo.logits", "logits"),
    ]  # fmt: skip


def test_without_code_only_what_can_be_nothing_else_is_linked(pages):
    api = "reference/api/"
    assert links(pages / "plain.html") == [
        (f"{api}data.html#cifarlib.data.load_cifar10", "load_cifar10"),
        (f"{api}zoo.html#cifarlib.zoo.load", "zoo.load"),
    ]


def test_the_package_s_pages_do_not_link_to_themselves(pages):
    assert links(pages / "reference/api/training.html") == []
