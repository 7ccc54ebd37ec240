"""New rows for a trained run: read from a file, matched to what the run knows, made the network's inputs."""

import math
from dataclasses import replace

import numpy as np

from engine.data.preparation.indices import check_indices
from engine.data.preparation.notes import Note
from engine.data.preparation.pipeline import Pipeline, first_missing
from engine.data.sources.base import NewRows, Source, kind_of_file
from engine.data.sources.npz import Npz
from engine.data.sources.series import Series
from engine.errors import InputError


def new_rows(
    path: str,
    pipeline: Pipeline,
    input_shape: tuple[int, ...],
    dtype: str | np.dtype,
    vocabulary: tuple[int, ...] = (),
) -> NewRows:
    """New rows from a file, `x` being the network's inputs (R, *input_shape).

    Columns are matched by name; others may be there and are passed over with a note. Rows of an image may be flat,
    and images may come as a picture, a folder of pictures or an IDX file. Of a series in a table the newest window is
    read. A cell that is missing or unknown costs its row a note. Raises InputError where columns or shapes are
    others than the run was trained on, or an index is not of the `vocabulary` (see `check_indices`).
    """
    kind: type[Source] = kind_of_file(path)
    if pipeline.series and not issubclass(kind, Npz):
        kind = Series
    return prepared(
        kind.new_rows(path, pipeline, input_shape), pipeline, input_shape, dtype, path, vocabulary
    )


def prepared(
    rows: NewRows,
    pipeline: Pipeline,
    input_shape: tuple[int, ...],
    dtype: str | np.dtype,
    path: str,
    vocabulary: tuple[int, ...] = (),
) -> NewRows:
    """Raw rows as the network's inputs: shaped, gaps filled, through the fitted steps; errors name them `path`."""
    x = shaped(rows.x, (len(pipeline.features),) if pipeline.features else input_shape, path)
    x, notes = without_gaps(x, rows, pipeline, path)
    with np.errstate(over="ignore"):  # what is too large is told below
        x = pipeline.transform(x, dtype)
    if not np.isfinite(x).all():
        raise InputError(f"{path}: values are too large for {x.dtype.name}")
    check_indices(x, vocabulary, path, names=pipeline.features)
    return replace(rows, x=x, notes=[*rows.notes, *notes])


def without_gaps(
    x: np.ndarray, rows: NewRows, pipeline: Pipeline, path: str
) -> tuple[np.ndarray, list[Note]]:
    """x (R, …) with the medians of training in the place of missing values, where no step fills them in."""
    missing = None if pipeline.fills_missing else first_missing(x, pipeline.features)
    if missing is None:
        return x, []
    if pipeline.table is None:
        row, column = missing
        raise InputError(
            f"{path}: {rows.place(row)} has no value in {column}, and the run has no step that fills it in"
        )
    x, notes = x.copy(), []
    for fit in pipeline.table.columns:
        for feature, middle in zip(fit.features, fit.middles, strict=False):
            index = pipeline.features.index(feature)
            gaps = np.isnan(x[:, index])
            if gaps.any():
                x[gaps, index] = middle
                count, row = int(gaps.sum()), int(np.argmax(gaps))
                notes.append(
                    Note(
                        feature, f"has no value in {count:,} of {len(x):,} rows (first in {rows.place(row)})",
                        f"the median of the training rows, {middle:g}, stands there",
                    )
                )  # fmt: skip
    return x, notes


def read_inputs(
    path: str,
    pipeline: Pipeline,
    input_shape: tuple[int, ...],
    dtype: str | np.dtype,
    vocabulary: tuple[int, ...] = (),
) -> np.ndarray:
    """The network's inputs (R, *input_shape) of `new_rows` alone."""
    return new_rows(path, pipeline, input_shape, dtype, vocabulary).x


def forecast_base(path: str, pipeline: Pipeline, input_shape: tuple[int, ...]) -> np.ndarray:
    """What the outputs for `read_inputs` are added to (1, K): for changes in a series the values before, else 0."""
    return Series.new_rows(path, pipeline, input_shape).base if pipeline.difference else np.zeros((1, 1))


def input_names(path: str) -> list[str]:
    """The names of the pictures that a path names, one for each row of `read_inputs`; none for other inputs."""
    from engine.data.sources.images import Images, name_in, new_files

    return [name_in(path, file) for file in new_files(path)[0]] if kind_of_file(path) is Images else []


def shaped(x: np.ndarray, shape: tuple[int, ...], path: str) -> np.ndarray:
    """Rows x (R, …) as (R, *shape). Raises InputError where they hold more or fewer values."""
    if math.prod(x.shape[1:]) != math.prod(shape):
        raise InputError(f"{path}: rows have the shape {x.shape[1:]}, the run was trained on {shape}")
    return x.reshape(len(x), *shape)
