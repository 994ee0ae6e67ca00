"""Experiments behind claims of the book: some variants, several seeds each, all results kept.

``python -m cifarlib.zoo experiment NAME`` repeats one. The results that the book relies on lie
beside this file, in ``NAME.json``. Chapters read them with :func:`read`.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from cifarlib.data import Cifar10, cache_folder
from cifarlib.files import alone, check_writable, write_atomically
from cifarlib.fingerprint import fingerprint
from cifarlib.zoo.experiments.ablation import ABLATION
from cifarlib.zoo.experiments.activation import ACTIVATION
from cifarlib.zoo.experiments.data_hunger import DATA_HUNGER
from cifarlib.zoo.experiments.degradation import DEGRADATION
from cifarlib.zoo.experiments.first_changes import FIRST_CHANGES
from cifarlib.zoo.experiments.scaling import SCALING
from cifarlib.zoo.experiments.speednet_seeds import SPEEDNET_SEEDS
from cifarlib.zoo.experiments.variants import Experiment, Variant
from cifarlib.zoo.records import has_seed
from cifarlib.zoo.seeds import train_seed

FOLDER = Path(__file__).parent
EXPERIMENTS: dict[str, Experiment] = {
    "first_changes": FIRST_CHANGES,
    "ablation": ABLATION,
    "activation": ACTIVATION,
    "degradation": DEGRADATION,
    "scaling": SCALING,
    "data_hunger": DATA_HUNGER,
    "speednet_seeds": SPEEDNET_SEEDS,
}

__all__ = ["EXPERIMENTS", "Experiment", "ExperimentRecord", "Variant", "read", "run"]


@dataclass
class ExperimentRecord:
    """What was run for an experiment, and what came out.

    Attributes:
        name: the experiment's name.
        command: what repeats it.
        fingerprints: SHA-256 of each variant's model and recipe. A test fails when the code no
            longer gives them.
        images: how many training images each variant saw in an epoch.
        runs: one entry for each variant and seed, failures too: as in
            :class:`cifarlib.zoo.records.Record`, and ``variant``.
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


def read(name: str, folder: Path | None = None) -> ExperimentRecord:
    """The record of an experiment.

    Args:
        name: of the experiment.
        folder: where its ``NAME.json`` lies; by default, that of the package.

    Raises:
        ValueError: there is no such experiment; the message lists those there are.
        OSError: it has not been run yet, or its record is damaged.
    """
    _check(name)
    path = (folder or FOLDER) / f"{name}.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"the experiment {name!r} has not been run yet, {path} is not there; this runs it: "
            f"python -m cifarlib.zoo experiment {name} --output {path.parent}"
        )
    try:
        return ExperimentRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise OSError(f"{path} is damaged: {error}") from error


def run(
    name: str,
    data: Cifar10,
    *,
    folder: Path,
    seeds: int | None = None,
    verbose: bool = True,
) -> ExperimentRecord:
    """Make the runs that the record of an experiment still lacks, seed by seed.

    Args:
        name: of the experiment.
        data: has the training images, of which each variant takes the first, and the test images.
        folder: where the record goes, or is already.
        seeds: how many seeds to have; by default the experiment's.
        verbose: whether to show progress.

    Returns:
        The record with all its runs. Each run is in the file as soon as it is there, and one that
        was stopped goes on from its last epoch. Several processes may fill one record; a run that
        two of them have made stays as the first left it.

    Raises:
        ValueError: there is no such experiment, there are too few images, or the file holds results
            of other code.
        OSError: ``folder`` or the cache folder cannot be written, or another process makes the same
            run; found out before the training.
    """
    _check(name)
    experiment = EXPERIMENTS[name]
    needed = max(variant.images for variant in experiment.variants.values())
    if needed > len(data.x_train):
        raise ValueError(
            f"{name!r} needs {needed} training images, got {len(data.x_train)}: "
            "load_cifar10(full=True) has 50,000"
        )
    check_writable(folder / f"{name}.json")
    new = _new(name, experiment)
    record = _current(folder, new)
    for seed in range(experiment.seeds if seeds is None else seeds):
        for title, variant in experiment.variants.items():
            if has_seed(record.runs, seed, title):
                continue
            x, y = data.train
            hash_now = record.fingerprints[title]
            checkpoint = cache_folder() / "training" / f"{name}-{hash_now[:12]}-seed{seed}.npz"
            result = train_seed(
                variant.model,
                variant.recipe,
                (x[: variant.images], y[: variant.images]),
                data.test,
                seed=seed,
                checkpoint=checkpoint,
                label=f"{name}: {title}",
                verbose=verbose,
            )
            record = _add(folder, new, {"variant": title} | result.entry)
            checkpoint.unlink(missing_ok=True)  # last: nothing is lost at any moment
    return record


def _check(name: str) -> None:
    if name not in EXPERIMENTS:
        raise ValueError(
            f"no experiment is called {name!r}; there are {', '.join(sorted(EXPERIMENTS))}"
        )


def _add(folder: Path, new: ExperimentRecord, entry: dict) -> ExperimentRecord:
    """Add a run to the record as it is by now: another process may have added some meanwhile."""
    path = folder / f"{new.name}.json"
    with alone(path):
        record = _current(folder, new)
        if not has_seed(record.runs, entry["seed"], entry["variant"]):
            record.runs.append(entry)
            text = json.dumps(asdict(record), indent=1) + "\n"
            write_atomically(path, lambda file: file.write(text.encode()))
    return record


def _new(name: str, experiment: Experiment) -> ExperimentRecord:
    """A record without runs, of the code as it is now."""
    variants = experiment.variants
    hashes = {title: fingerprint(v.model(), v.recipe) for title, v in variants.items()}
    images = {title: v.images for title, v in variants.items()}
    return ExperimentRecord(name, f"python -m cifarlib.zoo experiment {name}", hashes, images)


def _current(folder: Path, new: ExperimentRecord) -> ExperimentRecord:
    """The record in ``folder``, or a new one; refuse to mix results of different code."""
    if not (folder / f"{new.name}.json").is_file():
        return replace(new, runs=[])
    record = read(new.name, folder)
    for title in record.fingerprints:
        now = new.fingerprints.get(title), new.images.get(title)
        if now != (record.fingerprints[title], record.images[title]):
            raise ValueError(
                f"{folder / new.name}.json holds results of another {title!r} than the code has "
                "now: remove the file to start afresh"
            )
    # Variants may have been added
    return replace(record, fingerprints=new.fingerprints, images=new.images)
