"""How much does chance move the accuracy of one and the same training?"""

from __future__ import annotations

from cifarlib.zoo.experiments.experiment import Experiment
from cifarlib.zoo.registry import TRAININGS

# A GPU takes ten seconds a seed, two cores of a CPU 13 minutes
SPEEDNET_SEEDS = Experiment(
    "How much does chance move the accuracy of one and the same training?",
    {"speednet": TRAININGS["speednet"]},
    seeds=8,
)
