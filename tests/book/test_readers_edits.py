"""A reader changes a page, as an exercise asks or out of curiosity and it still runs to its end.

Each chapter has a list of such edits in ``readers_edits/<page>.yaml``: a name, the text to find in
one of its cells, and what the reader writes instead (``changes`` lists several such pairs;
``apart`` names edits that make no sense together with this one). The changed copy runs without
``CIFARLIB_CHECKS``, as a reader runs it. Outputs are not compared: only an exception is a failure.

Edits that do not touch the same text are made together, so a page runs once or twice, with two
steps of each epoch that it trains: names, shapes and calls are what an edit breaks. What has passed
stands in ``readers_edits/passed.json`` and runs again when the page's code or its edits change;
``EDITS=together`` runs all, and with ``EDITS_PASSED=write`` the file follows. With ``EDITS=each``
(nightly) every page runs whole, once for each edit.
"""

import ast
import os
import re
from dataclasses import dataclass
from pathlib import Path

import export_needed
import nbformat
import pytest
import yaml
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from passed import digest, has_passed, passed

TESTS = Path(__file__).parents[1]
NOTEBOOKS = {p.stem: p for p in sorted((TESTS.parent / "chapters").rglob("*.ipynb"))}
LISTS = {p.stem: p for p in sorted((TESTS / "readers_edits").glob("*.yaml"))}
ALWAYS = "first_network"  # runs in any case: the page that most readers change first


# Before the first cell of a page whose trainings are cut short
SHORT = """
import keras

_fit = keras.Model.fit


def _two_steps(self, *arguments, **settings):
    return _fit(self, *arguments, **settings | {"steps_per_epoch": 2, "validation_steps": 1})


keras.Model.fit = _two_steps
"""


class StaleEdit(AssertionError):
    """An edit whose text the page no longer has, or has more than once."""


@dataclass(frozen=True)
class Change:
    """Characters ``start`` to ``end`` of a cell, and what stands there instead."""

    cell: int
    start: int
    end: int
    text: str

    def touches(self, other):
        """Whether the two want to change the same characters, or to insert at the same place."""
        if self.cell != other.cell:
            return False
        if self.start == self.end and other.start == other.end:
            return self.start == other.start
        return self.start < other.end and other.start < self.end


def read_edits(path):
    edits = yaml.safe_load(path.read_text(encoding="utf-8"))
    for edit in edits:
        if "changes" not in edit:
            edit["changes"] = [{"find": edit.pop("find"), "replace": edit.pop("replace")}]
        unknown = set(edit) - {"name", "changes", "apart"}
        assert not unknown, f"{path.name}, {edit['name']}: {unknown} is not known"
    return edits


def narrowed(old, new):
    """The part of ``old`` that changes, in whole words: its start, its end and the new text."""
    old_words, new_words = (re.findall(r"[\w.]+|[^\w.]", text) for text in (old, new))
    shorter = min(len(old_words), len(new_words))
    before = 0
    while before < shorter and old_words[before] == new_words[before]:
        before += 1
    after = 0
    while after < shorter - before and old_words[-1 - after] == new_words[-1 - after]:
        after += 1
    start = len("".join(old_words[:before]))
    end = len("".join(old_words[: len(old_words) - after]))
    return start, end, "".join(new_words[before : len(new_words) - after])


def changes_of(edit, notebook):
    """Where an edit changes a notebook; each of its texts must be there, and once."""
    found = []
    for pair in edit["changes"]:
        old, new = pair["find"], pair["replace"]
        cells = [(n, cell.source) for n, cell in enumerate(notebook.cells)
                 if cell.cell_type == "code" and old in cell.source]  # fmt: skip
        times = sum(source.count(old) for _, source in cells)
        if times != 1:
            where = "nowhere" if not cells else f"{times} times, in cells {[n for n, _ in cells]}"
            raise StaleEdit(f"the edit {edit['name']!r} wants {old!r}, which stands {where}")
        if old == new:
            raise StaleEdit(f"the edit {edit['name']!r} changes nothing")
        ((number, source),) = cells
        first, last, text = narrowed(old, new)
        found.append(Change(number, source.index(old) + first, source.index(old) + last, text))
    return found


def compatible(one, other, notebook):
    if other["name"] in one.get("apart", []) or one["name"] in other.get("apart", []):
        return False
    return not any(
        mine.touches(theirs)
        for mine in changes_of(one, notebook)
        for theirs in changes_of(other, notebook)
    )


def groups(edits, notebook):
    """The edits in few groups whose members can be made together."""
    made = []
    for edit in edits:
        for group in made:
            if all(compatible(edit, member, notebook) for member in group):
                group.append(edit)
                break
        else:
            made.append([edit])
    return made


def edited(notebook, edits):
    """A copy of the notebook with the edits made."""
    copy = nbformat.from_dict(notebook)
    changes = [change for edit in edits for change in changes_of(edit, notebook)]
    for change in sorted(changes, key=lambda change: (change.cell, change.start), reverse=True):
        source = copy.cells[change.cell].source
        copy.cells[change.cell].source = source[: change.start] + change.text + source[change.end :]
    return copy


def run_as_a_reader(notebook, edits, folder, *, short=False):
    """Run an edited copy to its end; name the edits and the cell if it stops."""
    changed = edited(notebook, edits)
    if short:
        first = changed.cells[next(n for n, c in enumerate(changed.cells) if c.cell_type == "code")]
        first.source = SHORT + first.source
    client = NotebookClient(changed, timeout=600, resources={"metadata": {"path": str(folder)}})
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        stopped = [
            number
            for number, cell in enumerate(changed.cells)
            if any(output.output_type == "error" for output in cell.get("outputs", []))
        ]
        number = stopped[0] if stopped else None
        names = "; ".join(edit["name"] for edit in edits)
        what = f"{getattr(error, 'ename', type(error).__name__)}: {getattr(error, 'evalue', error)}"
        hint = " (EDITS=each runs each alone)" if len(edits) > 1 else ""
        source = "" if number is None else changed.cells[number].source
        pytest.fail(f"after [{names}]{hint} cell {number} stops with {what}\n\n{source}", False)


def planned():
    """What is to be run: a page, the edits to make together, and what names the two."""
    mode = os.environ.get("EDITS", "new")
    if mode not in ("new", "together", "each"):
        raise ValueError(f"EDITS must be 'each' or 'together' (or absent), got {mode!r}")
    before = passed() if mode == "new" else {}
    for page, path in LISTS.items():
        if page not in NOTEBOOKS:
            continue
        edits, notebook = read_edits(path), nbformat.read(NOTEBOOKS[page], as_version=4)
        if mode == "each":
            parts = [[edit] for edit in edits]
        else:
            try:
                parts = groups(edits, notebook)
            except StaleEdit:  # told by test_every_edit_finds_its_text
                continue
        for number, part in enumerate(parts):
            name = f"{page}, {part[0]['name'] if mode == 'each' else f'group {number + 1}'}"
            if page == ALWAYS or before.get(name) != digest(notebook, part):
                yield pytest.param(page, part, name, id=name)


@pytest.mark.parametrize(("page", "edits", "name"), list(planned()))
def test_an_edited_page_runs_to_its_end(page, edits, name, tmp_path, monkeypatch):
    reason = export_needed.reason_to_skip()
    if reason and export_needed.is_needed_by(NOTEBOOKS[page]):
        pytest.skip(reason)
    monkeypatch.delenv("CIFARLIB_CHECKS")
    notebook = nbformat.read(NOTEBOOKS[page], as_version=4)
    run_as_a_reader(notebook, edits, tmp_path, short=os.environ.get("EDITS") != "each")
    if os.environ.get("EDITS_PASSED") == "write":
        has_passed(name, digest(notebook, edits))


def test_what_has_passed_runs_again_when_its_code_or_its_edits_change(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("filters = 32")])
    edits = [{"name": "fewer", "changes": [{"find": "32", "replace": "16"}]}]
    found = digest(notebook, edits)
    file = tmp_path / "passed.json"
    has_passed("b, group 1", "000000000000", file)
    has_passed("a, group 1", found, file)
    assert passed(file) == {"a, group 1": found, "b, group 1": "000000000000"}
    notebook.cells.append(nbformat.v4.new_markdown_cell("Words do not matter."))
    assert digest(notebook, edits) == found
    assert digest(notebook, [{**edits[0], "name": "other"}]) != found
    notebook.cells[0].source = "filters = 33"
    assert digest(notebook, edits) != found


def test_only_pages_that_exist_have_passed():
    assert {name.split(", ")[0] for name in passed()} <= set(LISTS)


@pytest.mark.parametrize("page", LISTS)
def test_every_edit_finds_its_text(page):
    notebook = nbformat.read(NOTEBOOKS[page], as_version=4)
    edits = read_edits(LISTS[page])
    names = [edit["name"] for edit in edits]
    assert len(names) == len(set(names)) >= 6
    assert {name for edit in edits for name in edit.get("apart", [])} <= set(names)
    for edit in edits:
        for cell in edited(notebook, [edit]).cells:
            if cell.cell_type == "code" and "%pip" not in cell.source:
                ast.parse(cell.source)
    assert len(groups(edits, notebook)) <= 3, "a page is run three times at most"


def test_every_page_has_edits():
    assert set(NOTEBOOKS) <= set(LISTS)


# The mechanism itself, on notebooks of a few lines


def notebook_of(*sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.v4.new_notebook(cells=cells)


def edit(name, *pairs, **more):
    return {"name": name, "changes": [{"find": f, "replace": r} for f, r in pairs], **more}


SMALL = notebook_of(
    "from cifarlib import check\nfilters, kernel = 32, 3",
    "size = 100 // filters",
    'check("three fit", lambda: size == 3)',
    "print(size)",
)


def test_an_edit_is_made_in_a_copy():
    changed = edited(SMALL, [edit("fewer", ("filters, kernel = 32", "filters, kernel = 16"))])
    assert changed.cells[0].source.endswith("filters, kernel = 16, 3")
    assert SMALL.cells[0].source.endswith("filters, kernel = 32, 3")


def test_edits_of_one_line_are_made_together():
    fewer = edit("fewer", ("kernel = 32, 3", "kernel = 16, 3"))
    wider = edit("wider", ("kernel = 32, 3", "kernel = 32, 5"))
    assert groups([fewer, wider], SMALL) == [[fewer, wider]]
    assert edited(SMALL, [fewer, wider]).cells[0].source.endswith("kernel = 16, 5")


def test_edits_of_the_same_text_are_in_different_groups():
    fewer = edit("fewer", ("kernel = 32", "kernel = 16"))
    more = edit("more", ("kernel = 32", "kernel = 64"))
    other = edit("other", ("100", "1000"))
    again = edit("again", ("size)", "size, size)"), ("100", "200"))
    assert groups([fewer, more, other, again], SMALL) == [[fewer, other], [more, again]]


def test_two_insertions_at_one_place_are_in_different_groups():
    one = edit("one", ("size = ", "size = 1 + "))
    two = edit("two", ("size = ", "size = 2 * "))
    assert len(groups([one, two], SMALL)) == 2


def test_edits_that_make_no_sense_together_are_kept_apart():
    fewer = edit("fewer", ("kernel = 32", "kernel = 16"), apart=["other"])
    other = edit("other", ("100", "1000"))
    assert groups([fewer, other], SMALL) == [[fewer], [other]]
    assert groups([other, fewer], SMALL) == [[other], [fewer]]


@pytest.mark.parametrize(
    ("find", "where"),
    [("filters = 64", "nowhere"), ("size", "times, in cells"), ("er", "times, in cells")],
)
def test_a_stale_edit_is_found(find, where):
    with pytest.raises(StaleEdit, match=f"'old'.*{where}"):
        changes_of(edit("old", (find, "x")), SMALL)


def test_an_edit_that_changes_nothing_is_stale():
    with pytest.raises(StaleEdit, match="changes nothing"):
        changes_of(edit("old", ("100", "100")), SMALL)


def test_an_edit_that_a_check_contradicts_runs_to_the_end(tmp_path, monkeypatch):
    monkeypatch.delenv("CIFARLIB_CHECKS")
    run_as_a_reader(SMALL, [edit("fewer", ("kernel = 32", "kernel = 16"))], tmp_path)


def test_an_edit_that_stops_a_page_is_named_with_its_cell(tmp_path, monkeypatch):
    monkeypatch.delenv("CIFARLIB_CHECKS")
    none = edit("no filters", ("kernel = 32", "kernel = 0"))
    with pytest.raises(pytest.fail.Exception) as caught:
        run_as_a_reader(SMALL, [none], tmp_path)
    assert "after [no filters] cell 1 stops with ZeroDivisionError" in str(caught.value)
    with pytest.raises(pytest.fail.Exception, match=r"fewer; no filters.*EDITS=each runs each"):
        run_as_a_reader(SMALL, [edit("fewer", ("100", "50")), none], tmp_path)


def test_a_page_with_an_assert_stops_where_a_check_would_not(tmp_path, monkeypatch):
    monkeypatch.delenv("CIFARLIB_CHECKS")
    notebook = notebook_of("a = 1", "assert a == 1")
    with pytest.raises(pytest.fail.Exception, match="cell 1 stops with AssertionError"):
        run_as_a_reader(notebook, [edit("two", ("a = 1", "a = 2"))], tmp_path)


def test_an_unknown_value_of_edits_is_an_error_in_words(monkeypatch):
    monkeypatch.setenv("EDITS", "all")
    with pytest.raises(ValueError, match=r"EDITS must be 'each' or 'together'.*got 'all'"):
        list(planned())


def test_trainings_are_cut_short_only_where_edits_are_made_together(tmp_path, monkeypatch):
    monkeypatch.delenv("CIFARLIB_CHECKS")
    notebook = notebook_of(
        "import keras\nimport numpy as np\nx, y = np.zeros((64, 3)), np.zeros((64, 1))",
        "model = keras.Sequential([keras.layers.Dense(1)])\nmodel.compile('sgd', 'mse')",
        "log = model.fit(x, y, batch_size=8, epochs=3, validation_data=(x, y), verbose=0).history",
        "steps, lengths = int(model.optimizer.iterations), {len(one) for one in log.values()}",
        "(steps, lengths) == (6, {3}) or 1 / 0",
    )
    more = [edit("more", ("64, 3", "128, 3"), ("64, 1", "128, 1"))]
    run_as_a_reader(notebook, more, tmp_path, short=True)
    with pytest.raises(pytest.fail.Exception, match="cell 4 stops with ZeroDivisionError"):
        run_as_a_reader(notebook, more, tmp_path)
