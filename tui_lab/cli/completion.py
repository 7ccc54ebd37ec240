"""What the shell completes: presets, runs, files, names of components, keys of --set and values that are choices."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args, get_origin

import click
from click.shell_completion import CompletionItem


def complete_presets(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Presets by name, else files."""
    import presets

    return named(((name, str(presets.load(name)["title"])) for name in presets.names()), incomplete)


def complete_runs(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Runs by name, the newest first, and "last"; else files."""
    from engine.runs import RunDirectory
    from tui_lab.cli.options import runs_root

    given = context.params.get("runs") or (context.parent.params.get("runs") if context.parent else None)
    found = [run.name for run in reversed(RunDirectory.all(runs_root(given)))]
    return named(((name, "") for name in (["last", *found] if found else [])), incomplete)


def complete_anything(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Presets and runs, else files: what `open` takes."""
    found = complete_presets(context, parameter, incomplete) + complete_runs(context, parameter, incomplete)
    items = [item for item in found if item.type == "plain"]
    return items or files(incomplete)


def complete_reference(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names that `reference` takes, each with its first sentence."""
    from engine.catalog import FAMILIES, entries

    known = [(family.name, family.title) for family in FAMILIES] + [(e.name, e.summary) for e in entries()]
    return named(known, incomplete, or_files=False)


def named(known: Iterable[tuple[str, str]], incomplete: str, or_files: bool = True) -> list[CompletionItem]:
    """The names that begin so, with what is told about them; files where none does."""
    items = [CompletionItem(name, help=help or None) for name, help in known if name.startswith(incomplete)]
    return items or (files(incomplete) if or_files else [])


def files(incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="file")]


# -- --set KEY=VALUE ---------------------------------------------------------------------------------------------


def complete_assignment(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Keys of the experiment that the command names, then the values of one that has choices."""
    from engine.errors import LabError

    try:
        experiment = experiment_of(context)
    except (LabError, OSError):
        experiment = None
    key, equals, _ = incomplete.partition("=")
    keys = {path: (kind, help) for path, kind, help in keys_of(experiment)}
    if not equals:
        return named(((f"{path}=", help) for path, (_, help) in keys.items()), key, or_files=False)
    if key not in keys:
        return []
    return named(((f"{key}={choice}", "") for choice in choices(keys[key][0])), incomplete, or_files=False)


def experiment_of(context: click.Context) -> Any:
    """The experiment of the preset, the file or the run that stands on the command line."""
    from engine.experiment import experiment_from
    from engine.runs import RunDirectory
    from tui_lab.cli.options import runs_root

    first = context.args[0] if context.args else None  # where click has not told arguments from options yet
    if any(parameter.name == "run" for parameter in context.command.params):
        run = context.params.get("run") or first
        return RunDirectory.find(run, runs_root(context.params.get("runs"))).experiment() if run else None
    import presets

    target = context.params.get("target") or first
    return experiment_from(presets.find(target)[1]) if target else None


def keys_of(experiment: Any) -> Iterator[tuple[str, Any, str]]:
    """(path, kind, help) of every field of an experiment; without one, of what all experiments have."""
    from engine.experiment import Training
    from engine.hyper import fields

    if experiment is None:
        yield from ((f"training.{f.name}", f.kind, f.help) for f in fields(Training))
        return
    for section in ("optimizer", "schedule", "training", "loss", "data", "model", "augment"):
        yield from keys_below(section, getattr(experiment, section))


def keys_below(path: str, value: Any) -> Iterator[tuple[str, Any, str]]:
    from engine.component import Component, is_family
    from engine.hyper import fields

    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from keys_below(f"{path}.{i}", item)
        return
    if not isinstance(value, Component):
        return
    tag_field = type(value).__struct_config__.tag_field
    if tag_field:
        family = next(base for base in type(value).__mro__ if is_family(base))
        yield f"{path}.{tag_field}", family, f"which {family.__name__.lower()}"
    names = dict(zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True))
    for each in fields(type(value)):
        yield f"{path}.{each.name}", each.kind, each.help
        held = getattr(value, names[each.name])
        if isinstance(held, Component | list) and not isinstance(held, str):
            yield from keys_below(f"{path}.{each.name}", held)


def choices(kind: Any) -> list[str]:
    """The values of a field, where they can be counted."""
    from engine.component import is_family, members

    if kind is bool:
        return ["true", "false"]
    if get_origin(kind) is Literal:
        return [str(choice) for choice in get_args(kind)]
    if is_family(kind):
        return list(members(kind))
    return [choice for part in get_args(kind) if get_origin(kind) is not list for choice in choices(part)]
