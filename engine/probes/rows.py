"""Which rows are looked at, and which class each of them is of."""

import numpy as np

from engine.data import Dataset
from engine.data.preparation.dataset import Rows


def looked_at(dataset: Dataset) -> Rows:
    """The validation rows, which the network did not learn from; without any, the training rows."""
    return dataset.val if len(dataset.val) else dataset.train


def from_example(rows: Rows, index: int, shown: int) -> np.ndarray:
    """Row numbers (M,) of `shown` examples from the index on, beginning again after the last row."""
    return (index + np.arange(min(shown, len(rows)))) % max(1, len(rows))
