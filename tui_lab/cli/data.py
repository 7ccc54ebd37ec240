"""data: list and show data sets."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui_lab.cli.printing import echo

if TYPE_CHECKING:
    from engine.data import Dataset, Source


@click.group("data", invoke_without_command=True)
@click.pass_context
def data_command(context: click.Context) -> None:
    """List and show data sets."""
    if context.invoked_subcommand is None:
        context.invoke(list_data)


@data_command.command("list")
def list_data() -> None:
    """List the sources that data.source can name."""
    from engine.component import members
    from engine.data import Source
    from tui_lab.cli.tables import aligned

    kinds = sorted(members(Source).items(), key=lambda item: of_the_user(item[1]))
    rows = [(name, one_line(cls)) for name, cls in kinds]
    echo("\n".join(aligned(rows)))


@data_command.command("show")
@click.argument("name", metavar="NAME|FILE")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=1,
    show_default=True,
    help="Of generated rows and of the split.",
)
def show_data(name: str, seed: int) -> None:
    """Tell about a data set, a file of yours, or the data of a preset: rows, classes, columns, licence."""
    from engine.data import prepare
    from engine.data.sources.bundled import origin
    from tui_lab.cli.tables import aligned
    from tui_lab.session.describing import first_text
    from tui_lab.session.raw_columns import column, columns_before

    source = source_of(name)
    dataset = prepare(source, seed, "float64")
    echo(" ".join((type(source).__doc__ or name).split()) + "\n")
    echo("\n".join(aligned([*origin(source.tag()), *facts(dataset)])))
    if dataset.task.predicts_tokens:
        echo("\n" + written_out(first_text(dataset, tokens=400, rows=8)))
    before = columns_before(source, seed, dataset.train.x.size)
    if before:
        echo("\n" + columns_text("column", before))
    if before and dataset.pipeline.steps:
        steps = ", ".join(step.tag() for step, _ in dataset.pipeline.steps)
        after = [column(name, dataset.train.x[:, i], 0) for i, name in enumerate(dataset.pipeline.columns)]
        echo(f"\nafter {steps} (training rows)\n" + columns_text("input", after))


def source_of(name: str) -> "Source":
    """The source of that name, or that of a preset, a TOML file or a file of data."""
    import presets
    from engine.component import build, members
    from engine.data import Source
    from engine.errors import InputError, did_you_mean

    known = members(Source)
    ready = [kind for kind, cls in known.items() if not of_the_user(cls)]
    if name in ready:
        return known[name]()
    if name not in presets.names() and not Path(name).suffix and not Path(name).exists():
        raise InputError(f"no data set {name!r}; {did_you_mean(name, ready)}; or name a file")
    tree = presets.find(name)[1]
    if "data" not in tree:
        raise InputError(f"{name}: data is missing")
    try:
        return build(Source, tree["data"], "data")
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
        balance = ", ".join(f"{c} {n:,}" for c, n in zip(dataset.classes, counts, strict=True))
        return [*lines, ("classes", f"{balance} (training rows)")]
    if dataset.task.predicts_tokens:
        return [*lines, ("tokens", f"{len(dataset.classes):,} kinds of {dataset.pipeline.tokens}s")]
    if dataset.vocabulary:
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
        rows.append((told["name"], *numbers, f"{told['missing']:,}" if told["missing"] else ""))
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


def one_line(cls: type) -> str:
    return textwrap.shorten((cls.__doc__ or "").strip().rstrip("."), 64, placeholder=" …")
