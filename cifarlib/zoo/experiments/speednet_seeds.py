"""How much does chance move the accuracy of one and the same training?"""

from __future__ import annotations

from cifarlib.models import speednet
from cifarlib.recipes import SPEEDNET
from cifarlib.zoo.experiments.variants import Experiment, Variant

# A GPU takes ten seconds a seed, two cores of a CPU 13 minutes
SPEEDNET_SEEDS = Experiment(
    "How much does chance move the accuracy of one and the same training?",
    {"speednet": Variant(speednet, SPEEDNET, images=50_000)},
    seeds=8,
)
