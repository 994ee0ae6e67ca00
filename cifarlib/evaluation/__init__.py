"""How good a model is, what it gets wrong, how far its confidence can be trusted, what it costs."""

from cifarlib.evaluation.cached_features import cached_features
from cifarlib.evaluation.calibration import Reliability, log_loss, reliability
from cifarlib.evaluation.compare import McNemar, PairedDifference, mcnemar, paired_bootstrap
from cifarlib.evaluation.confusion import PerClass, confusion_matrix, per_class
from cifarlib.evaluation.costs import layer_macs, macs
from cifarlib.evaluation.familiarity import energy, max_probability
from cifarlib.evaluation.features import LinearProbe, linear_probe, nearest, neighbors_vote
from cifarlib.evaluation.predictions import logits
from cifarlib.evaluation.probabilities import probabilities
from cifarlib.evaluation.ranking import auroc
from cifarlib.evaluation.scores import Accuracy, accuracy
from cifarlib.evaluation.selective import RiskCoverage, risk_coverage
from cifarlib.evaluation.temperature import fit_temperature
from cifarlib.evaluation.timing import latency

__all__ = [
    "Accuracy", "LinearProbe", "McNemar", "PairedDifference", "PerClass", "Reliability",
    "RiskCoverage", "accuracy", "auroc", "cached_features", "confusion_matrix", "energy",
    "fit_temperature", "latency", "layer_macs", "linear_probe", "log_loss", "logits", "macs",
    "max_probability", "mcnemar", "nearest", "neighbors_vote", "paired_bootstrap", "per_class",
    "probabilities", "reliability", "risk_coverage",
]  # fmt: skip
