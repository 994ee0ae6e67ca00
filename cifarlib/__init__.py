"""cifarlib: what the chapters of the book share.

Importing the package loads neither Keras nor TensorFlow; the modules that need them
(``cifarlib.models``, ``cifarlib.training``, ``cifarlib.zoo``, ...) do so when they are imported.
"""

import os
import sys

# While Python looks for python -m cifarlib.zoo, it loads that package, TensorFlow included, before
# the command's own first line. Most of TensorFlow's greetings can be spared only now.
if getattr(sys, "argv", [])[:1] == ["-m"]:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from cifarlib.claims import check
from cifarlib.data import CLASS_NAMES, Cifar10, LabeledImages, load_cifar10

__all__ = ["CLASS_NAMES", "Cifar10", "LabeledImages", "check", "load_cifar10"]
__version__ = "0.1.0"
