"""Tables of SQLite databases, read by the standard library, and never written."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.request import pathname2url

import numpy as np

from engine.data.readers.csv import FIRST, MISSING, Column, Table, clean
from engine.errors import InputError, did_you_mean, listed

MARK = b"SQLite format 3\x00"
TABLES = """SELECT name FROM sqlite_master
    WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"""


def read_database(
    path: str, name: str = "", missing: Sequence[str] | None = None, wanted: Sequence[str] = ()
) -> Table:
    """A table, or a view, of a database; without a name the only one, or the only one with the `wanted` columns.
    Rows are numbered from 1 where a file has lines.

    Raises InputError where the file is no database, or the table is not there, empty, or holds bytes.
    """
    if not Path(path).is_file():
        raise InputError(f"{path}: there is no such file")
    address = f"file:{pathname2url(str(Path(path).absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            known = [row[0] for row in database.execute(TABLES)]
            if not name and wanted and len(known) > 1:
                known = [table for table in known if set(wanted) <= set(columns_in(database, table))] or known
            chosen = the_one(path, name, known)
            cursor = database.execute(f"SELECT * FROM {quoted(chosen)}")
            names = tuple(column[0] for column in cursor.description)
            rows = cursor.fetchall()
    except sqlite3.Error as error:
        raise InputError(f"{path}: is not a SQLite database that can be read: {error}") from None
    if not rows:
        raise InputError(f"{path}: the table {chosen!r} has no rows")
    marks = MISSING if missing is None else frozenset(mark.strip().lower() for mark in missing)
    columns = [
        column_of(cells, name, path) for cells, name in zip(zip(*rows, strict=True), names, strict=True)
    ]
    first = [[text_of(cell) for cell in row] for row in rows[:FIRST]]
    return Table(path, names, columns, np.arange(1, len(rows) + 1), missing=marks | {""}, first=first)


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def columns_in(database: sqlite3.Connection, table: str) -> list[str]:
    return [column[0] for column in database.execute(f"SELECT * FROM {quoted(table)} LIMIT 0").description]


def the_one(path: str, name: str, known: list[str]) -> str:
    """The table of that name, or the only one. Raises InputError where it is not clear which."""
    if name and name not in known:
        raise InputError(f"{path}: has no table {name!r}; {did_you_mean(name, known)}")
    if name:
        return name
    if len(known) != 1:
        tables = f"has {len(known)} tables ({listed(known)})" if known else "has no table"
        raise InputError(f'{path}: {tables}; data.table = "…" says which')
    return known[0]


def column_of(cells: Sequence[object], name: str, path: str) -> Column:
    """A column: SQLite's own numbers where all are numbers or NULL, which counts as missing."""
    values = None
    if all(cell is None or isinstance(cell, int | float) for cell in cells) and any(
        c is not None for c in cells
    ):
        values = np.array([np.nan if cell is None else cell for cell in cells], float)
        if np.isinf(values).any():
            raise InputError(
                f"{path}: column {name!r}: row {int(np.isinf(values).argmax()) + 1} is not finite"
            )
    if any(isinstance(cell, bytes) for cell in cells):
        raise InputError(f"{path}: column {name!r} holds bytes; expected numbers or text")
    texts = [text_of(cell) for cell in cells]
    kinds = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    return Column(values, np.array([kinds[text] for text in texts], np.int32), list(kinds))


def text_of(cell: object) -> str:
    """A cell as a CSV file would have it; nothing for NULL."""
    return "" if cell is None else clean(str(cell))
