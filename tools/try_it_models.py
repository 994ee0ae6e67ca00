"""Write what the page Try it runs: three networks, test images, and what is known about them.

    python tools/try_it_models.py FOLDER

The build runs it in a process of its own (tools/sphinx_try_it.py), because TensorFlow takes its
time and must not be loaded where the book's pages are made. Without the extra ``export`` there is
the simple CNN alone, which needs no runtime.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import numpy as np

from cifarlib import CLASS_NAMES, load_cifar10, zoo
from cifarlib.data import LabeledImages
from cifarlib.evaluation import fit_temperature
from cifarlib.export import missing_packages, to_onnx, to_page

TITLES = {"simple_cnn": "simple CNN", "resnet20": "ResNet-20", "speednet": "speednet"}
INSIDE = "simple_cnn"  # the book's first network: the page shows all of its layers
FITTED = 5000  # the first of the test images, as in the chapter on photos: the page says so
EACH = 4  # test images of each class to choose from


def script(folder: Path, name: str, content: object) -> None:
    """A file that hands its content over as a script: a page from a disk may read no other."""
    text = json.dumps(content, separators=(",", ":"))
    (folder / f"{name}.js").write_text(f'TryIt.deliver("{name}", {text});\n', encoding="utf-8")


def network(folder: Path, name: str, test: LabeledImages) -> dict:
    """Write a network's file; return what the page says about it."""
    scores = zoo.logits(name).astype(np.float64)
    temperature = fit_temperature(scores[:FITTED], test.y[:FITTED])
    entry = {
        "id": name, "title": TITLES[name], "temperature": round(temperature, 4),
        "accuracy": float((scores.argmax(axis=1) == test.y).mean()),
    }  # fmt: skip
    if name == INSIDE:
        path = to_page(zoo.load(name), folder / "page.json", temperature=entry["temperature"])
        script(folder, name, json.loads(path.read_text(encoding="utf-8")))
        path.unlink()
    else:
        entry["file"] = to_onnx(zoo.load(name), folder / f"{name}.onnx").name
    return entry


def pictures(folder: Path, test: LabeledImages) -> None:
    """Write the first test images of each class, class by class."""
    chosen = np.concatenate([np.flatnonzero(test.y == label)[:EACH] for label in range(10)])
    labels = [{"number": int(place), "label": int(test.y[place])} for place in chosen]
    pixels = base64.b64encode(test.x[chosen].tobytes()).decode()
    script(folder, "pictures", {"labels": labels, "pixels": pixels})


def main() -> None:
    folder = Path(sys.argv[1])
    test = load_cifar10().test
    names = [INSIDE] if missing_packages() else list(TITLES)
    entries = [network(folder, name, test) for name in names]
    pictures(folder, test)
    known = {"classes": list(CLASS_NAMES), "networks": entries}
    (folder / "networks.json").write_text(json.dumps(known), encoding="utf-8")


if __name__ == "__main__":
    main()
