"""What holds for every page: its parts, its place, and that its outputs belong to its code.

The rules for a page are in page_rules.py.
"""

import ast
import json
import re
from pathlib import Path
from urllib.parse import unquote

import nbformat
import page_rules
import page_time
import pytest
import yaml
from page_rules import code_cells, prose, tags

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "chapters").rglob("*.ipynb"))
OPENINGS = sorted((ROOT / "chapters").rglob("index.md"))
PAGES = [
    ROOT / "intro.md",
    *sorted((ROOT / "chapters").rglob("*.md")),
    *sorted((ROOT / "reference").rglob("*.md")),
]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
BIBLIOGRAPHY = (ROOT / "references.bib").read_text(encoding="utf-8")
MB, MIB = 1_000_000, 2**20
FIRST_SIXTEEN = {
    "first_look", "preparing_data", "simple_cnn", "train_and_evaluate",
    "an_image_is_an_array", "convolution", "pooling", "from_features_to_classes",
    "what_gets_learned",
    "resnet", "efficientnet", "vision_transformer", "the_frontier_since",
    "which_one",
}  # fmt: skip
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def file_of(name):
    """The file of an entry of the table of contents."""
    return next(f for s in (".ipynb", ".md") if (f := (ROOT / name).with_suffix(s)).is_file())


def text_of(path):
    return prose(read(path)) if path.suffix == ".ipynb" else path.read_text(encoding="utf-8")


def name_of(path):
    return path.relative_to(ROOT).with_suffix("").as_posix()


ORDER = list(page_rules.walk(TOC))
KINDS = {name: kind for name, kind, _ in ORDER}
NUMBERS = {name: number for name, _, number in ORDER}


def test_every_page_is_in_the_table_of_contents_and_every_entry_exists():
    listed = [name for name, _, _ in ORDER]
    assert len(listed) == len(set(listed))
    assert listed[0] == TOC["root"]
    assert set(listed) == {name_of(path) for path in [*NOTEBOOKS, *PAGES]}


# The rules of a page


@each_notebook
def test_page_keeps_every_rule(path):
    measured = page_time.measured_seconds().get(page_time.page_name(path))
    kind = KINDS[name_of(path)]
    assert page_rules.all_complaints(read(path), kind, path.stem, measured) == []


def test_times_are_kept_for_pages_that_exist_and_show_them():
    text = (ROOT / "chapters" / "run_seconds.json").read_text(encoding="utf-8")
    for name, measured in json.loads(text).items():
        assert ROOT / "chapters" / f"{name}.ipynb" in NOTEBOOKS
        assert set(measured) - {"hardware", "versions"} == {"code", "cores", "seconds"}


@pytest.mark.parametrize("path", OPENINGS, ids=name_of)
def test_opening_of_a_part_lists_its_pages_with_their_questions(path):
    chapters = [chapter for part in TOC["parts"] for chapter in part["chapters"]]
    entry = next(chapter for chapter in chapters if chapter["file"] == name_of(path))
    links = [
        file_of(page["file"]).relative_to(path.parent).as_posix() for page in entry["sections"]
    ]
    assert page_rules.part_opening(text_of(path), links) == []


def test_next_leads_where_the_order_of_reading_leads():
    """To the next file, or past the children of a page to its next sibling."""
    for place, (name, kind, number) in enumerate(ORDER):
        if number is None and kind != page_rules.CHILD:
            continue  # the front page and the reference
        path, following = file_of(name), ORDER[place + 1 :]
        past = [other for other, other_kind, _ in following if other_kind != page_rules.CHILD]
        wanted = {file_of(other) for other in (following[0][0], past[0])}
        found = re.search(r"^\*\*Next:\*\* .*?\]\(([^)]+)\)", text_of(path), re.MULTILINE)
        assert found, path
        assert (path.parent / found.group(1)).resolve() in wanted, f"{name}: {found.group(1)}"


def test_numbers_of_chapters_and_exercises_in_the_text_are_those_of_the_table_of_contents():
    counts, page = {}, None
    for name, kind, number in ORDER:
        page = number if kind != page_rules.CHILD else page  # a child's exercises count on
        if page:
            found = text_of(file_of(name)).count(":::{exercise}")
            counts[page] = counts.get(page, 0) + found
    for name in NUMBERS:
        text = text_of(file_of(name))
        for number, link in re.findall(r"\b[Cc]hapter ([\d.]*\d)(?:\]\(([^)#]+))?", text):
            assert number in NUMBERS.values(), f"{name}: chapter {number}"
            if link:
                target = name_of((file_of(name).parent / link).resolve())
                assert NUMBERS[target] == number, f"{name}: {link} is chapter {NUMBERS[target]}"
        for number in re.findall(r"\b[Ee]xercise (\d[\d.]*\d|\d+)", text):
            chapter, _, place = number.rpartition(".")
            assert chapter in counts, f"{name}: exercise {number}, of which chapter?"
            assert 1 <= int(place) <= counts[chapter], f"{name}: exercise {number}"


# Every page


@each_notebook
def test_cells_were_executed_in_order_from_a_fresh_kernel(path):
    counts = [cell.execution_count for cell in code_cells(read(path))]
    assert counts == list(range(1, len(counts) + 1))


@each_notebook
def test_outputs_hold_no_error_no_warning_no_stderr(path):
    for cell in code_cells(read(path)):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", cell.source
            text = output.get("text", "") + output.get("data", {}).get("text/plain", "")
            assert not re.search(r"warning|traceback|deprecat", text, re.IGNORECASE), cell.source


@each_notebook
def test_metadata_is_minimal(path):
    notebook = read(path)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags", "mystnb", "nbval", "jupyter"}


@each_notebook
def test_stored_outputs_belong_to_stored_code(path):
    """A cell that prints or shows something has output, and a cell that cannot has none."""
    for cell in code_cells(read(path)):
        if "remove-cell" in tags(cell):
            assert not cell.outputs
            continue
        tree = ast.parse(cell.source)
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        prints = any(
            isinstance(function, ast.Name) and function.id == "print" for function in calls
        )
        last = tree.body[-1]
        shows = isinstance(last, ast.Expr)
        verbose = "verbose=2" in cell.source
        if not (prints or shows or verbose):
            assert not cell.outputs, cell.source
        if prints and isinstance(last, ast.Expr):
            assert cell.outputs, cell.source


@each_notebook
def test_page_is_small(path):
    assert path.stat().st_size < (MB if path.stem in FIRST_SIXTEEN else MB / 4)


def test_all_notebooks_together_are_small():
    assert sum(path.stat().st_size for path in NOTEBOOKS) < 12 * MIB


def cited_links(text):
    """The links of the form [Author (year)](address) or [Author and Author, year](address)."""
    return re.findall(r"\[[^\]]*?\(?\b(?:19|20)\d\d\)?\]\((https?://[^)\s]+)\)", text)


def documents():
    for path in NOTEBOOKS:
        yield path.stem, prose(read(path))
    for path in PAGES:
        yield path.stem, path.read_text(encoding="utf-8")


def test_every_citation_is_in_the_bibliography():
    found = {link for _, text in documents() for link in cited_links(text)}
    assert len(found) > 10
    for link in found:
        identifier = re.sub(r"^https?://(doi\.org|arxiv\.org/abs)/", "", unquote(link))
        assert identifier in BIBLIOGRAPHY, link


def test_no_work_stands_in_the_bibliography_twice():
    places = re.findall(r"^\s*(?:doi|eprint|url)\s*=\s*\{(.+?)\}", BIBLIOGRAPHY, re.MULTILINE)
    assert sorted(places) == sorted(set(places))


def test_every_entry_of_the_bibliography_is_cited():
    text = unquote("\n".join(text for _, text in documents()))
    entries = re.split(r"^@", BIBLIOGRAPHY, flags=re.MULTILINE)[1:]
    for entry in entries:
        key = re.match(r"\w+\{([^,]+),", entry).group(1)
        places = re.findall(r"^\s*(?:doi|eprint|url)\s*=\s*\{(.+?)\},?\s*$", entry, re.MULTILINE)
        assert any(place in text for place in places), key


def test_links_between_pages_lead_somewhere():
    for path in [*NOTEBOOKS, *PAGES]:
        text = prose(read(path)) if path.suffix == ".ipynb" else path.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)\s]+)\)", text):
            assert (path.parent / target.split("#")[0]).is_file(), f"{path.name}: {target}"


def test_glossary_terms_are_in_alphabetical_order():
    text = (ROOT / "reference" / "glossary.md").read_text(encoding="utf-8")
    body = re.search(r":::\{glossary\}\n(.*?)\n:::", text, re.DOTALL).group(1)
    terms = [line for line in body.splitlines() if line and not line.startswith(" ")]
    assert len(terms) > 20
    assert terms == sorted(terms, key=str.lower)


def test_embedded_data_hashes_in_the_data_card_are_those_of_the_code():
    from cifarlib.data.arrays import EMBEDDED_SHA256, FULL_SHA256

    text = (ROOT / "reference" / "data_card.md").read_text(encoding="utf-8")
    printed = set(re.findall(r"`([0-9a-f]{64})`", text))
    assert printed == {*EMBEDDED_SHA256.values(), *FULL_SHA256.values()}
