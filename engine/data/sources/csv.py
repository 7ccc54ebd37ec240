"""Files of separated values as sources: CSV, TSV and their relatives, plain or gzipped."""

from typing import Annotated, ClassVar, Literal

from engine.data.preparation.columns import TableFit
from engine.data.readers.csv import Table, read_table
from engine.data.sources.table import TableSource
from engine.hyper import hyper


class Csv(TableSource, tag="csv", kw_only=True):
    """A CSV or TSV file, plain or .gz, with or without a header."""

    endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv")

    path: Annotated[str, hyper("path of the file")]
    encoding: Annotated[
        str, hyper("encoding of the file; default: UTF-8, or UTF-16 if it has a byte order mark")
    ] = ""
    separator: Annotated[str, hyper("delimiter, one character; default: detected")] = ""
    header: Annotated[
        Literal["auto", "yes", "no"], hyper("whether the first row holds column names; auto: detected")
    ] = "auto"

    @property
    def where(self) -> str:
        return self.path

    def read(self) -> Table:
        headed = None if self.header == "auto" else self.header == "yes"
        return read_table(self.path, self.encoding, self.separator, headed, self.marks)

    @classmethod
    def table_like(cls, path: str, fit: TableFit | None) -> Table:
        if fit is None:
            return read_table(path)
        table = read_table(path, headed=fit.headed, missing=fit.missing)
        wanted = {column.name for column in fit.columns}
        if fit.headed and not wanted <= set(table.names):  # no header this time
            judged = read_table(path, missing=fit.missing)
            return table if judged.headed else judged
        if not fit.headed and wanted <= set(table.first[0]):  # a header this time
            return read_table(path, headed=True, missing=fit.missing)
        return table
