"""The way through every notebook that readers take with FULL = True.

Training takes minutes there, so it is cut to one step an epoch, ten epochs at most, and the cells
that judge a trained network (tagged ``trained``) are left out. All the rest must run: it may not
rot unseen. The 60,000 images need a download, so stand-ins take their place: the embedded images,
several times over, each copy marked, with the full set's balance.

That takes minutes a page, so a page runs when its code has changed since it passed, and with
``EDITS=each`` or ``EDITS=together`` all run, as nightly (``test_readers_edits.py``).
"""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from passed import digest, has_passed, passed

CHAPTERS = Path(__file__).parents[2] / "chapters"
WITH_SWITCH = [
    path for path in sorted(CHAPTERS.rglob("*.ipynb")) if "CIFARLIB_FULL" in path.read_text("utf-8")
]
ALWAYS = "train_and_evaluate"  # runs in any case: the first page that offers the switch
PRELUDE = """
import keras
import numpy as np

import cifarlib

embedded = cifarlib.load_cifar10()
places = [np.resize(np.flatnonzero(embedded.y_train == k), 5000) for k in range(10)]
places = np.random.default_rng(0).permutation(np.concatenate(places))
x = embedded.x_train[places]
copies = np.zeros(10_000, int)
for number, place in enumerate(places):
    x[number, 0, 0] = copies[place]
    copies[place] += 1
full = cifarlib.Cifar10(x, embedded.y_train[places], embedded.x_test, embedded.y_test)
asked = []

def load(full_set):
    asked.append(full_set)
    return full if full_set else embedded

cifarlib.load_cifar10 = lambda full=False: load(full)
fit = keras.Model.fit
lengths = []

def one_step(self, *arguments, **settings):
    lengths.append(settings.get("epochs", 1))
    short = {"epochs": min(10, lengths[-1]), "steps_per_epoch": 1, "validation_steps": 1}
    return fit(self, *arguments, **settings | short)

keras.Model.fit = one_step
"""
EPILOGUE = """
print("asked for all images:", asked)
print("epochs:", lengths)
"""


def to_run():
    """One page always, and those whose code is not what passed; all, if the environment says so."""
    before = passed() if os.environ.get("EDITS", "new") == "new" else {}
    return [
        path
        for path in WITH_SWITCH
        if path.stem == ALWAYS or before.get(noted(path)) != state(path)
    ]


def noted(path):
    return f"{path.stem}, full"


def state(path):
    """The page's code and what is put around it, in twelve letters."""
    return digest(nbformat.read(path, as_version=4), [PRELUDE, EPILOGUE])


@pytest.mark.parametrize("path", to_run(), ids=lambda path: path.stem)
def test_notebook_runs_with_the_full_switch(path, monkeypatch):
    monkeypatch.setenv("CIFARLIB_FULL", "1")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [c for c in notebook.cells if "trained" not in c.metadata.get("tags", [])]
    for source, place in ((PRELUDE, 0), (EPILOGUE, len(notebook.cells) + 1)):
        notebook.cells.insert(place, nbformat.v4.new_code_cell(source))
    client = NotebookClient(notebook, timeout=900, resources={"metadata": {"path": path.parent}})
    client.execute()
    printed = "".join(o.text for o in notebook.cells[-1].outputs if o.get("name") == "stdout")
    assert "asked for all images: [True" in printed
    if path.stem == "train_and_evaluate":
        assert "epochs: [10," in printed, "the whole recipe"
    if os.environ.get("EDITS_PASSED") == "write":
        has_passed(noted(path), state(path))


def test_every_page_with_the_switch_has_passed():
    assert {noted(path) for path in WITH_SWITCH} <= set(passed())


def test_only_cells_that_judge_are_left_out():
    for path in CHAPTERS.rglob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if "trained" in cell.metadata.get("tags", []):
                judging = "assert", "check(", "logits("  # the last: all test images, several views
                assert any(word in cell.source for word in judging), cell.source
                assert "load_cifar10" not in cell.source and "fit(" not in cell.source
