"""What zoo and experiments recorded, kept a second time: no change to the code may alter it.

``frozen_records.json`` was written before the package was divided into rooms. It has, for each
record, the hash of model and recipe, the hashes of the files beside it, the multiply-accumulates
and every seed's accuracy. A new record adds a line; a line that is there stays, unless the model
was trained anew:

    python tests/zoo/test_frozen_records.py
"""

import hashlib
import json
from pathlib import Path

ZOO = Path(__file__).parents[2] / "cifarlib" / "zoo"
TABLE = Path(__file__).with_name("frozen_records.json")


def found() -> dict[str, dict]:
    """What the records on the disk say, and the hashes of the files beside them."""
    table = {}
    for path in sorted([*ZOO.glob("*/record.json"), *ZOO.glob("experiments/*.json")]):
        record = json.loads(path.read_text(encoding="utf-8"))
        files = sorted({*path.parent.iterdir()} - {path}) if path.name == "record.json" else []
        table[path.relative_to(ZOO).as_posix()] = {
            "fingerprint": record.get("fingerprint", record.get("fingerprints")),
            "files": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files},
            "images": record["images"],
            "parameters": record.get("parameters"),
            "macs": record.get("macs"),
            "recipe": record.get("recipe"),
            "runs": [
                {key: run[key] for key in _OF_A_RUN if key in run} for run in record["runs"]
            ],
        }  # fmt: skip
    return table


_OF_A_RUN = ("variant", "seed", "precision", "accuracy", "accuracy_tta", "error")


def test_every_record_is_as_it_was():
    frozen, now = json.loads(TABLE.read_text(encoding="utf-8")), found()
    assert len(frozen) >= 19
    for name, entry in frozen.items():
        assert now.get(name) == entry, name


def test_every_record_is_in_the_table():
    assert found().keys() == json.loads(TABLE.read_text(encoding="utf-8")).keys()


def test_the_hashes_are_those_that_the_records_name():
    for name, entry in found().items():
        if name.endswith("/record.json"):
            record = json.loads((ZOO / name).read_text(encoding="utf-8"))
            assert record["files"].items() >= entry["files"].items(), name


if __name__ == "__main__":
    TABLE.write_text(json.dumps(found(), indent=1) + "\n", encoding="utf-8")
