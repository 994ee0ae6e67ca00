"""Which room imports from which: each only from those before it, and none in a circle."""

import ast
import json
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "cifarlib"
# Folders and the files beside them
ORDER = [
    "_files", "_arrays", "_checks", "claims", "data", "cifar10", "images", "layers", "models",
    "machine", "recipes", "training", "evaluation", "explain", "export", "_pictures", "plots",
    "widgets", "zoo", "service", "bench",
]  # fmt: skip
# What needs no Keras must be importable without it, wherever it is imported
WITHOUT_KERAS = ["data", "images", "cifar10", "claims", "recipes", "plots", "widgets"]


def modules(package=PACKAGE):
    """Each file by its dotted name; a folder by that of its ``__init__.py``."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = [package.name, *path.relative_to(package).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path, known):
    """The modules, of those that are known, that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from longest(alias.name, known)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import it by its full name"
            for alias in node.names:
                yield from longest(f"{node.module}.{alias.name}", known)


def longest(dotted, known):
    """The module that a dotted name is, or is a part of."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        if (name := ".".join(parts[:end])) in known:
            yield name
            return


def graph(known):
    return {name: set(imported(path, known)) - {name} for name, path in known.items()}


def room(module):
    return module.split(".")[1] if "." in module else ""


MODULES = modules()
IMPORTS = graph(MODULES)


def upward(imports, order):
    """The imports from a later room, or of a room from the package itself, as pairs."""
    for module, others in imports.items():
        for other in sorted(others):
            here, there = room(module), room(other)
            if here and (not there or order.index(there) > order.index(here)):
                yield module, other


def circle(imports):
    """Modules that import each other, one after another; empty if there are none."""
    done, path = set(), []

    def visit(module):
        if module in path:
            return path[path.index(module) :]
        if module not in done:
            path.append(module)
            for other in sorted(imports[module]):
                if found := visit(other):
                    return found
            done.add(path.pop())
        return []

    return next((found for module in sorted(imports) if (found := visit(module))), [])


def test_every_room_has_its_place():
    rooms = {room(module) for module in MODULES} - {""}
    assert rooms == set(ORDER), "give each its place in the order, here and in CONTRIBUTING.md"


def from_the_whole(module, other):
    """A few may take the package as a user does: the commands, and what speaks of all of it."""
    return other == "cifarlib" and module.split(".")[-1] == "__main__"


def test_rooms_import_only_from_those_before_them():
    found = [pair for pair in upward(IMPORTS, ORDER) if not from_the_whole(*pair)]
    assert not found, "\n".join(f"{module} imports {other}" for module, other in found)


def test_no_module_imports_itself_by_way_of_others():
    assert not circle(IMPORTS), " imports ".join(circle(IMPORTS))


def reached(module):
    """All that Python runs to import a module, the rooms that it stands in included."""
    found, left = set(), [module]
    while left:
        if (item := left.pop()) not in found:
            found.add(item)
            left += [*IMPORTS[item], *([item.rsplit(".", 1)[0]] if "." in item else [])]
    return found


@pytest.mark.parametrize("name", WITHOUT_KERAS)
def test_what_needs_no_keras_imports_none(name):
    heavy = {"keras", "tensorflow", "jax", "torch"}
    for module in reached(f"cifarlib.{name}"):
        tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
        for node in tree.body:  # a function may import it when it is called
            names = [alias.name for alias in getattr(node, "names", [])]
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert not heavy & {part.split(".")[0] for part in names}, f"{name} by way of {module}"


def test_files_are_short():
    long = {
        str(path.relative_to(PACKAGE)): lines
        for path in MODULES.values()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 250
    }
    assert not long


def test_a_room_exports_what_it_has():
    for module, path in MODULES.items():
        if path.name == "__init__.py" and (names := exported(path)):
            assert sorted(names) == sorted(set(names)), module
            defined = names_in(path)
            assert set(names) <= defined, f"{module} has no {sorted(set(names) - defined)}"


def exported(path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return ast.literal_eval(node.value)
    return []


def names_in(path):
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        else:
            found |= {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
    return found


def code_that_imports():
    """All code outside of the package: tests, tools, and the cells of the pages."""
    for folder in ("cifarlib", "tests", "tools"):
        for path in sorted((PACKAGE.parent / folder).rglob("*.py")):
            yield path.name, path.read_text(encoding="utf-8")
    for path in sorted((PACKAGE.parent / "chapters").rglob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                source = "".join(cell["source"])
                yield path.stem, re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", source)


def test_whoever_imports_from_the_package_finds_it():
    """So that a module that is moved takes all who name it along."""
    missing, seen = [], 0
    for name, code in code_that_imports():
        for node in ast.walk(ast.parse(code)):
            module = getattr(node, "module", None) or ""
            if not isinstance(node, ast.ImportFrom) or module.split(".")[0] != "cifarlib":
                continue
            for alias in node.names:
                seen += 1
                there = f"{module}.{alias.name}" in MODULES or (
                    module in MODULES and alias.name in names_in(MODULES[module])
                )
                if not there:
                    missing.append(f"{name}: {alias.name} of {module}")
    assert seen > 300 and not missing, "\n".join(missing)


def test_contributing_gives_the_same_order():
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert ", ".join(f"`{name}`" for name in ORDER) in text


def test_the_tests_stand_in_the_same_rooms():
    folders = {path.parent.name for path in (PACKAGE.parent / "tests").glob("*/test_*.py")}
    inside = {name for name in ORDER if (PACKAGE / name).is_dir()}
    assert folders == inside | {"book", "tools"}


# That the rules see what they should


@pytest.mark.parametrize(
    "line",
    ["import small.zoo.record", "from small import zoo", "from small.zoo import record",
     "from small.zoo.record import Record", "import numpy, small.zoo as z",
     "def late():\n    import small.zoo"],
)  # fmt: skip
def test_every_form_of_import_is_seen(tmp_path, line):
    package = small(tmp_path, {"data/__init__.py": line})
    found = list(upward(graph(modules(package)), ["data", "zoo"]))
    assert [(module, room(other)) for module, other in found] == [("small.data", "zoo")]


def test_a_circle_is_seen(tmp_path):
    package = small(tmp_path, {
        "data/a.py": "import small.data.b", "data/b.py": "from small.data import c",
        "data/c.py": "def late():\n    from small.data.a import x",
    })  # fmt: skip
    assert circle(graph(modules(package))) == ["small.data.a", "small.data.b", "small.data.c"]


def test_an_import_from_an_earlier_room_is_no_fault(tmp_path):
    package = small(tmp_path, {"zoo/record.py": "from small.data import numbers"})
    imports = graph(modules(package))
    assert imports["small.zoo.record"] == {"small.data"}
    assert not list(upward(imports, ["data", "zoo"])) and not circle(imports)


def small(folder, files):
    """A package of two rooms, with these files."""
    package = folder / "small"
    empty = dict.fromkeys(["__init__.py", "data/__init__.py", "zoo/__init__.py"], "")
    for name, text in (empty | {"zoo/record.py": ""} | files).items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text + "\n")
    return package
