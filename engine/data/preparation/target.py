"""The target of a table: classes or a quantity, and which rows have none."""

from dataclasses import dataclass, field

import numpy as np

from engine.data.preparation.columns import (
    Choices,
    decimal_sign,
    in_order,
    known_cells,
    spellings,
)  # fmt: skip
from engine.data.preparation.notes import Note
from engine.data.readers.csv import Table
from engine.data.readers.numbers import NumberFormat, chosen, fitting
from engine.errors import InputError

MOST_CLASSES = 20  # whole numbers up to this many kinds are taken for classes
WORDS = ("None", "NA")  # that a column of text may hold as a class of its own
RARE, FEW_ROWS, IMBALANCE = 5, 50, 10.0


@dataclass
class Target:
    """y (R, 1) with NaN where there is none; `classes` are empty for a quantity."""

    y: np.ndarray
    classes: tuple[str, ...] = ()
    notes: list[Note] = field(default_factory=list)
    why: str = ""


def judge_target(table: Table, name: str, task: str, choices: Choices) -> Target:
    """The target of a table, as `task` says, or "auto". Raises InputError where it cannot be one."""
    values = table.values(name)
    written: NumberFormat | None = None
    notes: list[Note] = []
    if values is None:
        known = known_cells(table, name)
        formats, _ = fitting(known[:20_000])
        if not known:
            raise InputError(f"{table.path}: column {name!r}: the target is missing in every row")
        if formats:
            written = chosen(formats, decimal_sign(table, table.names))
            codes, kinds = table.kinds(name)
            parsed = [np.nan if table.is_missing(cell) else written.parse(cell) for cell in kinds]
            wrong = next((i for i, value in enumerate(parsed) if value is None), None)
            if wrong is not None and task != "classification":
                raise InputError(
                    f"{table.path}: line {table.line(codes == wrong)}, column {name!r}: {kinds[wrong]!r} is not a "
                    "number, as was expected there"
                )
            if wrong is None:
                values = np.array(parsed, float)[codes]
    if values is None and task == "regression":
        cell = known_cells(table, name)[0][0]
        raise InputError(f"{table.path}: column {name!r} holds text ({cell!r}); a regression needs numbers")
    formatted = written is not None and not written.plain
    if values is not None and not is_classes(values, task, formatted):
        if formatted:
            assert written is not None
            cell = max((cell for cell, _ in known_cells(table, name)[:100]), key=len)
            notes.append(Note(name, f"is written as {cell!r}", f"read as {written.parse(cell):.15g}"))
        return quantity(table, name, values, task, notes)
    return of_classes(table, name, values, task, choices)


def is_classes(values: np.ndarray, task: str, formatted: bool = False) -> bool:
    """Whether a target is one of classes: as said, or because it is text, or holds few whole numbers."""
    if task != "auto":
        return task == "classification"
    if values.dtype.kind not in "fiu":
        return True
    if formatted:  # 1,234 and $5 are quantities
        return False
    kinds = np.unique(values[~np.isnan(values)] if values.dtype.kind == "f" else values)
    return len(kinds) <= min(MOST_CLASSES, max(2, len(values) // 3)) and bool(
        (kinds == np.round(kinds)).all()
    )


def quantity(table: Table, name: str, values: np.ndarray, task: str, notes: list[Note]) -> Target:
    """A target of numbers."""
    known = values[~np.isnan(values)]
    different = np.unique(known)
    if task == "auto" and (different == np.round(different)).all() and len(different) <= len(known) // 2:
        notes.append(
            Note(
                name, f"holds {len(different):,} different whole numbers", "taken for a quantity",
                'data.task = "classification" takes it for classes',
            )
        )  # fmt: skip
    if len(different) == 1:
        notes.append(
            Note(name, f"is {different[0]:g} in every row", "there is nothing to learn: R² has no value")
        )
    return Target(
        values[:, None], (), [*notes, *absent_note(table, name, np.isnan(values))], "a quantity: regression"
    )


def of_classes(table: Table, name: str, values: np.ndarray | None, task: str, choices: Choices) -> Target:
    """A target of classes: text, or few whole numbers."""
    codes, kinds = table.kinds(name)
    counts = np.bincount(codes, minlength=len(kinds)).tolist()
    occurring = [(cell, count) for cell, count in zip(kinds, counts, strict=True) if count]
    as_class = {
        c
        for c, n in occurring
        if values is None and choices.words and c in WORDS and table.is_missing(c) and n > 1
    }
    known = [(cell, n) for cell, n in occurring if not table.is_missing(cell) or cell in as_class]
    if values is None:
        spelled, notes = spellings(name, known, choices.merge)
    else:  # 1 and 1.0 are one class
        first: dict[float, str] = {}
        numbers = {cell: float(values[np.argmax(codes == kinds.index(cell))]) for cell, _ in known}
        spelled = {cell: first.setdefault(numbers[cell], cell) for cell, _ in known}
        notes = []
        if task == "auto":
            notes.append(
                Note(
                    name, f"holds {len(set(spelled.values()))} different whole numbers", "taken for classes",
                    'data.task = "regression" takes it for a quantity',
                )
            )  # fmt: skip
    for cell in sorted(as_class):
        notes.append(
            Note(
                name,
                f"holds {cell!r}",
                "taken for a class",
                f"data.missing that lists {cell!r} leaves those rows out",
            )
        )
    classes = sorted(set(spelled.values()), key=in_order)
    place = {label: float(i) for i, label in enumerate(classes)}
    y = np.array([place[spelled[cell]] if cell in spelled else np.nan for cell in kinds])[codes]
    notes += absent_note(table, name, np.isnan(y))
    check_classes(table, name, classes, sum(n for _, n in known))
    return Target(y[:, None], tuple(classes), notes, f"{len(classes)} classes: classification")


def check_classes(table: Table, name: str, classes: list[str], rows: int) -> None:
    """Raise InputError for a single class, and for so many that hardly two rows have the same."""
    if len(classes) < 2:
        raise InputError(
            f"{table.path}: the target {name!r} has the single class {classes[0]!r}; expected two or more"
        )
    if len(classes) > rows // 2:
        others = [other for other in table.names if other != name]
        instead = f"; data.target names another column: {', '.join(others[:6])}" if others else ""
        raise InputError(
            f"{table.path}: the target {name!r} has {len(classes)} classes in {rows} rows; expected two rows "
            f'a class at least, or for numbers task = "regression"{instead}'
        )


def absent_note(table: Table, name: str, absent: np.ndarray) -> list[Note]:
    """What is told of rows without a target. Raises InputError where most rows have none."""
    count = int(absent.sum())
    if not count:
        return []
    codes, kinds = table.kinds(name)
    cells = sorted({kinds[code] for code in np.unique(codes[absent]).tolist()})
    told = ", ".join(f"{cell!r} counts as missing" for cell in cells if cell)
    told = f"; {told}" if told else ""
    line = table.line(absent)
    if count > len(absent) / 2:
        raise InputError(
            f"{table.path}: line {line}, column {name!r}: the target is missing there and in {count - 1:,} more of "
            f"{len(absent):,} rows{told}; data.target names another column, data.missing says what counts as missing"
        )
    return [
        Note(
            name, f"the target is missing in {count:,} rows (first in line {line}){told}", "these rows are left out",
            "data.missing says what counts as missing",
        )
    ]  # fmt: skip


def notes_on_classes(name: str, y: np.ndarray, classes: tuple[str, ...]) -> list[Note]:
    """What is told of rare classes and of imbalance; y (R,) are the classes' numbers."""
    counts = np.bincount(y.astype(int), minlength=len(classes))
    notes = []
    rare = [(label, n) for label, n in zip(classes, counts.tolist(), strict=True) if n < RARE]
    if rare:
        shown = ", ".join(f"{label!r} ({n})" for label, n in rare[:4]) + (", …" if len(rare) > 4 else "")
        notes.append(
            Note(
                name, f"has classes with fewer than {RARE} rows: {shown}",
                "kept, but not every part of the split has them: what is measured of them says little",
            )
        )  # fmt: skip
    if counts.min() and counts.max() >= IMBALANCE * counts.min():
        most, least = classes[int(counts.argmax())], classes[int(counts.argmin())]
        notes.append(
            Note(
                name, f"is imbalanced: {counts.max():,} rows are {most!r}, {counts.min():,} are {least!r}",
                "every row counts alike; look at balanced_accuracy",
                'loss.class_weights = "balanced" lets rare classes count more',
            )
        )  # fmt: skip
    return notes
