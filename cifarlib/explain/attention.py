"""A network's attention maps: how information flows, and how far heads look."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from cifarlib import _checks as checks


def attention_maps(model: keras.Model) -> keras.Model:
    """From images to the attention maps of every block.

    Args:
        model: one of :func:`cifarlib.models.vit` or :func:`cifarlib.models.cct`.

    Returns:
        A model from raw images to a list of ``(n, heads, tokens, tokens)``, one a block: row ``i``
        holds how much token ``i`` takes from each token, and adds up to 1.

    Raises:
        ValueError: ``model`` has no attention layers, or one that was called without
            ``return_attention_scores=True``.
    """
    checks.model(model)
    found = [layer for layer in model.layers if isinstance(layer, layers.MultiHeadAttention)]
    if not found:
        raise ValueError(f"the model {model.name!r} has no attention layers")
    for layer in found:
        if not isinstance(layer.output, list | tuple):
            raise ValueError(
                f"{layer.name!r} keeps its maps: call it with return_attention_scores=True"
            )
    return keras.Model(model.inputs[0], [layer.output[1] for layer in found])


def attention_rollout(maps: Sequence[np.ndarray]) -> np.ndarray:
    """How much each token at the end takes from each token at the beginning, through all blocks.

    Each block gives a token half of itself (the residual connection) and half of what attention
    brings, averaged over the heads. The blocks' matrices are multiplied, the last block's on the
    left. What the values and the dense layers do to a token is left out, so take it as a sketch of
    where information can come from, not as an explanation.

    Args:
        maps: for each block, the first first, its attention maps ``(n, heads, tokens, tokens)``:
            row ``i`` holds how much token ``i`` takes from each token, and adds up to 1. As
            :func:`attention_maps` gives them.

    Returns:
        ``float64 (n, tokens, tokens)``; rows add up to 1.

    Raises:
        ValueError: there are no maps, their shapes do not fit, or rows do not add up to 1.

    Source:
        Abnar and Zuidema (2020), arXiv 2005.00928, section 3.

    >>> one = np.array([[[[0.0, 1.0], [0.0, 1.0]]]])  # both tokens look at the second
    >>> attention_rollout([one, one])[0]
    array([[0.25, 0.75],
           [0.  , 1.  ]])
    """
    if not isinstance(maps, list | tuple | np.ndarray):
        raise ValueError(f"maps must be a list of arrays, one a block, got {maps!r}")
    checked = [_check_maps(block, f"the maps of block {k}") for k, block in enumerate(maps)]
    if not checked:
        raise ValueError("there are no attention maps")
    places = {(block.shape[0], block.shape[2]) for block in checked}
    if len(places) > 1:
        raise ValueError(
            "all blocks must have maps for the same images and tokens, got the shapes "
            f"{', '.join(str(block.shape) for block in checked)}"
        )
    identity = np.eye(checked[0].shape[-1])
    flow = identity
    for block in checked:
        flow = (block.mean(axis=1) + identity) / 2 @ flow
    return flow


def attention_distance(maps: np.ndarray, patch_size: float = 1.0) -> np.ndarray:
    """How far each head looks: the mean distance of a patch from those it attends to.

    The distance between two patches is that of their middles. It is weighted with the attention
    and averaged over all patches and images. A class token has no place in the image: what it
    takes is left out, and what patches take from it, too, so that their other weights add up to 1.

    Args:
        maps: attention maps of one block, ``(n, heads, tokens, tokens)``, rows adding up to 1. The
            tokens are a square grid of patches, row by row, or a class token and such a grid.
        patch_size: pixels a side of a patch; with the default of 1, distances are in patches.

    Returns:
        ``float64 (heads,)``, in the unit in which ``patch_size`` is given.

    Raises:
        ValueError: the shape does not fit, the tokens are no such grid, rows do not add up to 1, or
            a patch takes from the class token alone.

    Source:
        Dosovitskiy et al. (2021), arXiv 2010.11929, section 4.5 and appendix D.7.

    >>> everywhere = np.full((1, 1, 4, 4), 1 / 4)  # a grid of 2 x 2 patches
    >>> attention_distance(everywhere, patch_size=4).round(3)  # (0 + 4 + 4 + 4 * sqrt(2)) / 4
    array([3.414])
    """
    maps = _check_maps(maps, "the maps")
    patch_size = checks.positive("patch_size", patch_size)
    tokens = maps.shape[-1]
    side = math.isqrt(tokens)
    extra = tokens - side * side
    if extra > 1:
        raise ValueError(f"tokens must be a square, or one more with a class token, got {tokens}")
    between = maps[:, :, extra:, extra:]
    total = between.sum(axis=-1, keepdims=True)
    if not (total > 0).all():
        raise ValueError("a patch takes from the class token alone, so it looks nowhere")
    rows, columns = np.divmod(np.arange(side * side), side)
    distances = np.hypot(rows[:, None] - rows, columns[:, None] - columns)
    return patch_size * (between / total * distances).sum(axis=-1).mean(axis=(0, 2))


def _check_maps(maps: np.ndarray, what: str) -> np.ndarray:
    """The maps as ``float64``, if they are attention maps."""
    maps = checks.numbers(what, maps, finite=False).astype(np.float64)
    if maps.ndim != 4 or maps.shape[2] != maps.shape[3] or 0 in maps.shape:
        raise ValueError(f"{what} must have the shape (n, heads, tokens, tokens), got {maps.shape}")
    if not np.allclose(maps.sum(axis=-1), 1, atol=1e-2) or maps.min() < 0:
        raise ValueError(f"rows of {what} must add up to 1, with nothing below 0: apply a softmax")
    return maps
