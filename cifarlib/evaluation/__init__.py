"""How good a model is, and what it costs."""

from cifarlib.evaluation.costs import layer_macs, macs
from cifarlib.evaluation.predictions import logits
from cifarlib.evaluation.scores import Accuracy, accuracy
from cifarlib.evaluation.timing import latency

__all__ = ["Accuracy", "accuracy", "latency", "layer_macs", "logits", "macs"]
