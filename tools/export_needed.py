"""What needs the packages of the extra ``export``, and what to say where they are missing.

The oldest supported versions leave them out, so there their tests and pages are skipped. With
``REQUIRE_EXPORT=1`` in the environment, as in the other jobs of CI, nothing is skipped.
"""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = ("ai_edge_litert", "onnx", "onnxruntime", "tf2onnx")


def missing() -> list[str]:
    """Which of the modules are not installed."""
    return [name for name in MODULES if importlib.util.find_spec(name) is None]


def reason_to_skip() -> str | None:
    """A sentence if packages are missing and that is allowed, else None."""
    if not (lacking := missing()) or os.environ.get("REQUIRE_EXPORT") == "1":
        return None
    return f"exporting needs {', '.join(lacking)}, which are not installed (the extra export)"


def is_needed_by(notebook: Path) -> bool:
    """Whether a page exports models: its code imports ``cifarlib.export``, or from it."""
    text = notebook.read_text(encoding="utf-8")
    return re.search(r"from cifarlib(\.export import| import [^\\\n]*\bexport\b)", text) is not None
