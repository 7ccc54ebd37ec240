"""Data: sources, splits and preprocessing; `prepare` is the one way from a source to a data set.

Three rooms, imports one way: `readers` (bytes → arrays), `preparation` (split, steps, the fitted pipeline, Dataset),
`sources` (one class each). Importing this package makes all sources known to the reader.
"""

from importlib import import_module
from pkgutil import iter_modules

from engine.data import sources
from engine.data.preparation.dataset import Dataset, Rows
from engine.data.preparation.pipeline import Pipeline
from engine.data.sources.base import Source, prepare
from engine.data.sources.csv import source_for
from engine.data.sources.inputs import forecast_base, input_names, read_inputs
from engine.data.sources.rows import RowSource

for _module in iter_modules(sources.__path__):
    import_module(f"{sources.__name__}.{_module.name}")

__all__ = [
    "Dataset",
    "Pipeline",
    "RowSource",
    "Rows",
    "Source",
    "forecast_base",
    "input_names",
    "prepare",
    "read_inputs",
    "source_for",
]
