"""Series: numbers in time as rows that overlap, where every row predicts what comes next."""

from itertools import pairwise
from typing import Annotated

import numpy as np

from engine.data.preparation.columns import numbers
from engine.data.preparation.dataset import Dataset, Rows
from engine.data.preparation.pipeline import Pipeline
from engine.data.preparation.preprocess import Standardize
from engine.data.preparation.split import PARTS
from engine.data.readers.csv import Table, read_table
from engine.data.sources.base import NewRows, Source
from engine.data.sources.bundled import FOLDER
from engine.data.sources.table import target_name
from engine.errors import InputError
from engine.hyper import hyper
from engine.tasks import Regression

Context = Annotated[int, hyper("past values that the network sees", ge=1, le=65_536, log=True, unit="values")]
Horizon = Annotated[int, hyper("future values to predict", ge=1, le=4096, log=True, unit="values")]
Difference = Annotated[
    int,
    hyper(
        "predict the change against this many values before (12: the same month of last year); 0: the values",
        ge=0,
    ),
]


class Forecast(Source, kw_only=True):
    """A series in time; a subclass says which. A row (T, 1) is a window, its target the values that followed.

    The parts are stretches, the earliest for training. A window may begin in the stretch before its own, what it
    predicts lies in its own alone. Values are brought to mean 0 and deviation 1, measured on the training stretch.
    """

    context: Context = 24
    horizon: Horizon = 1
    difference: Difference = 0

    def __post_init__(self) -> None:
        if 0 < self.difference < self.horizon:
            raise ValueError(
                f"difference = {self.difference} is less than horizon = {self.horizon}: what a change is added to "
                "must be known"
            )

    def series(self) -> tuple[str, np.ndarray]:
        """Its name and its values (L,). Raises InputError where a file cannot be used."""
        raise NotImplementedError

    def dataset(self, seed: int, dtype: np.dtype) -> Dataset:
        name, values = self.series()
        edges = self.split.edges(len(values))
        learnt = changes(values, self.difference)
        scale = Standardize(whole=True)
        fitted = scale.fit(learnt[: max(1, edges[1] - self.difference)], {})
        y_scale = ([fitted["shift"]] * self.horizon, [fitted["scale"]] * self.horizon)
        targets = tuple(f"{name}+{h + 1}" for h in range(self.horizon)) if self.horizon > 1 else (name,)
        pipeline = Pipeline(
            task=Regression(), features=(), targets=targets, classes=(), steps=((scale, fitted),),
            target_scale=y_scale, series=name, difference=self.difference,
        )  # fmt: skip
        with np.errstate(over="ignore"):  # what is too large is told below
            stream = scale.apply(learnt, fitted).astype(dtype)
        if not np.isfinite(stream).all():
            raise InputError(f"{self.where}: values are too large for {dtype.name}")
        rules = {rule: pipeline.scale_targets(y) for rule, y in self.rules(values).items()}
        parts = zip(PARTS, pairwise(edges), strict=True)
        train, val, test = (self.rows(stream, rules, part, *edge) for part, edge in parts)
        return Dataset(Regression(), train, val, test, pipeline)

    def rules(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """What simple rules say of every window (R, H), in what is learnt: that the last value stays, that the last
        season comes again."""
        first, d = self.context + self.difference, self.difference
        last = values[first - 1 : len(values) - self.horizon, None]
        if not d:
            return {"last": np.repeat(last, self.horizon, axis=1)}
        rules = {"last": last - sliding(values[first - d : len(values) - d], self.horizon)}
        return rules | ({"season": np.zeros_like(rules["last"])} if d > 1 else {})

    def rows(self, stream: np.ndarray, rules: dict[str, np.ndarray], part: str, begin: int, end: int) -> Rows:
        """The windows whose targets are the values begin … end − 1 of the series."""
        C, H = self.context, self.horizon
        share = self.split.share(part)
        if share == 0:
            return Rows(np.empty((0, C, 1), stream.dtype), np.empty((0, H), stream.dtype))
        before = C + self.difference
        first, last = max(0, begin - before), end - H - before + 1
        if last <= first:
            raise InputError(
                f"{self.where}: the {part} part of the series has {end - begin:,} values, too few for "
                f"{told(C, self.difference)} and horizon = {H:,}; make those smaller or the series longer"
            )
        x = sliding(stream, C)[first:last].reshape(-1, C, 1)
        y = sliding(stream[C:], H)[first:last]
        return Rows(x, y, {rule: guess[first:last].astype(stream.dtype) for rule, guess in rules.items()})


class BundledSeries(Forecast, kw_only=True):
    """A series among the package's files."""

    def series(self) -> tuple[str, np.ndarray]:
        table = read_table(str(FOLDER / f"{self.tag()}.csv.gz"))
        return table.names[-1], values_of(table, table.names[-1])


class Sunspots(BundledSeries, tag="sunspots", kw_only=True):
    """The number of sunspots, month by month from 1749 to 2008 (National Geophysical Data Center)."""


class Co2(BundledSeries, tag="co2", kw_only=True):
    """Atmospheric carbon dioxide at Mauna Loa, parts per million, month by month from 1958 to 2001 (Keeling)."""

    difference: Difference = 12


class Series(Forecast, tag="series", kw_only=True):
    """A column of a CSV or TSV file (also .gz) as a time series, one row per time step, the earliest first."""

    path: Annotated[str, hyper("path of the file")]
    column: Annotated[str | int, hyper("the column, by name or by number from 1; default: the last one")] = ""

    @classmethod
    def new_rows(cls, path: str, fitted: Pipeline, input_shape: tuple[int, ...]) -> NewRows:
        """The newest window of a series."""
        x, base = newest(path, fitted, input_shape[0])
        return NewRows(x, base=base)

    @property
    def where(self) -> str:
        return self.path

    def series(self) -> tuple[str, np.ndarray]:
        table = read_table(self.path)
        name = target_name(table, self.column)
        return name, values_of(table, name)


def values_of(table: Table, name: str) -> np.ndarray:
    """A column (L,). Raises InputError with the line where a value is missing or is not a number."""
    values = numbers(table, name, least=0.0)
    missing = np.flatnonzero(np.isnan(values)) if values is not None else np.arange(1)
    if values is None or len(missing):
        raise InputError(
            f"{table.path}: line {table.lines[missing[0]]} has no value in {name!r}; a series needs all of them"
        )
    return values


def changes(values: np.ndarray, difference: int) -> np.ndarray:
    """The values (L,), or (L − difference,) their changes against so many values before."""
    return values[difference:] - values[: len(values) - difference] if difference else values


def sliding(values: np.ndarray, length: int) -> np.ndarray:
    """All windows (R, length) over values (L,), without a copy; none where the values are too few."""
    if len(values) < length:
        return np.empty((0, length), values.dtype)
    return np.lib.stride_tricks.sliding_window_view(values, length)


def newest(path: str, pipeline: Pipeline, context: int) -> tuple[np.ndarray, np.ndarray]:
    """The newest window of a file as raw input (1, T, 1), and what its forecast is added to (1, H): 0, or the values
    a difference before. Raises InputError where the column is absent or too short."""
    table = read_table(path)
    name = table.names[0] if len(table.names) == 1 else target_name(table, pipeline.series)
    values, d = values_of(table, name), pipeline.difference
    if len(values) < context + d:
        raise InputError(f"{path}: has {len(values):,} values, the run looks at {told(context, d)}")
    horizon = len(pipeline.targets)
    base = values[len(values) - d :][:horizon] if d else np.zeros(horizon)
    return changes(values, d)[-context:].reshape(1, context, 1), base[None]


def told(context: int, difference: int) -> str:
    """How an error tells what comes before a forecast."""
    return f"context = {context:,}" + (f", difference = {difference:,}" if difference else "")
