"""Rows: sources of inputs and targets that stand row by row, with their split and preprocessing."""

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Annotated

import numpy as np

from engine.data.preparation.dataset import Dataset, Rows
from engine.data.preparation.pipeline import Pipeline, fills, first_missing, name_of
from engine.data.preparation.preprocess import Missing, Preprocess, moments
from engine.data.sources.base import GENERATE_STREAM, SPLIT_STREAM, Source
from engine.errors import InputError
from engine.hyper import hyper
from engine.tasks import Regression, Task

# A part that is None gets its share of the first, the training rows.
Parts = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]


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
    lines: tuple[int, ...] = ()  # of the file, where each row begins
    parts: Parts | None = None  # rows of train, val, test that are fixed; None: all by the split
    white: float = 0.0  # see Pipeline
    size: int = 0

    def place(self, row: int) -> str:
        """How an error names a row."""
        return f"line {self.lines[row]}" if self.lines else f"row {row + 1}"


class RowSource(Source, kw_only=True):
    """A source of rows; a subclass loads them."""

    preprocess: Annotated[list[Preprocess], hyper("steps, fitted on the training rows")] = []
    scale_target: Annotated[bool, hyper("train on targets of mean 0 and deviation 1 (regression)")] = False
    reconstruct: Annotated[bool, hyper("the target is the input itself, as an autoencoder learns it")] = False

    def load(self, rng: np.random.Generator) -> Raw:
        """The rows before preprocessing. Raises InputError where a file cannot be used."""
        raise NotImplementedError

    def raw(self, seed: int) -> Raw:
        """All rows as they are. Raises InputError where a file cannot be used."""
        return self.load(np.random.default_rng([seed if self.seed is None else self.seed, GENERATE_STREAM]))

    def dataset(self, seed: int, dtype: np.dtype) -> Dataset:
        raw = without_missing(self, self.raw(seed))
        parts = split_rows(raw, self, np.random.default_rng([seed, SPLIT_STREAM]))
        train = parts[0]
        check_values(raw, self, train)
        scale = None
        if self.scale_target and raw.task.predicts_numbers:
            mean, deviation = moments(raw.y[train])
            scale = (mean.tolist(), deviation.tolist())
        pipeline = Pipeline.fitted(
            self.preprocess, raw.x[train], raw.categories,
            task=raw.task, features=raw.features, targets=raw.targets, classes=raw.classes, target_scale=scale,
            white=raw.white, size=raw.size,
        )  # fmt: skip
        with np.errstate(over="ignore"):  # what is too large is told below
            x = pipeline.transform(raw.x, dtype)
            y = np.ascontiguousarray(pipeline.scale_targets(raw.y), dtype)
        if not np.isfinite(x).all() or not np.isfinite(y).all():
            raise InputError(f"{self.where}: values are too large for {dtype.name}; add a scaling step")
        train_rows, val, test = (Rows(x[part], y[part]) for part in parts)
        dataset = Dataset(raw.task, train_rows, val, test, pipeline)
        return reconstruction(dataset) if self.reconstruct else dataset


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
    return Dataset(Regression(), train, val, test, pipeline, labels=classes)


def without_missing(source: RowSource, raw: Raw) -> Raw:
    """Without the rows that a step `missing` with `drop` takes out."""
    if not any(isinstance(s, Missing) and s.method == "drop" for s in source.preprocess):
        return raw
    kept = ~np.isnan(raw.x).reshape(len(raw.x), -1).any(axis=1)
    lines = tuple(line for line, keep in zip(raw.lines, kept, strict=True) if keep) if raw.lines else ()
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


def split_rows(raw: Raw, source: Source, rng: np.random.Generator) -> list[np.ndarray]:
    """Row numbers for train, val and test; of classes each part gets its share (stratified).

    A part that is fixed has had its share: the others divide what remains of the whole.
    """
    pool, val, test = raw.parts or (np.arange(len(raw.x)), None, None)
    if val is not None and test is not None:
        return [pool, val, test]
    whole = 1 - (0 if val is None else source.split.val) - (0 if test is None else source.split.test)
    shares = [source.split.train / whole]
    shares += [
        s / whole if fixed is None else 0 for s, fixed in ((source.split.val, val), (source.split.test, test))
    ]
    drawn = [np.sort(pool[part]) for part in shuffled(raw, pool, shares, source, rng)]
    parts = [drawn[0], drawn[1] if val is None else val, drawn[2] if test is None else test]
    if raw.classes and len(np.unique(raw.y[parts[0], 0])) < 2:
        raise InputError(
            f"{source.where}: {len(pool)} rows are too few: only one class is among the training rows"
        )
    return parts


def shuffled(
    raw: Raw, pool: np.ndarray, shares: list[float], source: Source, rng: np.random.Generator
) -> list[np.ndarray]:
    """Places in the pool for each share."""
    rows = len(pool)
    y = raw.y[pool, 0]
    groups = [np.flatnonzero(y == c) for c in range(len(raw.classes))] or [np.arange(rows)]
    # Rows of each class are spread evenly over [0, 1): cutting that line splits every class alike.
    place = np.empty(rows)
    for group in groups:
        place[rng.permutation(group)] = (np.arange(len(group)) + rng.random()) / max(1, len(group))
    order = np.lexsort((rng.permutation(rows), place))
    sizes = [round(rows * share) for share in shares]
    sizes[0] = min(sizes[0], rows - sizes[1] - sizes[2])
    for name, size, share in zip(("train", "val", "test"), sizes, shares, strict=True):
        if share > 0 and size < 1:
            raise InputError(f"{source.where}: {rows} rows are too few for data.split.{name} = {share:g}")
    edges = np.cumsum([0, *sizes])
    return [order[a:b] for a, b in pairwise(edges)]
