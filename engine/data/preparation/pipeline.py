"""Pipeline: the way from raw rows to what the network sees and back, fitted once and kept with the run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from engine.component import build, tree_of
from engine.data.preparation.columns import TableFit
from engine.data.preparation.preprocess import Fitted, Missing, OneHot, Preprocess
from engine.data.readers.csv import UNKNOWN
from engine.data.readers.pixels import PictureFit
from engine.tasks import Task, task_named

Json = dict[str, Any]

BLOCK = 4096  # rows that are prepared at a time


@dataclass(frozen=True)
class Pipeline:
    """Fitted preprocessing and the names of everything; plain enough to be kept as JSON."""

    task: Task
    features: tuple[str, ...]  # of the raw columns; empty for images
    targets: tuple[str, ...]
    classes: tuple[str, ...]
    categories: dict[int, tuple[str, ...]] = field(default_factory=dict)  # raw column → its categories
    steps: tuple[tuple[Preprocess, Fitted], ...] = ()
    target_scale: tuple[list[float], list[float]] | None = None  # mean and deviation a target
    tokens: str = ""  # of text: what it is cut into; the classes are the vocabulary then
    text: str = ""  # and how it comes: "running", "lines" or "pairs" of a prompt and an answer
    white: float = 0.0  # of images: what a white pixel holds, where that is known
    pictures: PictureFit | None = None  # of pictures: how they become bytes
    series: str = ""  # of a series: its column
    difference: int = 0  # and against how many values before its changes are; 0: the values themselves
    table: TableFit | None = None  # of a table: how its cells are read
    embedded: tuple[int, ...] = ()  # raw columns of categories that stay numbers, for an embedding

    @classmethod
    def fitted(
        cls,
        steps: Sequence[Preprocess],
        x: np.ndarray,
        categories: dict[int, tuple[str, ...]],
        embedded: tuple[int, ...] = (),
        **names: Any,
    ) -> "Pipeline":
        """Fit the steps, one after the other, on training rows x (R, …), of a table on all but `embedded` columns."""
        counts = stepped(categories, embedded)
        if embedded:
            x = np.delete(x, embedded, axis=1)
        chosen = list(steps)
        if counts and not any(isinstance(step, OneHot) for step in steps):
            fills = [s for s in steps if isinstance(s, Missing)]
            chosen.insert(chosen.index(fills[0]) + 1 if fills else 0, OneHot())
        done = []
        for i, step in enumerate(chosen):
            columns = columns_for(step, counts, x)
            fitted = measured(step, counts, columns, x)
            done.append((step, fitted))
            if i + 1 < len(chosen):
                x = applied(step, fitted, columns, np.asarray(x, np.float64))
                counts = {} if isinstance(step, OneHot) else counts
        return cls(categories=categories, steps=tuple(done), embedded=embedded, **names)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the network's inputs: a category becomes "color=red"."""
        one_hot = any(isinstance(step, OneHot) for step, _ in self.steps)
        names: list[str] = []
        for i, feature in enumerate(self.features):
            if i in self.embedded:
                continue
            known = self.categories.get(i, ()) if one_hot else ()
            names += [f"{feature}={category}" for category in known] or [feature]
        return (*(self.features[i] for i in self.embedded), *names)

    @property
    def vocabulary(self) -> tuple[int, ...]:
        """How many numbers each of the network's inputs may be, 0 for quantities; empty where all are. 0 is whoever
        was not in training."""
        if not self.embedded:
            return ()
        counts = [len(self.categories[i]) + 1 for i in self.embedded]
        return (*counts, *[0] * (len(self.columns) - len(counts)))

    def transform(self, x: np.ndarray, dtype: str | np.dtype = "float64") -> np.ndarray:
        """Raw rows (R, …) as the network's inputs; a value that is missing and not filled in stays NaN.

        Computed in float64, some rows at a time: many images would not fit into memory so.
        """
        blocks = [x[i : i + BLOCK] for i in range(0, len(x), BLOCK)] or [x]
        first = self._transformed(blocks[0])
        result = np.empty((len(x), *first.shape[1:]), dtype)
        for i, block in enumerate(blocks):
            result[i * BLOCK : i * BLOCK + len(block)] = self._transformed(block) if i else first
        return result

    def _transformed(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x, np.float64)
        codes = np.nan_to_num(x[:, list(self.embedded)], nan=-1) + 1 if self.embedded else None
        if codes is not None:
            x = np.delete(x, self.embedded, axis=1)
        counts = stepped(self.categories, self.embedded)
        for step, fitted in self.steps:
            x = applied(step, fitted, columns_for(step, counts, x), x)
            counts = {} if isinstance(step, OneHot) else counts
        return x if codes is None else np.concatenate([codes, x], axis=1)

    @property
    def takes_unknown(self) -> bool:
        """Whether the columns hold numbers of users and items, 0 standing for those that were not in training."""
        return any(UNKNOWN in known for known in self.categories.values())

    @property
    def fills_missing(self) -> bool:
        """Whether a step puts something in the place of a missing value."""
        return fills(step for step, _ in self.steps)

    def scale_targets(self, y: np.ndarray) -> np.ndarray:
        if self.target_scale is None:
            return y
        mean, deviation = map(np.array, self.target_scale)
        result: np.ndarray = (y - mean) / deviation
        return result

    def target_to_original(self, y: np.ndarray) -> np.ndarray:
        """Outputs or targets (R, K) of a regression in the units of the data."""
        if self.target_scale is None:
            return y
        mean, deviation = map(np.array, self.target_scale)
        result: np.ndarray = y * deviation + mean
        return result

    def to_json(self) -> Json:
        return {
            "task": self.task.tag(),
            "features": list(self.features),
            "targets": list(self.targets),
            "classes": list(self.classes),
            "categories": [[column, list(known)] for column, known in self.categories.items()],
            "steps": [[tree_of(step), fitted] for step, fitted in self.steps],
            "target_scale": list(self.target_scale) if self.target_scale else None,
            "tokens": self.tokens,
            "text": self.text,
            "white": self.white,
            "pictures": msgspec.to_builtins(self.pictures),
            "series": self.series,
            "difference": self.difference,
            "table": msgspec.to_builtins(self.table),
            "embedded": list(self.embedded),
        }

    @classmethod
    def from_json(cls, json: Json) -> "Pipeline":
        return cls(
            task=task_named(json["task"]),
            features=tuple(json["features"]),
            targets=tuple(json["targets"]),
            classes=tuple(json["classes"]),
            categories={column: tuple(known) for column, known in json["categories"]},
            steps=tuple((build(Preprocess, tree, "preprocess"), fitted) for tree, fitted in json["steps"]),
            target_scale=tuple(json["target_scale"]) if json["target_scale"] else None,
            tokens=json.get("tokens", ""),
            text=json.get("text", ""),
            white=json.get("white", 0.0),
            pictures=pictures_of(json),
            series=json.get("series", ""),
            difference=json.get("difference", 0),
            table=msgspec.convert(json["table"], TableFit) if json.get("table") else None,
            embedded=tuple(json.get("embedded", ())),
        )


def pictures_of(json: Json) -> PictureFit | None:
    """How pictures are read; None: as they are, which an old run without a size says too."""
    if json.get("pictures"):
        return msgspec.convert(json["pictures"], PictureFit)
    return PictureFit(size=json["size"], colors="auto") if json.get("size") else None


def stepped(categories: dict[int, tuple[str, ...]], embedded: tuple[int, ...]) -> dict[int, int]:
    """How many categories the columns have that the steps are given, by their places among those."""
    places = {column: column - sum(e < column for e in embedded) for column in categories}
    return {places[column]: len(known) for column, known in categories.items() if column not in embedded}


def columns_for(step: Preprocess, counts: dict[int, int], x: np.ndarray) -> list[int] | None:
    """The columns of x (R, F) that a step is given while `counts` are still numbers of categories; None: all."""
    if not counts or step.knows_categories:
        return None
    return [column for column in range(x.shape[1]) if column not in counts]


def measured(step: Preprocess, counts: dict[int, int], columns: list[int] | None, x: np.ndarray) -> Fitted:
    """What a step is fitted to in its columns of training rows x."""
    if columns is None:
        return step.fit(x, counts)
    return step.fit(x[:, columns], {}) if columns else {}


def applied(step: Preprocess, fitted: Fitted, columns: list[int] | None, x: np.ndarray) -> np.ndarray:
    """x after a step, the other columns as they were."""
    if columns is None:
        return step.apply(x, fitted)
    x = x.copy()
    if columns:
        x[:, columns] = step.apply(x[:, columns], fitted)
    return x


def fills(steps: Iterable[Preprocess]) -> bool:
    return any(isinstance(step, Missing) and step.method != "drop" for step in steps)


def first_missing(x: np.ndarray, features: tuple[str, ...]) -> tuple[int, str] | None:
    """The row of x (R, …) with the first missing value and the name of its place; None where all are there."""
    missing = np.argwhere(np.isnan(x))
    if not len(missing):
        return None
    row, *place = missing[0].tolist()
    return row, name_of(place, features)


def name_of(place: list[int], features: tuple[str, ...]) -> str:
    """How an error names a place in a row: its column, or where it is in the image."""
    return repr(features[place[0]]) if features else f"place {tuple(place)}"
