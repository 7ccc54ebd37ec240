"""Tables of text: CSV, TSV and their relatives, read column by column.

Python's `csv` parts the cells; what a header is, and what a line too many, is judged here. A column is kept as the
numbers in it, or as its different cells and a code for each row: a million rows of numbers hold no text.
"""

import csv
import gc
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from engine.data.readers import dates
from engine.data.readers.dialect import SAMPLE, Dialect, parted, seen_from
from engine.data.readers.files import check_encoding, encoding_of, read_bytes
from engine.data.readers.numbers import FORMATS, MOSTLY, money_or_percent, number
from engine.errors import InputError, did_you_mean

UNKNOWN = ""  # the first of the categories where others than those of training may come
MISSING = frozenset({"", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none", "?", "-"})
YEAR = re.compile(r"(19|20)\d\d")
CELLS = 500_000  # that are held as text at a time
FEW = 4  # a column whose cells repeat so often on average is kept as codes
FIRST = 40  # rows that are kept as they are, to be shown


@dataclass
class Column:
    """A column's cells: `values` (R,) where all are plain numbers or missing, else `codes` (R,) into `kinds`."""

    values: np.ndarray | None = None
    codes: np.ndarray | None = None
    kinds: list[str] = field(default_factory=list)


@dataclass
class Table:
    """Columns by name; `lines` (R,) are the lines of the file on which the rows begin."""

    path: str
    names: tuple[str, ...]
    columns: list[Column]
    lines: np.ndarray
    headed: bool = True  # the names stand in the file
    missing: frozenset[str] = MISSING
    first: list[list[str]] = field(default_factory=list)  # rows as they are
    notes: list[str] = field(default_factory=list)
    separator: str = ","
    unnamed: frozenset[str] = frozenset()  # columns whose name is their place
    again: Callable[[int], list[str]] | None = None  # reads the text of a column once more
    _places: tuple[tuple[str, ...], dict[str, int]] = ((), {})

    def __len__(self) -> int:
        return len(self.lines)

    def index(self, name: str) -> int:
        """A column's place. Raises InputError with the nearest name where there is none."""
        if self._places[0] is not self.names:
            self._places = (self.names, {name: i for i, name in enumerate(self.names)})
        place = self._places[1].get(name)
        if place is None:
            raise InputError(f"{self.path}: has no column {name!r}; {did_you_mean(name, self.names)}")
        return place

    def values(self, name: str) -> np.ndarray | None:
        """Numbers (R,) with NaN for missing cells, where all others are plain numbers, and there are any."""
        return self.columns[self.index(name)].values

    def kinds(self, name: str) -> tuple[np.ndarray, list[str]]:
        """A code for each row (R,) and the different cells that the codes count through."""
        column = self.columns[self.index(name)]
        if column.codes is None:
            cells = self._read_again(name)
            known = {cell: i for i, cell in enumerate(dict.fromkeys(cells))}
            column.codes = np.fromiter(map(known.__getitem__, cells), np.int32, len(cells))
            column.kinds = list(known)
        return column.codes, column.kinds

    def column(self, name: str) -> list[str]:
        """The cells of a column (R,) as text."""
        codes, kinds = self.kinds(name)
        return [kinds[code] for code in codes.tolist()]

    def _read_again(self, name: str) -> list[str]:
        assert self.again is not None
        return self.again(self.index(name))

    def is_missing(self, cell: str) -> bool:
        return cell.lower() in self.missing

    def line(self, rows: np.ndarray) -> int:
        """The line of the first of these rows (R,) that is true, or of these row numbers."""
        first = int(np.flatnonzero(rows)[0]) if rows.dtype == bool else int(rows[0])
        return int(self.lines[first])


def read_table(
    path: str,
    encoding: str = "",
    separator: str = "",
    headed: bool | None = None,
    missing: Sequence[str] | None = None,
) -> Table:
    """Read a table with a header, or without: columns are then named c1, c2, …; `headed` says which, None: judged.

    Raises InputError that names file and line where it is absent, empty, ragged, or not of its encoding.
    """
    key = (mark_of(path), encoding, separator, headed, None if missing is None else tuple(missing))
    if key[0] is not None and key in _recent:
        return _recent[key]
    content = read_bytes(Path(path))
    chosen = encoding or encoding_of(content)
    check_encoding(content, path, chosen)
    if separator and len(separator) != 1:
        raise InputError(f"data.separator = {separator!r}: expected one character")
    text = io.TextIOWrapper(io.BytesIO(content), chosen, newline="")
    sample = list(islice(text, SAMPLE))
    dialect = seen_from(sample, separator, ".tsv" in Path(path).name.lower())
    underscored = content.find(b"_", content.find(b"\n") + 1) >= 0
    marks = MISSING if missing is None else frozenset(mark.strip().lower() for mark in missing)
    with uncollected():
        table = Reading(path, content, chosen, dialect, headed, marks, underscored).table()
    _recent.clear()
    _recent[key] = table
    return table


@contextmanager
def uncollected() -> Iterator[None]:
    """Without garbage collection: it would look through millions of new cells again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


_recent: dict[tuple[object, ...], Table] = {}  # the table read last: it is judged first and prepared then


def forget() -> None:
    """Let go of the table that was read last: its rows are prepared."""
    _recent.clear()


def mark_of(path: str) -> tuple[object, ...] | None:
    """What tells a file from an earlier one of its name; None where there is none."""
    try:
        state = os.stat(path)
    except (OSError, ValueError):
        return None
    return os.path.abspath(path), state.st_mtime_ns, state.st_size, state.st_ino


class Lines:
    """The lines of a file from a place on, without comments; `number` is that of the line given last."""

    def __init__(self, content: bytes, encoding: str, dialect: Dialect) -> None:
        self.text = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
        self.comments = dialect.comments
        self.number = 0
        for _ in range(dialect.skip):
            next(self.text, None)
            self.number += 1

    def __iter__(self) -> Iterator[str]:
        comments = self.comments
        for line in self.text:
            self.number += 1
            if not (comments and line.startswith("#")):
                yield line


@dataclass
class Reading:
    """One reading of a file: from its rows to columns."""

    path: str
    content: bytes
    encoding: str
    dialect: Dialect
    headed: bool | None
    missing: frozenset[str]
    underscored: bool

    def rows(self) -> Iterator[tuple[list[str], int]]:
        """The rows that are not blank, each with the line it begins on."""
        lines = Lines(self.content, self.encoding, self.dialect)
        separator = self.dialect.separator
        reader = csv.reader(parted(lines, separator), delimiter=separator, skipinitialspace=True)
        begin = lines.number + 1
        try:
            for row in reader:
                if row and (row[0] or any(cell.strip() for cell in row)):
                    yield row, begin
                begin = lines.number + 1
        except csv.Error as error:
            hint = "; is a quote opened there that is never closed?" if "limit" in str(error) else ""
            raise InputError(f"{self.path}: line {begin}: {error}{hint}") from None

    def table(self) -> Table:
        rows = self.rows()
        first = list(islice(rows, SAMPLE))
        if not first:
            raise InputError(f"{self.path}: is empty; expected a header and rows of values")
        frame = Frame.of(first, self)
        chunks: list[list[Chunk]] = [[] for _ in range(frame.width)]
        lines: list[int] = []
        kept: list[list[str]] = []
        for block, starts in self.blocks(first[frame.begin :], rows, frame):
            kept = kept or [[clean(cell) for cell in row] for row in block[:FIRST]]
            lines += starts
            for i, cells in enumerate(zip(*block, strict=True)):
                chunks[i].append(chunk_of(cells, self.underscored))
        if not lines:
            raise InputError(f"{self.path}: has a header but no rows")
        columns = [merged(parts, self.missing) for parts in chunks]
        table = Table(
            self.path, frame.names, columns, np.array(lines), frame.headed, self.missing, kept,
            [*self.dialect.notes, *frame.notes], self.dialect.separator, frozenset(frame.unnamed),
            lambda i: self.texts(frame, i),
        )  # fmt: skip
        for i, column in enumerate(columns):  # numbers here, text there: all of it as text
            if column.values is None and column.codes is None:
                table.kinds(frame.names[i])
        return table if not frame.trailing else without_trailing(table)

    def blocks(
        self, first: list[tuple[list[str], int]], rows: Iterator[tuple[list[str], int]], frame: "Frame"
    ) -> Iterator[tuple[list[list[str]], list[int]]]:
        """Rows of the table's width, as many at a time as may be held as text, and their lines."""
        size = max(SAMPLE, CELLS // frame.width)
        block, lines = [], []
        for source in (first, rows):
            for row, line in source:
                block.append(row if len(row) == frame.width else frame.fitted(row, line, self.path))
                lines.append(line)
                if len(block) == size:
                    yield block, lines
                    block, lines = [], []
        if block:
            yield block, lines

    def texts(self, frame: "Frame", column: int) -> list[str]:
        """The cells of one column, read once more."""
        found = []
        for i, (row, line) in enumerate(self.rows()):
            if i >= frame.begin:
                row = row if len(row) == frame.width else frame.fitted(row, line, self.path)
                found.append(clean(row[column]))
        return found


@dataclass
class Frame:
    """The frame of a table: its names, its width, and with which row it begins."""

    names: tuple[str, ...]
    width: int
    begin: int
    headed: bool
    trailing: bool = False  # lines end with a separator: the last column may hold nothing
    unnamed: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, first: list[tuple[list[str], int]], reading: Reading) -> "Frame":
        rows = [row for row, _ in first]
        counted = [len(row) for row in rows[1:]] or [len(rows[0])]
        width = max(set(counted), key=lambda n: (counted.count(n), n == len(rows[0])))
        skip, notes = 0, []
        while skip < len(rows) - 2 and len(rows[skip]) < min(width, max(2, width - 1)):
            skip += 1
        if 0 < skip <= 20 and all(len(row) == width for row in rows[skip:]):
            notes.append(f"the first {skip:,} lines are no part of the table (they have fewer cells)")
        else:
            skip = 0
        head, below = rows[skip], rows[skip + 1 :]
        fits = [row for row in below if len(row) == width]
        if len(head) == width - 1 and fits and len(fits) == len(below) and reading.headed is not False:
            named = len({row[0] for row in fits}) == len(fits) > 1
            if named and any(
                row[-1].strip() for row in fits
            ):  # R's write.table: the rows' names have no name
                head = ["", *head]
                notes.append(
                    "the header has one name less than the rows have cells: the first column holds row names"
                )
            elif not any(row[-1].strip() for row in fits):
                head = [*head, ""]
        elif len(head) == width + 1 and not head[-1].strip():
            head = head[:-1]
        if len(head) != width:
            line = first[skip + 1][1] if len(first) > skip + 1 else first[skip][1]
            raise InputError(
                f"{reading.path}: line {line} has {len(rows[skip + 1])} values, the lines before have {len(head)}"
            )
        head = [clean(cell) for cell in head]
        if reading.dialect.notes and head[0].startswith("#"):
            head[0] = head[0].lstrip("# ")
        trailing = width > 1 and not any(row[-1].strip() for row in fits) and not head[-1]
        cells = [[clean(cell) for cell in row] for row in fits]
        headed = has_header([head, *cells], reading.missing) if reading.headed is None else reading.headed
        if not headed:
            names = tuple(f"c{i + 1}" for i in range(width))
            notes.append(
                'there is no header: columns are named c1, c2, … (data.header = "yes" reads the first row as one)'
            )
            return cls(names, width, skip, False, trailing, names, notes)
        names, renamed = unique(head)
        if renamed:
            notes.append(f"two columns are named {renamed[0]!r}: the later one is called {renamed[1]!r}")
        if below or reading.headed is not True:
            counting = [name for name in head if name.isdigit()]
            if len(counting) == width:
                notes.append(
                    f"the first row, {', '.join(head[:4])}{', …' if width > 4 else ''}, is a header of numbers "
                    '(data.header = "no" reads it as data)'
                )
        unnamed = tuple(name for name, cell in zip(names, head, strict=True) if not cell)
        return cls(names, width, skip + 1, True, trailing, unnamed, notes)

    def fitted(self, row: list[str], line: int, path: str) -> list[str]:
        """A row of another width. Raises InputError unless it only ends with a separator more or less."""
        extra = row[self.width :]
        if len(row) > self.width and not any(cell.strip() for cell in extra):
            return row[: self.width]
        if self.trailing and len(row) == self.width - 1:
            return [*row, ""]
        raise InputError(f"{path}: line {line} has {len(row)} values, the lines before have {self.width}")


Chunk = tuple[np.ndarray, list[str] | None]  # numbers, or codes and kinds


def chunk_of(cells: Sequence[str], underscored: bool) -> Chunk:
    """Cells as numbers where they are, and few repeat; else as codes into the different ones."""
    start = cells[:1000]
    if FEW * len(set(start)) > len(start):
        try:
            values = np.array(list(map(float, cells)))
            if np.isfinite(values).all() and not (underscored and any("_" in cell for cell in cells)):
                return values, None
        except ValueError:
            pass
    kinds = {cell: i for i, cell in enumerate(dict.fromkeys(cells))}
    return np.fromiter(map(kinds.__getitem__, cells), np.int32, len(cells)), list(kinds)


def merged(chunks: list[Chunk], missing: frozenset[str]) -> Column:
    """One column of its chunks. Without values and codes where some are numbers and some text."""
    parts = []
    for numbered, kinds in chunks:
        if kinds is None:
            parts.append(numbered)
            continue
        numbers = [float("nan") if clean(c).lower() in missing else number(c) for c in kinds]
        if any(n is None or n in (np.inf, -np.inf) for n in numbers):
            break
        parts.append(np.array(numbers, float)[numbered])
    values: np.ndarray | None = np.concatenate(parts) if len(parts) == len(chunks) else None
    if values is not None and np.isnan(values).all():
        values = None
    if any(kinds is None for _, kinds in chunks):
        return Column(values)
    known: dict[str, int] = {}
    codes = []
    for part, kinds in chunks:
        assert kinds is not None
        places = np.array([known.setdefault(clean(cell), len(known)) for cell in kinds], np.int32)
        codes.append(places[part])
    return Column(values, np.concatenate(codes), list(known))


def clean(cell: str) -> str:
    """A cell without blanks around it, on one line: a name or a class is one line, as its errors are."""
    return " ".join(cell.split())


def without_trailing(table: Table) -> Table:
    """The table without a last column that holds nothing: its lines end with a separator."""
    last = table.columns[-1]
    if last.codes is None or any(last.kinds):
        return table
    table.notes.append("every line ends with a separator: the empty last column is left out")
    table.names, table.columns = table.names[:-1], table.columns[:-1]
    table.first = [row[:-1] for row in table.first]
    return table


def has_header(rows: list[list[str]], missing: frozenset[str] = MISSING) -> bool:
    """Whether the first row holds names.

    It does where one is text above numbers, where it counts through the columns, or where none could be a value of
    its column. It does not where its cells occur again in their own columns.
    """
    first, below = rows[0], rows[1:]
    columns = [[row[i] for row in below] for i in range(len(first))]
    pairs = list(zip(first, columns, strict=True))
    if any(is_text(cell, missing) and mostly_values(cells, missing) for cell, cells in pairs):
        return True
    if counts_through(first) and below:
        return counted_header(first, columns)
    if not all(could_be_name(cell, cells, missing) for cell, cells in pairs):
        return False
    repeated = [cell in cells for cell, cells in pairs if len(set(cells)) <= max(1, len(cells) / 2)]
    return not (repeated and all(repeated) and len(below) > 3)


def counts_through(first: list[str]) -> bool:
    """Whether a row is 0, 1, 2, … or 1, 2, 3, …"""
    begin = first[0] if first[0] in ("0", "1") else None
    return len(first) > 1 and begin is not None and first == [str(int(begin) + i) for i in range(len(first))]


def counted_header(first: list[str], columns: list[list[str]]) -> bool:
    """Whether a row that counts through the columns is their header: no such row could stand among those below."""
    if any(number(cell) is None or "." in cell for cells in columns for cell in cells if cell):
        return True
    again = [cell in cells for cell, cells in zip(first, columns, strict=True)]
    return len(first) > 4 or (len(first) > 2 and not any(again))


def is_text(cell: str, missing: frozenset[str]) -> bool:
    return cell.lower() not in missing and not is_value(cell)


def is_value(cell: str) -> bool:
    """Whether a cell is a number or a date, however it is written: a name seldom is."""
    if number(cell) is not None:
        return True
    if not any(c.isdigit() for c in cell):
        return False
    return (
        any(f.parse(cell) is not None for f in FORMATS)
        or money_or_percent(cell)
        or bool(dates.form_of([(cell, 1)])[0])
    )


def mostly_values(cells: list[str], missing: frozenset[str]) -> bool:
    known = [cell for cell in cells if cell.lower() not in missing]
    return bool(known) and sum(map(is_value, known)) >= MOSTLY * len(known)


def could_be_name(cell: str, below: list[str], missing: frozenset[str]) -> bool:
    """Whether a cell is text, or a number above text, or a year above numbers that are none."""
    if not is_value(cell):
        return True
    known = [other for other in below if other.lower() not in missing]
    if not any(is_value(other) for other in known):
        return bool(known)
    return bool(YEAR.fullmatch(cell)) and not any(YEAR.fullmatch(other) for other in known)


def unique(names: list[str]) -> tuple[tuple[str, ...], tuple[str, str] | None]:
    """Names that differ: what has none is called by its place, what is there already gets a number, as pandas does.

    The second is one name that was there twice, and what the later column is called.
    """
    found: dict[str, None] = {}
    taken, renamed = set(names), None
    for i, name in enumerate(names):
        base = candidate = name or f"c{i + 1}"
        count = 0
        while candidate in found or (candidate in taken and candidate != name):
            count += 1
            candidate = f"{base}.{count}"
        if count and name:
            renamed = renamed or (base, candidate)
        found[candidate] = None
    return tuple(found), renamed
