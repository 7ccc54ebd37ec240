"""data: list and show data sets."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from engine.data import Dataset


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
    click.echo("\n".join(aligned(rows)))


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
    """Tell about a data set, or about a file of yours: rows, classes, columns."""
    import numpy as np

    from engine.component import members
    from engine.data import Source, prepare, source_for
    from engine.data.dataset import LANGUAGE
    from engine.errors import InputError, did_you_mean
    from tui_lab.cli.tables import aligned
    from tui_lab.session.describing import first_text

    known = members(Source)
    ready = [kind for kind, cls in known.items() if not of_the_user(cls)]
    if Path(name).suffix or Path(name).exists():
        source = source_for(name)
    elif name in ready:
        source = known[name]()  # type: ignore[assignment]
    else:
        raise InputError(f"no data set {name!r}; {did_you_mean(name, ready)}; or name a file")
    dataset = prepare(source, seed, "float64")
    click.echo(" ".join((type(source).__doc__ or name).split()) + "\n")
    sizes = ", ".join(f"{len(getattr(dataset, part)):,} {part}" for part in ("train", "val", "test"))
    click.echo(f"task    {dataset.task}")
    click.echo(f"rows    {sizes}")
    click.echo(f"inputs  {'×'.join(map(str, dataset.input_shape))}")
    if dataset.task == "classification":
        counts = np.bincount(dataset.train.y[:, 0].astype(int), minlength=len(dataset.classes))
        balance = ", ".join(f"{c} {n:,}" for c, n in zip(dataset.classes, counts, strict=True))
        click.echo(f"classes {balance} (training rows)")
    elif dataset.task in LANGUAGE:
        click.echo(f"tokens  {len(dataset.classes)} kinds of {dataset.pipeline.tokens}s")
        click.echo("\n" + written_out(first_text(dataset, tokens=400, rows=8)))
    else:
        y = dataset.pipeline.target_to_original(dataset.train.y)
        click.echo(f"target  {', '.join(dataset.targets)}: mean {y.mean():.4g}, deviation {y.std():.4g}")
    if dataset.baselines and len(dataset.test):
        click.echo(f"rules   {', '.join(worth_of_rules(dataset))} (test rows)")
    if dataset.features:
        x = dataset.train.x
        rows: list[tuple[str, ...]] = [("column", "mean", "deviation", "least", "greatest")]
        for i, column in enumerate(dataset.pipeline.columns):
            values = x[:, i]
            rows.append(
                (column, *(f"{v:.4g}" for v in (values.mean(), values.std(), values.min(), values.max())))
            )
        click.echo("\n" + "\n".join(aligned(rows, right=frozenset({1, 2, 3, 4}))))


def written_out(beginning: dict[str, Any]) -> str:
    """How a text begins, its lines, or its pairs with the answer behind an arrow."""
    pairs = [f"{prompt} → {answer}" for prompt, answer in beginning.get("pairs", ())]
    return beginning.get("text") or "\n".join(beginning.get("lines") or pairs)


def worth_of_rules(dataset: "Dataset") -> list[str]:
    """What the simple rules are worth that a network is measured against: "last: rmse 19.4"."""
    headline, back = dataset.metrics[0], dataset.pipeline.target_to_original
    y = back(dataset.test.y)
    values = {name: headline.function(back(guess), y) for name, guess in dataset.test.baselines.items()}
    return [f"{name}: {headline.name} {value:.4g}" for name, value in values.items() if value is not None]


def of_the_user(cls: type) -> bool:
    """Whether a source cannot do without being told a file."""
    from engine.hyper import fields

    return any(field.required for field in fields(cls))


def one_line(cls: type) -> str:
    return textwrap.shorten((cls.__doc__ or "").strip().rstrip("."), 64, placeholder=" …")
