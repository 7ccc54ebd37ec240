"""Tables of the user: CSV and TSV, plain or gzipped, read whole and checked cell by cell."""

import csv
import gzip
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import InputError, did_you_mean

UNKNOWN = ""  # the first of the categories where others than those of training may come
MISSING = {"", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none", "?", "-"}
MOSTLY_NUMBERS = 0.9  # a column with this share of numbers is one of numbers: text in it is a mistake


@dataclass(frozen=True)
class Table:
    """Text cells by column; `lines` are the lines of the file on which the rows begin."""

    path: str
    names: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    headed: bool = True  # the names stand in the file

    def column(self, name: str) -> list[str]:
        index = self.names.index(name)
        return [row[index] for row in self.rows]


def read_table(path: str) -> Table:
    """Read a table with a header (or without: columns are then named c1, c2, …).

    Raises InputError that names file and line where it is missing, empty, ragged, or not UTF-8.
    """
    text = read_text(Path(path))
    delimiter = "\t" if ".tsv" in Path(path).name.lower() else guess_delimiter(text)
    rows, lines = [], []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    begin = 1  # the reader counts to a row's last line: a quoted cell may hold several
    try:
        for row in reader:
            cells = [
                " ".join(cell.split()) for cell in row
            ]  # a name or a class is one line, as its errors are
            if any(cells):
                rows.append(cells)
                lines.append(begin)
            begin = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}: line {reader.line_num}: {error}") from None
    if not rows:
        raise InputError(f"{path}: is empty; expected a header and rows of values")
    width = len(rows[0])
    for row, line in zip(rows, lines, strict=True):
        if len(row) != width:
            raise InputError(f"{path}: line {line} has {len(row)} values, the lines before have {width}")
    headed = has_header(rows)
    if headed:
        names, rows, lines = unique(rows[0], path), rows[1:], lines[1:]
    else:
        names = tuple(f"c{i + 1}" for i in range(width))
    if not rows:
        raise InputError(f"{path}: has a header but no rows")
    return Table(path, names, rows, lines, headed)


def read_text(path: Path) -> str:
    content = read_bytes(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(f"{path}: line {line} is not UTF-8 text; save the file as UTF-8") from None


def read_bytes(path: Path) -> bytes:
    """A file of the user's, unpacked where it is gzipped. Raises InputError where it cannot be read."""
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except (EOFError, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: is a damaged gzip file: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    except Exception as error:  # zlib.error has no public name in gzip
        raise InputError(f"{path}: is a damaged gzip file: {error}") from None


def guess_delimiter(text: str) -> str:
    """The most frequent of comma, semicolon and tab in the first line."""
    first = text.lstrip().split("\n", 1)[0]
    return max(",;\t", key=first.count)


def has_header(rows: list[list[str]]) -> bool:
    """Whether the first row holds names: it has no number, or has text above a column of numbers."""
    first, below = rows[0], rows[1:]
    if all(number(cell) is None for cell in first):
        return True
    return any(
        number(cell) is None and not is_missing(cell) and mostly_numbers([row[i] for row in below])
        for i, cell in enumerate(first)
    )


def unique(names: list[str], path: str) -> tuple[str, ...]:
    for i, name in enumerate(names):
        if not name:
            names[i] = f"c{i + 1}"
        if names.index(names[i]) != i:
            raise InputError(f"{path}: two columns are named {name!r}")
    return tuple(names)


def is_missing(cell: str) -> bool:
    return cell.lower() in MISSING


def number(cell: str) -> float | None:
    """The number in a cell, which may be infinite; None for text and for a missing value."""
    if "_" in cell:  # Python takes 1_000 for a number, tables do not
        return None
    try:
        value = float(cell)
    except ValueError:
        return None
    return None if value != value else value


def mostly_numbers(cells: list[str], least: float = MOSTLY_NUMBERS) -> bool:
    """Whether at least that share of the cells which are not missing are numbers, and there are any."""
    known = [cell for cell in cells if not is_missing(cell)]
    return bool(known) and sum(number(cell) is not None for cell in known) >= least * len(known)


def numbers(table: Table, name: str, least: float = MOSTLY_NUMBERS) -> np.ndarray | None:
    """A column as float64 (R,) with NaN for missing cells; None where fewer than a share `least` are numbers.

    Raises InputError with line and column where text stands among numbers, and for infinite values.
    """
    cells = table.column(name)
    values = np.full(len(cells), np.nan)
    if all(map(is_missing, cells)):
        return values
    if not mostly_numbers(cells, least):
        return None
    for i, cell in enumerate(cells):
        if is_missing(cell):
            continue
        value = number(cell)
        where = f"{table.path}: line {table.lines[i]}, column {name!r}"
        if value is None:
            raise InputError(f"{where}: {cell!r} is not a number, as was expected there")
        if not math.isfinite(value):
            raise InputError(f"{where}: {cell!r} is not finite")
        values[i] = value
    return values


def codes(table: Table, name: str, known: tuple[str, ...]) -> np.ndarray:
    """A column of categories as their numbers (R,), NaN where missing.

    Raises InputError for one that is not among the known, unless UNKNOWN is.
    """
    index = {category: float(i) for i, category in enumerate(known)}
    values = np.full(len(table.rows), np.nan)
    for i, cell in enumerate(table.column(name)):
        if is_missing(cell):
            continue
        if cell not in index and UNKNOWN not in index:
            raise InputError(
                f"{table.path}: line {table.lines[i]}, column {name!r}: {cell!r} is unknown; "
                f"{did_you_mean(cell, known)}"
            )
        values[i] = index.get(cell, 0.0)
    return values


def categories_of(table: Table, name: str) -> tuple[str, ...]:
    return tuple(sorted({cell for cell in table.column(name) if not is_missing(cell)}))
