"""What a trained network responds to, and what an answer depends on.

Features, exciting images, attention; saliency, Grad-CAM, occlusion, and curves that test them;
attacks.
"""

from cifarlib.explain.attacks import fgsm, pgd
from cifarlib.explain.attention import attention_distance, attention_maps, attention_rollout
from cifarlib.explain.deletion import deletion_curve, insertion_curve
from cifarlib.explain.exciting import exciting_image
from cifarlib.explain.features import feature_maps
from cifarlib.explain.grad_cam import grad_cam
from cifarlib.explain.gradients import input_gradient
from cifarlib.explain.occlusion import occlusion_map
from cifarlib.explain.saliency import integrated_gradients, saliency, smooth_grad

__all__ = [
    "attention_distance", "attention_maps", "attention_rollout", "deletion_curve",
    "exciting_image", "feature_maps", "fgsm", "grad_cam", "input_gradient", "insertion_curve",
    "integrated_gradients", "occlusion_map", "pgd", "saliency", "smooth_grad",
]  # fmt: skip
