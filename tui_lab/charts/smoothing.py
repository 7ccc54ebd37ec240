"""Smoothing of noisy curves: the exponential moving average, without its bias towards the start."""

from __future__ import annotations

import numpy as np

BLOCK = 64


def smooth(values: np.ndarray, beta: float) -> np.ndarray:
    """The debiased exponential moving average (N,) of values (N,), 0 ≤ beta < 1 (Kingma & Ba, arXiv 1412.6980, 3):
    mᵢ = β·mᵢ₋₁ + (1 − β)·xᵢ, divided by the weight that the values so far have had. What is not finite is skipped
    and stays NaN. Raises ValueError for a beta out of its range."""
    _check(beta)
    values = np.asarray(values, dtype=np.float64).ravel()
    known = np.isfinite(values)
    smoothed = np.full(len(values), np.nan)
    weight = (1 - beta ** np.arange(1, np.count_nonzero(known) + 1)) / (1 - beta)
    smoothed[known] = _decayed_sums(values[known], beta) / weight
    return smoothed


def _decayed_sums(values: np.ndarray, beta: float) -> np.ndarray:
    """sᵢ = β·sᵢ₋₁ + xᵢ by blocks: inside each as a product with a triangle of powers, between them as the same
    sums again, of which there are BLOCK times fewer."""
    count = len(values)
    blocks = -(-count // BLOCK)
    padded = np.zeros((blocks, BLOCK))
    padded.ravel()[:count] = values
    age = np.arange(BLOCK) - np.arange(BLOCK)[:, None]
    sums = padded @ np.where(age >= 0, float(beta) ** np.maximum(age, 0), 0.0)
    if blocks > 1:
        carried = _decayed_sums(sums[:, -1], beta**BLOCK)
        sums[1:] += carried[:-1, None] * beta ** np.arange(1, BLOCK + 1)
    return sums.ravel()[:count]


def _check(beta: float) -> None:
    if not 0 <= beta < 1:
        raise ValueError(f"beta is {beta} and must be at least 0 and below 1")
