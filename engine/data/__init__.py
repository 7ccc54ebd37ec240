"""Data: sources, splits and preprocessing; `prepare` is the one way from a source to a data set.

Three rooms, imports one way: `readers` (bytes → arrays), `preparation` (split, steps, the fitted pipeline, Dataset),
`sources` (one class each). Importing this package makes all sources known to the reader.
"""

from importlib import import_module
from pkgutil import iter_modules

from engine.data import sources
from engine.data.preparation.dataset import Dataset, Rows
from engine.data.preparation.notes import Note
from engine.data.preparation.pipeline import Pipeline
from engine.data.sources.base import NewRows, Source, endings, kind_of_file, prepare, source_for
from engine.data.sources.new_rows import forecast_base, input_names, new_rows, read_inputs
from engine.data.sources.rows import RowSource

for _module in iter_modules(sources.__path__):
    import_module(f"{sources.__name__}.{_module.name}")

__all__ = [
    "Dataset",
    "NewRows",
    "Note",
    "Pipeline",
    "RowSource",
    "Rows",
    "Source",
    "endings",
    "forecast_base",
    "input_names",
    "kind_of_file",
    "new_rows",
    "prepare",
    "read_inputs",
    "source_for",
]
