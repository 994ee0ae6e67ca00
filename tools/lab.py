"""Open the book in JupyterLab: copies of its pages, in the order of reading, yours to change.

    python tools/lab.py [FOLDER] [--update-only] [options of JupyterLab]

Run by `make lab`. The copies are in ``lab/``, which git ignores; what you changed there is never
overwritten. When the book has a newer version of a page that you changed, it is put beside yours.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path, PurePosixPath
from urllib.parse import quote as percent

import nbformat
from nbformat.sign import NotebookNotary
from readers_notebooks import (
    ROOT,
    Book,
    Entry,
    Heading,
    Target,
    anchor,
    as_bytes,
    copy_pictures,
    walk,
)

MACHINERY = ".book"  # in the folder; JupyterLab does not show it
FIRST_PAGE = "intro.md"
# For this JupyterLab alone: pages that are Markdown are shown, not edited; nothing is asked of a
# host outside
SETTINGS = {
    # Names of pages are long, and when they were written tells nobody anything
    "@jupyterlab/filebrowser-extension:browser": {"showLastModifiedColumn": False},
    "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}},
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
}


def places(book: Book) -> dict[str, str]:
    """Where each page goes: ``1-walkthrough/1.3-simple_cnn.ipynb``, numbered as the book is read.

    A part is a folder, with the book's number or, where it has none, 0. Its opening page, if it has
    one, is number 0, a page below another has a third number. What is not a chapter, such as the
    data card, keeps its place.
    """
    groups: list[list[Entry]] = []
    for part in book.parts:
        chapters = [entry for entry in part if entry.file.startswith("chapters/")]
        if any(entry.children for entry in chapters):  # each entry opens a part
            groups += [[entry, *entry.children] for entry in chapters]
        elif chapters:
            groups.append([Entry(""), *chapters])
    found = {page: page for page in book.pages}

    def put(entry: Entry, folder: str, number: str) -> None:
        page = book.source(entry.file)
        name = PurePosixPath(page)
        stem = f"about_{name.parent.name}" if name.stem == "index" else name.stem
        found[page] = f"{folder}/{number}-{stem}{name.suffix}"

    numbered = any(group[0].number for group in groups)
    for position, group in enumerate(groups, 1):
        # The numbers are the book's; what it leaves without one, such as its start, comes first
        group_number = (group[0].number or 0) if numbered else position
        named = next(entry.file for entry in group if entry.file)
        folder = f"{group_number}-{PurePosixPath(named).parent.name}"
        width = len(str(len(group) - 1))
        for place, entry in enumerate(group):
            number = f"{group_number}.{place:0{width}}"
            if entry.file:
                put(entry, folder, number)
            for below, child in enumerate(walk(entry.children) if place else (), 1):
                put(child, folder, f"{number}.{below}")
    return found


class Lab(Target):
    """Copies beside each other, opened where everything is installed."""

    colab = False

    def __init__(self, book: Book) -> None:
        super().__init__()
        self.places = places(book)

    def page_link(
        self, book: Book, page: str, text: str, other: str, heading: Heading | None
    ) -> str:
        address = "" if other == page and heading else self._from(page, self.places[other])
        return f"[{text}]({address}{f'#{anchor(heading)}' if heading else ''})"

    def picture(self, page: str, alt: str, other: str) -> str:
        return f"![{alt}]({self._from(page, other)})"

    def _from(self, page: str, path: str) -> str:
        here = PurePosixPath(self.places[page]).parent
        return percent(PurePosixPath(os.path.relpath(path, here)).as_posix())


def update(folder: Path, book: Book | None = None) -> list[str]:
    """Write the copies, and leave alone what the reader changed.

    Returns:
        a line for each page whose new version was put beside the reader's.
    """
    book = book or Book()
    target, told = Lab(book), []
    files = {target.places[page]: as_bytes(book, page, target) for page in book.pages}
    record = folder / MACHINERY / "written.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    written = json.loads(record.read_text()) if record.is_file() else {}
    notary = NotebookNotary(data_dir=str(folder / MACHINERY))

    def found(name: str) -> str:
        path = folder / name
        return digest(name, path.read_bytes()) if path.is_file() else ""

    def is_ours(name: str) -> bool:
        """Whether a file is absent, or still as it was written here."""
        return found(name) in ("", written.get(name))

    def has(name: str, version: str) -> bool:
        """Whether the reader was given this version under this name, and has kept the file."""
        if found(name) == version:
            written[name] = version
        return bool(found(name)) and written.get(name) == version

    for name, content in files.items():
        version, names = digest(name, content), list(newer_names(name, written))
        if any(has(each, version) for each in names):
            continue
        place = next(each for each in names if is_ours(each))
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(content)
        written[place] = version
        if place != name:
            told.append(f"You changed {name}; the book's new version is beside it: {place}")
        if name.endswith(".ipynb"):  # so that figures move before anything is run
            notary.sign(nbformat.reads(content.decode(), as_version=4))
    for name in [name for name in written if versionless(name) not in files]:
        if is_ours(name):  # a page that is gone, or has another number now
            (folder / name).unlink(missing_ok=True)
            del written[name]
    copy_pictures(book, target, folder)
    record.write_text(json.dumps(written, indent=1, sort_keys=True))
    return told


def newer_names(name: str, written: dict[str, str]):
    """The names under which a version of a page may be: its own, then those beside it."""
    path = PurePosixPath(name)
    yield name
    yield f"{path.parent}/{path.stem} (new){path.suffix}".removeprefix("./")
    for count in range(2, len(written) + 3):
        yield f"{path.parent}/{path.stem} (new {count}){path.suffix}".removeprefix("./")


def versionless(name: str) -> str:
    path = PurePosixPath(name)
    return f"{path.parent}/{path.stem.split(' (new')[0]}{path.suffix}".removeprefix("./")


def digest(name: str, content: bytes) -> str:
    """A hash of what a reader would call the content.

    JupyterLab changes the metadata of a notebook that is only opened; that is nobody's work.
    """
    if name.endswith(".ipynb"):
        try:
            cells = nbformat.reads(content.decode(), as_version=4).cells
            kept = [[cell.cell_type, cell.source, cell.get("outputs", [])] for cell in cells]
            content = json.dumps(kept, sort_keys=True).encode()
        except (ValueError, AttributeError, nbformat.ValidationError):
            pass  # no notebook any more: then it is the reader's
    return hashlib.sha256(content).hexdigest()


def set_up(folder: Path) -> dict[str, str]:
    """Describe the kernel and the settings; give the environment in which JupyterLab finds them."""
    machinery = folder / MACHINERY
    kernel = machinery / "kernels" / "python3"
    settings = machinery / "labconfig"
    for path in (kernel, settings):
        path.mkdir(parents=True, exist_ok=True)
    program = str(Path(__file__).with_name("quiet_kernel.py"))
    description = {
        # The usual name, so that a notebook saved here opens anywhere
        "display_name": "Python 3",
        "language": "python",
        "argv": [sys.executable, program, "-f", "{connection_file}"],
        "metadata": {"debugger": True},
    }
    (kernel / "kernel.json").write_text(json.dumps(description, indent=1))
    (settings / "default_setting_overrides.json").write_text(json.dumps(SETTINGS, indent=1))
    environment = dict(os.environ)
    for variable in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH"):
        earlier = environment.get(variable)
        environment[variable] = os.pathsep.join([str(machinery), *([earlier] if earlier else [])])
    environment.pop("CIFARLIB_CHECKS", None)  # a reader's experiment is no failed test
    return environment


def command(folder: Path, more: list[str]) -> list[str]:
    """What starts JupyterLab in the folder."""
    machinery = folder / MACHINERY
    options = {
        "ServerApp.root_dir": folder,
        "NotebookNotary.data_dir": machinery,
        "LabApp.workspaces_dir": machinery / "workspaces",
        "LabApp.default_url": f"/lab/tree/{FIRST_PAGE}",
        "Application.log_level": "WARN",
    }
    start = [sys.executable, "-m", "jupyterlab"]
    if getattr(os, "geteuid", lambda: 1)() == 0:
        start.append("--allow-root")  # in a container there is nobody else
    return [*start, *(f"--{name}={value}" for name, value in options.items()), *more]


def main() -> int:
    parser = argparse.ArgumentParser(description="Open the book in JupyterLab.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "lab")
    parser.add_argument("--update-only", action="store_true", help="do not start JupyterLab")
    options, more = parser.parse_known_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for line in update(folder):
        print(line)
    print(f"The pages are in {folder}, in the order of reading. What you change there stays.")
    environment = set_up(folder)
    if options.update_only:
        return 0
    print("JupyterLab opens in your browser. Ctrl+C in this window ends it.")
    sys.stdout.flush()
    if os.name == "posix":
        os.execve(sys.executable, command(folder, more), environment)
    return subprocess.call(command(folder, more), env=environment)


if __name__ == "__main__":
    sys.exit(main())
