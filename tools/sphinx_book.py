"""A Sphinx extension: what the book's build must compute, because ``_config.yml`` cannot."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from docutils import nodes
from readers_notebooks import Book, Target, as_bytes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

ROOT = Path(__file__).parents[1]
MAIN = "main"  # the branch of the sources


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", configure)
    app.connect("html-page-context", mend_buttons, priority=600)  # after the theme made them
    app.connect("build-finished", write_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def configure(app: Sphinx, config: Config) -> None:
    config.nb_execution_cache_path = cache_path(config.nb_execution_cache_path)
    # The tests of the built pages take the stored outputs: nbval has compared them already.
    if os.environ.get("BOOK_EXECUTE") == "off":
        config.nb_execution_mode = "off"
    # For notebooks that tools/execute_book.py has not executed before
    os.environ.setdefault("CIFARLIB_CHECKS", "strict")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if repository := os.environ.get("BOOK_REPOSITORY"):
        config.html_theme_options.update(repository_buttons(repository))


def cache_path(folder: str) -> str:
    """The folder of executed notebooks, with a hash in its name.

    Jupyter's cache looks at a notebook's cells alone. With the hash, a change in the package, its
    data or the versions executes the notebooks anew instead of showing stale pages.
    """
    return f"{folder}-{environment_hash()}"


def write_downloads(app: Sphinx, exception: Exception | None) -> None:
    """What a page's download button gives: the notebook as readers open it, not its source."""
    if exception or app.builder.format != "html":
        return
    book, target = Book(ROOT), Target(os.environ.get("BOOK_REPOSITORY", ""))
    for page in book.pages:
        copy = Path(app.outdir, "_sources", page)
        if copy.suffix == ".ipynb" and copy.is_file():
            copy.write_bytes(as_bytes(book, page, target))


def environment_hash() -> str:
    """Twelve digits that change with the helper package, its data, and the pinned versions."""
    files = [path for path in (ROOT / "cifarlib").rglob("*") if path.is_file()]
    files = [path for path in files if "__pycache__" not in path.parts]
    digest = hashlib.sha256()
    for path in [*sorted(files), ROOT / "requirements.txt", ROOT / "constraints.txt"]:
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def repository_buttons(repository: str) -> dict:
    """Theme options for the Colab, source and issue buttons.

    Args:
        repository: where the book is published, such as ``https://github.com/OWNER/NAME``.
            Nobody knows it before publishing; without it the buttons are absent, never dead. An
            address to clone from, which ends in ``.git``, means the same repository.
    """
    found = re.fullmatch(r"(https://[^/\s]+/[^/\s]+/[^/\s]+?)(?:\.git)?/?", repository)
    if not found or found[1].endswith("/.git"):
        raise ConfigError(
            f"BOOK_REPOSITORY must look like https://github.com/OWNER/NAME, got {repository!r}"
        )
    options = {
        "repository_url": found[1],
        "repository_branch": os.environ.get("BOOK_BRANCH", MAIN),
        "use_repository_button": True,
        "use_issues_button": True,
        "use_source_button": True,
    }
    # Colab opens the notebook alone. Only on the branch that publishing makes do notebooks know
    # where to get cifarlib (tools/readers_notebooks.py), so without one there is no button.
    if os.environ.get("BOOK_BRANCH"):
        options["launch_buttons"] = {"colab_url": "https://colab.research.google.com"}
    return options


def mend_buttons(
    app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None
) -> None:
    """Let the source button lead to the source; no issue is about the index or the search.

    The theme has one branch for all buttons. Colab's has what readers open, not what is written,
    and of a notebook there a person wants to see the page, not its JSON.
    """
    branch = app.config.html_theme_options.get("repository_branch", MAIN)
    for group in context.get("header_buttons", []):
        if group["label"] != "source-buttons":
            continue
        if doctree is None:
            kept = [b for b in group["buttons"] if b["label"] != "source-issues-button"]
            group["buttons"] = kept
        for button in group["buttons"]:
            if button["label"] == "source-file-button":
                url = button["url"].replace(f"/blob/{branch}/", f"/blob/{MAIN}/")
                button["url"] = url.replace(".ipynb?plain=1", ".ipynb")
