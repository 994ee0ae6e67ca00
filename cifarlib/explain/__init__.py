"""What a trained network responds to: gradients, features, exciting images, attention."""

from cifarlib.explain.attention import attention_distance, attention_maps, attention_rollout
from cifarlib.explain.exciting import exciting_image
from cifarlib.explain.features import feature_maps
from cifarlib.explain.gradients import input_gradient

__all__ = [
    "attention_distance", "attention_maps", "attention_rollout", "exciting_image", "feature_maps",
    "input_gradient",
]  # fmt: skip
