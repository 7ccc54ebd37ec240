"""predict: what a trained network says about new rows."""

import csv
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from tui_lab.cli.completion import complete_runs
from tui_lab.cli.options import runs_option, runs_root
from tui_lab.cli.printing import Printable, echo
from tui_lab.cli.printing import output as output_stream

if TYPE_CHECKING:
    import numpy as np

    from engine.data.sources.base import NewRows
    from engine.model import Model

FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".parquet": "parquet"}
STDIN = "standard input"


@click.command("predict")
@click.argument("run", metavar="RUN", shell_complete=complete_runs)
@click.option(
    "--input", "source", metavar="FILE", required=True, type=click.Path(allow_dash=True),
    help="New rows: CSV, TSV (also .gz) or NPZ; a picture or a folder of pictures; a series to go on with. "
    "A dash reads a table from standard input.",
)  # fmt: skip
@click.option(
    "--output", metavar="FILE", default="-", type=click.Path(allow_dash=True),
    help="Where to write; standard output if left out.",
)  # fmt: skip
@click.option(
    "--format", "written", type=click.Choice(["csv", "jsonl", "parquet"]),
    help="How to write; left out, by the ending of --output, else CSV.",
)  # fmt: skip
@click.option(
    "--keep", metavar="COLUMN", multiple=True,
    help="A column of the input to carry to the output; left out, all that the run does not know.",
)  # fmt: skip
@runs_option()
def predict_command(
    run: str, source: str, output: str, written: str | None, keep: tuple[str, ...], runs: Path | None
) -> None:
    """Columns are matched by name. Others, an id for instance, are carried to the output. A cell that is empty or
    holds an unknown category costs a note, not the file."""
    from tui_lab.cli.loading import model_of

    model = model_of(run, runs_root(runs))
    with input_path(source) as path:
        rows = model.rows(path)
        carried = carried_columns(rows, keep)
    tell_notes(rows, model)
    names, columns = predictions(model, model.evaluator.outputs(rows.x), rows)
    kind = written or FORMATS.get(Path(output).suffix.lower(), "csv")
    write_table(output, kind, {**carried, **dict(zip(names, columns, strict=True))})


@contextmanager
def input_path(source: str) -> Iterator[str]:
    """The file to read; what comes on standard input lies in one of its own while it is read."""
    if source != "-":
        yield source
        return
    from engine.errors import InputError

    content = sys.stdin.buffer.read()
    with tempfile.TemporaryDirectory(prefix="tui-lab-") as folder:
        path = Path(folder) / ("rows.npz" if content[:2] == b"PK" else "rows.csv")
        path.write_bytes(content)
        try:
            yield str(path)
        except InputError as error:
            raise InputError(str(error).replace(str(path), STDIN)) from None


def carried_columns(rows: "NewRows", keep: tuple[str, ...]) -> dict[str, list[Any]]:
    """Columns of the input that go to the output as they are. Raises InputError for one that is not there."""
    columns: dict[str, list[Any]] = {"file": list(rows.names)} if rows.names else {}
    if rows.table is None:
        if keep:
            from engine.errors import InputError

            raise InputError(f"--keep {keep[0]}: the input is no table with columns")
        return columns
    for name in keep or rows.extra:
        columns[name] = rows.table.column(rows.table.names[rows.table.index(name)])
    return columns


def tell_notes(rows: "NewRows", model: "Model") -> None:
    """Say on standard error what was passed over, missing or unknown."""
    from engine.data.preparation.notes import gathered

    for note in gathered(rows.notes):
        echo(f"tui-lab: {note}", err=True)
    if model.pipeline.takes_unknown:
        for column, name in enumerate(model.pipeline.features):
            unknown = int((rows.x[:, column] == 0).sum())
            if unknown:
                echo(
                    f"tui-lab: {name}: in {unknown:,} of {len(rows.x):,} rows one that training never saw; "
                    "it is taken for an average one",
                    err=True,
                )


def predictions(model: "Model", z: "np.ndarray", rows: "NewRows") -> tuple[list[str], list[list[Any]]]:
    """The names and values of the output's columns: class and probabilities, or numbers in the target's units."""
    from engine.metrics import predicted, probabilities

    pipeline = model.pipeline
    if pipeline.task.predicts_class:
        p = probabilities(z)
        classes = [pipeline.classes[i] for i in predicted(z).tolist()]
        names = [pipeline.targets[0], *(f"p({name})" for name in pipeline.classes)]
        return names, [classes, *(p[:, i].round(6).tolist() for i in range(p.shape[1]))]
    values = model.predicted(z, rows.base)
    values = values.reshape(len(values), -1)
    return list(pipeline.targets), [[float(f"{v:.7g}") for v in column] for column in values.T.tolist()]


def write_table(output: str, kind: str, columns: dict[str, list[Any]]) -> None:
    """Write columns as CSV, as one JSON object a line, or as Parquet. Raises InputError where it cannot be."""
    from engine.errors import InputError

    if kind == "parquet":
        write_parquet(output, columns)
        return
    write = write_csv if kind == "csv" else write_lines
    if output == "-":
        write(output_stream(), columns)
        return
    try:
        with open(output, "w", newline="", encoding="utf-8") as file:
            write(file, columns)
    except OSError as error:
        raise InputError(f"{output}: cannot be written: {error.strerror}") from None


def write_csv(out: "IO[str] | Printable", columns: dict[str, list[Any]]) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(
        [cell_text(name, cell) for name, cell in zip(columns, row, strict=True)]
        for row in zip(*columns.values(), strict=True)
    )


def cell_text(name: str, cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:.6f}" if name.startswith("p(") else f"{cell:.7g}"
    return str(cell)


def write_lines(out: "IO[str] | Printable", columns: dict[str, list[Any]]) -> None:
    for row in zip(*columns.values(), strict=True):
        out.write(json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n")


def write_parquet(output: str, columns: dict[str, list[Any]]) -> None:
    from engine.errors import InputError

    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise InputError("Parquet needs the extra: pip install 'tui-lab[parquet]'") from None
    if output == "-":
        raise InputError("Parquet is no text; name a file with --output")
    try:
        parquet.write_table(pyarrow.table(columns), output)
    except OSError as error:
        raise InputError(f"{output}: cannot be written: {error.strerror or error}") from None
