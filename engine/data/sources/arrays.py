"""Arrays and data frames in memory as a source."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np

from engine.data.preparation.split import Parts
from engine.data.readers.csv import Column, Table
from engine.data.readers.memory import ArrayStore, joined, of_texts, table_of
from engine.data.sources.npz import raw_of_arrays
from engine.data.sources.rows import Raw
from engine.data.sources.table import TableSource, raw_from_table
from engine.errors import InputError
from engine.hyper import hyper

Store = Annotated[ArrayStore, hyper("rows: an array, or a frame of pandas or polars")]


class Arrays(TableSource, tag="arrays"):
    """Arrays or data frames in memory: inputs x (R, …) and targets y (R,) or (R, K).

    The columns of a frame are interpreted like those of a CSV file: numbers, text as categories, dates, booleans;
    y may name one of them. Pass fixed validation and test rows as val_x, val_y, test_x, test_y.

    A run keeps the arrays in its own directory, in `arrays/`, under a name made from their content: it can be moved,
    resumed and evaluated without the program that made them.
    """

    x: Store
    y: Annotated[ArrayStore | str, hyper("targets, or the name of the column of x that holds them")] = ""
    val_x: Annotated[ArrayStore | None, hyper("validation inputs")] = None
    val_y: Annotated[ArrayStore | None, hyper("and their targets")] = None
    test_x: Annotated[ArrayStore | None, hyper("test inputs")] = None
    test_y: Annotated[ArrayStore | None, hyper("and their targets")] = None

    @property
    def where(self) -> str:
        return "the table" if self.x.is_table else "the arrays"

    @property
    def stores(self) -> dict[str, ArrayStore]:
        found = {name: getattr(self, name) for name in ("x", "y", "val_x", "val_y", "test_x", "test_y")}
        return {name: store for name, store in found.items() if isinstance(store, ArrayStore)}

    def store_in(self, folder: Path) -> None:
        for store in self.stores.values():
            store.write(folder)

    def located(self, folder: Path) -> "Arrays":
        return msgspec.structs.replace(self, **{n: s.located(folder) for n, s in self.stores.items()})

    def read(self) -> Table:
        """The frame as a table, all parts one after the other. Raises InputError where x is an array."""
        if not self.x.is_table:
            raise InputError(f"{self.where}: have no columns with names")
        return joined([s for s in (self.x, self.val_x, self.test_x) if s is not None]).table(self.where)

    def load(self, rng: np.random.Generator) -> Raw:
        xs = [s for s in (self.x, self.val_x, self.test_x) if s is not None]
        x = joined(xs)
        y = self.targets(len(xs))
        if y is not None and len(y) != len(x):
            raise InputError(f"{self.where}: x has {len(x):,} rows, y has {len(y):,}")
        if x.is_table:
            raw = self.of_table(x, y)
        elif y is None:
            raise InputError(f"{self.where}: y is missing; a name is possible only where x is a frame")
        else:
            raw = raw_of_arrays(x.array, y.array, self.task, self.where)
        return replace(raw, parts=self.fixed_parts(raw))

    def targets(self, parts: int) -> ArrayStore | None:
        """All targets, in the order of the rows; None where they are a column of x."""
        given = [s for s in (self.y, self.val_y, self.test_y) if isinstance(s, ArrayStore)]
        if not given:
            return None
        if len(given) != parts:
            raise InputError(f"{self.where}: val_x needs val_y, test_x needs test_y, and the other way round")
        return joined(given)

    def of_table(self, x: ArrayStore, y: ArrayStore | None) -> Raw:
        table, source = x.table(self.where), self
        name = self.y if isinstance(self.y, str) else ""
        if y is not None:
            name, column = target_column(y, table)
            table = table_of(self.where, (*table.names, name), [*table.columns, column], len(x))
        if name:
            source = msgspec.structs.replace(self, target=name)
        return raw_from_table(table, source)

    def fixed_parts(self, raw: Raw) -> Parts | None:
        """The rows of each part where some are given; rows that were left out for want of a target are no more."""
        if self.val_x is None and self.test_x is None:
            return None
        rows = np.arange(len(raw.x)) if raw.lines is None else np.asarray(raw.lines) - 1
        sizes = [0 if s is None else len(s) for s in (self.x, self.val_x, self.test_x)]
        edges = np.cumsum([0, *sizes])
        train, val, test = (np.flatnonzero((rows >= a) & (rows < b)) for a, b in pairwise(edges))
        return train, (None if self.val_x is None else val), (None if self.test_x is None else test)


def target_column(y: ArrayStore, table: Table) -> tuple[str, Column]:
    """The name and cells of targets that are given beside a frame."""
    if y.is_table:
        found = y.table("y")
        if len(found.names) != 1:
            raise InputError(f"y has {len(found.names)} columns; expected one")
        name, column = found.names[0], found.columns[0]
    else:
        array = y.array.reshape(len(y), -1)
        if array.shape[1] != 1:
            raise InputError(f"y has {array.shape[1]} columns; beside a frame expected one")
        values = array[:, 0]
        number = values.dtype.kind in "fiu"
        column = (
            Column(values=values.astype(float)) if number else of_texts([str(v) for v in values.tolist()])
        )
        name = "target"
    while name in table.names:
        name += "_"
    return name, column
