"""Rows: sources of inputs and targets that stand row by row, with their split and preprocessing."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np

from engine.data.preparation.columns import TableFit, fitted_to_training
from engine.data.preparation.dataset import Dataset, Rows
from engine.data.preparation.notes import Note
from engine.data.preparation.pipeline import Pipeline, fills, first_missing, name_of
from engine.data.preparation.preprocess import Missing, Preprocess, moments
from engine.data.preparation.split import Parts, split_rows
from engine.data.readers.csv import forget
from engine.data.readers.pixels import PictureFit
from engine.data.sources.base import GENERATE_STREAM, SPLIT_STREAM, Source
from engine.errors import InputError
from engine.hyper import hyper
from engine.tasks import Regression, Task

MOST_CATEGORIES = 200  # of a column that are told apart


@dataclass(frozen=True)
class Raw:
    """What a source loads: x (R, …) float64 with NaN for missing values and numbers for categories, y (R, K).

    Images may stay the bytes that they are.
    """

    task: Task
    x: np.ndarray
    y: np.ndarray
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    targets: tuple[str, ...] = ("target",)
    categories: dict[int, tuple[str, ...]] = field(default_factory=dict)
    lines: np.ndarray | None = None  # of the file, where each row begins
    parts: Parts | None = None  # rows of train, val, test that are fixed; None: all by the split
    white: float = 0.0  # see Pipeline
    pictures: PictureFit | None = None
    notes: tuple[Note, ...] = ()
    table: TableFit | None = None
    embedded: tuple[str, ...] = ()  # features that are numbers of categories for an embedding
    names: tuple[str, ...] = ()  # of all columns of the file,
    first: tuple[tuple[str, ...], ...] = ()  # its first rows as they stand there,
    whys: Mapping[str, str] = field(default_factory=dict)  # and what each column was taken for

    def place(self, row: int) -> str:
        """How an error names a row."""
        return f"line {self.lines[row]}" if self.lines is not None else f"row {row + 1}"


class RowSource(Source, kw_only=True):
    """A source of rows; a subclass loads them."""

    preprocess: Annotated[list[Preprocess], hyper("preprocessing steps, fitted on the training rows")] = []
    scale_target: Annotated[bool, hyper("standardize the target (regression)")] = False
    reconstruct: Annotated[bool, hyper("use the input as the target (autoencoder)")] = False

    def load(self, rng: np.random.Generator) -> Raw:
        """The rows before preprocessing. Raises InputError where a file cannot be used."""
        raise NotImplementedError

    def raw(self, seed: int) -> Raw:
        """All rows as they are. Raises InputError where a file cannot be used."""
        return self.load(np.random.default_rng([seed if self.seed is None else self.seed, GENERATE_STREAM]))

    def dataset(self, seed: int, dtype: np.dtype) -> Dataset:
        raw = without_missing(self, self.raw(seed))
        parts = split_rows(
            raw.y, raw.classes, self.split, np.random.default_rng([seed, SPLIT_STREAM]), self.where, raw.parts
        )
        train = parts[0]
        check_values(raw, self, train)
        table, notes = raw.table, raw.notes
        if table is not None:
            table, x, categories, more = fitted_to_training(
                table, raw.x, train, MOST_CATEGORIES, raw.embedded
            )
            raw, notes = replace(raw, x=x, categories=categories), (*notes, *more)
        scale = None
        if self.scale_target and raw.task.predicts_numbers:
            mean, deviation = moments(raw.y[train])
            scale = (mean.tolist(), deviation.tolist())
        pipeline = Pipeline.fitted(
            self.preprocess, raw.x[train], raw.categories,
            task=raw.task, features=raw.features, targets=raw.targets, classes=raw.classes, target_scale=scale,
            white=raw.white, pictures=raw.pictures, table=table, embedded=places_of(raw),
        )  # fmt: skip
        with np.errstate(over="ignore"):  # what is too large is told below
            x = pipeline.transform(raw.x, dtype)
            y = np.ascontiguousarray(pipeline.scale_targets(raw.y), dtype)
        if not np.isfinite(x).all() or not np.isfinite(y).all():
            raise InputError(f"{self.where}: values are too large for {dtype.name}; add a scaling step")
        train_rows, val, test = (Rows(x[part], y[part]) for part in parts)
        dataset = Dataset(raw.task, train_rows, val, test, pipeline, pipeline.vocabulary, notes=notes)
        forget()
        return reconstruction(dataset) if self.reconstruct else dataset


def places_of(raw: Raw) -> tuple[int, ...]:
    """The places of the features that are embedded."""
    return tuple(
        i for i, feature in enumerate(raw.features) if feature in raw.embedded and i in raw.categories
    )


def reconstruction(dataset: Dataset) -> Dataset:
    """The same rows with their inputs as targets; classes stay as labels to look at."""
    classes, size = dataset.classes, math.prod(dataset.input_shape)
    columns = dataset.pipeline.columns or tuple(f"x{i + 1}" for i in range(size))
    targets = tuple(f"{column} again" for column in columns)
    pipeline = replace(dataset.pipeline, task=Regression(), targets=targets, classes=(), target_scale=None)

    def twice(rows: Rows) -> Rows:
        labels = rows.y[:, 0].astype(int) if classes else None
        return Rows(rows.x, rows.x.reshape(len(rows), size), labels=labels)

    train, val, test = map(twice, (dataset.train, dataset.val, dataset.test))
    return Dataset(Regression(), train, val, test, pipeline, labels=classes, notes=dataset.notes)


def without_missing(source: RowSource, raw: Raw) -> Raw:
    """Without the rows that a step `missing` with `drop` takes out."""
    if not any(isinstance(s, Missing) and s.method == "drop" for s in source.preprocess):
        return raw
    kept = ~np.isnan(raw.x).reshape(len(raw.x), -1).any(axis=1)
    lines = None if raw.lines is None else raw.lines[kept]
    parts = raw.parts
    if parts is not None:
        place = np.cumsum(kept) - 1
        train, val, test = (None if part is None else place[part[kept[part]]] for part in parts)
        assert train is not None
        parts = (train, val, test)
    return replace(raw, x=raw.x[kept], y=raw.y[kept], lines=lines, parts=parts)


def check_values(raw: Raw, source: RowSource, train: np.ndarray) -> None:
    """Raise InputError where a missing value is not filled in, or a column has none to measure in training rows."""
    missing = first_missing(raw.x, raw.features)
    if missing is None:
        return
    row, column = missing
    if not fills(source.preprocess):
        raise InputError(
            f"{source.where}: {raw.place(row)} has no value in {column}; "
            'add a step to data.preprocess: { step = "missing", method = "median" } (or "mean", "drop")'
        )
    empty = np.argwhere(np.isnan(raw.x[train]).all(axis=0))
    if len(empty):
        column = name_of(empty[0].tolist(), raw.features)
        raise InputError(f"{source.where}: {column} has no value in any training row; take it out")
