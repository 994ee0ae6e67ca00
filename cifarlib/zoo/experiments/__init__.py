"""Experiments behind claims of the book: some variants, several seeds each, all results kept.

``python -m cifarlib.zoo experiment NAME`` repeats one. The results that the book relies on lie
beside this file, in ``NAME.json``. Chapters read them with :func:`read`.
"""

from __future__ import annotations

from pathlib import Path

from cifarlib import _checks as checks
from cifarlib._files import check_writable
from cifarlib.data import Cifar10
from cifarlib.training import fingerprint
from cifarlib.zoo import store, teachers
from cifarlib.zoo.experiments.ablation import ABLATION
from cifarlib.zoo.experiments.activation import ACTIVATION
from cifarlib.zoo.experiments.adversarial import ADVERSARIAL
from cifarlib.zoo.experiments.data_hunger import DATA_HUNGER
from cifarlib.zoo.experiments.degradation import DEGRADATION
from cifarlib.zoo.experiments.distillation import DISTILLATION
from cifarlib.zoo.experiments.experiment import Experiment
from cifarlib.zoo.experiments.first_changes import FIRST_CHANGES
from cifarlib.zoo.experiments.ladder import LADDER
from cifarlib.zoo.experiments.large_batch import LARGE_BATCH
from cifarlib.zoo.experiments.scaling import SCALING
from cifarlib.zoo.experiments.speednet_seeds import SPEEDNET_SEEDS
from cifarlib.zoo.records import ExperimentRecord
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
    "distillation": DISTILLATION,
    "ladder": LADDER,
    "adversarial": ADVERSARIAL,
    "large_batch": LARGE_BATCH,
}

__all__ = ["EXPERIMENTS", "Experiment", "ExperimentRecord", "read", "run"]


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
    folder = FOLDER if folder is None else checks.path("folder", folder)
    path = folder / f"{name}.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"the experiment {name!r} has not been run yet, {path} is not there; this runs it: "
            f"python -m cifarlib.zoo experiment {name} --output {path.parent}"
        )
    return store.read(path, ExperimentRecord)


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
    checks.instance("data", data, Cifar10, "load_cifar10(full=True)")
    folder = checks.path("folder", folder)
    seeds = None if seeds is None else checks.whole("seeds", seeds, 0)
    experiment = EXPERIMENTS[name]
    needed = max(variant.images_needed for variant in experiment.variants.values())
    if needed > len(data.x_train):
        raise ValueError(
            f"{name!r} needs {needed} training images, got {len(data.x_train)}: "
            "load_cifar10(full=True) has 50,000"
        )
    path = folder / f"{name}.json"
    check_writable(path)
    new = _new(name, experiment)
    record = store.current(path, new)
    lessons = {}  # a teacher speaks once for all seeds
    for seed in range(experiment.seeds if seeds is None else seeds):
        for title, variant in experiment.variants.items():
            if record.has(seed, title):
                continue
            checkpoint = store.unfinished(name, new.fingerprints[title], seed)
            lesson = lessons.get(title) or teachers.lesson(variant, data.x_train)
            lessons[title] = lesson
            result = train_seed(
                variant,
                data.train,
                data.test,
                seed=seed,
                checkpoint=checkpoint,
                label=f"{name}: {title}",
                teacher_logits=lesson.logits,
                verbose=verbose,
            )
            record = store.add(path, new, {"variant": title} | lesson.entry | result.entry)
            checkpoint.unlink(missing_ok=True)  # last: nothing is lost at any moment
    return record


def _check(name: str) -> None:
    if not isinstance(name, str) or name not in EXPERIMENTS:
        raise ValueError(
            f"no experiment is called {name!r}; there are {', '.join(sorted(EXPERIMENTS))}"
        )


def _new(name: str, experiment: Experiment) -> ExperimentRecord:
    """A record without runs, of the code as it is now."""
    variants = experiment.variants
    hashes = {title: fingerprint(v.model(), v) for title, v in variants.items()}
    images = {title: v.images for title, v in variants.items()}
    return ExperimentRecord(name, f"python -m cifarlib.zoo experiment {name}", hashes, images)
