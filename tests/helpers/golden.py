"""The values that PyTorch computed once, and how far from them the engine may be."""

from functools import cache
from pathlib import Path

import numpy as np

PRECISION = {"float32": 1e-5, "float64": 1e-12}  # the largest relative error


@cache
def golden() -> dict[str, np.ndarray]:
    """The values that the scripts tests/reference/make_golden*.py wrote, by name."""
    values: dict[str, np.ndarray] = {}
    for path in sorted((Path(__file__).parents[1] / "reference").glob("golden*.npz")):
        with np.load(path) as file:
            values |= dict(file)
    return values


def golden_case(name: str) -> dict[str, np.ndarray]:
    return {key.removeprefix(f"{name}/"): v for key, v in golden().items() if key.startswith(f"{name}/")}


def relative_error(found: np.ndarray, expected: np.ndarray, floor: float = 1e-6) -> float:
    """The largest difference over the largest expected size."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    return float(np.abs(found - expected).max(initial=0) / max(np.abs(expected).max(initial=0), floor))
