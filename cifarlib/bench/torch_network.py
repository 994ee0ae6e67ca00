"""airbench94's network in PyTorch, and its answers with six views of an image.

Written from the paper's description, not from its code. PyTorch (extra ``torch``) is imported by
the functions that need it, so that the package can be read without.

Source:
    Jordan (2024), arXiv 2404.00498, section 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cifarlib.layers import CHANNEL_DEVIATIONS, CHANNEL_MEANS, whitening_kernel

if TYPE_CHECKING:
    import torch

WIDTHS = (64, 256, 256)
SCALE = 1 / 9  # of the last layer's outputs


def build(images: np.ndarray) -> torch.nn.Sequential:
    """A whitening layer and three groups of two convolutions, 1.97 M parameters.

    Args:
        images: ``uint8 (n, 32, 32, 3)``, whose patches the first layer whitens; the paper takes
            5,000.

    Returns:
        A network from normalized images ``float32 (n, 3, 32, 32)`` to ``(n, 10)``, which times
        ``SCALE`` are logits. Its weights are ``float32``, in the layout ``channels_last``.
    """
    import torch
    from torch import nn

    kernel = whitening_kernel(images)  # (2, 2, 3, 24): row, column, channel, filter
    whitening = nn.Conv2d(3, kernel.shape[-1], kernel_size=2)  # its bias learns, for a while
    with torch.no_grad():
        whitening.weight.copy_(torch.from_numpy(kernel.transpose(3, 2, 0, 1)))
        whitening.bias.zero_()
    whitening.weight.requires_grad_(False)
    layers = [whitening, nn.GELU()]  # (24, 31, 31)
    channels = kernel.shape[-1]
    for width in WIDTHS:
        layers += [_convolution(channels, width), nn.MaxPool2d(2)]  # 31 -> 15 -> 7 -> 3
        layers += [_norm(width), nn.GELU()]
        layers += [_convolution(width, width), _norm(width), nn.GELU()]
        channels = width
    layers += [nn.MaxPool2d(3), nn.Flatten(), nn.Linear(channels, 10, bias=False)]
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)


def _convolution(channels: int, filters: int) -> torch.nn.Conv2d:
    """3 x 3; the first filters pass their channel through, the others start as PyTorch's do."""
    from torch import nn

    layer = nn.Conv2d(channels, filters, kernel_size=3, padding=1, bias=False)
    nn.init.dirac_(layer.weight[:channels])
    return layer


def _norm(width: int) -> torch.nn.BatchNorm2d:
    """Without a scale to learn, and with quick statistics: the new ones count 0.4."""
    from torch import nn

    layer = nn.BatchNorm2d(width, eps=1e-12, momentum=0.4)
    layer.weight.requires_grad_(False)
    return layer


def normalized(images: torch.Tensor) -> torch.Tensor:
    """Raw images ``uint8 (n, 3, 32, 32)`` as the network wants them, ``channels_last``."""
    import torch

    mean = torch.tensor(CHANNEL_MEANS, device=images.device).reshape(3, 1, 1)
    deviation = torch.tensor(CHANNEL_DEVIATIONS, device=images.device).reshape(3, 1, 1)
    scaled = (images.float() - mean) / deviation
    return scaled.contiguous(memory_format=torch.channels_last)


def computing(network: torch.nn.Module, precision: str) -> torch.autocast:
    """A ``with`` block in which the network computes in a precision.

    Args:
        network: on any device.
        precision: ``"float32"``, or ``"mixed_bfloat16"`` for ``bfloat16`` convolutions with
            ``float32`` weights, as Keras' policy of that name.
    """
    import torch

    device, low = next(network.parameters()).device, precision == "mixed_bfloat16"
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=low)


def logits(
    network: torch.nn.Module,
    images: np.ndarray,
    precision: str = "float32",
    batch_size: int = 1000,
) -> np.ndarray:
    """Mean logits of six views: as it is and moved by a pixel up and left or down and right, each
    mirrored, too; the two in place count as much as the other four.

    Args:
        network: of :func:`build`. It is left in evaluation mode.
        images: ``uint8 (n, 32, 32, 3)``.
        precision: see :func:`computing`.
        batch_size: images per step.

    Returns:
        ``float32 (n, 10)``.
    """
    import torch

    network.eval()
    device = next(network.parameters()).device
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    places = {(1, 1): 1 / 4, (0, 0): 1 / 8, (2, 2): 1 / 8}
    found = []
    with torch.inference_mode(), computing(network, precision):
        for start in range(0, len(images), batch_size):
            batch = torch.from_numpy(padded[start : start + batch_size]).to(device)
            x = normalized(batch.permute(0, 3, 1, 2))  # (n, 3, 34, 34)
            total = 0
            for (row, column), share in places.items():
                view = x[:, :, row : row + 32, column : column + 32]
                for side in (view, view.flip(3)):
                    total = total + share * SCALE * network(side).float()
            found.append(total.cpu().numpy())
    return np.concatenate(found)
