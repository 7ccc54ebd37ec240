"""Sources: where data comes from; `prepare` is the one way from a source to a data set."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np

from engine.component import Component, members
from engine.data.preparation.dataset import Dataset
from engine.data.preparation.notes import Note
from engine.data.preparation.pipeline import Pipeline
from engine.data.preparation.split import Split
from engine.data.readers.csv import Table
from engine.errors import InputError
from engine.hyper import hyper

GENERATE_STREAM, SPLIT_STREAM = 2, 3

Seed = Annotated[int, hyper("seed of the random generator", ge=0, lt=2**31)]


@dataclass
class NewRows:
    """New rows of a file for a trained run: x (R, …) raw, or as the network's inputs once they are prepared.

    `names` are the files of pictures; `base` (1, K) is what outputs are added to; `table` is where the rows come
    from, with columns that the run does not know; `lines` are theirs in the file.
    """

    x: np.ndarray
    names: list[str] = field(default_factory=list)
    lines: np.ndarray | None = None
    base: np.ndarray = field(default_factory=lambda: np.zeros((1, 1)))
    notes: list[Note] = field(default_factory=list)
    table: Table | None = None
    extra: tuple[str, ...] = ()  # columns of the table that the run does not know

    def place(self, row: int) -> str:
        """How a note or an error names a row."""
        return f"line {self.lines[row]}" if self.lines is not None else f"row {row + 1}"


class Source(Component, tag_field="source", kw_only=True):
    """Where data comes from."""

    endings: ClassVar[tuple[str, ...]] = ()  # of the files that it opens, without .gz
    files: ClassVar[tuple[str, ...]] = ("path",)  # its fields that name files, where it has them
    precedence: ClassVar[int] = 0  # of two sources that open a file the one with more takes it

    split: Annotated[Split, hyper("fractions of training, validation and test rows")] = Split()
    seed: Annotated[Seed | None, hyper("seed of the rows and their split; default: training.seed")] = None

    def dataset(self, seed: int, dtype: np.dtype) -> Dataset:
        """The rows of all three parts, ready for the network. Raises InputError where a file cannot be used."""
        raise NotImplementedError

    @classmethod
    def opens(cls, path: str) -> bool:
        """Whether a file, or a folder, is this source's: the one place that says so."""
        return Path(path).name.lower().removesuffix(".gz").endswith(cls.endings) if cls.endings else False

    @classmethod
    def of_path(cls, path: str, **fields: Any) -> "Source":
        """The source for a file that it opens."""
        return cls(**{"path": path, **fields})

    @classmethod
    def new_rows(cls, path: str, fitted: Pipeline, input_shape: tuple[int, ...]) -> NewRows:
        """Raw rows of a file that it opens, for a run whose pipeline is `fitted`. Raises InputError where the run
        cannot use such a file."""
        raise InputError(f"{path}: {cls.tag()} files give no rows to predict")

    def store_in(self, folder: Path) -> None:
        """Write what the source holds in memory into a run's directory."""

    def located(self, folder: Path) -> "Source":
        """The source of a run, which looks in the run's directory for what is kept there."""
        return self

    @property
    def where(self) -> str:
        """How an error names this source."""
        return f"data {self.tag()!r}"


def kind_of_file(path: str) -> type[Source]:
    """The source that opens a file or folder. Raises InputError with what can be opened for others."""
    kinds = [kind for kind in members(Source).values() if kind.opens(path)]
    if kinds:
        return max(kinds, key=lambda kind: kind.precedence)
    raise InputError(
        f"{path}: expected a {', '.join(endings())} file (also .gz), an IDX file (…-images-idx3-ubyte), "
        "or a folder of pictures"
    )


def endings() -> list[str]:
    """The endings of all files that a source opens."""
    return list(dict.fromkeys(e for kind in members(Source).values() for e in kind.endings))


def source_for(path: str, **fields: Any) -> Source:
    """The source for a file or a folder. Raises InputError where none opens it."""
    return kind_of_file(path).of_path(path, **fields)


def prepare(source: Source, seed: int, dtype: str | np.dtype = "float32") -> Dataset:
    """The data set of a source. The same source, seed and element type give the same bits.

    Raises InputError where the rows do not suffice for the split or cannot be used.
    """
    return source.dataset(seed if source.seed is None else source.seed, np.dtype(dtype))
