"""The order of the files in the package: each imports only from those before it."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "cifarlib"
ORDER = [
    "files", "checks", "claims", "data", "cifar10", "rand_augment", "augment", "batches",
    "inputs", "layers", "models", "schedules", "recipes", "muon", "optimizers", "lookahead",
    "fingerprint", "identity", "checkpoints", "machine", "callbacks", "training", "costs",
    "evaluation", "gradients", "explain", "attention", "pictures", "plots", "widgets", "zoo",
    "bench",
]  # fmt: skip


def imported(path):
    """The parts of cifarlib that a file imports from, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "cifarlib":
            parts = node.module.split(".")[1:2] or [alias.name for alias in node.names]
            yield from (part for part in parts if part in ORDER)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=str)
def test_file_imports_only_from_those_before_it(path):
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if part == "__init__":
        return
    assert part in ORDER, f"give {part} its place in the order, here and in CONTRIBUTING.md"
    for other in imported(path):
        assert ORDER.index(other) <= ORDER.index(part), f"{path.name} imports {other}"


def test_contributing_gives_the_same_order():
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert ", ".join(f"`{name}`" for name in ORDER) in text
