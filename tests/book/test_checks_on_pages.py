"""Cells with checks: folded, a sentence each, and the page reads and runs the same without them."""

import ast
import builtins
import dis
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "chapters").rglob("*.ipynb"))
HIDING = {"hide-cell", "remove-cell", "hide-output", "remove-output"}
# Methods that change what they are called on: the page would go on differently without the check.
CHANGING = {
    "append", "apply_gradients", "assign", "clear", "compile", "extend", "fill", "fit",
    "insert", "load_weights", "pop", "popitem", "remove", "reverse", "seed", "set_random_seed",
    "set_weights", "setdefault", "setflags", "shuffle", "sort", "train_on_batch", "update",
}  # fmt: skip


def tree_of(cell):
    """The syntax tree of a code cell; IPython's own commands (%pip ...) count as empty lines."""
    lines = cell.source.splitlines()
    plain = [line if not line.lstrip().startswith(("%", "!")) else
             line[: len(line) - len(line.lstrip())] + "pass" for line in lines]  # fmt: skip
    return ast.parse("\n".join(plain))


def is_check(node):
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    return (isinstance(function, ast.Name) and function.id == "check") or (
        isinstance(function, ast.Attribute)
        and function.attr == "check"
        and ast.unparse(function.value) in ("cifarlib", "cifarlib.claims")
    )


def calls_check(cell):
    return cell.cell_type == "code" and any(is_check(node) for node in ast.walk(tree_of(cell)))


def all_nodes(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield from ast.walk(tree_of(cell))


def own_check(notebook):
    """Whether the page has a function of its own by that name."""
    return any(
        isinstance(node, ast.FunctionDef) and node.name == "check" for node in all_nodes(notebook)
    )


def imports_check(notebook):
    return any(
        isinstance(node, ast.ImportFrom) and any(alias.name == "check" for alias in node.names)
        for node in all_nodes(notebook)
    )


def bound(tree):
    """The names that code makes or takes, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).split(".")[0]


def used(tree):
    """The names that code takes from elsewhere."""
    loaded = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return loaded - set(bound(tree)) - set(dir(builtins)) - {"check"}


def generators(tree):
    """The names of random generators: each draw changes the next one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            makes = ast.unparse(node.value.func).split(".")[-1]
            if makes in ("default_rng", "RandomState", "SeedGenerator", "Generator"):
                yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def on_numpy(attribute):
    """Whether it is one of NumPy's functions, such as np.sort, which gives a copy."""
    return isinstance(attribute.value, ast.Name) and attribute.value.id == "np"


def faults_of_call(node):
    if not is_check(node):
        yield "holds something else than calls of check"
        return
    if len(node.args) != 2 or node.keywords:
        yield "check takes a sentence and a lambda"
        return
    sentence, condition = node.args
    if not (isinstance(sentence, ast.Constant) and isinstance(sentence.value, str)):
        yield "the sentence is not written out"
    elif not sentence.value.strip() or sentence.value != sentence.value.strip().rstrip("."):
        yield "the sentence is empty, or has space around it or a full stop"
    if not isinstance(condition, ast.Lambda) or ast.unparse(condition.args):
        yield "the condition is not a lambda without arguments"
    for part in ast.walk(node):
        if isinstance(part, ast.NamedExpr):
            yield "defines a name"
        if isinstance(part, ast.Attribute) and part.attr in CHANGING and not on_numpy(part):
            yield f".{part.attr} changes what the page goes on with"


def faults(notebook):
    """What is wrong with the check cells of a notebook: pairs (cell number, fault)."""
    if own_check(notebook):
        clash = "a function of the page has the name of cifarlib's check"
        return [(None, clash)] if imports_check(notebook) else []
    found = []
    seen, defined, random = set(), set(), set()  # names: of all cells so far, of visible ones
    above, before = None, None  # the code cell above that is no check, the cell before
    for number, cell in enumerate(notebook.cells):
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type != "code":
            before = cell
            continue
        tree = tree_of(cell)
        if not calls_check(cell):
            above, before = cell, cell
            seen |= set(bound(tree))
            random |= set(generators(tree))
            if not tags & HIDING:
                defined |= set(bound(tree))
            continue
        wrong = []
        if "hide-cell" not in tags:
            wrong.append("not folded in the book: tag it hide-cell")
        if cell.metadata.get("jupyter", {}).get("source_hidden") is not True:
            wrong.append("not folded in JupyterLab: jupyter.source_hidden must be true")
        if cell.get("outputs"):
            wrong.append("has outputs, and a check that holds prints nothing")
        for statement in tree.body:
            is_call = isinstance(statement, ast.Expr)
            value = statement.value if is_call else statement
            wrong += faults_of_call(value)
            if not is_check(value):
                continue
            names = used(value)
            if names - seen:
                wrong.append(f"takes {', '.join(sorted(names - seen))} from no cell above")
            if not names & defined:
                wrong.append("checks nothing that a visible cell above has made")
            if names & random:
                wrong.append("draws from a random generator of the page")
        if above is None or set(above.metadata.get("tags", [])) & HIDING:
            wrong.append("does not stand after a visible cell")
        if before is not None and before.cell_type == "markdown" and announces(before):
            wrong.append("is announced: without it, the text above would point at nothing")
        before = cell
        found += [(number, fault) for fault in wrong]
    return found


def announces(markdown):
    return markdown.source.rstrip().endswith(":") and not markdown.source.rstrip().endswith(":::")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_checks_of_a_page_stay_out_of_sight(path):
    assert faults(nbformat.read(path, as_version=4)) == []


FOLDED = {"tags": ["hide-cell"], "jupyter": {"source_hidden": True}}
VISIBLE = "import cifarlib\nimport numpy as np\nfrom cifarlib import check\na = 1\nlist_of = [2]\n"
GOOD = 'check("one is below two", lambda: a < list_of[0])'


def code(source, metadata=None, **more):
    return nbformat.v4.new_code_cell(source, metadata=metadata or {}, **more)


def page(source=GOOD, metadata=FOLDED, *, above=None, text=None, outputs=()):
    cells = [code(VISIBLE)] if above is None else list(above)
    cells += [] if text is None else [nbformat.v4.new_markdown_cell(text)]
    return nbformat.v4.new_notebook(
        cells=[*cells, code(source, metadata, outputs=list(outputs)), code("a = 3")]
    )


@pytest.mark.parametrize(
    "notebook",
    [
        page(),
        page(GOOD + "\n" + GOOD),
        page(f"cifarlib.{GOOD}"),
        page(text="One is below two.\n"),
        page(text=":::{solution-end}\n:::"),
        page('check("all below", lambda: all(x > a for x in list_of))'),
        page('check("sorted", lambda: sorted(list_of) == list_of)'),
        page('check("sorted", lambda: (np.sort(list_of) == list_of).all())'),
        page('check("sums", lambda: np.random.default_rng(0).normal() != a)'),
        page(above=[code(VISIBLE), code(GOOD, FOLDED)]),
        page(above=[code(VISIBLE, {"tags": ["hide-input"]})]),
        page(above=[code("try:\n    import x\nexcept E:\n    %pip install x"), code(VISIBLE)]),
        page("print(a)", {}),
    ],
)
def test_a_good_page_has_no_faults(notebook):
    assert faults(notebook) == []


@pytest.mark.parametrize(
    ("notebook", "fault"),
    [
        (page(metadata={}), "not folded in the book"),
        (page(metadata={"tags": ["hide-cell"]}), "not folded in JupyterLab"),
        (page(metadata=FOLDED | {"jupyter": {"source_hidden": 1}}), "not folded in JupyterLab"),
        (page(metadata=FOLDED | {"tags": ["hide-input"]}), "not folded in the book"),
        (page("b = 2\n" + GOOD), "something else"),
        (page("from cifarlib import check\n" + GOOD), "something else"),
        (page("print(a)\n" + GOOD), "something else"),
        (page(f"for x in list_of:\n    {GOOD}"), "something else"),
        (page(f"def f():\n    {GOOD}"), "something else"),
        (page(f"result = {GOOD}"), "something else"),
        (page(f"print({GOOD})"), "something else"),
        (page('check("it is", lambda: (b := a) > 0)'), "defines a name"),
        (page('check("it is", a > 0)'), "not a lambda"),
        (page('check("it is", lambda x=a: x > 0)'), "not a lambda"),
        (page('check("it is", condition=lambda: a > 0)'), "a sentence and a lambda"),
        (page("check(text, lambda: a > 0)"), "not written out"),
        (page('check(f"it is {a}", lambda: a > 0)'), "not written out"),
        (page('check("it is.", lambda: a > 0)'), "full stop"),
        (page('check("", lambda: a > 0)'), "empty"),
        (page('check("it is", lambda: unknown > a)'), "takes unknown from no cell above"),
        (page('check("it is", lambda: 1 < 2)'), "checks nothing"),
        (page('check("it is", lambda: np.sum([1]) == 1)', above=[
            code("import numpy as np", {"tags": ["remove-cell"]}), code("b = 1")]),
         "checks nothing"),
        (page('check("it is", lambda: list_of.sort() is None and a > 0)'), ".sort changes"),
        (page('check("it is", lambda: np.random.seed(a) is None)'), ".seed changes"),
        (page('check("it is", lambda: a.fit(list_of) > 0)'), ".fit changes"),
        (page('check("it is", lambda: rng.normal() > a)', above=[
            code(VISIBLE + "rng = np.random.default_rng(0)")]), "random generator"),
        (page(above=[]), "does not stand after"),
        (page(above=[code(VISIBLE), code("c = 1", {"tags": ["hide-cell"]})]), "does not stand"),
        (page(text="One is below two:"), "is announced"),
        (page(outputs=[nbformat.v4.new_output("stream", text="x")]), "has outputs"),
    ],
)  # fmt: skip
def test_a_fault_is_found_and_named(notebook, fault):
    found = faults(notebook)
    assert any(fault in text for _, text in found), found
    assert {number for number, _ in found} == {len(notebook.cells) - 2}


@pytest.mark.parametrize("imported", [True, False])
def test_a_page_with_a_function_check_of_its_own_cannot_use_this_one(imported):
    notebook = page(above=[code(VISIBLE if imported else "a = 1"), code("def check(x): pass")])
    assert [number for number, _ in faults(notebook)] == ([None] if imported else [])


def test_checks_bind_nothing_that_a_later_cell_could_miss():
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        for cell in [] if own_check(notebook) else filter(calls_check, notebook.cells):
            compiled = compile(cell.source, path.name, "exec")
            assert set(compiled.co_names) == {"check"}
            assert not any("STORE" in step.opname for step in dis.get_instructions(compiled))
