"""Files of the user as sources: CSV or TSV tables, and NPZ archives of arrays."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from engine.data.pipeline import Pipeline
from engine.data.source import Raw, Source
from engine.data.tables import Table, categories_of, codes, is_missing, numbers, read_table
from engine.errors import InputError, did_you_mean
from engine.hyper import hyper

MOST_CLASSES = 20  # whole numbers up to this many kinds are taken for classes
MOST_CATEGORIES = 200

Kind = Annotated[Literal["auto", "classification", "regression"], hyper("auto: seen from the target")]


class Csv(Source, tag="csv", kw_only=True):
    """A table of the user's: CSV or TSV, plain or .gz, with a header."""

    path: Annotated[str, hyper("the file")]
    target: Annotated[str, hyper("the column to predict, by name; left out: the last one")] = ""
    task: Kind = "auto"

    @property
    def where(self) -> str:
        return self.path

    def load(self, rng: np.random.Generator) -> Raw:
        return raw_from_table(read_table(self.path), self.target, self.task)


class Npz(Source, tag="npz", kw_only=True):
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
        if y.shape[1] == 1 and is_classes(y[:, 0], self.task):
            return with_classes(x, [str(v) for v in y[:, 0]], features, "y", self.path)
        targets = tuple(f"y{i + 1}" for i in range(y.shape[1])) if y.shape[1] > 1 else ("y",)
        return Raw("regression", x, numeric(y, "y", self.path), features=features, targets=targets)


def source_for(path: str) -> Source:
    """The source for a file of the user's, by its ending. Raises InputError for others."""
    name = Path(path).name.lower().removesuffix(".gz")
    if name.endswith((".csv", ".tsv")):
        return Csv(path=path)
    if name.endswith(".npz"):
        return Npz(path=path)
    raise InputError(f"{path}: expected a .csv, .tsv (also .gz) or .npz file")


def raw_from_table(table: Table, target: str, task: str) -> Raw:
    """Inputs and target of a table; the kind of task is seen from the target unless given."""
    target = target or table.names[-1]
    if target not in table.names:
        raise InputError(f"{table.path}: has no column {target!r}; {did_you_mean(target, table.names)}")
    if len(table.names) < 2:
        raise InputError(f"{table.path}: has the one column {target!r}; expected inputs and a target")
    for i, cell in enumerate(table.column(target)):
        if is_missing(cell):
            raise InputError(f"{table.path}: line {table.lines[i]}, column {target!r}: the target is missing")
    features = tuple(name for name in table.names if name != target)
    x, categories = inputs_of(table, features)
    values = numbers(table, target)
    if values is None or (task != "regression" and is_classes(values, task)):
        if task == "regression":
            raise InputError(f"{table.path}: column {target!r} holds text; a regression needs numbers")
        return with_classes(x, table.column(target), features, target, table.path, categories)
    return Raw("regression", x, values[:, None], (), features, (target,), categories)


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


def with_classes(
    x: np.ndarray, labels: list[str], features: tuple[str, ...], target: str, path: str,
    categories: dict[int, tuple[str, ...]] | None = None,
) -> Raw:  # fmt: skip
    kinds = sorted(
        set(labels), key=lambda v: (not v.lstrip("-").replace(".", "", 1).isdigit(), number_first(v))
    )
    if len(kinds) < 2:
        raise InputError(
            f"{path}: the target {target!r} has the single class {kinds[0]!r}; expected two or more"
        )
    if len(kinds) > len(labels) // 2:
        raise InputError(f"{path}: the target {target!r} has {len(kinds)} classes in {len(labels)} rows")
    index = {label: i for i, label in enumerate(kinds)}
    y = np.array([[index[label]] for label in labels], float)
    return Raw("classification", x, y, tuple(kinds), features, (target,), categories or {})


def number_first(label: str) -> tuple[float, str]:
    try:
        return float(label), label
    except ValueError:
        return 0.0, label


def read_npz(path: str) -> dict[str, np.ndarray]:
    """The arrays of an .npz file. Raises InputError where it is none, or would need pickle."""
    try:
        with np.load(path, allow_pickle=False) as file:
            if not hasattr(file, "files"):
                raise InputError(f"{path}: is a single array; expected an .npz file with x and y")
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except InputError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy raise many kinds for a damaged file
        raise InputError(f"{path}: is not a readable .npz file: {error}") from None


def pick(arrays: dict[str, np.ndarray], name: str, usual: tuple[str, ...], path: str) -> np.ndarray:
    for candidate in (name,) if name else usual:
        if candidate in arrays:
            if not arrays[candidate].ndim or not len(arrays[candidate]):
                raise InputError(f"{path}: the array {candidate!r} is empty")
            return arrays[candidate]
    wanted = repr(name) if name else " or ".join(usual)
    raise InputError(f"{path}: has no array {wanted}; {did_you_mean(name or usual[0], arrays)}")


def numeric(array: np.ndarray, name: str, path: str) -> np.ndarray:
    if array.dtype.kind not in "fiub":
        raise InputError(f"{path}: the array {name!r} holds {array.dtype}, expected numbers")
    array = array.astype(np.float64)
    if np.isinf(array).any():
        raise InputError(f"{path}: the array {name!r} holds values that are not finite")
    return array if array.ndim > 1 else array[:, None]


def read_inputs(
    path: str, pipeline: Pipeline, input_shape: tuple[int, ...], dtype: str | np.dtype
) -> np.ndarray:
    """New rows from a file as the network's inputs (R, *input_shape).

    Columns are matched by name; the target's column may be there and is passed over. Raises InputError where
    columns or shapes are others than the run was trained on.
    """
    if path.lower().endswith(".npz"):
        x = numeric(pick(read_npz(path), "", ("x", "X", "data"), path), "x", path)
    else:
        x = columns_of(read_table(path), pipeline)
    x = pipeline.transform(x, path)
    if x.shape[1:] != input_shape:
        if x[0].size != int(np.prod(input_shape)):
            raise InputError(
                f"{path}: rows have the shape {x.shape[1:]}, the run was trained on {input_shape}"
            )
        x = x.reshape(len(x), *input_shape)
    return np.ascontiguousarray(x, dtype)


def columns_of(table: Table, pipeline: Pipeline) -> np.ndarray:
    if not pipeline.features:  # images, one pixel a column
        pixels = [numbers(table, name) for name in table.names if name not in pipeline.targets]
        if any(pixel is None for pixel in pixels):
            raise InputError(f"{table.path}: expected a number in every column")
        return np.column_stack([pixel for pixel in pixels if pixel is not None])
    known = {*pipeline.features, *pipeline.targets}
    missing = [name for name in pipeline.features if name not in table.names]
    extra = [name for name in table.names if name not in known]
    if missing:
        others = f"; not known: {', '.join(map(repr, extra))}" if extra else ""
        raise InputError(f"{table.path}: columns are missing: {', '.join(map(repr, missing))}{others}")
    if extra:
        raise InputError(
            f"{table.path}: column {extra[0]!r} was not there in training; {did_you_mean(extra[0], known)}"
        )
    columns = []
    for i, name in enumerate(pipeline.features):
        if i in pipeline.categories:
            columns.append(codes(table, name, pipeline.categories[i]))
            continue
        values = numbers(table, name)
        if values is None:
            raise InputError(f"{table.path}: column {name!r} holds text, numbers were there in training")
        columns.append(values)
    return np.column_stack(columns)
