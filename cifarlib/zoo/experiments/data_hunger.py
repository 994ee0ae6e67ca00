"""How does the accuracy of a transformer and of a CNN grow with the training set?"""

from __future__ import annotations

import functools
from dataclasses import replace

from cifarlib.images import Augmentation
from cifarlib.models import cct, resnet, vit
from cifarlib.recipes import VIT
from cifarlib.zoo.experiments.experiment import Experiment
from cifarlib.zoo.trainings import Training

SIZES = (500, 2_000, 10_000, 50_000)
STEPS = 3_000  # of 128 images, whatever the number of images

# About 10 M multiply-accumulates each, and one recipe for all
_NETS = {
    "ViT": functools.partial(vit, dim=64, depth=4),  # 0.14 M parameters
    "CCT": functools.partial(cct, dim=64),  # 0.07 M: convolutional tokens
    "CNN": functools.partial(resnet, 8),  # 0.08 M
}


def _variant(net: str, images: int, **changes) -> Training:
    batches = -(-images // VIT.batch_size)
    recipe = replace(VIT, epochs=round(STEPS / batches), **changes)
    return Training(_NETS[net], recipe, images=images, precision="fastest")


DATA_HUNGER = Experiment(
    "How does the accuracy of a transformer and of a CNN grow with the training set?",
    {f"{net}, {images:,} images": _variant(net, images) for images in SIZES for net in _NETS}
    | {
        "ViT, 10,000 images, not augmented": _variant("ViT", 10_000, augmentation=Augmentation()),
        "CNN, 10,000 images, not augmented": _variant("CNN", 10_000, augmentation=Augmentation()),
    },
)
