"""presets: list, show and copy ready experiments."""

from pathlib import Path

import click

from tui_lab.cli.completion import complete_presets
from tui_lab.cli.options import json_option
from tui_lab.cli.printing import echo


@click.group("presets", invoke_without_command=True)
@json_option()
@click.pass_context
def presets_command(context: click.Context, as_json: bool) -> None:
    if context.invoked_subcommand is None:
        context.invoke(list_presets, as_json=as_json)


@presets_command.command("list")
@json_option()
def list_presets(as_json: bool = False) -> None:
    """List the presets by topic."""
    import json

    import presets
    from tui_lab.cli.tables import aligned

    rows = [(name, presets.topic(name), presets.load(name)["title"]) for name in presets.names()]
    if as_json:
        for name, topic, title in rows:
            click.echo(json.dumps({"name": name, "topic": topic, "title": title}, ensure_ascii=False))
        return
    for topic in dict.fromkeys(topic for _, topic, _ in rows):
        echo(topic)
        lines = aligned([(name, title) for name, its, title in rows if its == topic], indent="  ")
        echo("\n".join(lines) + "\n")
    echo("tui-lab train NAME trains one, tui-lab presets show NAME tells about it")


@presets_command.command("show")
@click.argument("name", shell_complete=complete_presets)
def show_preset(name: str) -> None:
    """Tell about a preset (or a TOML file): its story, its layers, what to try."""
    from engine.network import trace
    from engine.plan import io_spec
    from tui_lab.cli import loading
    from tui_lab.cli.tables import aligned

    title, experiment = loading.experiment_of(name)
    dataset = loading.dataset_of(experiment)
    network = trace(experiment.model, io_spec(experiment, dataset))
    echo(f"{title}: {experiment.title}\n")
    if experiment.story:
        echo(click.wrap_text(" ".join(experiment.story.split()), width=78) + "\n")
    shapes = {p.name: p.shape for p in network.parameters}
    rows = [("input", shape_text(dataset.input_shape), "")]
    for block in network.blocks:
        size = sum(product(shapes[name]) for name in block.parameters)
        rows.append((block.name, shape_text(block.shape), f"{size:,}" if size else ""))
    rows.append(("", "", f"{network.size:,} parameters"))
    echo("\n".join(aligned(rows, right=frozenset({2}), indent="  ")) + "\n")
    optimizer, loss = experiment.optimizer, experiment.loss
    training = experiment.training
    length = f"{training.steps:,} steps" if training.steps else f"{training.epochs:g} epochs"
    sizes = " · ".join(f"{len(getattr(dataset, part)):,} {part}" for part in ("train", "val", "test"))
    echo(f"  data   {experiment.data.tag()}: {sizes}")
    if experiment.augment:
        echo(f"  change {', '.join(step.tag() for step in experiment.augment)} of the training rows")
    echo(f"  loss   {loss.tag()}, {optimizer.tag()} at {optimizer.lr:g}, {length}")
    if experiment.expect:
        echo(f"  expect {experiment.expect.text()}")
    if experiment.things_to_try:
        echo("\nto try")
        for line in experiment.things_to_try:
            echo(f"  {line}")


@presets_command.command("copy")
@click.argument("name", shell_complete=complete_presets)
@click.argument("file", type=click.Path(path_type=Path))
def copy_preset(name: str, file: Path) -> None:
    """Copy a preset to FILE, comments and all, to change it."""
    import presets
    from engine.errors import InputError

    text = presets.text(name)
    try:
        with open(file, "x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise InputError(f"{file}: is there already; choose another name") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be written: {error.strerror}") from None
    echo(f"{file} is yours; train it with: tui-lab train {file}")


def shape_text(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def product(shape: tuple[int, ...]) -> int:
    import math

    return math.prod(shape)
