"""Tables of SQLite databases as sources."""

from pathlib import Path
from typing import Annotated, ClassVar

from engine.data.preparation.columns import TableFit
from engine.data.readers.csv import Table
from engine.data.readers.files import read_head
from engine.data.readers.sqlite import MARK, read_database
from engine.data.sources.table import TableSource
from engine.hyper import hyper


class Sqlite(TableSource, tag="sqlite", kw_only=True):
    """A table or view of a SQLite database, opened read-only."""

    endings: ClassVar[tuple[str, ...]] = (".db", ".sqlite", ".sqlite3")

    path: Annotated[str, hyper("path of the file")]
    table: Annotated[str, hyper("name of the table or view; default: the only one")] = ""

    @classmethod
    def opens(cls, path: str) -> bool:
        return path.lower().endswith(cls.endings) or read_head(Path(path)).startswith(MARK)

    @property
    def where(self) -> str:
        return self.path

    def read(self) -> Table:
        return read_database(self.path, self.table, self.marks)

    @classmethod
    def table_like(cls, path: str, fit: TableFit | None) -> Table:
        wanted = [column.name for column in fit.columns] if fit else []
        return read_database(path, missing=fit.missing if fit else None, wanted=wanted)
