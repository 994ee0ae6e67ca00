"""What becomes of each model of the zoo as a file: bytes, and accuracy once it computes in int8.

``python -m cifarlib.zoo.exported --output FOLDER`` measures it anew. What the book relies on lies
beside this file, in ``files.json``; :func:`read` reads it.
"""

from __future__ import annotations

import importlib.metadata
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from cifarlib import _checks as checks
from cifarlib import zoo
from cifarlib._files import alone, check_writable, write_atomically
from cifarlib.data import Cifar10
from cifarlib.export import run_exported, to_float16, to_int8, to_litert, to_onnx
from cifarlib.machine import hardware, versions

FOLDER = Path(__file__).parent
CALIBRATION = 200  # the first training images

__all__ = ["CALIBRATION", "ExportedModel", "measure", "measure_all", "read"]


@dataclass(frozen=True)
class ExportedModel:
    """One model of the zoo as files.

    Attributes:
        name: in the zoo.
        weights: SHA-256 of the weights that were exported, as in the model's record.
        bytes: of each file: ``onnx``, and LiteRT's ``float32``, ``float16`` and ``int8``.
        accuracy: as Keras computes it, 0..1, all 10,000 test images.
        int8_accuracy: the same of the int8 file.
        int8_agreement: the share of test images for which both name the same class, 0..1.
        hardware: what it was measured on.
        versions: with which packages.
    """

    name: str
    weights: str
    bytes: dict[str, int]
    accuracy: float
    int8_accuracy: float
    int8_agreement: float
    hardware: str
    versions: dict[str, str]


def read(folder: Path | None = None) -> dict[str, ExportedModel]:
    """The record, by the models' names.

    Args:
        folder: where ``files.json`` lies; by default, that of the package.

    Raises:
        OSError: it is missing or damaged.
    """
    folder = FOLDER if folder is None else checks.path("folder", folder)
    path = folder / "files.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: {folder} is no folder of exported models")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {name: ExportedModel(**entry) for name, entry in found.items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise OSError(f"{path} is damaged: {error}") from error


def measure(name: str, data: Cifar10) -> ExportedModel:
    """Export a model of the zoo in four ways, and examine the int8 file on all test images.

    Args:
        name: the model.
        data: has the training images, the first 200 of which calibrate, and the test images.

    Raises:
        ValueError: there is no such model.
        ModuleNotFoundError: a package of the extra ``export`` is missing.
    """
    checks.instance("data", data, Cifar10, "load_cifar10()")
    model, answers = zoo.load(name), zoo.logits(name).argmax(axis=1)
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "onnx": to_onnx(model, Path(folder) / "model.onnx"),
            "float32": to_litert(model, Path(folder) / "float32.tflite"),
            "float16": to_float16(model, Path(folder) / "float16.tflite"),
            "int8": to_int8(model, Path(folder) / "int8.tflite", data.x_train[:CALIBRATION]),
        }
        sizes = {kind: path.stat().st_size for kind, path in files.items()}
        found = run_exported(files["int8"], data.x_test).argmax(axis=1)
    record = zoo.record(name)
    packages = ("onnx", "tf2onnx", "ai-edge-litert")
    return ExportedModel(
        name=name,
        weights=record.files["weights.npz"],
        bytes=sizes,
        accuracy=record.accuracies[0],
        int8_accuracy=float((found == data.y_test).mean()),
        int8_agreement=float((found == answers).mean()),
        hardware=hardware(),
        versions=versions() | {name: importlib.metadata.version(name) for name in packages},
    )


def measure_all(data: Cifar10, folder: Path) -> dict[str, ExportedModel]:
    """Measure what ``files.json`` in ``folder`` still lacks, or has of other weights."""
    checks.instance("data", data, Cifar10, "load_cifar10()")
    path = checks.path("folder", folder) / "files.json"
    check_writable(path)
    found = read(folder) if path.is_file() else {}
    for name in zoo.names():
        if name in found and found[name].weights == zoo.record(name).files["weights.npz"]:
            continue
        entry = measure(name, data)
        with alone(path):  # another process may have added some meanwhile
            found = (read(folder) if path.is_file() else {}) | {name: entry}
            entries = {key: asdict(found[key]) for key in sorted(found)}
            text = json.dumps(entries, indent=1) + "\n"
            write_atomically(path, lambda file, text=text: file.write(text.encode()))
        print(f"{name}: int8 {found[name].int8_accuracy:.2%}, Keras {found[name].accuracy:.2%}")
    return found
