"""Tables as sources: which columns are inputs, which one is the target, and what was decided about them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np

from engine.data.preparation.columns import (
    PARTS_OF_DATES,
    Choices,
    ColumnFit,
    Judged,
    TableFit,
    codes_of,
    decimal_sign,
    is_identifier,
    judge,
    numbers,
    read_column,
)  # fmt: skip
from engine.data.preparation.notes import Note
from engine.data.preparation.pipeline import Pipeline
from engine.data.preparation.preprocess import Missing
from engine.data.preparation.split import split_rows
from engine.data.preparation.target import FEW_ROWS, Target, judge_target, notes_on_classes
from engine.data.readers.csv import Table
from engine.data.readers.numbers import number
from engine.data.sources.base import SPLIT_STREAM, NewRows, Source
from engine.data.sources.rows import Raw, RowSource, without_missing
from engine.errors import InputError, did_you_mean, listed
from engine.hyper import hyper
from engine.tasks import Classification, Regression

Kind = Annotated[Literal["auto", "classification", "regression"], hyper("auto: detected from the target")]
Names = list[str] | str


class TableSource(RowSource, kw_only=True):
    """A table with named columns; a subclass opens it."""

    target: Annotated[
        str | int, hyper("the column to predict, by name or by number from 1; default: the last one")
    ] = ""
    task: Kind = "auto"
    ignore: Annotated[Names, hyper("columns that are not inputs")] = []
    use: Annotated[Names, hyper("columns that are inputs; default: all that can be")] = []
    keep: Annotated[Names, hyper("columns that are inputs even if they look like ids or constants")] = []
    categories: Annotated[Names, hyper("numeric columns that are categories, not quantities")] = []
    embed: Annotated[Names, hyper("text columns that become category numbers for an embedding")] = []
    dates: Annotated[
        list[Literal["year", "month", "day", "weekday", "hour", "elapsed"]],
        hyper("features of a date; default: all but day"),
    ] = []
    day_first: Annotated[bool | None, hyper("read 01/02/2021 as 1 February; default: detected")] = None
    missing: Annotated[
        Names | None, hyper('cells that count as missing; default: "", NA, N/A, NaN, null, None, ? and -')
    ] = None
    spelling: Annotated[
        Literal["merge", "exact"],
        hyper("merge labels that differ only in case or spaces, or keep them separate"),
    ] = "merge"

    def read(self) -> Table:
        """The table as it stands in the file. Raises InputError where it cannot be read."""
        raise NotImplementedError

    @classmethod
    def table_like(cls, path: str, fit: TableFit | None) -> Table:
        """The table in a file, read as that of training was."""
        return cls(path=path, missing=list(fit.missing) if fit else None).read()  # type: ignore[call-arg]

    @classmethod
    def new_rows(cls, path: str, fitted: Pipeline, input_shape: tuple[int, ...]) -> NewRows:
        table = cls.table_like(path, fitted.table)
        return rows_like(table, fitted) if fitted.table else rows_by_name(table, fitted)

    @property
    def marks(self) -> list[str] | None:
        return None if self.missing is None else names_in(self.missing)

    def load(self, rng: np.random.Generator) -> Raw:
        return raw_from_table(self.read(), self)


def names_in(names: Names) -> list[str]:
    """One name or several."""
    return [names] if isinstance(names, str) else list(names)


def raw_from_table(table: Table, source: TableSource) -> Raw:
    """Inputs and target of a table, with what was decided about its columns."""
    target = target_name(table, source.target) if source.target else last_column(table)
    if len(table.names) < 2:
        between = next((s for s in ":/&^~" if s in target), ":")
        raise InputError(
            f"{table.path}: has the one column {target!r}; expected inputs and a target (data.separator = "
            f'"{between}" parts cells at another sign than , ; | tabs and blanks)'
        )
    drops = any(isinstance(step, Missing) and step.method == "drop" for step in source.preprocess)
    keep = tuple(names_in(source.keep) + names_in(source.use) + names_in(source.embed))
    choices = Choices(
        tuple(names_in(source.categories)), keep, tuple(source.dates) or PARTS_OF_DATES, source.day_first,
        source.spelling == "merge", absent=not drops, words=source.missing is None,
    )  # fmt: skip
    inputs = input_columns(table, target, source)
    goal = judge_target(table, target, source.task, choices)
    sign = decimal_sign(table, inputs)
    judged = [judge(table, name, choices, sign) for name in inputs]
    rows = ~np.isnan(goal.y[:, 0])
    mark_leaks(judged, goal, rows, keep, target)
    chosen = [column for column in judged if column.left_out is None] or rescued(judged, table)
    notes = [*(Note("", note) for note in table.notes), *goal.notes]
    if not source.target and target != table.names[-1]:
        notes.append(
            Note(
                table.names[-1], "numbers the rows", f"the column before it, {target!r}, is taken for the target",
                "data.target names another",
            )
        )  # fmt: skip
    inside = {column.fit.name for column in chosen}
    notes += [note for column in judged for note in told(column, column.fit.name in inside)]
    y = goal.y if rows.all() else goal.y[rows]
    if goal.classes:
        notes += notes_on_classes(target, y[:, 0], goal.classes)
    if len(y) < FEW_ROWS:
        notes.append(Note("", f"there are {len(y)} rows", "what so few rows measure is uncertain"))
    x = np.concatenate([column.x for column in chosen], axis=1)
    features = [feature for column in chosen for feature in column.fit.features]
    categories = {
        i: column.fit.kinds
        for i, column in zip(places(chosen), chosen, strict=True)
        if column.fit.kind == "category"
    }
    return Raw(
        Classification() if goal.classes else Regression(),
        x if rows.all() else x[rows], y, goal.classes, tuple(features), (target,), categories,
        table.lines if rows.all() else table.lines[rows],
        embedded=tuple(names_in(source.embed)), notes=tuple(notes), names=table.names,
        first=tuple(map(tuple, table.first)),
        whys={column.fit.name: column.why for column in judged} | {target: goal.why},
        table=TableFit(
            tuple(column.fit for column in chosen), target, table.names, table.headed, tuple(sorted(table.missing)),
            source.spelling == "merge",
        ),
    )  # fmt: skip


def places(columns: Sequence[Judged]) -> list[int]:
    """Where the inputs of each column begin."""
    result: list[int] = np.cumsum([0, *(len(column.fit.features) for column in columns[:-1])]).tolist()
    return result


def told(column: Judged, chosen: bool) -> list[Note]:
    """The notes on a column; of one that is left out only that."""
    if column.left_out is None:
        return column.notes
    return (
        [column.left_out]
        if not chosen
        else [Note(column.fit.name, column.left_out.what, "kept: there is no other")]
    )


def input_columns(table: Table, target: str, source: TableSource) -> list[str]:
    """The columns that may be inputs. Raises InputError with the nearest name for one that is not there."""
    for key in ("ignore", "use", "keep", "categories", "embed"):
        for name in names_in(getattr(source, key)):
            if name not in table.names:
                raise InputError(
                    f"{table.path}: data.{key} names {name!r}, which is no column; {did_you_mean(name, table.names)}"
                )
    ignored, used = set(names_in(source.ignore)), names_in(source.use)
    if target in used:
        raise InputError(f"{table.path}: data.use names {target!r}, which is the target")
    inputs = [n for n in table.names if n != target and n not in ignored and (not used or n in used)]
    if not inputs:
        raise InputError(
            f"{table.path}: no column is left as an input; data.ignore names {listed(sorted(ignored))}"
        )
    return inputs


def rescued(judged: list[Judged], table: Table) -> list[Judged]:
    """Where all columns would be left out, those of numbers. Raises InputError where there are none."""
    numbers = [c for c in judged if c.x.shape[1] and not np.isnan(c.x).all() and c.fit.kind != "category"]
    if not numbers:
        reasons = "; ".join(f"{c.fit.name!r} {c.left_out.what}" for c in judged[:4] if c.left_out)
        raise InputError(
            f"{table.path}: no column is left as an input: {reasons}; data.keep names what to keep"
        )
    return numbers


def mark_leaks(
    judged: list[Judged], goal: Target, rows: np.ndarray, keep: tuple[str, ...], target: str
) -> None:
    """Leave out columns that are the target; tell of those that stand for it one to one."""
    y = goal.y[rows, 0]
    head = y[:1000]
    for column in judged:
        if column.left_out is not None or column.x.shape[1] != 1:
            continue
        x = column.x[:, 0] if len(y) == len(column.x) else column.x[rows, 0]
        if not one_to_one(x[:1000], head, bool(goal.classes)) or not one_to_one(x, y, bool(goal.classes)):
            continue
        name, classes = column.fit.name, goal.classes
        same = not classes or column.fit.kinds == classes
        if classes and not column.fit.kinds:
            numbers = [number(label) for label in classes]
            same = None not in numbers and np.array_equal(x, np.array(numbers, float)[y.astype(int)])
        if same and name not in keep and len(judged) > 1:
            column.left_out = Note(
                name, f"is the target {target!r} itself", "left out: it would give the answer away",
                f'data.keep = ["{name}"] keeps it',
            )  # fmt: skip
        else:
            column.notes.append(
                Note(
                    name, f"stands for the target {target!r} one to one", "kept as an input",
                    f'if it is known only afterwards, data.ignore = ["{name}"] leaves it out',
                )
            )  # fmt: skip


def one_to_one(x: np.ndarray, y: np.ndarray, classes: bool) -> bool:
    """Whether x (R,) says the target y (R,), and y says x."""
    if not classes:
        return bool(np.array_equal(x, y) and len(np.unique(y[:100])) > 1)
    if np.isnan(x).any() or len(set(x[:64].tolist())) > int(y.max()) + 1:
        return False
    kinds, codes = np.unique(x, return_inverse=True)
    pairs = len(np.unique(codes * (int(y.max()) + 1) + y.astype(int)))
    return len(kinds) == pairs == len(np.unique(y)) and pairs > 1


def last_column(table: Table) -> str:
    """The last column that does not number the rows by its name."""
    for name in reversed(table.names[1:]):
        values = table.values(name)
        if values is None or not is_identifier(name) or len(np.unique(values)) < len(values):
            return name
    return table.names[-1]


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


def rows_like(table: Table, fitted: Pipeline) -> NewRows:
    """The raw inputs (R, F) of a table, read as the columns of training were.

    Raises InputError where a column is missing, or holds text where numbers were.
    """
    fit = fitted.table
    assert fit is not None
    wanted = [column.name for column in fit.columns]
    table = placed(table, fit)
    check_names(table, wanted, fit.names)
    parts, notes = [np.empty((len(table), 0))], []
    for column in fit.columns:
        x, told = read_column(table, column.name, column, fit.merge)
        parts.append(x)
        notes += told
    before = set(fit.names)
    extra = tuple(name for name in table.names if name not in before)
    if extra:
        notes.append(Note("", f"not known from training: {listed([*map(repr, extra)])}", "passed over"))
    return NewRows(np.concatenate(parts, axis=1), lines=table.lines, notes=notes, table=table, extra=extra)


def placed(table: Table, fit: TableFit) -> Table:
    """The table with the names of training, where it has none of its own and as many columns as that had."""
    if table.headed:
        return table
    inputs = [column.name for column in fit.columns]
    for names in (list(fit.names), [name for name in fit.names if name != fit.target], inputs):
        if len(names) == len(table.names):
            return replace(table, names=tuple(names))
    return table


def check_names(table: Table, wanted: Sequence[str], known: Sequence[str]) -> None:
    """Raise InputError where a column is missing, with those that are there instead."""
    there, before = set(table.names), set(known)
    missing = [name for name in wanted if name not in there]
    if not missing:
        return
    extra = [name for name in table.names if name not in before]
    unknown = f"; not known: {listed([*map(repr, extra)])}" if extra else ""
    raise InputError(f"{table.path}: columns are missing: {listed([*map(repr, missing)])}{unknown}")


def rows_by_name(table: Table, fitted: Pipeline) -> NewRows:
    """The raw inputs (R, F) of a table for a run that was not trained on one: for images one pixel a column, for
    ratings users and items."""
    features = fitted.features or tuple(name for name in table.names if name not in fitted.targets)
    check_names(table, features, (*features, *fitted.targets))
    columns = []
    for i, name in enumerate(features):
        known = fitted.categories.get(i)
        if known is None:
            values = numbers(table, name, least=0.0)
            assert values is not None  # a column of text alone is an error too at this share
        else:
            codes, _ = codes_of(table, name, ColumnFit(name, "category", kinds=known), merge=False)
            values = np.where(codes < 0, 0.0, codes)  # 0 is whoever was not in training
        columns.append(values)
    x = np.column_stack(columns) if columns else np.empty((len(table), 0))
    return NewRows(x, lines=table.lines, table=table)


def split_column(source: Source, seed: int, part: str, name: str) -> list[str]:
    """The cells of a column, of the rows that are the "train", "val" or "test" part of a source.

    Raises InputError where it is no table, or has no such column.
    """
    if not isinstance(source, TableSource):
        raise InputError(f"{source.where}: is no table; there is no column {name!r} to group by")
    seed = seed if source.seed is None else source.seed
    raw = without_missing(source, source.raw(seed))
    rng = np.random.default_rng([seed, SPLIT_STREAM])
    parts = split_rows(raw.y, raw.classes, source.split, rng, source.where, raw.parts)
    table = source.read()
    cells = table.column(table.names[table.index(name)])
    assert raw.lines is not None
    lines = raw.lines[parts[("train", "val", "test").index(part)]]
    return [cells[row] for row in np.searchsorted(table.lines, lines).tolist()]
