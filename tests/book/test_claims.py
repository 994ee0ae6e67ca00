"""The ledger of claims: complete, and about the pages as they are. tests/claims/README.md"""

import ast
import importlib.util
import re
import sys
from pathlib import Path

import nbformat
import page_rules
import pytest
import yaml

ROOT = Path(__file__).parents[2]
LEDGERS = ROOT / "tests" / "claims"
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
PAGES = {path.stem: path for path in sorted((ROOT / "chapters").rglob("*.ipynb"))}
# Pages whose claims nobody has listed yet. Take a page out when its ledger is written.
NOT_YET = set()
KEYS = {"claim", "held", "mutant", "survives", "note", "gone"}


def load_tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


claims = load_tool("claims")

each_ledger = pytest.mark.parametrize("page", sorted(path.stem for path in LEDGERS.glob("*.yaml")))


def read(page):
    return yaml.safe_load((LEDGERS / f"{page}.yaml").read_text(encoding="utf-8"))


def cells(page):
    return {cell.id: cell for cell in nbformat.read(PAGES[page], as_version=4).cells}


def test_every_page_has_a_ledger_and_every_ledger_a_page():
    written = {path.stem for path in LEDGERS.glob("*.yaml")}
    assert not written & NOT_YET, "these have a ledger: take them out of NOT_YET"
    assert written | NOT_YET == set(PAGES)


@each_ledger
def test_ledger_names_its_page_and_has_ten_to_twenty_claims(page):
    """Four and more where the page is a short one: the start of the book, or below another page."""
    ledger = read(page)
    assert set(ledger) == {"page", "claims"}
    assert ROOT / ledger["page"] == PAGES[page]
    kept = [entry for entry in ledger["claims"] if "gone" not in entry]
    kinds = {name: kind for name, kind, _ in page_rules.walk(TOC)}
    short = kinds[ledger["page"].removesuffix(".ipynb")] != page_rules.PAGE
    assert (4 if short else 10) <= len(kept) <= 20


@each_ledger
def test_claims_are_sentences_and_no_two_are_alike(page):
    sentences = [entry["claim"].strip() for entry in read(page)["claims"]]
    for sentence in sentences:
        assert re.match(r'["A-Z0-9]', sentence) and sentence[-1] in '."' and "\n" not in sentence
        assert len(sentence.split()) >= 5, sentence
    assert len(set(map(str.lower, sentences))) == len(sentences)


@each_ledger
def test_claim_is_held_and_has_a_mutant_or_is_held_by_nothing_or_gone_for_a_reason(page):
    for entry in read(page)["claims"]:
        assert set(entry) <= KEYS, entry["claim"]
        for key in ("survives", "note", "gone"):
            assert len(entry.get(key, "a good reason").split()) >= 3, entry["claim"]
        if "gone" in entry:
            assert not {"held", "mutant", "survives"} & set(entry), entry["claim"]
        elif entry["held"] == "nothing":
            assert not {"mutant", "survives"} & set(entry), entry["claim"]
        else:
            assert isinstance(entry["held"], list) and entry["held"], entry["claim"]
            assert "mutant" in entry, entry["claim"]


@each_ledger
def test_what_holds_a_claim_exists(page):
    for entry in read(page)["claims"]:
        held = entry.get("held", "nothing")
        if held == "nothing":
            continue
        assert all(isinstance(place, str) for place in held), f"{held}: quote digits"
        for place in held:
            assert exists(page, place), f"{entry['claim']} is not held by {place}: there is no such"
        assert not all(place.startswith("record:") for place in held), entry["claim"]


def exists(page, place):
    """Whether there is such a cell, test or record."""
    if place.startswith("tests/"):
        file, _, name = place.partition("::")
        text = (ROOT / file).read_text(encoding="utf-8")
        return bool(re.search(rf"^ *def {re.escape(name)}\(", text, re.MULTILINE))
    if place.startswith("record:"):
        name = place.removeprefix("record:")
        zoo = ROOT / "cifarlib" / "zoo"
        return (zoo / name / "record.json").exists() or (zoo / f"{name}.json").exists()
    other, _, cell = place.rpartition(":")
    return cell in cells(other or page)


@each_ledger
def test_mutant_changes_one_place_of_one_cell_and_is_still_python(page):
    for entry in read(page)["claims"]:
        if "mutant" not in entry:
            continue
        mutant = entry["mutant"]
        assert set(mutant) - {"page"} == {"cell", "replace", "with"}, entry["claim"]
        assert all(isinstance(value, str) for value in mutant.values()), f"{mutant}: quote digits"
        place = PAGES[mutant.get("page", page)]
        notebook = nbformat.read(place, as_version=4)
        claims.mutate(notebook, mutant)
        (cell,) = (cell for cell in notebook.cells if cell.id == mutant["cell"])
        assert cell.cell_type == "code", entry["claim"]
        before = cells(mutant.get("page", page))[mutant["cell"]].source
        assert ast.dump(ast.parse(cell.source)) != ast.dump(ast.parse(before)), entry["claim"]


@each_ledger
def test_no_two_mutants_of_a_page_are_the_same(page):
    mutants = [entry["mutant"] for entry in read(page)["claims"] if "mutant" in entry]
    assert len({tuple(sorted(mutant.items())) for mutant in mutants}) == len(mutants)


def test_mutate_says_what_is_wrong_with_a_mutant():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1 + 1", id="one")])
    with pytest.raises(ValueError, match="there is no cell two"):
        claims.mutate(notebook, {"cell": "two", "replace": "1", "with": "2"})
    with pytest.raises(ValueError, match="has '1' 2 times, not once"):
        claims.mutate(notebook, {"cell": "one", "replace": "1", "with": "2"})
    with pytest.raises(ValueError, match="has '3' 0 times, not once"):
        claims.mutate(notebook, {"cell": "one", "replace": "3", "with": "2"})
    claims.mutate(notebook, {"cell": "one", "replace": "1 +", "with": "2 +"})
    assert notebook.cells[0].source == "x = 2 + 1"


def small_page(folder, monkeypatch, entries):
    """A page of four cells with its outputs, and a ledger for it, in a folder of its own."""
    sources = ["x = 2", "print(x + 1)", "y = 2 * x\nassert y > 3, 'y is large'", "z = y"]
    made = [
        nbformat.v4.new_code_cell(text, id=f"cell{n}", execution_count=n + 1)
        for n, text in enumerate(sources)
    ]
    made[1].outputs = [nbformat.v4.new_output("stream", name="stdout", text="3\n")]
    made.insert(0, nbformat.v4.new_markdown_cell("# A small page", id="title"))
    notebook = nbformat.v4.new_notebook(cells=made)
    (folder / "chapters").mkdir()
    nbformat.write(notebook, folder / "chapters" / "small.ipynb")
    ledger = {"page": "chapters/small.ipynb", "claims": entries}
    (folder / "small.yaml").write_text(yaml.safe_dump(ledger))
    monkeypatch.setattr(claims, "CHAPTERS", folder / "chapters")
    monkeypatch.setattr(claims, "LEDGERS", folder)


def entry(cell, replace, new, **more):
    return {
        "claim": f"{replace} matters.",
        "held": ["cell1"],
        "mutant": {"cell": cell, "replace": replace, "with": new},
        **more,
    }


def test_tool_tells_caught_from_survived_from_crashed(tmp_path, monkeypatch, capsys):
    entries = [
        entry("cell0", "2", "3"),  # another number in the output
        entry("cell2", "2 *", "1 *"),  # the assertion
        entry("cell3", "y", "x"),  # nobody looks
        entry("cell3", "y", "nobody"),  # only breaks the program
        {"claim": "People do it better.", "held": "nothing"},
    ]
    small_page(tmp_path, monkeypatch, entries)
    output = tmp_path / "verdicts.json"
    assert claims.main(["small", "--json", str(output)]) == 1
    rows = yaml.safe_load(output.read_text())
    outcomes = [row["outcome"] for row in rows]
    assert outcomes == ["green", "caught", "caught", "SURVIVED", "CRASHED"]
    assert [row["cell"] for row in rows[1:]] == ["cell1", "cell2", "", "cell3"]
    assert rows[1]["reason"] == "its output differs"
    assert rows[2]["reason"] == "AssertionError: y is large"
    assert rows[4]["reason"] == "NameError: name 'nobody' is not defined"
    assert "4 mutants: 2 caught, 1 SURVIVED, 1 CRASHED" in capsys.readouterr().out


def test_ledger_goes_stale_when_a_known_survivor_is_caught(tmp_path, monkeypatch, capsys):
    known = entry("cell3", "y", "-y", survives="Nobody looks at z.")
    entries = [known, entry("cell9", "2", "4"), entry("cell1", "x", "2 * x")]
    small_page(tmp_path, monkeypatch, entries)
    told = iter([("", "", ""), ("assertion", "AssertionError", "cell0")])
    monkeypatch.setattr(claims, "run_copy", lambda notebook, place: next(told))
    assert claims.main(["small", "--trust"]) == 1
    printed = capsys.readouterr().out
    assert "3 mutants: 1 survives, 1 STALE, 1 RED" in printed, "RED: it failed before the mutant"
    assert "there is no cell cell9" in printed
    monkeypatch.setattr(claims, "run_copy", lambda *_: ("output", "its output differs", "cell3"))
    assert claims.main(["small", "--trust", "--only", "1"]) == 1
    assert "small 1: STALE" in capsys.readouterr().out


def test_tool_passes_when_every_mutant_is_caught_and_runs_only_what_is_asked(
    tmp_path, monkeypatch, capsys
):
    small_page(tmp_path, monkeypatch, [entry("cell3", "y", "x"), entry("cell2", "2 *", "1 *")])
    monkeypatch.setattr(claims, "run_copy", lambda *_: ("assertion", "AssertionError", "cell2"))
    assert claims.main(["small", "--only", "2", "--trust"]) == 0
    assert "1 mutants: 1 caught" in capsys.readouterr().out


def test_tool_refuses_a_page_that_is_not_there_before_it_runs_anything():
    with pytest.raises(SystemExit, match="There is no page 'simple_cnn_'"):
        claims.main(["simple_cnn_"])


def test_tool_refuses_a_page_that_has_no_ledger_yet(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "LEDGERS", tmp_path)
    with pytest.raises(SystemExit, match="simple_cnn has no ledger yet: write tests/claims/"):
        claims.main(["simple_cnn"])


def test_a_part_stands_for_its_pages_that_have_a_ledger():
    walkthrough = claims.named(["walkthrough"])
    assert walkthrough == sorted(walkthrough)
    assert {"first_look", "simple_cnn", "when_to_stay_silent"} <= set(walkthrough)
    assert not {"first_network", "pooling"} & set(walkthrough)
    assert claims.named(["pooling", "walkthrough"]) == ["pooling", *walkthrough]
    assert set(claims.named([])) == {path.stem for path in LEDGERS.glob("*.yaml")}


REPORT = "Cell 3: Cell execution caused an exception\n\nInput:\nf()\n\nTraceback:\n"


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("Cell 3: Cell outputs differ\n", "output", "its output differs"),
        (f"{REPORT}AssertionError: too small\n", "assertion", "AssertionError: too small"),
        (f"{REPORT}ClaimError: not so: a > b\n", "assertion", "ClaimError: not so: a > b"),
        (
            f"{REPORT}KeyError: 1\n\nClaimError: cannot be checked: a > b (KeyError: 1)\n",
            "error",
            "ClaimError: cannot be checked: a > b (KeyError: 1)",
        ),
        (f"{REPORT}NameError: name 'x'\n", "error", "NameError: name 'x'"),
        ("Cell 3: Unrun reference cell has outputs\n", "error", "Unrun reference cell has outputs"),
    ],
)
def test_why_a_cell_failed_is_read_from_the_report_of_nbval(text, kind, reason):
    assert claims.explain(text) == (kind, reason)
