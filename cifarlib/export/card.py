"""A model card: one page that travels with the file, and says what it is good for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cifarlib import _checks as checks
from cifarlib.data import CLASS_NAMES


class Recorded(Protocol):
    """What a card takes from a record of the zoo, :class:`cifarlib.zoo.Record`."""

    name: str
    command: str
    recipe: dict
    parameters: int
    macs: int
    images: int

    @property
    def finished(self) -> list[dict]: ...

    @property
    def accuracies(self) -> list[float]: ...


def model_card(
    record: Recorded,
    *,
    description: str,
    intended_use: str,
    limits: Sequence[str] = (),
    per_class: dict[str, float] | None = None,
    files: dict[str, int] | None = None,
) -> str:
    """A model card in Markdown, its numbers taken from the record of the training.

    Args:
        record: of a model of the zoo, ``zoo.record(name)``; at least one of its seeds finished.
        description: what it is, in a sentence.
        intended_use: what it is for, and for whom.
        limits: what it is not for, or where it fails; a sentence each.
        per_class: the share of each class's test images that it gets right, 0..1, by the class's
            name. The worst and the best are named.
        files: the bytes of each file that the card goes with, by its name.

    Returns:
        Markdown, with a title and the sections Use, Input and output, Training, Evaluation, Limits
        and, where there are some, Files.

    Raises:
        ValueError: a text is empty, no seed finished, or a share is not from 0 to 1.

    Source:
        Mitchell et al. (2019), https://doi.org/10.1145/3287560.3287596, whose sections these are,
        shortened.
    """
    for name, text in (("description", description), ("intended_use", intended_use)):
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"{name} must say something, got {text!r}")
    if isinstance(record, type) or not hasattr(record, "finished"):
        raise ValueError(f"record must be one of the zoo, as zoo.record(name), got {record!r}")
    if not all(item.strip() for item in checks.texts("limits", limits)):
        raise ValueError(f"limits must say something each, got {limits!r}")
    for name, given in (("per_class", per_class), ("files", files)):
        if given is not None and not isinstance(given, dict):
            raise ValueError(f"{name} must be a dictionary, got {given!r}")
    for name, size in (files or {}).items():
        checks.whole(f"the bytes of {name!r} in files", size, 0)
    if not record.finished:
        raise ValueError(f"no seed of {record.name!r} finished, so there is nothing to report")
    wrong = {
        name: share
        for name, share in (per_class or {}).items()
        if not checks.is_number(share) or not 0 <= share <= 1
    }
    if wrong:
        raise ValueError(f"per_class must give shares from 0 to 1, got {wrong}")
    sections = {
        "Use": [intended_use],
        "Input and output": [
            "One color photograph of 32 x 32 pixels or several: `float32 (n, 32, 32, 3)`, RGB, "
            "values from 0 to 255. Scaling is part of the model.",
            f"Ten numbers each, one per class, in this order: {', '.join(CLASS_NAMES)}.",
        ],
        "Training": _training(record),
        "Evaluation": _evaluation(record, per_class),
        "Limits": [*limits, *_LIMITS],
        "Files": [f"`{name}`: {size:,} bytes" for name, size in (files or {}).items()],
    }
    lines = [f"# Model card: {record.name}", "", description]
    for title, items in sections.items():
        if items:
            lines += ["", f"## {title}", "", *(f"* {item}" for item in items)]
    return "\n".join(lines) + "\n"


# True of whatever was trained on CIFAR-10
_LIMITS = (
    "It knows ten classes and answers with one of them for any picture.",
    "CIFAR-10's photographs have no license of their own; some labels are wrong, and some test "
    "images resemble training images.",
)


def _training(record: Recorded) -> list[str]:
    run, recipe = record.finished[0], record.recipe
    versions = ", ".join(f"{name} {number}" for name, number in run["versions"].items())
    return [
        f"{record.parameters:,} parameters, {record.macs / 1e6:.1f} million multiply-accumulates "
        "per image.",
        f"CIFAR-10, {record.images:,} training images, {recipe['epochs']} epochs, "
        f"{recipe['optimizer']}, {run['seconds'] / 60:.0f} minutes on {run['hardware']} "
        f"({run.get('precision', 'float32')}).",
        f"{versions}; repeated by `{record.command}`.",
    ]


def _evaluation(record: Recorded, per_class: dict[str, float] | None) -> list[str]:
    shares = record.accuracies
    seeds = ", ".join(f"{share:.2%}" for share in shares)
    many = f"{len(shares)} seeds" if len(shares) > 1 else "one seed"
    found = [f"Accuracy on all 10,000 test images, {many}: {seeds}. The weights are seed 0's."]
    if record.recipe.get("validate_on_test"):
        found.append("The test images were watched during training; nothing was chosen by them.")
    if per_class:
        worst, best = (pick(per_class, key=per_class.get) for pick in (min, max))
        found.append(
            f"Best class: {best}, {per_class[best]:.1%} right; worst: {worst}, "
            f"{per_class[worst]:.1%}."
        )
    return found
