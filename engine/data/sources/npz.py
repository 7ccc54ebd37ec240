"""Archives of NumPy arrays as sources."""

from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np

from engine.data.preparation.columns import in_order
from engine.data.preparation.pipeline import Pipeline
from engine.data.preparation.target import is_classes
from engine.data.readers.npz import check_complete, labels_of, numeric, pick, read_npz
from engine.data.sources.base import NewRows
from engine.data.sources.rows import Raw, RowSource
from engine.data.sources.table import Kind
from engine.errors import InputError
from engine.hyper import hyper
from engine.tasks import Classification, Regression


class Npz(RowSource, tag="npz", kw_only=True):
    """An .npz file with inputs `x` (R, …) and targets `y` (R,) or (R, K)."""

    endings: ClassVar[tuple[str, ...]] = (".npz",)

    path: Annotated[str, hyper("path of the file")]
    x: Annotated[str, hyper("name of the input array; default: x, X or data")] = ""
    y: Annotated[str, hyper("name of the target array; default: y, Y, target or labels")] = ""
    task: Kind = "auto"

    @property
    def where(self) -> str:
        return self.path

    @classmethod
    def new_rows(cls, path: str, fitted: Pipeline, input_shape: tuple[int, ...]) -> NewRows:
        if fitted.categories or (fitted.table and any(c.kind != "number" for c in fitted.table.columns)):
            raise InputError(f"{path}: the run was trained on columns of text; expected a CSV or TSV file")
        if fitted.difference:
            raise InputError(
                f"{path}: the run learnt changes of a series; expected the series, a CSV or TSV file"
            )
        return NewRows(numeric(pick(read_npz(path), "", ("x", "X", "data"), path), "x", path))

    def load(self, rng: np.random.Generator) -> Raw:
        arrays = read_npz(self.path)
        x = pick(arrays, self.x, ("x", "X", "data"), self.path)
        y = pick(arrays, self.y, ("y", "Y", "target", "labels"), self.path)
        return raw_of_arrays(x, y, self.task, self.path)


def raw_of_arrays(x: np.ndarray, y: np.ndarray, task: str, where: str) -> Raw:
    """Inputs x (R, …) and targets y (R,) or (R, K) as rows. Raises InputError where they are not such."""
    if not x.size or not y.size or not x.ndim or not y.ndim:
        raise InputError(f"{where}: x has the shape {x.shape}, y {y.shape}; expected rows")
    if len(x) != len(y):
        raise InputError(f"{where}: x has {len(x)} rows, y has {len(y)}")
    x = numeric(x, "x", where)
    features = tuple(f"x{i + 1}" for i in range(x.shape[1])) if x.ndim == 2 else ()
    y = y.reshape(len(y), -1)
    check_complete(y, "y", where)
    if y.shape[1] == 1 and is_classes(y[:, 0], task):
        raw = Raw(Classification(), x, y, features=features, targets=("y",))
        return with_classes(raw, labels_of(y[:, 0]), where)
    if task == "classification":
        raise InputError(
            f"{where}: y has {y.shape[1]} columns; expected one, the class (of one-hot rows their argmax)"
        )
    targets = tuple(f"y{i + 1}" for i in range(y.shape[1])) if y.shape[1] > 1 else ("y",)
    return Raw(Regression(), x, numeric(y, "y", where), features=features, targets=targets)


def with_classes(raw: Raw, labels: list[str], path: str) -> Raw:
    """The rows with the classes of these labels (R,) as target, numbers in their order before text."""
    target = raw.targets[0]
    kinds = sorted(set(labels), key=in_order)
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
