"""Dataset: rows for training, validation and testing, ready for the network."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from engine.data.pipeline import Pipeline

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Rows:
    """x (R, …) and y (R, K); for classes K is 1 and y holds the class's number."""

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Dataset:
    """What a source gives after splitting and preprocessing; arrays are contiguous, of the run's element type."""

    task: Task
    train: Rows
    val: Rows
    test: Rows
    pipeline: Pipeline
    vocabulary: tuple[int, ...] = ()  # see Builder.vocabulary_of; empty: the inputs are quantities

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; empty for a regression."""
        return self.pipeline.classes

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the inputs, for tables."""
        return self.pipeline.features

    @property
    def targets(self) -> tuple[str, ...]:
        return self.pipeline.targets

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.train.x.shape[1:]

    @property
    def outputs(self) -> int:
        """How many classes, or how many target numbers."""
        return len(self.classes) or self.train.y.shape[1]

    @cached_property
    def digest(self) -> str:
        """A fingerprint of all rows: two data sets with the same digest are the same."""
        digest = hashlib.sha256(repr((self.task, self.classes)).encode())
        for rows in (self.train, self.val, self.test):
            for array in (rows.x, rows.y):
                digest.update(f"{array.dtype} {array.shape}".encode() + array.tobytes())
        return digest.hexdigest()
