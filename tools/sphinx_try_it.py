"""A Sphinx extension: the page Try it, and what it runs.

    :::{try-it}
    :::

stands where the page works. Its scripts (static/try_it/) are loaded there alone, and all but the
first after a click. The networks are exported when the book is built (tools/try_it_models.py), and
what runs the larger ones comes through npm, of the version and with the content that the lock file
in tools/try_it/ names. Both are kept in the cache folder. Where one cannot be had, the build says
so in a line and goes on, and the page says what it lacks.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import export_needed
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx_book import ROOT, environment_hash

from cifarlib._files import alone
from cifarlib.data import cache_folder

LOCK = Path(__file__).parent / "try_it"  # package.json and package-lock.json
PACKAGE = "onnxruntime-web"
RUNTIME = ("ort.wasm.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
LICENSE = (
    "ort.wasm.min.js, ort-wasm-simd-threaded.mjs and ort-wasm-simd-threaded.wasm are from the Node "
    "package onnxruntime-web {version},\ncopyright (c) Microsoft Corporation, MIT license.\n"
)
KEPT = 4  # versions of each part in the cache folder
MARK = 'id="try-it"'
HTML = f"""<div {MARK} class="try-it" data-static="STATIC/">
<div class="try-before">
<p><button type="button" class="try-start" hidden>Start (loads 1 MB)</button></p>
<p role="status"></p>
<noscript><p>This part of the page needs JavaScript, which is switched off.</p></noscript>
</div></div>"""
NO_MODELS = "The networks are missing in this copy of the book: they could not be made ready."
NO_RUNTIME = (
    "This copy of the book has the simple CNN alone: what runs the larger networks could not be "
    "fetched when it was built."
)


class Missing(Exception):
    """A part cannot be had; the text says why, for who builds the book."""


class TryIt(SphinxDirective):
    """The place in the page where it works."""

    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname]["try_it"] = True
        static = "../" * self.env.docname.count("/") + "_static"
        return [nodes.raw("", HTML.replace("STATIC", static), format="html")]


def add_scripts(app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
    """Let the page, and no other, load its style and its first script."""
    if MARK in context.get("body", ""):
        app.add_js_file("try_it/start.js", defer="defer")
        app.add_css_file("try_it/try_it.css")


def write_files(app: Sphinx, exception: Exception | None) -> None:
    """Put the networks and what runs them beside the finished pages."""
    used = any("try_it" in data for data in app.env.metadata.values())
    if exception or app.builder.name != "html" or not used:
        return
    target = Path(app.outdir, "_static", "try")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    contents = assembled(target)
    text = json.dumps(contents)
    (target / "contents.js").write_text(f'TryIt.deliver("contents", {text});\n', encoding="utf-8")


def assembled(target: Path) -> dict:
    """Copy what can be had, and say in a line what cannot.

    Returns:
        What the page must know: ``classes``, ``networks``, and ``missing``, a sentence or nothing.
    """
    try:
        shutil.copytree(models(), target, dirs_exist_ok=True)
    except (Missing, OSError) as error:
        say(f"the page has no networks: {error}")
        return {"classes": [], "networks": [], "missing": NO_MODELS}
    listed = target / "networks.json"
    contents = json.loads(listed.read_text(encoding="utf-8"))
    listed.unlink()
    contents["missing"] = ""
    try:
        if lacking := export_needed.missing():
            raise Missing(f"exporting needs {', '.join(lacking)}, the extra [export]")
        shutil.copytree(runtime(), target, dirs_exist_ok=True)
    except (Missing, OSError) as error:
        say(f"the page has the simple CNN alone: {error}")
        contents["networks"] = [entry for entry in contents["networks"] if "file" not in entry]
        contents["missing"] = NO_RUNTIME
        for path in target.glob("*.onnx"):
            path.unlink()
    return contents


def say(text: str) -> None:
    """A line for who builds the book; no warning, which would break a strict build."""
    print(f"Try it: {text}", file=sys.stderr)


def models() -> Path:
    """The folder of exported networks and test images.

    Raises:
        Missing: they could not be made.
    """
    complete = "small" if export_needed.missing() else "all"
    return kept(f"networks-{complete}-{environment_hash()}", export)


def export(folder: Path) -> None:
    """Export them in another process, which loads TensorFlow."""
    command = [sys.executable, str(ROOT / "tools" / "try_it_models.py"), str(folder)]
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ, "PYTHONPATH": os.pathsep.join(paths), "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"{' '.join(done.stderr.split()[-30:])}")


def runtime() -> Path:
    """The folder of what runs the larger networks.

    Raises:
        Missing: there is no npm, or it could not fetch the package.
    """
    return kept(f"runtime-{version()}", install)


def version() -> str:
    return json.loads((LOCK / "package.json").read_text(encoding="utf-8"))["dependencies"][PACKAGE]


def install(folder: Path) -> None:
    """Install the locked package somewhere, and take from it the few files that a page needs."""
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("there is no npm command (Node.js brings it)")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LOCK / name, place)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        command += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--prefer-offline"]
        try:
            done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            raise Missing(f"npm did not get {PACKAGE} within five minutes") from None
        if done.returncode:
            raise Missing(f"npm failed: {' '.join(done.stderr.split())[:300]}")
        for name in RUNTIME:
            shutil.copy(Path(place, "node_modules", PACKAGE, "dist", name), folder)
    text = LICENSE.format(version=version())
    (folder / "LICENSE-onnxruntime-web.txt").write_text(text, encoding="utf-8")


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """A folder in the cache, made whole or not at all, by one process at a time.

    Args:
        name: its kind, a hyphen, and what it depends on.
        make: fills an empty folder.
    """
    folder = cache_folder() / "try-it" / name
    if folder.is_dir():
        return folder
    with alone(folder, seconds=600):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{name}.") as partial:
                unfinished = Path(partial, "new")
                unfinished.mkdir()
                make(unfinished)
                unfinished.rename(folder)
    kind = name.partition("-")[0]
    versions = [path for path in folder.parent.glob(f"{kind}-*") if path.suffix != ".lock"]
    versions.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for old in versions[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def setup(app: Sphinx) -> dict:
    app.add_directive("try-it", TryIt)
    app.connect("html-page-context", add_scripts)
    # After sphinx_light, which looks through scripts for what pages use: these use nothing of it
    app.connect("build-finished", write_files, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
