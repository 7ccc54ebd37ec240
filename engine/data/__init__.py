"""Data: sources, splits and preprocessing; `prepare` is the one way from a source to a data set."""

from engine.data import bundled, files, generated
from engine.data.dataset import Dataset, Rows
from engine.data.files import source_for
from engine.data.inputs import read_inputs
from engine.data.pipeline import Pipeline
from engine.data.source import Source, prepare

__all__ = [
    "Dataset", "Pipeline", "Rows", "Source", "bundled", "files", "generated", "prepare", "read_inputs", "source_for",
]  # fmt: skip
