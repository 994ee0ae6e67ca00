"""The reference: every symbol, exercise, time and term is there, and says where it is explained."""

import json
import re
from pathlib import Path

import computed_tables
import nbformat
import page_rules
import page_time
import pytest
import reference_tables
import yaml
from built_pages import notebooks

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "reference"
_MATH = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", re.DOTALL)
_WORDS = re.compile(r"\\(?:text|operatorname)\{[^}]*\}|\\[A-Za-z]+")
GREEK = r"\\(?:alpha|beta|gamma|delta|epsilon|eta|lambda|mu|phi|sigma|omega)(?![a-z])"


def symbols(text):
    """The letters in the formulas of a Markdown text, Greek ones by name."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    found = set()
    for block, inline in _MATH.findall(text):
        formula = block or inline
        found |= set(re.findall(GREEK, formula))
        found |= set(re.findall(r"[A-Za-z]", _WORDS.sub(" ", formula)))
    return found


def outside_exercises(path):
    """The Markdown that everyone reads: exercises explain their letters themselves."""
    cells = page_time.outside_solutions(nbformat.read(path, as_version=4))
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return re.sub(r"(?ms)^:::\{exercise\}.*?^:::$", "", text)


def rows():
    """Of the notation page: the letters of each row, and the pages that it names."""
    found = []
    for line in (REFERENCE / "notation.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| $") or line.startswith("| \\"):
            links = re.findall(r"\]\(\.\./(chapters/[^)]+)\)", line)
            found.append((line, symbols(line.split(" | ")[0] + line.split(" | ")[1]), links))
    return found


def test_letters_are_found_in_formulas_alone():
    text = r"A `$x$` costs a lot. $\sigma(y)$ and $$\text{slope} \cdot z_k$$"
    assert symbols(text) == {"\\sigma", "y", "z", "k"}


def test_every_symbol_of_a_page_is_in_the_notation_and_names_that_page():
    missing = {}
    for name in notebooks():
        page = Path(name).with_suffix(".ipynb").as_posix()
        known = {letter for _, letters, links in rows() if page in links for letter in letters}
        if left := symbols(outside_exercises(ROOT / page)) - known:
            missing[page] = left
    assert missing == {}


def test_every_row_of_the_notation_is_true_of_the_pages_that_it_names():
    assert len(rows()) > 30
    for line, _, links in rows():
        first = re.findall(r"\$([^$]+)\$", line.split(" | ")[0])
        wanted = {
            letter for one in first for letter in symbols(f"${one.split('_')[0].split('(')[0]}$")
        }
        assert links, line
        for link in links:
            text = (ROOT / link).read_text(encoding="utf-8")
            page = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
            assert wanted <= symbols(page), f"{line}: {link}"


# Exercises


def test_every_exercise_is_listed_once_under_its_page():
    text = (REFERENCE / "exercises.md").read_text(encoding="utf-8")
    listed = []
    for folder in re.findall(r"\{exercise-list\} (\S+)", text):
        computed = computed_tables.table(
            "exercise-list", folder, [], ROOT, "reference/exercises.md"
        )
        listed += re.findall(r"\{ref\}`Exercise [\d.]+ <(\S+)>`: \S", computed)
    written = []
    for name in notebooks():
        prose = page_rules.prose(nbformat.read((ROOT / name).with_suffix(".ipynb"), as_version=4))
        written += re.findall(
            r":label: (\S+)", "\n".join(re.findall(r":::\{exercise\}[^:]*:label: \S+", prose))
        )
    assert len(written) > 40
    assert listed == written


@pytest.mark.parametrize("folder", ["", "chapters", "chapters/nowhere"])
def test_a_list_of_no_exercises_is_an_error(folder):
    if folder == "chapters":  # all of them
        assert computed_tables.table("exercise-list", folder, [], ROOT, "reference/exercises.md")
        return
    with pytest.raises(ValueError, match="name a folder whose pages have exercises"):
        computed_tables.table("exercise-list", folder, [], ROOT, "reference/exercises.md")


# Times and versions


def book_of_one_page(root, **measured):
    """A book's folder, as far as the tables of times look at it."""
    (root / "chapters" / "part").mkdir(parents=True)
    (root / "_toc.yml").write_text("root: a\nchapters:\n- file: chapters/part/page\n")
    cell = nbformat.v4.new_markdown_cell("# The page")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), root / "chapters/part/page.ipynb")
    found = {"part/page": {"code": "0", "cores": 1, "seconds": 7, **measured}}
    (root / "chapters" / "run_seconds.json").write_text(json.dumps(found))
    return computed_tables.table("run-times", "", [], root, "reference/times.md").splitlines()[2:]


def test_a_measured_time_names_its_machine_and_versions(tmp_path):
    found = {"keras": "3.15.1", "tensorflow": "2.21.0", "numpy": "2.4.6"}
    page = "[The page](../chapters/part/page.ipynb)"
    row = book_of_one_page(tmp_path, hardware="1 core of A", versions=found)
    assert row == [f"| {page} | 7 | 1 core of A | Keras 3.15.1, TensorFlow 2.21.0 |"]


def test_a_time_from_before_machines_were_kept_names_the_tested_versions(tmp_path):
    row = book_of_one_page(tmp_path)
    assert row[0].endswith("| 7 | 1 core | the tested versions |")


def test_every_measured_page_and_every_trained_network_has_a_row():
    table = computed_tables.table("run-times", "", [], ROOT, "reference/times.md")
    assert table.count("\n") - 1 == len(page_time.measured_seconds())
    table = computed_tables.table("training-times", "", [], ROOT, "reference/times.md")
    for record in (ROOT / "cifarlib" / "zoo").glob("*/record.json"):
        runs = json.loads(record.read_text(encoding="utf-8"))["runs"]
        assert (f"| `{record.parent.name}` |" in table) is any("accuracy" in run for run in runs)


def test_the_tested_versions_are_those_of_the_constraints():
    table = computed_tables.table("tested-versions", "", [], ROOT, "reference/times.md")
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    for name, version, _ in re.findall(r"\| (\w+) \| ([\d.]+) \| (.+) \|", table):
        assert re.search(rf"(?m)^{name.lower()}=={re.escape(version)}( |$)", pinned)
    assert len(table.splitlines()) == 2 + len(
        re.findall(r"(?m)^(?:keras|numpy|tensorflow)==", pinned)
    )


# How to cite


def test_the_citation_is_that_of_the_file():
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    text = computed_tables.table("citation", "", [], ROOT, "reference/cite.md")
    assert f"title   = {{{cff['title']}}}" in text
    assert f"version = {{{cff['version']}}}" in text
    assert "author  = {{The authors of this book}}" in text
    assert text.count("{") == text.count("}")


def test_people_are_cited_by_family_and_given_name(tmp_path):
    cff = {
        "title": "T", "version": "2.0", "date-released": "2031-05-01", "doi": "10.1/x",
        "authors": [{"family-names": "Doe", "given-names": "Jane"}, {"name": "A group"}],
    }  # fmt: skip
    (tmp_path / "CITATION.cff").write_text(yaml.safe_dump(cff))
    (tmp_path / "_config.yml").write_text("copyright: '2026'\n")
    text = reference_tables.citation("", [], tmp_path, "reference/cite.md")
    assert "author  = {Doe, Jane and {A group}}" in text
    assert "year    = {2031}" in text
    assert "doi     = {10.1/x}" in text


# The glossary

# What a page calls the thing that the glossary has under its usual name
CALLED = {
    "95 % interval": "19 of 20",
    "baseline": "to beat",
    "contrastive loss": "CLIP",
    "cross-correlation": "half a turn",
    "initialization": "initial weights",
    "latency": "the time for an answer",
    "out-of-distribution": "none of the ten",
    "p-value": "called **p**",
    "patch embedding": "makes 128 numbers of each patch",
    "state-space model": "Mamba",
    "token mixing": "mixes places",
    "top-5 error": "top-1 error",
    "window attention": "its own window",
}
ELSEWHERE = r"This book does not cover it yet; see \[.+\((19|20)\d\d\)\]\(https://\S+\)\.$"


def glossary():
    text = (REFERENCE / "glossary.md").read_text(encoding="utf-8")
    body = re.search(r":::\{glossary\}\n(.*?)\n:::", text, re.DOTALL)[1]
    entries = [entry.split("\n    ", 1) for entry in re.split(r"\n\n+", body)]
    return {term: " ".join(told.split()) for term, told in entries}


def says(page, term):
    """Whether a page uses a term: its words in any form, or what the page calls it."""
    page, wanted = page.lower(), CALLED.get(term, term).lower()
    stems = [word[: max(4, len(word) - 3)] for word in re.findall(r"[\w-]{3,}", wanted)]
    return wanted in page or (term not in CALLED and all(stem in page for stem in stems))


@pytest.mark.parametrize("term", glossary())
def test_every_glossary_entry_ends_with_the_page_that_explains_it(term):
    told = glossary()[term]
    if re.search(ELSEWHERE, told):
        return
    link = re.search(r"\[[^\]]+\]\(\.\./(chapters/\S+\.ipynb)\)\.$", told)
    assert link, f"{term}: {told}"
    assert says(page_rules.prose(nbformat.read(ROOT / link[1], as_version=4)), term), link[1]


def test_what_a_page_calls_a_term_is_kept_for_terms_that_exist():
    assert set(CALLED) <= set(glossary())
