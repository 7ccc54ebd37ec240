"""Options and arguments that several commands share."""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

MOST_STEPS = 10**12  # at a million steps a second, eleven days

Decorator = Callable[[Callable], Callable]


def runs_option() -> Decorator:
    return click.option(
        "--runs",
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="Directory of runs; default: $TUI_LAB_RUNS, or ./runs.",
    )


def runs_root(given: Path | None) -> Path:
    """The directory of runs: as given, or of the environment, or ./runs."""
    return given or Path(os.environ.get("TUI_LAB_RUNS") or "runs")


class Number(click.FloatRange):
    """A number in a range; click lets NaN into any."""

    def convert(self, value: Any, parameter: Any, context: Any) -> float:
        number = super().convert(value, parameter, context)
        if math.isnan(number):
            self.fail(f"{value} is not a number.", parameter, context)
        return number


LENGTH = Number(0, MOST_STEPS, min_open=True)  # that a training can reach


def length_options(function: Callable) -> Callable:
    """How long to train: --steps or --epochs, and --minutes."""
    for option in (
        click.option("--minutes", type=LENGTH, help="Stop after this time."),
        click.option("--epochs", type=LENGTH, help="Passes over the training data."),
        click.option("--steps", type=click.IntRange(1, MOST_STEPS), help="Optimizer updates."),
    ):
        function = option(function)
    return function


def check_length(steps: int | None, epochs: float | None, more: int | None = None) -> None:
    """Raise UsageError for two lengths; --minutes goes with any, and whichever comes first ends the run."""
    given = [name for name, value in (("--steps", steps), ("--epochs", epochs), ("--more", more)) if value]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} cannot both be given")


def data_options(function: Callable) -> Callable:
    """What a table's columns are: --target, --ignore and --task."""
    for option in (
        click.option(
            "--task",
            type=click.Choice(["classification", "regression"]),
            help="The task; default: inferred from the target.",
        ),
        click.option(
            "--ignore", metavar="COLUMN", multiple=True, help="Column to leave out; may be repeated."
        ),
        click.option(
            "--target", "column", metavar="COLUMN", help="Column to predict; default: the last one."
        ),
    ):
        function = option(function)
    return function


def data_assignments(column: str | None, ignore: tuple[str, ...], task: str | None) -> tuple[str, ...]:
    """The same as `--set` has it."""
    import json

    found = []
    if column:
        found.append(f"data.target={column if column.isdigit() else json.dumps(column, ensure_ascii=False)}")
    if ignore:
        found.append(f"data.ignore={json.dumps(ignore, ensure_ascii=False)}")
    if task:
        found.append(f"data.task={json.dumps(task)}")
    return tuple(found)


def output_options(function: Callable) -> Callable:
    """--json and --quiet, of which one may be given."""
    function = click.option("--quiet", is_flag=True, help="Print nothing but errors.")(function)
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")(function)


def threads_option() -> Decorator:
    return click.option(
        "--threads",
        type=click.IntRange(1, 1024),
        help="Maximum number of threads; does not change the result.",
    )


def json_option() -> Decorator:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
