"""Data: sources, splits and preprocessing; `prepare` is the one way from a source to a data set.

Importing this package makes all sources known to the reader.
"""

from importlib import import_module
from pkgutil import iter_modules

from engine.data.dataset import Dataset, Rows
from engine.data.files import source_for
from engine.data.inputs import forecast_base, input_names, read_inputs
from engine.data.pipeline import Pipeline
from engine.data.rows import RowSource
from engine.data.source import Source, prepare

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

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
