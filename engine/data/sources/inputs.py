"""New rows for a trained run: read from a file, matched to what the run knows, made the network's inputs."""

import math
from pathlib import Path

import numpy as np

from engine.data.preparation.indices import check_indices
from engine.data.preparation.pipeline import Pipeline, first_missing
from engine.data.readers.csv import Table, codes, numbers, read_table
from engine.data.readers.npz import numeric, pick, read_npz
from engine.data.sources.idx import WHITE, read_idx
from engine.data.sources.images import ENDINGS, pictures_in, read_pictures
from engine.data.sources.series import newest
from engine.errors import InputError, did_you_mean, listed


def read_inputs(
    path: str,
    pipeline: Pipeline,
    input_shape: tuple[int, ...],
    dtype: str | np.dtype,
    vocabulary: tuple[int, ...] = (),
) -> np.ndarray:
    """New rows from a file as the network's inputs (R, *input_shape).

    Columns are matched by name; the target's column may be there and is passed over. Rows of an image may be
    flat, and images may come as a picture, a folder of pictures or an IDX file. Of a series in a table the newest
    window is read. Raises InputError where columns or shapes are others than the run was trained on, or an index is
    not of the `vocabulary` (see `check_indices`).
    """
    lines: list[int] = []
    if picture_files(path) or is_idx(path) or Path(path).is_dir():
        x = images_of(path, pipeline, input_shape)
    elif path.lower().endswith(".npz"):
        if pipeline.categories:
            raise InputError(f"{path}: the run was trained on columns of text; expected a CSV or TSV file")
        if pipeline.difference:
            raise InputError(
                f"{path}: the run learnt changes of a series; expected the series, a CSV or TSV file"
            )
        x = numeric(pick(read_npz(path), "", ("x", "X", "data"), path), "x", path)
    elif pipeline.series:
        x, _ = newest(path, pipeline, input_shape[0])
    else:
        table = read_table(path)
        x, lines = columns_of(table, pipeline), table.lines
    x = shaped(x, (len(pipeline.features),) if pipeline.features else input_shape, path)
    missing = None if pipeline.fills_missing else first_missing(x, pipeline.features)
    if missing is not None:
        row, column = missing
        place = f"line {lines[row]}" if lines else f"row {row + 1}"
        raise InputError(
            f"{path}: {place} has no value in {column}, and the run has no step that fills it in"
        )
    with np.errstate(over="ignore"):  # what is too large is told below
        x = pipeline.transform(x, dtype)
    if not np.isfinite(x).all():
        raise InputError(f"{path}: values are too large for {x.dtype.name}")
    check_indices(x, vocabulary, path, names=pipeline.features)
    return x


def forecast_base(path: str, pipeline: Pipeline, input_shape: tuple[int, ...]) -> np.ndarray:
    """What the outputs for `read_inputs` are added to (1, K): for changes in a series the values before, else 0."""
    return newest(path, pipeline, input_shape[0])[1] if pipeline.difference else np.zeros((1, 1))


def input_names(path: str) -> list[str]:
    """The names of the pictures that a path names, one for each row of `read_inputs`; none for other inputs."""
    return [file.name for file in picture_files(path)]


def picture_files(path: str) -> list[Path]:
    """The picture itself, or those in the folder in order of their names; none where it is something else."""
    if Path(path).is_dir():
        return pictures_in(Path(path))
    return [Path(path)] if path.lower().endswith(ENDINGS) else []


def is_idx(path: str) -> bool:
    return "ubyte" in Path(path).name or ".idx" in Path(path).name


def images_of(path: str, pipeline: Pipeline, input_shape: tuple[int, ...]) -> np.ndarray:
    """Pictures as raw inputs (R, H, W, C), as bright as those of training."""
    if not pipeline.white:
        raise InputError(f"{path}: the run was not trained on pictures; expected a table or an .npz file")
    files = picture_files(path)
    if is_idx(path):
        images = read_idx(path)[..., None]
    elif files:
        images = read_pictures(files, "grey" if input_shape[-1] == 1 else "rgb", pipeline.size)
    else:
        raise InputError(f"{path}: holds no pictures ({', '.join(ENDINGS)})")
    if images.shape[1:] != input_shape:
        found, wanted = (" × ".join(map(str, shape)) for shape in (images.shape[1:-1], input_shape[:-1]))
        raise InputError(f"{path}: is {found} pixels (height × width), the run was trained on {wanted}")
    return images * (pipeline.white / WHITE)


def shaped(x: np.ndarray, shape: tuple[int, ...], path: str) -> np.ndarray:
    """Rows x (R, …) as (R, *shape). Raises InputError where they hold more or fewer values."""
    if math.prod(x.shape[1:]) != math.prod(shape):
        raise InputError(f"{path}: rows have the shape {x.shape[1:]}, the run was trained on {shape}")
    return x.reshape(len(x), *shape)


def columns_of(table: Table, pipeline: Pipeline) -> np.ndarray:
    """The raw inputs (R, F) of a table, in the run's order; for images one pixel a column."""
    features = pipeline.features or tuple(name for name in table.names if name not in pipeline.targets)
    check_names(table, features, pipeline.targets, others=pipeline.takes_unknown)
    columns = [
        codes(table, name, pipeline.categories[i])
        if i in pipeline.categories
        else expected_numbers(table, name)
        for i, name in enumerate(features)
    ]
    return np.column_stack(columns) if columns else np.empty((len(table.rows), 0))


def check_names(
    table: Table, features: tuple[str, ...], targets: tuple[str, ...], others: bool = False
) -> None:
    """Raise InputError where a column is missing, or one is there that training did not have; but for `others`."""
    known = {*features, *targets}
    missing = [name for name in features if name not in table.names]
    extra = [name for name in table.names if name not in known]
    if missing:
        unknown = f"; not known: {listed([*map(repr, extra)])}" if extra else ""
        raise InputError(f"{table.path}: columns are missing: {listed([*map(repr, missing)])}{unknown}")
    if extra and not others:  # ratings come with times and titles beside them
        raise InputError(
            f"{table.path}: column {extra[0]!r} was not there in training; {did_you_mean(extra[0], known)}"
        )


def expected_numbers(table: Table, name: str) -> np.ndarray:
    """A column that held numbers in training (R,). Raises InputError with the line where it holds text."""
    values = numbers(table, name, least=0.0)
    assert values is not None  # a column of text alone is an error too at this share
    return values
