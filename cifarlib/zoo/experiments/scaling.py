"""Where does a network's next multiply-accumulate pay: depth, width, resolution, or all of them?"""

from __future__ import annotations

import functools
from dataclasses import replace

from cifarlib.models import efficientnet
from cifarlib.recipes import EFFICIENTNET
from cifarlib.zoo.experiments.experiment import Experiment
from cifarlib.zoo.trainings import Training

# Fused blocks alone, so that multiply-accumulates and time go together on a CPU
_STAGES = ((True, 1, 16, 1, 1), (True, 4, 16, 2, 2), (True, 4, 32, 2, 2))
_NET = functools.partial(efficientnet, stages=_STAGES, dropout=0.0, drop_path_rate=0.0)
_RECIPE = replace(EFFICIENTNET, epochs=15, warmup=0.1)


def _variant(depth: float = 1.0, width: float = 1.0, resolution: int = 20) -> Training:
    model = functools.partial(_NET, depth=depth, width=width, resolution=resolution)
    return Training(model, _RECIPE, images=20_000, precision="fastest")


SCALING = Experiment(
    "Where does the next multiply-accumulate pay: depth, width, resolution, or all of them?",
    {
        "base": _variant(),  # 4.8 M multiply-accumulates
        "depth x 2": _variant(depth=2),  # 9.8 M
        "width x 2": _variant(width=1.5),  # 10.6 M
        "resolution x 2": _variant(resolution=28),  # 9.3 M
        "together x 2": _variant(depth=1.5, resolution=22),  # 10.0 M: no room for width as well
        "depth x 4": _variant(depth=4),  # 19.8 M
        "width x 4": _variant(width=2),  # 18.7 M
        "resolution x 4": _variant(resolution=40),  # 19.0 M
        "together x 4": _variant(depth=1.5, width=1.25, resolution=28),  # 17.8 M
    },
)
