"""What a record of a training without labels says."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class UnlabeledRecord:
    """What was learned without labels, and what it is worth.

    Attributes:
        name: of the pretraining.
        command: what repeats it.
        fingerprint: SHA-256 of the trained model and the settings of its training.
        recipe: the settings of the recipe, and the precision.
        parameters: of the encoder.
        images: how many training images it saw in an epoch, without their labels.
        pretraining: its ``seed``, ``hardware``, ``versions``, ``precision``, ``seconds``,
            ``cpu_seconds``, ``curves``, and ``stretches`` if it was interrupted.
        judged: one entry for each way to judge. ``features`` says whose: ``"learned"`` without
            labels, ``"random"`` weights, or ``"labels"``, a network of the same kind trained from
            the start. ``judge`` is ``"probe"`` (linear), ``"neighbors"`` (the 20 nearest) or
            ``"network"`` (the whole network is trained, from what was learned
            or from the start). ``labels`` is the number of labeled training images,
            and ``seed`` chooses them. ``accuracy`` is that on the 10,000 test images, 0..1, and
            ``chosen`` the settings: where there were several, chosen on a fifth of the labeled
            images, held out for that; the number of neighbors, and the epochs of a network with
            one candidate, were fixed. ``cpu_seconds`` has the choice in it.
        files: SHA-256 of the file of weights, by name.
    """

    name: str
    command: str
    fingerprint: str
    recipe: dict
    parameters: int
    images: int
    pretraining: dict = field(default_factory=dict)
    judged: list[dict] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    def has(self, entry: dict) -> bool:
        """Whether there is an entry of this kind and seed, whatever came out."""
        keys = "features", "judge", "labels", "seed"
        wanted = [entry[key] for key in keys]
        return any([done[key] for key in keys] == wanted for done in self.judged)

    def of(self, features: str, judge: str, labels: int) -> list[dict]:
        """The entries of one kind, in the order of the seeds."""
        wanted = features, judge, labels
        found = [e for e in self.judged if (e["features"], e["judge"], e["labels"]) == wanted]
        return sorted(found, key=lambda entry: entry["seed"])

    def accuracies(self, features: str, judge: str, labels: int = 50_000) -> np.ndarray:
        """The accuracy on the test images for each seed, 0..1.

        Args:
            features: ``"learned"``, ``"random"`` or ``"labels"``.
            judge: ``"probe"``, ``"neighbors"`` or ``"network"``.
            labels: how many labeled images: 500, 5,000 or 50,000.

        Raises:
            ValueError: the record has no such entry; the message lists those it has.
        """
        found = [entry["accuracy"] for entry in self.of(features, judge, labels)]
        if not found:
            kinds = {(e["features"], e["judge"], e["labels"]) for e in self.judged}
            raise ValueError(
                f"{self.name!r} has no entry {(features, judge, labels)}; it has "
                f"{', '.join(map(str, sorted(kinds)))}"
            )
        return np.array(found)
