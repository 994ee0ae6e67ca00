"""What does training against attacks bring, and what does it cost?"""

from __future__ import annotations

import functools
from dataclasses import replace

from cifarlib.models import simple_cnn
from cifarlib.recipes import SIMPLE_CNN
from cifarlib.zoo.experiments.experiment import Experiment
from cifarlib.zoo.trainings import Training

EPSILON = 4.0  # half of the literature's 8, since the network is small
# One, ten and fifty steps at the epsilon of the training; other epsilons; and one so large that an
# attack must always succeed. A network that merely hides its gradient fails one of these tests.
ATTACKS = ((4, 1), (4, 10), (4, 50), (2, 10), (8, 10), (64, 10))

# Without dropout: tried by one seed on 8,000 training images, with the usual dropout of 0.5 the
# attacked training never left guessing, as Madry et al. (2018, section 4) saw of small networks.
_run = functools.partial(Training, functools.partial(simple_cnn, dropout=0.0), attacks=ATTACKS)
_RECIPE = replace(SIMPLE_CNN, epochs=8)

ADVERSARIAL = Experiment(
    "What does training against attacks bring, and what does it cost?",
    {
        "clean images": _run(_RECIPE),
        "attacked images": _run(replace(_RECIPE, adversarial_epsilon=EPSILON)),
    },
)
