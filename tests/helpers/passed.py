"""What has passed, by page, so that a long run is repeated only when the page's code changes."""

import hashlib
import json
from pathlib import Path

from filelock import FileLock

PASSED = Path(__file__).parents[1] / "readers_edits" / "passed.json"


def digest(notebook, edits):
    """What a page's code and some edits of it are, in twelve letters."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256(json.dumps([code, edits]).encode()).hexdigest()[:12]


def passed(path=PASSED):
    """The edits that have passed, as digests by page and group."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def has_passed(name, found, path=PASSED):
    """Note that edits have passed, whatever other processes note meanwhile."""
    with FileLock(path.with_suffix(".lock")):
        lines = dict(sorted((passed(path) | {name: found}).items()))
        path.write_text(json.dumps(lines, indent=0) + "\n", encoding="utf-8")
