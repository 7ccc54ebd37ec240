"""The split: which rows are for training, validation and testing."""

from itertools import pairwise
from typing import Annotated

import numpy as np

from engine.component import Component
from engine.errors import InputError
from engine.hyper import hyper

PARTS = ("train", "val", "test")

# A part that is None gets its share of the first, the training rows.
Parts = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]

Share = Annotated[float, hyper("fraction of the rows", ge=0, le=1)]


class Split(Component):
    """How the rows are split; rows left over are not used."""

    train: Share = 0.7
    val: Share = 0.15
    test: Share = 0.15

    def __post_init__(self) -> None:
        if self.train <= 0:
            raise ValueError("train must be above 0")
        if self.val < 0 or self.test < 0:
            raise ValueError("val and test must not be below 0")
        if self.train + self.val + self.test > 1 + 1e-9:
            raise ValueError(f"train + val + test = {self.train + self.val + self.test:g} is more than 1")

    def edges(self, size: int) -> list[int]:
        """Where the three parts of so many values that stand one after the other begin, and where the last ends."""
        shares = np.cumsum([0.0, self.train, self.val, self.test])
        return [round(size * share) for share in shares.tolist()]

    def share(self, part: str) -> float:
        """The share of "train", "val" or "test"."""
        return float(getattr(self, part))


def split_rows(
    y: np.ndarray,
    classes: tuple[str, ...],
    split: Split,
    rng: np.random.Generator,
    where: str,
    fixed_parts: Parts | None = None,
) -> list[np.ndarray]:
    """Row numbers for train, val and test; of classes each part gets its share (stratified).

    A part that is fixed has had its share: the others divide what remains of the whole.
    """
    pool, val, test = fixed_parts or (np.arange(len(y)), None, None)
    if val is not None and test is not None:
        return [pool, val, test]
    whole = 1 - (0 if val is None else split.val) - (0 if test is None else split.test)
    shares = [split.train / whole]
    shares += [s / whole if fixed is None else 0 for s, fixed in ((split.val, val), (split.test, test))]
    drawn = [np.sort(pool[part]) for part in shuffled(y, classes, pool, shares, rng, where)]
    parts = [drawn[0], drawn[1] if val is None else val, drawn[2] if test is None else test]
    if classes and len(np.unique(y[parts[0], 0])) < 2:
        raise InputError(f"{where}: {len(pool)} rows are too few: only one class is among the training rows")
    return parts


def shuffled(
    y: np.ndarray,
    classes: tuple[str, ...],
    pool: np.ndarray,
    shares: list[float],
    rng: np.random.Generator,
    where: str,
) -> list[np.ndarray]:
    """Places in the pool for each share."""
    rows = len(pool)
    of_pool = y[pool, 0]
    groups = [np.flatnonzero(of_pool == c) for c in range(len(classes))] or [np.arange(rows)]
    # Rows of each class are spread evenly over [0, 1): cutting that line splits every class alike.
    place = np.empty(rows)
    for group in groups:
        place[rng.permutation(group)] = (np.arange(len(group)) + rng.random()) / max(1, len(group))
    order = np.lexsort((rng.permutation(rows), place))
    sizes = [round(rows * share) for share in shares]
    sizes[0] = min(sizes[0], rows - sizes[1] - sizes[2])
    for name, size, share in zip(PARTS, sizes, shares, strict=True):
        if share > 0 and size < 1:
            raise InputError(f"{where}: {rows} rows are too few for data.split.{name} = {share:g}")
    edges = np.cumsum([0, *sizes])
    return [order[a:b] for a, b in pairwise(edges)]
