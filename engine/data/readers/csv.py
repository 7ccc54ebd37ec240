"""Tables of the user: CSV and TSV, plain or gzipped, read whole and checked cell by cell."""

import csv
import gzip
import io
import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import InputError, did_you_mean

UNKNOWN = ""  # the first of the categories where others than those of training may come
MISSING = {"", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none", "?", "-"}
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
YEAR = re.compile(r"(19|20)\d\d")
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
    rows = with_points(rows, lines, delimiter, path)
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
    """The most frequent of comma, semicolon and tab in the first line; commas within numbers do not count."""
    first = text.lstrip().split("\n", 1)[0]
    if ";" in first or "\t" in first:
        first = re.sub(r"(?<=\d),(?=\d)", "", first)
    return max(",;\t", key=first.count)


def with_points(rows: list[list[str]], lines: list[int], delimiter: str, path: str) -> list[list[str]]:
    """The rows with decimal commas made points, where the table writes 1,5 for 1.5.

    Between semicolons a comma is a decimal one; elsewhere 1,234 may be a thousand, so if all look like that they
    stay as they are. Raises InputError where numbers of one table have commas and points.
    """
    cells = [(cell, line) for row, line in zip(rows, lines, strict=True) for cell in row]
    commas = [(cell, line) for cell, line in cells if DECIMAL_COMMA.fullmatch(cell)]
    if not commas or (delimiter != ";" and all(THOUSANDS.fullmatch(cell) for cell, _ in commas)):
        return rows
    for cell, line in cells:
        if "." in cell and number(cell) is not None:
            raise InputError(
                f"{path}: line {commas[0][1]} has a number with a comma, {commas[0][0]!r}, line {line} one with a "
                f"point, {cell!r}; write all of them with a point"
            )
    return [[c.replace(",", ".") if DECIMAL_COMMA.fullmatch(c) else c for c in row] for row in rows]


def has_header(rows: list[list[str]]) -> bool:
    """Whether the first row holds names: one is text above numbers, or none could be a value of its column."""
    below = [[row[i] for row in rows[1:]] for i in range(len(rows[0]))]
    pairs = list(zip(rows[0], below, strict=True))
    return all(could_be_name(cell, cells) for cell, cells in pairs) or any(
        number(cell) is None and not is_missing(cell) and mostly_numbers(cells) for cell, cells in pairs
    )


def could_be_name(cell: str, below: list[str]) -> bool:
    """Whether a cell is text, or a number above text, or a year above numbers that are none."""
    if number(cell) is None:
        return True
    known = [other for other in below if not is_missing(other)]
    if not any(number(other) is not None for other in known):
        return bool(known)
    return bool(YEAR.fullmatch(cell)) and not any(YEAR.fullmatch(other) for other in known)


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
