"""Arrays and tables that are in memory: NumPy arrays, data frames of pandas or polars, dictionaries of columns.

A store holds a copy, is compared by its content, and can be written into a run's directory and read from there.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from engine.data.readers.csv import FIRST, MISSING, Column, Table
from engine.errors import InputError

FOLDER = "arrays"  # in a run's directory
FILE = re.compile(FOLDER + r"/([0-9a-f]{16})\.npz")
ARRAY, NAMES, CODES, KINDS = "array", "names", ".codes", ".kinds"
SHOWN = 16  # numbers that a repr shows

Content = dict[str, np.ndarray]

KNOWN: "WeakValueDictionary[str, ArrayStore]" = WeakValueDictionary()


class ArrayStore:
    """One array, or the columns of a table. In TOML it is the name of its file in the run's directory."""

    def __init__(self, content: Content | None, digest: str = "", path: Path | None = None) -> None:
        self._content, self._path = content, path
        self.digest = digest or digest_of(content or {})
        KNOWN[self.digest] = self

    @classmethod
    def from_plain(cls, value: Any) -> "ArrayStore | None":
        """The store of an array, a list, a frame, or the name of a file; None for other values.

        Raises InputError where they hold what cannot be learned from.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            match = FILE.fullmatch(value) or FILE.fullmatch("/".join(Path(value).parts[-2:]))
            if match is None:
                return None
            path = Path(value) if Path(value).is_absolute() else None
            known = KNOWN.get(match[1])
            return cls(None, match[1], path) if known is None else known
        if isinstance(value, Mapping) or is_frame(value):
            return cls(content_of_frame(value))
        if isinstance(value, np.ndarray | list | tuple) or hasattr(value, "to_numpy"):
            return cls({ARRAY: plain_array(value)})
        return None

    def to_plain(self) -> str:
        return f"{FOLDER}/{self.digest}.npz"

    @property
    def content(self) -> Content:
        """The arrays. Raises InputError where their file is missing or damaged."""
        if self._content is None:
            from engine.data.readers.npz import read_npz

            if self._path is None:
                raise InputError(
                    f"{self.to_plain()}: arrays lie in a run's directory; name the run, not its file"
                )
            content = read_npz(str(self._path))
            if digest_of(content) != self.digest:
                raise InputError(f"{self._path}: has changed since it was written")
            self._content = content
        return self._content

    @property
    def is_table(self) -> bool:
        return NAMES in self.content

    @property
    def array(self) -> np.ndarray:
        return self.content[ARRAY]

    def __len__(self) -> int:
        return len(
            next(array for name, array in self.content.items() if name not in (NAMES,) and KINDS not in name)
        )

    def write(self, folder: Path) -> None:
        """Write the arrays into a run's directory, unless they are there."""
        path = folder / self.to_plain()
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            temporary = path.with_suffix(".tmp")
            with open(temporary, "wb") as file:
                np.savez(file, **self.content)  # type: ignore[arg-type]
            temporary.replace(path)
        self._path = self._path or path

    def located(self, folder: Path) -> "ArrayStore":
        """The store with its file in a run's directory, where it is not in memory."""
        known = KNOWN.get(self.digest)
        if known is not None and known._content is not None:
            return known
        return ArrayStore(None, self.digest, folder / self.to_plain())

    def table(self, where: str) -> Table:
        """The columns as a table; what its errors call a line is a row."""
        content = self.content
        names = tuple(map(str, content[NAMES]))
        columns = [
            Column(values=content[str(i)])
            if str(i) in content
            else Column(codes=content[f"{i}{CODES}"], kinds=content[f"{i}{KINDS}"].tolist())
            for i in range(len(names))
        ]
        return table_of(where, names, columns, len(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrayStore) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[Any, ...]:
        return (ArrayStore, (self._content, self.digest, self._path))

    def __repr__(self) -> str:
        if self._content is None:
            return f"<{self.to_plain()}>"
        if self.is_table:
            return f"<{len(self):,} rows of {', '.join(map(repr, self.content[NAMES].tolist()[:8]))}>"
        if self.array.size <= SHOWN:
            return repr(self.array.tolist())
        return f"<{' × '.join(f'{n:,}' for n in self.array.shape)} {self.array.dtype}>"


def digest_of(content: Content) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for name, array in sorted(content.items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def is_frame(value: Any) -> bool:
    """Whether a value has named columns, as frames of pandas and polars have."""
    return hasattr(value, "columns") and hasattr(value, "__getitem__") and not isinstance(value, np.ndarray)


def plain_array(value: Any) -> np.ndarray:
    """A copy as an array of numbers, truth values or text. Raises InputError for others."""
    try:
        array = np.array(value.to_numpy() if hasattr(value, "to_numpy") else value)
    except ValueError as error:
        raise InputError(f"is no array: {error}") from None
    if array.dtype.kind == "O":
        array = plain_objects(array)
    if array.dtype.kind not in "fiubUS":
        raise InputError(f"holds {array.dtype}; expected numbers or text")
    return array


def plain_objects(array: np.ndarray) -> np.ndarray:
    """An array of Python objects as one of numbers, None being missing, or of text."""
    flat = array.ravel().tolist()
    if all(isinstance(item, int | float) or item is None for item in flat):
        numbers = np.array([np.nan if item is None else item for item in flat], float)
        return numbers.reshape(array.shape)
    if all(isinstance(item, str) for item in flat):
        return array.astype(str)
    odd = next(type(item).__name__ for item in flat if not isinstance(item, str))
    raise InputError(f"holds values of type {odd} among others; expected numbers or text")


def content_of_frame(frame: Any) -> Content:
    """The columns of a frame: float64 with NaN where there is no value, or codes into kinds of text."""
    names = [str(name) for name in (frame if isinstance(frame, Mapping) else frame.columns)]
    if len(set(names)) != len(names):
        raise InputError(f"two columns are named {next(n for n in names if names.count(n) > 1)!r}")
    content: Content = {NAMES: np.array(names, str)}
    rows = -1
    for i, name in enumerate(frame if isinstance(frame, Mapping) else frame.columns):
        column = column_of(frame[name], str(name))
        if column.values is not None:
            content[str(i)], size = column.values, len(column.values)
        else:
            assert column.codes is not None
            content[f"{i}{CODES}"], size = column.codes, len(column.codes)
            content[f"{i}{KINDS}"] = np.array(column.kinds, str)
        if rows not in (-1, size):
            raise InputError(f"column {str(name)!r} has {size} rows, the columns before have {rows}")
        rows = size
    if rows <= 0:
        raise InputError("the table has no rows")
    return content


def column_of(values: Any, name: str) -> Column:
    """A column of a frame as one of a table. Raises InputError for what is no number, text, date or truth value."""
    array = np.asarray(values.to_numpy() if hasattr(values, "to_numpy") else values)
    if array.ndim != 1:
        raise InputError(f"column {name!r} has the shape {array.shape}; expected one value a row")
    if array.dtype.kind in "fiu":
        return Column(values=finite(array.astype(np.float64), name))
    if array.dtype.kind == "M":
        return of_texts(dates_of(array))
    if array.dtype.kind == "m":
        seconds = array / np.timedelta64(1, "s")
        return Column(values=finite(seconds.astype(np.float64), name))
    items = array.tolist()
    if all(is_number(item) or is_absent(item) for item in items) and any(map(is_number, items)):
        return Column(values=finite(np.array([np.nan if is_absent(i) else float(i) for i in items]), name))
    return of_texts(["" if is_absent(item) else text_of(item, name) for item in items])


def is_number(item: Any) -> bool:
    return isinstance(item, int | float | np.number) and not isinstance(item, bool) and item == item


def is_absent(item: Any) -> bool:
    """Whether a cell is None, NaN, NaT or pandas' NA."""
    return item is None or item != item or type(item).__name__ in ("NAType", "NaTType")


def text_of(item: Any, name: str) -> str:
    if isinstance(item, bool | np.bool_):
        return str(bool(item)).lower()
    if isinstance(item, bytes):
        return item.decode("utf-8", "replace")
    if hasattr(item, "isoformat"):
        return str(
            item.isoformat(sep=" ") if hasattr(item, "hour") and hasattr(item, "year") else item.isoformat()
        )
    if isinstance(item, str) or np.isscalar(item):
        return " ".join(str(item).split())
    raise InputError(
        f"column {name!r} holds values of type {type(item).__name__}; expected numbers, text or dates"
    )


def dates_of(array: np.ndarray) -> list[str]:
    """Moments (R,) as text that is read as a date; of whole days without the time."""
    moments = array.astype("datetime64[s]")
    days = bool((moments == moments.astype("datetime64[D]"))[~np.isnat(moments)].all())
    texts = np.datetime_as_string(moments, unit="D" if days else "s")
    return ["" if text == "NaT" else text.replace("T", " ") for text in texts.tolist()]


def of_texts(cells: Sequence[str]) -> Column:
    known = {cell: i for i, cell in enumerate(dict.fromkeys(cells))}
    return Column(codes=np.fromiter(map(known.__getitem__, cells), np.int32, len(cells)), kinds=list(known))


def finite(values: np.ndarray, name: str) -> np.ndarray:
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0])
        raise InputError(f"column {name!r}, row {row + 1}: {values[row]} is not finite")
    return values


def table_of(where: str, names: tuple[str, ...], columns: list[Column], rows: int) -> Table:
    """A table of columns, its rows counted from 1."""
    table = Table(where, names, columns, np.arange(1, rows + 1), headed=True, missing=MISSING)
    table.again = lambda i: number_texts(columns[i].values)
    shown = [number_texts(c.values[:FIRST]) if c.values is not None else kinds_of(c, FIRST) for c in columns]
    table.first = [list(row) for row in zip(*shown, strict=True)]
    return table


def number_texts(values: np.ndarray | None) -> list[str]:
    """Numbers as a table writes them: whole ones without a point."""
    assert values is not None
    return [
        "" if v != v else f"{v:.0f}" if v == round(v) and abs(v) < 1e15 else repr(v) for v in values.tolist()
    ]


def kinds_of(column: Column, rows: int) -> list[str]:
    assert column.codes is not None
    return [column.kinds[code] for code in column.codes[:rows].tolist()]


def joined(stores: Sequence[ArrayStore]) -> ArrayStore:
    """The rows of several stores one after the other. Raises InputError where their columns or shapes differ."""
    first, *others = stores
    if not others:
        return first
    if any(store.is_table != first.is_table for store in others):
        raise InputError("expected arrays everywhere, or tables everywhere")
    if not first.is_table:
        if any(store.array.shape[1:] != first.array.shape[1:] for store in others):
            raise InputError(f"rows have the shapes {', '.join(str(s.array.shape[1:]) for s in stores)}")
        return ArrayStore({ARRAY: np.concatenate([store.array for store in stores])})
    tables = [store.table("the table") for store in stores]
    names = tables[0].names
    for table in tables[1:]:
        if set(table.names) != set(names):
            raise InputError(
                f"tables have different columns: {', '.join(sorted(set(names) ^ set(table.names)))}"
            )
    content: Content = {NAMES: np.array(names, str)}
    for i, name in enumerate(names):
        columns = [table.columns[table.index(name)] for table in tables]
        if all(column.values is not None for column in columns):
            content[str(i)] = np.concatenate(
                [column.values for column in columns if column.values is not None]
            )
            continue
        column = of_texts([cell for table in tables for cell in table.column(name)])
        assert column.codes is not None
        content[f"{i}{CODES}"], content[f"{i}{KINDS}"] = column.codes, np.array(column.kinds, str)
    return ArrayStore(content)
