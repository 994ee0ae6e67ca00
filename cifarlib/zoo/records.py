"""What a record says: of one model of the zoo, or of the variants of an experiment."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field, replace
from pathlib import Path


class Results:
    """What every record has: a name, the command that repeats it, and a list of runs.

    A run is an entry of one seed, failures too: ``seed``, ``hardware``, ``versions``, ``precision``
    (of the training; without it, float32), and either ``seconds`` (wall time, other work on the
    machine included), ``cpu_seconds`` (of all cores, only this work), ``curves`` and ``accuracy``
    (0..1, all 10,000 test images, weights rounded to float16 as they are shipped, computed in
    float32; where the training holds training images out, on those instead), or ``error`` where the
    run failed. ``accuracy_tta`` is that with test-time
    augmentation, where the training asks for it. Of a run that was interrupted, ``stretches`` lists
    what each part ran on (:class:`cifarlib.training.Run`), and ``hardware`` names each machine in
    turn. In an experiment, ``variant`` says what was run, and ``teacher_weights`` is the SHA-256 of
    the file of weights that taught, where the variant names a teacher.
    """

    name: str
    command: str
    runs: list[dict]

    def has(self, seed: int, variant: str | None = None) -> bool:
        """Whether a run with this seed, and of this variant if there are some, is in the record."""
        return any((run["seed"], run.get("variant")) == (seed, variant) for run in self.runs)

    def taken_up(self, new: Results, path: Path) -> Results:
        """This record, found in ``path``, for the code whose record is ``new`` to add to.

        Raises:
            ValueError: it holds results of other code; the message says what to do.
        """
        raise NotImplementedError


@dataclass
class Record(Results):
    """What was run for one model, and what came out.

    Attributes:
        name: the training's name in ``cifarlib.zoo.registry``.
        command: what repeats it.
        fingerprint: SHA-256 of model and training, from :func:`cifarlib.training.fingerprint`. A
            test fails when the code no longer gives it, so a record cannot go stale in silence.
        recipe: the settings of the recipe, and how the run was computed and tested.
        parameters: the model's number of parameters.
        images: how many training images it saw in an epoch.
        runs: one entry a seed, as in :class:`Results`.
        files: SHA-256 of the files beside the record, by name.
        macs: the model's multiply-accumulates for one image.
    """

    name: str
    command: str
    fingerprint: str
    recipe: dict
    parameters: int
    images: int
    runs: list[dict] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    macs: int = 0

    @property
    def finished(self) -> list[dict]:
        """The runs that did not fail, in the order of the seeds."""
        return [run for run in self.runs if "accuracy" in run]

    @property
    def accuracies(self) -> list[float]:
        """The test accuracy of each seed that finished, 0..1, in the order of the seeds."""
        return [run["accuracy"] for run in self.finished]

    @property
    def mean(self) -> float:
        """The mean of :attr:`accuracies`."""
        return statistics.fmean(self.accuracies)

    def expected_range(self) -> tuple[float, float]:
        """Where one more run should land, 19 times out of 20: the 95 % prediction interval.

        Mean +- t x deviation x sqrt(1 + 1/n), for accuracies scattered normally around their mean.
        Above ten seeds, t stays that of ten, which makes the interval a little too wide.

        Raises:
            ValueError: fewer than two seeds finished, so their scatter is unknown.
        """
        values = self.accuracies
        if len(values) < 2:
            raise ValueError(
                f"two finished seeds of {self.name!r} are needed to know their scatter, there "
                f"are {len(values)}"
            )
        half = _T95[min(len(values) - 1, len(_T95)) - 1] * statistics.stdev(values)
        half *= (1 + 1 / len(values)) ** 0.5
        return self.mean - half, self.mean + half

    def taken_up(self, new: Record, path: Path) -> Record:
        wanted = new.name, new.fingerprint, new.images
        if (self.name, self.fingerprint, self.images) != wanted:
            raise ValueError(
                f"{path.parent} holds a record of {self.name!r} with another configuration, recipe "
                "or number of images than the code has now: remove that folder to start afresh"
            )
        return self


# Student's t, two-sided 95 %, for 1, 2, 3, ... degrees of freedom
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


@dataclass
class ExperimentRecord(Results):
    """What was run for an experiment, and what came out.

    Attributes:
        name: the experiment's name.
        command: what repeats it.
        fingerprints: SHA-256 of each variant's model and training. A test fails when the code no
            longer gives them.
        images: how many training images each variant saw in an epoch.
        runs: one entry for each variant and seed, as in :class:`Results`.
    """

    name: str
    command: str
    fingerprints: dict[str, str]
    images: dict[str, int]
    runs: list[dict] = field(default_factory=list)

    def of(self, variant: str) -> list[dict]:
        """The entries of a variant, in the order of the seeds.

        Raises:
            ValueError: there is no such variant; the message lists those there are.
        """
        if variant not in self.fingerprints:
            raise ValueError(
                f"{self.name!r} has no variant {variant!r}; it has {', '.join(self.fingerprints)}"
            )
        return [run for run in self.runs if run["variant"] == variant]

    def accuracies(self, variant: str) -> list[float]:
        """The test accuracy of each seed that finished, 0..1."""
        return [run["accuracy"] for run in self.of(variant) if "accuracy" in run]

    def mean(self, variant: str) -> float:
        """The mean of :meth:`accuracies`."""
        return statistics.fmean(self.accuracies(variant))

    def taken_up(self, new: ExperimentRecord, path: Path) -> ExperimentRecord:
        for title in self.fingerprints:
            now = new.fingerprints.get(title), new.images.get(title)
            if now != (self.fingerprints[title], self.images[title]):
                raise ValueError(
                    f"{path} holds results of another {title!r} than the code has now: remove the "
                    "file to start afresh"
                )
        # Variants may have been added
        return replace(self, fingerprints=new.fingerprints, images=new.images)
