"""How well a score puts one group of images above another."""

from __future__ import annotations

import numpy as np

from cifarlib import _checks as checks


def auroc(high: np.ndarray, low: np.ndarray) -> float:
    """The chance that a score from ``high`` exceeds one from ``low``; equal ones count one half.

    That is the area under the receiver operating characteristic (ROC), the curve of the share of
    ``high`` against the share of ``low`` that lies above a threshold, for all thresholds. 1: a
    threshold exists that separates them; 0.5: no better than chance; below: the wrong way round.

    Args:
        high: scores of the images that should score high, ``(n,)``: numbers, infinite ones
            included.
        low: scores of the others, ``(m,)``.

    Returns:
        A number from 0 to 1.

    Raises:
        ValueError: one of them is empty, is no list of numbers, or contains NaN.

    Source:
        Hanley and McNeil (1982), doi 10.1148/radiology.143.1.7063747: the area is the statistic of
        Mann and Whitney, divided by the number of pairs.

    >>> auroc([0.9, 0.6], [0.6, 0.2])  # of four pairs three are in order and one is equal
    0.875
    """
    high, low = _scores("high", high), _scores("low", low)
    order = np.sort(low)
    below = np.searchsorted(order, high, side="left").sum()
    not_above = np.searchsorted(order, high, side="right").sum()
    return float((below + not_above) / (2 * len(high) * len(low)))


def _scores(name: str, values: np.ndarray) -> np.ndarray:
    values = checks.array(name, values)
    if values.ndim != 1 or len(values) == 0 or values.dtype.kind not in "iufb":
        raise ValueError(
            f"{name} must be one score per image, (n,) with n > 0, got {values.dtype} "
            f"{values.shape}"
        )
    if np.isnan(values := values.astype(np.float64)).any():
        raise ValueError(f"{name} contains NaN")
    return values
