"""Sources: where data comes from; `prepare` is the one way from a source to a data set."""

from typing import Annotated

import numpy as np

from engine.component import Component
from engine.data.preparation.dataset import Dataset
from engine.hyper import hyper

GENERATE_STREAM, SPLIT_STREAM = 2, 3

Share = Annotated[float, hyper("share of the rows", ge=0, le=1)]
Seed = Annotated[int, hyper("where randomness begins", ge=0, lt=2**31)]


class Split(Component):
    """How the rows are shared out; what is left over is not used."""

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


class Source(Component, tag_field="source", kw_only=True):
    """Where data comes from; a subclass makes the data set."""

    split: Annotated[Split, hyper("how rows are shared out")] = Split()
    seed: Annotated[Seed | None, hyper("of the rows and their split; left out: the experiment's")] = None

    def dataset(self, seed: int, dtype: np.dtype) -> Dataset:
        """The rows of all three parts, ready for the network. Raises InputError where a file cannot be used."""
        raise NotImplementedError

    @property
    def where(self) -> str:
        """How an error names this source."""
        return f"data {self.tag()!r}"


def prepare(source: Source, seed: int, dtype: str | np.dtype = "float32") -> Dataset:
    """The data set of a source. The same source, seed and element type give the same bits.

    Raises InputError where the rows do not suffice for the split or cannot be used.
    """
    return source.dataset(seed if source.seed is None else source.seed, np.dtype(dtype))
