"""Do deeper networks train worse, and do shortcuts mend it?"""

from __future__ import annotations

import functools
from dataclasses import replace

from cifarlib.models import resnet
from cifarlib.recipes import RESNET
from cifarlib.zoo.experiments.experiment import Experiment
from cifarlib.zoo.trainings import Training

# The paper's training (section 4.2), short, on the images that the package carries, in float32: the
# networks are half as wide as there, so narrow that a step takes twice as long in bfloat16 on a CPU
_RECIPE = replace(RESNET, epochs=30, warmup=0.1)

DEGRADATION = Experiment(
    "Do deeper networks train worse, and do shortcuts mend it?",
    {
        f"{kind} {depth}": Training(
            functools.partial(resnet, depth, width=8, residual=kind == "residual"),
            _RECIPE,
            images=10_000,
        )
        for depth in (8, 20, 44)
        for kind in ("plain", "residual")
    },
)
