"""Dataset: rows for training, validation and testing, ready for the network."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from msgspec.structs import replace

from engine.data.preparation.indices import check_indices
from engine.data.preparation.notes import Note
from engine.data.preparation.pipeline import Pipeline
from engine.metrics import BitsPerToken, Metric
from engine.tasks import Task


@dataclass(frozen=True)
class Rows:
    """x (R, …) and y (R, K); for classes K is 1 and y holds the class's number.

    Of language y holds token numbers, −1 where nothing is to be predicted. Rows may be windows that overlap in
    memory.

    `baselines` are what simple rules say of each row, by name, like y (R, K): the mean, the last value. What they
    are worth is measured beside the network. `labels` (R,) number the class of each row where the target is
    something else.
    """

    x: np.ndarray
    y: np.ndarray
    baselines: Mapping[str, np.ndarray] = field(default_factory=dict)
    labels: np.ndarray | None = None

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
    labels: tuple[str, ...] = ()  # the names of what the rows' labels number
    notes: tuple[Note, ...] = ()  # what was found in the data, and what was done about it

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
    def target_vocabulary(self) -> tuple[int, ...]:
        """How many different numbers a target may be; empty where targets are quantities."""
        return (len(self.classes),) if self.classes else ()

    @property
    def least_target(self) -> int:
        """The least number of a target: −1 stands where nothing is to be predicted."""
        return -1 if self.task.predicts_tokens else 0

    @cached_property
    def checked(self) -> bool:
        """True; raises InputError where inputs or targets that number something are out of range."""
        for part in ("train", "val", "test"):
            rows: Rows = getattr(self, part)
            inputs, targets = f"the inputs of the {part} rows", f"the targets of the {part} rows"
            check_indices(distinct(rows.x), self.vocabulary, inputs, names=self.features)
            check_indices(distinct(rows.y), self.target_vocabulary, targets, least=self.least_target)
        return True

    @property
    def input_shape(self) -> tuple[int, ...]:
        return self.train.x.shape[1:]

    @property
    def outputs(self) -> int:
        """How many classes, or how many target numbers."""
        return len(self.classes) or self.train.y.shape[1]

    @property
    def baselines(self) -> tuple[str, ...]:
        """The names of the simple rules that the network is measured against."""
        return tuple(self.train.baselines)

    @property
    def metrics(self) -> list[Metric]:
        """What is measured where the experiment says nothing about it, the headline first."""
        return self.measured_by([])

    def measured_by(self, chosen: Sequence[Metric]) -> list[Metric]:
        """The metrics that were chosen, or, where none were, those of the task; bits are named after the tokens.

        Raises InputError where one does not suit the task.
        """
        self.task.check(chosen)
        metrics = list(chosen) or self.task.metrics(self.classes, self.baselines)
        unit = self.pipeline.tokens or "token"
        return [replace(m, unit=unit) if isinstance(m, BitsPerToken) else m for m in metrics]

    @property
    def positions(self) -> int:
        """At how many positions of a row something is predicted."""
        return self.task.positions(self.train.y)

    def measured(self, part: str) -> Rows:
        """The rows of "train", "val" or "test" that are evaluated: all, but of the overlapping windows of a training
        text as many as of validation."""
        rows: Rows = getattr(self, part)
        if part != "train" or not self.task.predicts_tokens or len(rows) < 2:
            return rows
        context = rows.x.shape[1]
        if stream_of(rows.x)[1] >= context:
            return rows
        step = max(context, len(rows) // max(1, len(self.val)))
        return Rows(rows.x[::step], rows.y[::step])

    @cached_property
    def scored(self) -> float:
        """How many targets of a training row count, on average: those that are not −1."""
        if not self.task.predicts_tokens:
            return 1.0
        targets, _ = stream_of(self.train.y)  # of overlapping windows each once: of running text all count
        return float((targets >= 0).mean()) * self.positions

    @cached_property
    def digest(self) -> str:
        """A fingerprint of all rows: two data sets with the same digest are the same."""
        digest = hashlib.sha256(repr((self.task.tag(), self.classes)).encode())
        for rows in (self.train, self.val, self.test):
            for array in (rows.x, rows.y):
                digest.update(f"{array.dtype} {array.shape}".encode() + stream_of(array)[0].tobytes())
        return digest.hexdigest()


def distinct(rows: np.ndarray) -> np.ndarray:
    """The rows, of windows that overlap in memory each value once."""
    return rows if rows.flags.c_contiguous or not rows.size else stream_of(rows)[0]


def stream_of(rows: np.ndarray) -> tuple[np.ndarray, int]:
    """The flat values (L,) that rows (R, …) lie in, without a copy, and how far apart two rows begin.

    Rows of a common array begin a row's length apart; windows over a text begin closer and overlap.
    """
    length = math.prod(rows.shape[1:])
    if rows.flags.c_contiguous or not rows.size:
        return rows.reshape(-1), length
    step = rows.strides[0] // rows.itemsize
    if rows[0].strides != np.empty(rows.shape[1:], rows.dtype).strides or rows.strides[0] % rows.itemsize:
        raise ValueError("expected rows that are contiguous each")
    size = (len(rows) - 1) * step + length
    return np.lib.stride_tricks.as_strided(rows, (size,), (rows.itemsize,)), step
