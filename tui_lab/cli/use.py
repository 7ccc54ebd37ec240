"""eval and predict: what a trained network is worth, and what it says about new rows."""

import csv
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from tui_lab.cli.options import runs_option, runs_root

if TYPE_CHECKING:
    import numpy as np

    from tui_lab.cli.loading import Model


@click.command("eval")
@click.argument("run", metavar="RUN")
@click.option("--split", type=click.Choice(["train", "val", "test"]), default="test", show_default=True)
@runs_option()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def eval_command(run: str, split: str, runs: Path | None, as_json: bool) -> None:
    """Measure a run's best parameters: RUN is a directory, a name, or "last"."""
    import json

    from engine.errors import InputError
    from engine.evaluate import evaluate
    from engine.metrics import confusion
    from engine.runs import RunDirectory
    from tui_lab.cli import loading, tables
    from tui_lab.cli.reporters import measurements

    found = RunDirectory.find(run, runs_root(runs))
    model = loading.Model.of(found)
    dataset = model.dataset()
    loss, metrics = evaluate(model.experiment, dataset, model.evaluator, split)
    if loss is None:
        raise InputError(f"{found.name} has no {split} rows: data.split.{split} is 0")
    rows = dataset.measured(split)
    if as_json:
        values = {"run": str(found.path), "split": split, "rows": len(rows), "step": model.step}
        print(json.dumps(values | {"loss": loss} | metrics))
        return
    print(f"{found.name}, step {model.step:,}, {len(rows):,} {split} rows")
    print("  ".join(measurements({"loss": loss} | metrics)))
    if dataset.task.predicts_class:
        counts = confusion(model.evaluator.outputs(rows.x), rows.y)
        print()
        for line in tables.confusion_lines(counts, dataset.classes):
            print(line)


@click.command("predict")
@click.argument("run", metavar="RUN")
@click.option(
    "--input",
    "source",
    metavar="FILE",
    required=True,
    help="New rows: CSV, TSV (also .gz) or NPZ; a picture or a folder of pictures; a series to go on with.",
)
@click.option(
    "--output", metavar="FILE", default="-", help="Where to write CSV; standard output if left out."
)
@runs_option()
def predict_command(run: str, source: str, output: str, runs: Path | None) -> None:
    """Predict new rows from a file with a run's best parameters."""
    from engine.data import new_rows
    from engine.data.preparation.notes import gathered
    from engine.errors import InputError
    from engine.runs import RunDirectory
    from tui_lab.cli import loading

    model = loading.Model.of(RunDirectory.find(run, runs_root(runs)))
    dtype = model.evaluator.memory.dtype
    rows = new_rows(source, model.pipeline, model.io.input_shape, dtype, model.io.vocabulary)
    for note in gathered(rows.notes):
        print(f"tui-lab: {note}", file=sys.stderr)
    x, names, base = rows.x, rows.names, rows.base
    if model.pipeline.takes_unknown:
        tell_unknown(x, model.pipeline.features)
    z = model.evaluator.outputs(x)
    if output == "-":
        write_predictions(sys.stdout, model, z, names, base)
        return
    try:
        with open(output, "w", newline="", encoding="utf-8") as file:
            write_predictions(file, model, z, names, base)
    except OSError as error:
        raise InputError(f"{output}: cannot be written: {error.strerror}") from None


def tell_unknown(x: "np.ndarray", names: tuple[str, ...]) -> None:
    """Say of how many rows (R, 2) a user or an item was not there in training: number 0."""
    for column, name in enumerate(names):
        rows = int((x[:, column] == 0).sum())
        if rows:
            print(
                f"tui-lab: {name}: in {rows:,} of {len(x):,} rows one that training never saw; "
                "it is taken for an average one",
                file=sys.stderr,
            )


def write_predictions(
    out: IO[str], model: "Model", z: "np.ndarray", names: list[str], base: "np.ndarray"
) -> None:
    """A header and a line for each row: class and probabilities, or numbers in the target's own units, added to
    `base`; before them the rows' names, where they have any."""
    from engine.metrics import predicted, probabilities

    writer = csv.writer(out, lineterminator="\n")
    pipeline = model.pipeline
    labels = [[name] for name in names] or [[]] * len(z)
    file = ["file"] if names else []
    if pipeline.task.predicts_numbers:
        writer.writerow([*file, *pipeline.targets])
        numbers = pipeline.target_to_original(z) + base
        writer.writerows([*a, *(f"{v:.7g}" for v in row)] for a, row in zip(labels, numbers, strict=True))
        return
    writer.writerow([*file, *pipeline.targets, *(f"p({name})" for name in pipeline.classes)])
    for label, number, row in zip(labels, predicted(z), probabilities(z), strict=True):
        writer.writerow([*label, pipeline.classes[number], *(f"{p:.6f}" for p in row)])
