"""data: list and show data sets."""

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.errors import InputError, did_you_mean, escaped
from tui_lab.cli.options import data_assignments, data_options
from tui_lab.cli.printing import echo

if TYPE_CHECKING:
    from engine.component import Tree
    from engine.data import Dataset, Source


@click.group("data", invoke_without_command=True)
@click.pass_context
def data_command(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        context.invoke(list_data)


@data_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_data(as_json: bool = False) -> None:
    """List the sources that data.source can name."""
    import json

    from engine.component import members
    from engine.data import Source
    from tui_lab.cli.tables import aligned

    kinds = sorted(members(Source).items(), key=lambda item: of_the_user(item[1]))
    if as_json:
        for name, cls in kinds:
            told = {"name": name, "about": whole_line(cls), "needs_file": of_the_user(cls)}
            click.echo(json.dumps(told | {"endings": list(getattr(cls, "endings", ()))}))
        return
    about = one_line if sys.stdout.isatty() else whole_line  # nothing is cut in a pipe
    echo("\n".join(aligned([(name, about(cls)) for name, cls in kinds])))


@data_command.command("show")
@click.argument("name", metavar="NAME|FILE")
@click.option(
    "--set", "assignments", metavar="KEY=VALUE", multiple=True, help="Change a field: data.target=price."
)
@data_options
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=1,
    show_default=True,
    help="Of generated rows and of the split.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--fix", is_flag=True, help="Write a TOML file with the choices that were made, to change them."
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="Where --fix writes; else FILE's name with .toml."
)
def show_data(
    name: str, assignments: tuple[str, ...], column: str | None, ignore: tuple[str, ...], task: str | None,
    seed: int, as_json: bool, fix: bool, output: Path | None,
) -> None:  # fmt: skip
    """Describe a data set, a file, or a preset's data: how each column is read and why, what is done about it, rows,
    classes, license."""
    from engine.data import prepare
    from engine.data.sources.bundled import origin
    from engine.data.sources.rows import RowSource
    from engine.data.sources.table import TableSource
    from tui_lab.cli import columns
    from tui_lab.cli.tables import aligned
    from tui_lab.session.describing import first_text
    from tui_lab.session.raw_columns import MOST_VALUES, columns_in
    from tui_lab.session.raw_columns import column as stats_of

    tree, source = tree_and_source(name, (*data_assignments(column, ignore, task), *assignments))
    raw = source.raw(seed) if isinstance(source, RowSource) else None
    table = raw if isinstance(source, TableSource) and raw is not None and raw.table is not None else None
    dataset = prepare(source, seed, "float64")
    if fix:
        if table is None:
            raise InputError(
                f"{name}: --fix writes what was judged about the columns of a table, which this is not"
            )
        write_fixed(columns.toml_of(columns.with_choices(tree, table), dataset.notes), name, output)
        return
    if as_json:
        click.echo(as_json_text(name, dataset, columns.columns_of(table) if table else []))
        return
    echo(" ".join((type(source).__doc__ or name).split()) + "\n")
    echo("\n".join(aligned([*origin(source.tag()), *facts(dataset)])))
    if table is not None:
        echo("\n" + "\n".join(columns.lines_of(columns.columns_of(table), not sys.stdout.isatty())))
    if dataset.notes:
        echo("\n" + "\n".join(columns.notes_of(dataset.notes)))
    if dataset.task.predicts_tokens:
        echo("\n" + written_out(first_text(dataset, tokens=400, rows=8)))
    before = columns_in(raw) if raw is not None and dataset.train.x.size <= MOST_VALUES else []
    if before:
        echo("\n" + columns_text("column", before))
    if before and dataset.pipeline.steps:
        steps = ", ".join(step.tag() for step, _ in dataset.pipeline.steps)
        after = [stats_of(name, dataset.train.x[:, i], 0) for i, name in enumerate(dataset.pipeline.columns)]
        echo(f"\nafter {steps} (training rows)\n" + columns_text("input", after))


def write_fixed(text: str, name: str, output: Path | None) -> None:
    """Write a TOML file that was not there. Raises InputError where it was, or cannot be written."""
    path = output or Path(Path(name).name.split(".")[0] + ".toml")
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path}: is there already; --output names another file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
    echo(f"{path} is yours; train it with: tui-lab train {path}")


def as_json_text(name: str, dataset: "Dataset", columns: list[dict[str, Any]]) -> str:
    """What is told of a data set as one JSON object."""
    import json

    told: dict[str, Any] = {
        "name": name,
        "task": dataset.task.tag(),
        "rows": {part: len(getattr(dataset, part)) for part in ("train", "val", "test")},
        "input_shape": list(dataset.input_shape),
        "inputs": list(dataset.pipeline.columns),
        "targets": list(dataset.targets),
        "columns": columns,
        "notes": [note.to_json() for note in dataset.notes],
    }
    if dataset.task.predicts_class:
        told["classes"] = list(dataset.classes)
    return json.dumps(told)


def tree_and_source(name: str, assignments: tuple[str, ...]) -> tuple["Tree", "Source"]:
    """The tables of an experiment on that name, where there are any, and its source."""
    import presets
    from engine.component import build, members
    from engine.data import Source
    from engine.experiment import override

    known = members(Source)
    if name in known and not of_the_user(known[name]):
        tree = override({"data": {"source": name}}, list(assignments))
        return tree, build(Source, tree["data"], "data")
    if name not in presets.names() and not Path(name).suffix and not Path(name).exists():
        ready = [kind for kind, cls in known.items() if not of_the_user(cls)]
        raise InputError(f"no data set {name!r}; {did_you_mean(name, ready)}; or name a file")
    tree = presets.find(name, assignments)[1]
    if "data" not in tree:
        raise InputError(f"{name}: data is missing")
    try:
        return tree, build(Source, tree["data"], "data")
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def facts(dataset: "Dataset") -> list[tuple[str, str]]:
    """Task, sizes, inputs and targets, a line each."""
    import numpy as np

    sizes = ", ".join(f"{len(getattr(dataset, part)):,} {part}" for part in ("train", "val", "test"))
    lines = [
        ("task", dataset.task.tag()),
        ("rows", sizes),
        ("inputs", "×".join(map(str, dataset.input_shape))),
    ]
    y = dataset.pipeline.target_to_original(dataset.train.y)
    if dataset.task.predicts_class:
        counts = np.bincount(y[:, 0].astype(int), minlength=len(dataset.classes))
        balance = ", ".join(f"{escaped(c)} {n:,}" for c, n in zip(dataset.classes, counts, strict=True))
        return [*lines, ("classes", f"{balance} (training rows)")]
    if dataset.task.predicts_tokens:
        return [*lines, ("tokens", f"{len(dataset.classes):,} kinds of {dataset.pipeline.tokens}s")]
    if dataset.pipeline.takes_unknown:
        kinds = zip(dataset.features, dataset.vocabulary, strict=True)
        lines.append(("known", ", ".join(f"{n - 1:,} {name}s" for name, n in kinds)))
    lines.append(("target", f"{', '.join(dataset.targets)}: mean {y.mean():.4g}, deviation {y.std():.4g}"))
    if dataset.baselines and len(dataset.test):
        lines.append(("rules", f"{', '.join(worth_of_rules(dataset))} (test rows)"))
    return lines


def columns_text(title: str, columns: list[dict[str, Any]]) -> str:
    """A line for each column: its range where it holds numbers, how many kinds where it holds text."""
    from tui_lab.cli.tables import aligned

    rows: list[tuple[str, ...]] = [(title, "mean", "deviation", "least", "greatest", "missing")]
    for told in columns:
        numbers: tuple[str, ...] = (f"{told['categories']} kinds", "", "", "")
        if "stats" in told:  # rounded: a mean of 1e-17 is 0
            numbers = tuple(f"{value:.4g}" for value in told["stats"].round(12) + 0.0)
        rows.append((escaped(told["name"]), *numbers, f"{told['missing']:,}" if told["missing"] else ""))
    if not any(row[-1] for row in rows[1:]):
        rows = [row[:-1] for row in rows]
    return "\n".join(aligned(rows, right=frozenset({1, 2, 3, 4, 5})))


def written_out(beginning: dict[str, Any]) -> str:
    """How a text begins, its lines, or its pairs with the answer behind an arrow."""
    pairs = [f"{prompt} → {answer}" for prompt, answer in beginning.get("pairs", ())]
    return beginning.get("text") or "\n".join(beginning.get("lines") or pairs)


def worth_of_rules(dataset: "Dataset") -> list[str]:
    """What the simple rules are worth that a network is measured against: "last: rmse 19.4"."""
    headline, back = dataset.metrics[0], dataset.pipeline.target_to_original
    y = back(dataset.test.y)
    values = {name: headline.measure(back(guess), y) for name, guess in dataset.test.baselines.items()}
    return [f"{name}: {headline.name} {value:.4g}" for name, value in values.items() if value is not None]


def of_the_user(cls: type) -> bool:
    """Whether a source cannot do without being told a file."""
    from engine.hyper import fields

    return any(field.required for field in fields(cls))


def whole_line(cls: type) -> str:
    return " ".join((cls.__doc__ or "").split()).rstrip(".")


def one_line(cls: type) -> str:
    return textwrap.shorten((cls.__doc__ or "").strip().rstrip("."), 64, placeholder=" …")
