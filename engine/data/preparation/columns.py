"""Columns of a table: what each is taken for and why, and the numbers that are made of it.

What a column was taken for in training is kept (`ColumnFit`), so that the cells of new rows are read the same way.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import msgspec
import numpy as np

from engine.data.preparation.notes import Note
from engine.data.readers import dates
from engine.data.readers.csv import Table
from engine.data.readers.numbers import MOSTLY, NumberFormat, chosen, fitting, number, taken_apart, units_of
from engine.errors import InputError

SAMPLE = 20_000  # different cells that a format is judged by
FEWEST = 10  # different texts that are never too many
NEAR_UNIQUE = 0.5  # of the rows: a text with more kinds cannot be learned from
TRUE, FALSE = ("true", "yes", "y", "t", "on"), ("false", "no", "n", "f", "off")
UNNAMED = re.compile(r"|unnamed: \d+|\.\.\.1|x\.?1?|index|row_?names|row\.names|rownum|row", re.IGNORECASE)
IDENTIFIER = re.compile(r"(?:.*[^a-z])?(?:id|idx|uuid|guid|key|index|nr|rownum|rownames)", re.IGNORECASE)
CAMEL = re.compile(r".*[a-z](?:Id|ID|Key|Idx|Nr)")
HOW_MISSING = "data.missing says which cells are missing"
ABSENT = "(missing)"  # the category of missing cells, where they are written in several ways or not at all

PARTS_OF_DATES = ("year", "month", "weekday", "hour", "elapsed")

Kind = Literal["number", "boolean", "date", "category"]


class ColumnFit(msgspec.Struct, frozen=True):
    """How the cells of a column become numbers; plain enough to be kept as JSON."""

    name: str
    kind: Kind
    format: NumberFormat | None = None  # of numbers that are not written plainly
    form: str = ""  # of dates
    parts: tuple[str, ...] = ()  # of dates: what is made of them
    kinds: tuple[str, ...] = ()  # of text: its categories; of truth values: the false one and the true one
    missing: str = ""  # the category that stands for missing cells; "": none does
    middles: tuple[
        float, ...
    ] = ()  # the medians of the training rows, for cells of new rows that are missing

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the inputs that the column gives."""
        return tuple(f"{self.name}.{part}" for part in self.parts) if self.kind == "date" else (self.name,)


class TableFit(msgspec.Struct, frozen=True):
    """What is kept of a table for reading new rows: its inputs in order, and all that they were told from."""

    columns: tuple[ColumnFit, ...]
    target: str
    names: tuple[str, ...]  # of all columns of the file
    headed: bool = True
    missing: tuple[str, ...] = ()  # cells that count as missing
    merge: bool = True


@dataclass
class Judged:
    """A column with its inputs x (R, K), why it is taken for what it is, and whether it is left out."""

    fit: ColumnFit
    x: np.ndarray
    why: str
    notes: list[Note] = field(default_factory=list)
    left_out: Note | None = None


class Choices(msgspec.Struct, frozen=True):
    """What the user decided about columns, instead of leaving it to be judged."""

    categories: tuple[str, ...] = ()  # columns of numbers that are kinds
    keep: tuple[str, ...] = ()  # columns that are inputs whatever they look like
    dates: tuple[str, ...] = PARTS_OF_DATES
    day_first: bool | None = None
    merge: bool = True  # labels that differ only in case or blanks are one
    absent: bool = True  # missing cells of text are a category
    words: bool = True  # "None" and "NA" may be classes: nobody said that they are missing


def decimal_sign(table: Table, names: Iterable[str]) -> str:
    """The decimal sign of a table: as the columns write it in which only one can be meant, else by its separator."""
    points = commas = 0
    for name in names:
        values = table.values(name)
        if values is not None:
            points += bool((values[:1000] % 1 != 0).any() and not all_thousands(table, name))
            continue
        formats, _ = fitting(known_cells(table, name)[:200])
        signs = {f.decimal for f in formats}
        points, commas = points + (signs == {"."}), commas + (signs == {","})
    return "," if commas > points or (table.separator == ";" and not points) else "."


def all_thousands(table: Table, name: str) -> bool:
    """Whether all numbers with a point could be thousands: 25.724."""
    cells = [row[table.index(name)] for row in table.first]
    pointed = [cell for cell in cells if "." in cell]
    return bool(pointed) and all(re.fullmatch(r"[+-]?[1-9]\d{0,2}\.\d{3}", cell) for cell in pointed)


def known_cells(table: Table, name: str) -> list[tuple[str, int]]:
    """The different cells that are not missing, each with how often it occurs."""
    codes, kinds = table.kinds(name)
    counts = np.bincount(codes, minlength=len(kinds)).tolist()
    return [
        (cell, count)
        for cell, count in zip(kinds, counts, strict=True)
        if count and not table.is_missing(cell)
    ]


def judge(table: Table, name: str, choices: Choices, sign: str) -> Judged:
    """What a column is taken for. Raises InputError with line and column for a cell that does not suit the others."""
    values = table.values(name)
    if values is not None and name not in choices.categories:
        if sign == "," and (values % 1 != 0).any() and all_thousands(table, name):
            return of_numbers(table, name, NumberFormat(",", "."), choices)
        if is_digits(values):
            return of_dates(table, name, "digits", False, choices)
        return judged_numbers(table, name, ColumnFit(name, "number"), values, "numbers", choices)
    known = known_cells(table, name)
    if not known:
        fit = ColumnFit(name, "number")
        why = Note(name, "has no value in any row", "left out")
        return Judged(fit, np.full((len(table), 1), np.nan), "empty", left_out=why)
    if name not in choices.categories:
        words = truth_of(known)
        if words and sum(count for _, count in known) == len(table):
            return of_truth(table, name, words)
        formats, mixed = fitting(known[:SAMPLE])
        if formats:
            return of_numbers(table, name, chosen(formats, sign), choices)
        if mixed:
            raise_mixed(table, name)
        form, ambiguous = dates.form_of(known[:SAMPLE], choices.day_first)
        if form:
            return of_dates(table, name, form, ambiguous, choices)
    return of_text(table, name, choices)


def judged_numbers(
    table: Table, name: str, fit: ColumnFit, values: np.ndarray, why: str, choices: Choices
) -> Judged:
    """A column of numbers; left out where it only counts or names its rows, or is constant."""
    known = values[~np.isnan(values)]
    whole = bool((known == np.round(known)).all()) and len(known) > 0
    judged = Judged(fit, values[:, None], f"whole {why}" if whole else why)
    if name in choices.keep:
        return judged
    keep = how_to_keep(name)
    if len(known) == len(values) and len(known) > 1 and known.min() == known.max():
        judged.left_out = Note(name, f"has the same value in every row ({known[0]:g})", "left out", keep)
    elif whole and len(known) == len(values) and len(values) > 2:
        counts = bool((np.diff(values) == 1).all())
        unnamed = name in table.unnamed or UNNAMED.fullmatch(name) is not None
        listed = table.headed and name in table.unnamed and len(np.unique(values)) == len(values)
        if listed and not counts:
            judged.left_out = Note(name, "has no name and another number in every row", "left out", keep)
        elif counts and unnamed:
            judged.left_out = Note(name, "has no name and counts the rows", "left out", keep)
            if table.headed and name not in table.unnamed:
                judged.left_out = Note(name, "counts the rows", "left out", keep)
        elif is_identifier(name) and len(np.unique(values)) == len(values):
            judged.left_out = Note(
                name, "is a number of its own for every row, as its name says", "left out", keep
            )
        elif counts:
            judged.notes.append(
                Note(name, "counts the rows", "kept as an input", f'data.ignore = ["{name}"] leaves it out')
            )
    return judged


def of_numbers(table: Table, name: str, written: NumberFormat, choices: Choices) -> Judged:
    """A column of numbers that are not written plainly: 1,234 or 3,5 or $12."""
    fit = ColumnFit(name, "number", format=None if written.plain else written)
    values = numbers_of(table, name, fit)
    judged = judged_numbers(table, name, fit, values, "numbers", choices)
    if not written.plain:
        cells = [cell for cell, _ in known_cells(table, name)[:100]]
        cell = max(cells, key=lambda c: (sum(not (s.isdigit() or s in "+-") for s in c), len(c)))
        judged.why += f" ({written.example(cell)})"
        judged.notes.append(
            Note(name, f"is written as {cell!r}", f"read as {written.parse(cell):.15g}", as_categories(name))
        )
    return judged


def numbers_of(table: Table, name: str, fit: ColumnFit, strict: bool = True) -> np.ndarray:
    """The numbers (R,) of a column, NaN for missing cells. `strict`: raise InputError for text, else NaN for it."""
    if fit.format is None:
        values = table.values(name)
        if values is not None:
            return values
    parse = (fit.format or NumberFormat()).parse
    codes, kinds = table.kinds(name)
    found = np.full(max(1, len(kinds)), np.nan)
    for code, cell in enumerate(kinds):
        if table.is_missing(cell):
            continue
        value = parse(cell)
        if value is not None and np.isfinite(value):
            found[code] = value
        elif strict:
            where = f"{table.path}: line {table.line(codes == code)}, column {name!r}"
            if value is not None:
                raise InputError(f"{where}: {cell!r} is not finite")
            raise InputError(
                f"{where}: {cell!r} is not a number, as was expected there; data.missing counts such cells as missing"
            )
    result: np.ndarray = found[codes]
    return result


def numbers(table: Table, name: str, least: float = MOSTLY) -> np.ndarray | None:
    """A column as float64 (R,) with NaN for missing cells; None where fewer than a share `least` are numbers.

    Raises InputError with line and column where text stands among numbers, and for infinite values.
    """
    values = table.values(name)
    if values is not None:
        return values
    known = known_cells(table, name)
    if not known:
        return np.full(len(table), np.nan)
    formats, mixed = fitting(known)
    if mixed:
        raise_mixed(table, name)
    if not formats and least:
        return None
    written = chosen(formats, decimal_sign(table, table.names)) if formats else None
    return numbers_of(table, name, ColumnFit(name, "number", written))


def raise_mixed(table: Table, name: str) -> None:
    """Raise InputError for a column with decimal commas and points."""
    codes, kinds = table.kinds(name)
    comma = next(
        (i for i, c in enumerate(kinds) if NumberFormat(",").parse(c) is not None and "," in c), None
    )
    point = next(
        (i for i, c in enumerate(kinds) if NumberFormat(".").parse(c) is not None and "." in c), None
    )
    if comma is None or point is None:
        return
    raise InputError(
        f"{table.path}: column {name!r}: line {table.line(codes == comma)} has a number with a comma, "
        f"{kinds[comma]!r}, line {table.line(codes == point)} one with a point, {kinds[point]!r}; "
        "write all of them with a point"
    )


def is_digits(values: np.ndarray) -> bool:
    """Whether numbers are days written as 20210103."""
    known = values[~np.isnan(values)]
    if not len(known) or known.min() < 19_000_101 or known.max() > 21_001_231 or (known % 1 != 0).any():
        return False
    different = np.unique(known)[:SAMPLE]
    return len(different) > 1 and all(dates.parse(f"{value:.0f}", "digits") for value in different)


def of_dates(table: Table, name: str, form: str, ambiguous: bool, choices: Choices) -> Judged:
    """A column of dates as year, month, weekday, hour and days elapsed, those of them that vary."""
    moments, example = moments_of(table, name, form, strict=True)
    if form == "time":
        fit = ColumnFit(name, "date", form=form, parts=("hour",))
        parts = {"hour": dates.part_of(moments, "hour")}
    else:
        parts = {part: dates.part_of(moments, part) for part in choices.dates}
        varying = tuple(part for part, x in parts.items() if len(np.unique(x[~np.isnan(x)])) > 1)
        fit = ColumnFit(name, "date", form=form, parts=varying)
    judged = Judged(
        fit, np.column_stack([np.empty((len(table), 0)), *(parts[part] for part in fit.parts)]), "dates"
    )
    if not fit.parts:
        judged.left_out = Note(name, f"has the same date in every row ({example})", "left out")
        return judged
    order = {"day first": ", the day first", "month first": ", the month first"}.get(form, "")
    how = f"data.day_first = {'false' if form == 'day first' else 'true'} reads them the other way round"
    judged.why = f"dates{order}" if form != "time" else "times of day"
    judged.notes.append(
        Note(
            name, f"holds {judged.why}" + (", as far as can be told" if ambiguous else "") + f" ({example})",
            f"read as {', '.join(fit.parts)}", how if ambiguous else as_categories(name),
        )
    )  # fmt: skip
    return judged


def moments_of(table: Table, name: str, form: str, strict: bool) -> tuple[np.ndarray, str]:
    """The moments (R,) of a column, NaT for missing cells, and one cell. `strict`: InputError for other cells."""
    values = table.values(name)
    if values is not None and form == "digits":
        different, codes = np.unique(values, return_inverse=True)
        cells = ["" if np.isnan(value) else f"{value:.0f}" for value in different]
    else:
        codes, cells = table.kinds(name)
    known = [i for i, cell in enumerate(cells) if not table.is_missing(cell)]
    found = np.full(max(1, len(cells)), np.datetime64("NaT", "s"), "datetime64[s]")
    found[known] = dates.moments([cells[i] for i in known], form)
    wrong = next((i for i in known if np.isnat(found[i])), None)
    if strict and wrong is not None:
        raise InputError(
            f"{table.path}: line {table.line(codes == wrong)}, column {name!r}: {cells[wrong]!r} is not a date as "
            "the others are; data.missing counts such cells as missing"
        )
    return found[codes], cells[known[0]] if known else ""


def truth_of(known: list[tuple[str, int]]) -> tuple[str, str] | None:
    """The false and the true word of a column of truth values; None for other columns."""
    words = {cell.lower() for cell, _ in known}
    if len(words) != 2:
        return None
    for false, true in zip(FALSE, TRUE, strict=True):
        if words == {false, true}:
            return false, true
    return None


def of_truth(table: Table, name: str, words: tuple[str, str]) -> Judged:
    fit = ColumnFit(name, "boolean", kinds=words)
    return Judged(fit, truths(table, name, fit)[:, None], f"truth values: {words[0]} is 0, {words[1]} is 1")


def truths(table: Table, name: str, fit: ColumnFit) -> np.ndarray:
    """0 and 1 (R,) for the two words of a column, NaN for others."""
    codes, kinds = table.kinds(name)
    values = {fit.kinds[0]: 0.0, fit.kinds[1]: 1.0}
    result: np.ndarray = np.array([values.get(cell.lower(), np.nan) for cell in kinds])[codes]
    return result


def of_text(table: Table, name: str, choices: Choices) -> Judged:
    """A column of text: categories; left out where nearly every row has another one."""
    known = known_cells(table, name)
    rows = sum(count for _, count in known)
    spelled, notes = spellings(name, known, choices.merge)
    absent = len(table) - rows
    kinds = sorted(set(spelled.values()), key=in_order)
    fit = ColumnFit(name, "category", kinds=tuple(kinds))
    if absent and choices.absent:
        written = sorted({c for c in table.kinds(name)[1] if table.is_missing(c)})
        word = written[0] if len(written) == 1 and written[0] and written[0] not in kinds else ABSENT
        fit = msgspec.structs.replace(fit, kinds=(*kinds, word), missing=word)
        told = f"{absent:,} cells hold {word!r}" if word != ABSENT else f"{absent:,} cells are missing"
        notes.append(
            Note(name, told, "taken for a category of its own", "data.missing says which cells are missing")
        )
    judged = Judged(
        fit, codes_of(table, name, fit, choices.merge)[0][:, None], f"text of {len(fit.kinds):,} kinds", notes
    )
    if name in choices.keep:
        return judged
    if len(kinds) == 1 and not absent:
        judged.left_out = Note(
            name, f"has the same value in every row ({kinds[0]!r})", "left out", how_to_keep(name)
        )
    elif len(kinds) > FEWEST and len(kinds) > NEAR_UNIQUE * rows:
        what = f"text with {len(kinds):,} different values in {rows:,} rows"
        what += number_hint(known)
        judged.left_out = Note(name, what, "left out: it names rows rather than kinds", how_to_keep(name))
    return judged


def number_hint(known: list[tuple[str, int]]) -> str:
    """What an almost numeric text is told to be: why it is no number."""
    cells = [cell for cell, _ in known[:1000]]
    units = units_of(cells)
    if (
        len(units) > 1
        and len(units) < 10
        and sum(taken_apart(cell) is not None for cell in cells) > 0.9 * len(cells)
    ):
        shown = ", ".join(repr(unit) if unit else "none" for unit in units[:4])
        return f" (numbers of several units: {shown})"
    with_digits = [cell for cell in cells if any(c.isdigit() for c in cell)]
    cell = next((c for c in with_digits if re.fullmatch(r"[\d.,' ]+\D{0,4}", c)), None)
    return (
        f" ({cell!r} is not read as a number)"
        if cell and len(with_digits) > 0.9 * min(1000, len(known))
        else ""
    )


def codes_of(table: Table, name: str, fit: ColumnFit, merge: bool) -> tuple[np.ndarray, dict[str, int]]:
    """The numbers of categories (R,), −1 for those that are not known, NaN for missing cells without a category; and
    how many rows hold each unknown one."""
    codes, cells = table.kinds(name)
    places = {kind: float(i) for i, kind in enumerate(fit.kinds)}
    folded = {fold(kind): place for kind, place in reversed(places.items())} if merge else {}
    found = np.full(max(1, len(cells)), np.nan)
    unknown = {}
    for code, cell in enumerate(cells):
        if table.is_missing(cell):
            found[code] = places[fit.missing] if fit.missing else np.nan
            continue
        place = places.get(cell)
        if place is None and merge:
            place = folded.get(fold(cell))
        if place is None:
            unknown[code] = cell
            place = -1.0
        found[code] = place
    counts = np.bincount(codes, minlength=len(cells))
    return found[codes], {cell: int(counts[code]) for code, cell in unknown.items() if counts[code]}


def spellings(name: str, known: list[tuple[str, int]], merge: bool) -> tuple[dict[str, str], list[Note]]:
    """Each cell → the label that it is taken for: of those that differ only in case, blanks or signs that nobody sees
    the most frequent one. Letters on their own differ by their case."""
    groups: dict[str, list[tuple[str, int]]] = {}
    for cell, count in known:
        groups.setdefault(fold(cell), []).append((cell, count))
    several = [
        sorted(group, key=lambda pair: (-pair[1], pair[0])) for group in groups.values() if len(group) > 1
    ]
    if not several:
        return {cell: cell for cell, _ in known}, []
    shown = "; ".join(" = ".join(repr(cell) for cell, _ in group) for group in several[:3])
    more = f" and {len(several) - 3:,} more" if len(several) > 3 else ""
    what = f"has labels that differ only in case, blanks or signs that nobody sees: {shown}{more}"
    if not merge:
        return {cell: cell for cell, _ in known}, [
            Note(name, what, "kept apart", 'data.spelling = "merge" makes them one')
        ]
    spelled = {cell: cell for cell, _ in known}
    for group in several:
        spelled |= {cell: group[0][0] for cell, _ in group}
    return spelled, [Note(name, what, "taken for one", 'data.spelling = "exact" tells them apart')]


def fold(cell: str) -> str:
    """What is alike in labels that a person would take for one."""
    if len(cell) == 1:
        return cell
    if cell.isascii() and cell.isprintable():
        return " ".join(cell.split()).casefold() if " " in cell else cell.casefold()
    text = unicodedata.normalize("NFKC", cell)
    seen = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf"))
    return " ".join(seen.split()).casefold() if len(seen.strip()) > 1 else seen.strip()


def in_order(label: str) -> tuple[bool, float, str]:
    """Numbers in their order before text."""
    value = number(label)
    return value is None, value or 0.0, label


def is_identifier(name: str) -> bool:
    return bool(IDENTIFIER.fullmatch(name) or CAMEL.fullmatch(name))


def how_to_keep(name: str) -> str:
    return f'data.keep = ["{name}"] keeps it'


def as_categories(name: str) -> str:
    return f'data.categories = ["{name}"] takes it for kinds'


def read_column(table: Table, name: str, fit: ColumnFit, merge: bool) -> tuple[np.ndarray, list[Note]]:
    """The inputs (R, K) of a column of new rows, as it was read in training, and notes on cells that do not suit:
    they become NaN, unknown categories −1."""
    notes = []
    if fit.kind == "category":
        x, unknown = codes_of(table, name, fit, merge)
        if unknown:
            cells = ", ".join(map(repr, list(unknown)[:3])) + (", …" if len(unknown) > 3 else "")
            notes.append(
                Note(
                    name,
                    f"{cells} was not there in training ({sum(unknown.values()):,} rows)",
                    "predicted without it",
                )
            )
        absent = int(np.isnan(x).sum())
        if absent:
            notes.append(
                Note(
                    name, f"has no value in {absent:,} rows, which training never saw", "predicted without it"
                )
            )
        return np.where(np.isnan(x), -1.0, x)[:, None], notes
    if fit.kind == "boolean":
        return truths(table, name, fit)[:, None], notes
    if fit.kind == "date":
        moments, _ = moments_of(table, name, fit.form, strict=False)
        return np.column_stack([dates.part_of(moments, part) for part in fit.parts]), notes
    return numbers_of(table, name, fit)[:, None], notes


def fitted_to_training(
    fit: TableFit, x: np.ndarray, train: np.ndarray, most: int, embedded: tuple[str, ...] = ()
) -> tuple[TableFit, np.ndarray, dict[int, tuple[str, ...]], list[Note]]:
    """The columns as the training rows know them: categories that only other rows have, or that are beyond the `most`
    frequent ones, become unknown (−1) in x (R, F), and medians are measured. Also the categories by their place."""
    columns, notes, categories = [], [], {}
    place = 0
    for column in fit.columns:
        width = len(column.features)
        if column.kind == "category":
            codes = x[:, place]
            known = codes[train]
            counts = np.bincount(known[known >= 0].astype(int), minlength=len(column.kinds))
            seen = np.flatnonzero(counts)
            rare = 0 if column.name in embedded else len(seen) - most
            if rare > 0:
                seen = np.sort(np.argsort(-counts, kind="stable")[:most])
                notes.append(
                    Note(
                        column.name, f"has {len(column.kinds):,} kinds",
                        f"the {most} most frequent are told apart, the others are taken for unknown",
                        f'data.embed = ["{column.name}"] keeps all, as numbers for an embedding',
                    )
                )  # fmt: skip
            if len(seen) < len(column.kinds):
                if rare <= 0:
                    unseen = np.flatnonzero(counts == 0)
                    names = ", ".join(repr(column.kinds[i]) for i in unseen[:3]) + (
                        ", …" if len(unseen) > 3 else ""
                    )
                    rows = int(np.isin(codes, unseen).sum())
                    notes.append(
                        Note(
                            column.name, f"has categories that no training row has: {names} ({rows:,} rows)",
                            "taken for unknown in validation and test",
                        )
                    )  # fmt: skip
                places = np.full(len(column.kinds) + 1, -1.0)
                places[seen] = np.arange(len(seen))
                x[:, place] = np.where(
                    np.isnan(codes), np.nan, places[np.nan_to_num(codes, nan=-1).astype(int)]
                )
                kinds = tuple(column.kinds[i] for i in seen)
                missing = column.missing if column.missing in kinds else ""
                column = msgspec.structs.replace(column, kinds=kinds, missing=missing)
            categories[place] = column.kinds
        else:
            values = x[train, place : place + width]
            empty = np.isnan(values).all(axis=0)
            middles = np.nanmedian(np.where(empty, 0.0, values), axis=0)
            column = msgspec.structs.replace(column, middles=tuple(middles.tolist()))
        columns.append(column)
        place += width
    return msgspec.structs.replace(fit, columns=tuple(columns)), x, categories, notes
