"""The columns of a table before preprocessing, to stand beside the network's inputs."""

from typing import Any

import numpy as np

from engine.data.sources.base import Source
from engine.data.sources.rows import Raw, RowSource

MOST_VALUES = 20_000_000  # of a table that is read once more for this


def columns_before(source: Source, seed: int, size: int) -> list[dict[str, Any]]:
    """A name, mean, deviation, least, greatest, how many are missing and how many categories, for each raw column;
    nothing for other data than tables. `size`: the number of the network's input values."""
    if not isinstance(source, RowSource) or size > MOST_VALUES:
        return []
    return columns_in(source.raw(seed))


def columns_in(raw: Raw) -> list[dict[str, Any]]:
    """The same of rows that were loaded."""
    if not raw.features or raw.x.ndim != 2:
        return []
    return [column(name, raw.x[:, i], len(raw.categories.get(i, ()))) for i, name in enumerate(raw.features)]


def column(name: str, values: np.ndarray, categories: int) -> dict[str, Any]:
    known = values[np.isfinite(values)].astype(np.float64)
    told: dict[str, Any] = {"name": name, "missing": len(values) - len(known), "categories": categories}
    if not categories and len(known):
        told["stats"] = np.array([known.mean(), known.std(), known.min(), known.max()])
    return told
