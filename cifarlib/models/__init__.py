"""The networks of the book, one file each.

Those of ``BUILDERS`` take raw images, ``(n, 32, 32, 3)`` with values 0..255, carry their own
normalization, and give logits ``(n, 10)``; ``classes`` asks for more or fewer, or with ``None`` for
features ``(n, f)``. ``efficientnet_lite0`` and ``pretrained`` take images of any size and give
1,000 logits unless asked otherwise; ``masked_autoencoder`` gives two models, neither with logits.
"""

from __future__ import annotations

import functools

import keras

from cifarlib.models.alexnet import alexnet
from cifarlib.models.cct import cct
from cifarlib.models.convmixer import convmixer
from cifarlib.models.efficientnet import efficientnet
from cifarlib.models.efficientnet_lite import efficientnet_lite0
from cifarlib.models.masked_autoencoder import masked_autoencoder
from cifarlib.models.pretrained import imagenet_names, pretrained
from cifarlib.models.resnet import resnet, resnet18
from cifarlib.models.simple_cnn import simple_cnn
from cifarlib.models.speednet import speednet
from cifarlib.models.vgg import vgg
from cifarlib.models.vit import vit

# A name stands for the function of that name with its own defaults, or for a well-known member of
# its family. What the zoo trained, a narrower VGG for instance, stands in cifarlib.zoo.registry.
BUILDERS = {
    "simple_cnn": simple_cnn,
    "alexnet": alexnet,
    "vgg": vgg,
    "resnet20": functools.partial(resnet, 20),
    "resnet56": functools.partial(resnet, 56),
    "resnet110": functools.partial(resnet, 110),
    "plain20": functools.partial(resnet, 20, residual=False),
    "resnet18": resnet18,
    "efficientnet": efficientnet,
    "vit": vit,
    "convmixer": convmixer,
    "cct": cct,
    "speednet": speednet,
}

__all__ = [
    "BUILDERS", "alexnet", "build", "cct", "convmixer", "efficientnet", "efficientnet_lite0",
    "imagenet_names", "masked_autoencoder", "pretrained", "resnet", "resnet18", "simple_cnn",
    "speednet", "vgg", "vit",
]  # fmt: skip


def build(name: str, **settings) -> keras.Model:
    """Build the model called ``name``; ``build("vgg")`` is ``vgg()``.

    Args:
        name: one of ``BUILDERS``.
        **settings: of the function that builds it.

    Raises:
        ValueError: there is no model of that name; the message lists those there are. Or a setting
            is outside its range.
        TypeError: the function has no such setting, or ``BUILDERS`` has fixed it already, as the
            depth of ``"resnet20"``.
    """
    if not isinstance(name, str) or name not in BUILDERS:
        raise ValueError(f"no model is called {name!r}; there are {', '.join(sorted(BUILDERS))}")
    return BUILDERS[name](**settings)
