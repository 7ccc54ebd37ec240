"""Files of the user as sources: CSV or TSV tables, and NPZ archives of arrays."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from engine.data.readers.csv import Table, categories_of, codes, is_missing, number, numbers, read_table
from engine.data.readers.npz import check_complete, labels_of, numeric, pick, read_npz
from engine.data.sources.base import Source
from engine.data.sources.idx import Idx
from engine.data.sources.images import Images
from engine.data.sources.ratings import RatingsFile, is_ratings
from engine.data.sources.rows import Raw, RowSource
from engine.data.sources.text import TextFile
from engine.errors import InputError, did_you_mean
from engine.hyper import hyper
from engine.tasks import Classification, Regression

MOST_CLASSES = 20  # whole numbers up to this many kinds are taken for classes
MOST_CATEGORIES = 200

Kind = Annotated[Literal["auto", "classification", "regression"], hyper("auto: seen from the target")]


class Csv(RowSource, tag="csv", kw_only=True):
    """A table of the user's: CSV or TSV, plain or .gz, with a header."""

    path: Annotated[str, hyper("the file")]
    target: Annotated[
        str | int, hyper("the column to predict, by name or by number from 1; left out: the last one")
    ] = ""
    task: Kind = "auto"

    @property
    def where(self) -> str:
        return self.path

    def load(self, rng: np.random.Generator) -> Raw:
        return raw_from_table(read_table(self.path), self.target, self.task)


class Npz(RowSource, tag="npz", kw_only=True):
    """Arrays of the user's: an .npz file with inputs `x` (R, …) and targets `y` (R,) or (R, K)."""

    path: Annotated[str, hyper("the file")]
    x: Annotated[str, hyper("name of the array of inputs; left out: x, X or data")] = ""
    y: Annotated[str, hyper("name of the array of targets; left out: y, Y, target or labels")] = ""
    task: Kind = "auto"

    @property
    def where(self) -> str:
        return self.path

    def load(self, rng: np.random.Generator) -> Raw:
        arrays = read_npz(self.path)
        x = pick(arrays, self.x, ("x", "X", "data"), self.path)
        y = pick(arrays, self.y, ("y", "Y", "target", "labels"), self.path)
        if len(x) != len(y):
            raise InputError(f"{self.path}: x has {len(x)} rows, y has {len(y)}")
        x = numeric(x, "x", self.path)
        features = tuple(f"x{i + 1}" for i in range(x.shape[1])) if x.ndim == 2 else ()
        y = y.reshape(len(y), -1)
        check_complete(y, "y", self.path)
        if y.shape[1] == 1 and is_classes(y[:, 0], self.task):
            raw = Raw(Classification(), x, y, features=features, targets=("y",))
            return with_classes(raw, labels_of(y[:, 0]), self.path)
        if self.task == "classification":
            raise InputError(
                f"{self.path}: y has {y.shape[1]} columns; expected one, the class (of one-hot rows their argmax)"
            )
        targets = tuple(f"y{i + 1}" for i in range(y.shape[1])) if y.shape[1] > 1 else ("y",)
        return Raw(Regression(), x, numeric(y, "y", self.path), features=features, targets=targets)


def source_for(path: str) -> Source:
    """The source for a file by its ending (a table's is seen from its header too), or for a folder of pictures.

    Raises InputError for others.
    """
    name = Path(path).name.lower().removesuffix(".gz")
    if name == "u.data" or (name.endswith((".csv", ".tsv")) and is_ratings(path)):
        return RatingsFile(path=path)
    if name.endswith((".csv", ".tsv")):
        return Csv(path=path)
    if name.endswith((".txt", ".md")):
        return TextFile(path=path)
    if name.endswith(".npz"):
        return Npz(path=path)
    if Path(path).is_dir():
        return Images(path=path)
    if "images-idx3" in name:
        labels = Path(path).name.replace("images-idx3", "labels-idx1")
        return Idx(images=path, labels=str(Path(path).with_name(labels)))
    raise InputError(
        f"{path}: expected a .csv, .tsv (also .gz), .npz or .txt file, an IDX file (…-images-idx3-ubyte), "
        "or a folder of pictures"
    )


def raw_from_table(table: Table, target: str | int, task: str) -> Raw:
    """Inputs and target of a table; the kind of task is seen from the target unless given."""
    target = target_name(table, target)
    if len(table.names) < 2:
        raise InputError(f"{table.path}: has the one column {target!r}; expected inputs and a target")
    for i, cell in enumerate(table.column(target)):
        if is_missing(cell):
            raise InputError(f"{table.path}: line {table.lines[i]}, column {target!r}: the target is missing")
    features = tuple(name for name in table.names if name != target)
    x, categories = inputs_of(table, features)
    values = numbers(table, target)
    if values is None and task == "regression":
        raise InputError(f"{table.path}: column {target!r} holds text; a regression needs numbers")
    y = np.empty((len(x), 1)) if values is None else values[:, None]
    raw = Raw(Regression(), x, y, (), features, (target,), categories, tuple(table.lines))
    if values is None:
        return with_classes(raw, table.column(target), table.path)
    if is_classes(values, task):
        spelling: dict[float, str] = {}  # 1 and 1.0 are one class
        labels = [spelling.setdefault(v, cell) for v, cell in zip(values, table.column(target), strict=True)]
        return with_classes(raw, labels, table.path)
    return raw


def target_name(table: Table, target: str | int) -> str:
    """The target's column by name (which may be a number), by number from 1, or the last one."""
    if isinstance(target, int) and str(target) in table.names:
        return str(target)
    if isinstance(target, int):
        if not 1 <= target <= len(table.names):
            raise InputError(f"{table.path}: has no column {target}; expected 1 to {len(table.names)}")
        return table.names[target - 1]
    if target and target not in table.names:
        raise InputError(f"{table.path}: has no column {target!r}; {did_you_mean(target, table.names)}")
    return target or table.names[-1]


def inputs_of(table: Table, features: tuple[str, ...]) -> tuple[np.ndarray, dict[int, tuple[str, ...]]]:
    """Columns as float64 (R, F), and the categories of those that hold text."""
    columns, categories = [], {}
    for i, name in enumerate(features):
        values = numbers(table, name)
        if values is None:
            known = categories_of(table, name)
            if len(known) > MOST_CATEGORIES:
                raise InputError(
                    f"{table.path}: column {name!r} holds {len(known)} different texts; take it out, "
                    f"or group it into at most {MOST_CATEGORIES} categories"
                )
            categories[i] = known
            values = codes(table, name, known)
        columns.append(values)
    return np.column_stack(columns), categories


def is_classes(values: np.ndarray, task: str) -> bool:
    """Whether a target is one of classes: as said, or because it is text, or holds few whole numbers."""
    if task != "auto":
        return task == "classification"
    if values.dtype.kind not in "fiu":
        return True
    kinds = np.unique(values)
    return len(kinds) <= min(MOST_CLASSES, max(2, len(values) // 3)) and bool(
        (kinds == np.round(kinds)).all()
    )


def with_classes(raw: Raw, labels: list[str], path: str) -> Raw:
    """The rows with the classes of these labels (R,) as target, numbers in their order before text."""
    target = raw.targets[0]
    kinds = sorted(set(labels), key=lambda label: (number(label) is None, number(label) or 0.0, label))
    if len(kinds) < 2:
        raise InputError(
            f"{path}: the target {target!r} has the single class {kinds[0]!r}; expected two or more"
        )
    if len(kinds) > len(labels) // 2:
        raise InputError(
            f"{path}: the target {target!r} has {len(kinds)} classes in {len(labels)} rows; expected two rows "
            'a class at least, or for numbers task = "regression"'
        )
    index = {label: i for i, label in enumerate(kinds)}
    y = np.array([[index[label]] for label in labels], float)
    return replace(raw, task=Classification(), y=y, classes=tuple(kinds))
