"""runs: list, show, compare and remove past trainings."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui_lab.cli.completion import complete_runs
from tui_lab.cli.options import json_option, runs_option, runs_root
from tui_lab.cli.printing import echo

if TYPE_CHECKING:
    from engine.runs import RunDirectory


@click.group("runs", invoke_without_command=True)
@runs_option()
@json_option()
@click.pass_context
def runs_command(context: click.Context, runs: Path | None, as_json: bool) -> None:
    context.obj = runs
    if context.invoked_subcommand is None:
        context.invoke(list_runs, as_json=as_json)


@runs_command.command("list")
@runs_option()
@json_option()
@click.pass_context
def list_runs(context: click.Context, runs: Path | None = None, as_json: bool = False) -> None:
    """List the runs, the oldest first."""
    from engine.runs import RunDirectory
    from tui_lab.cli.tables import aligned

    root = runs_root(runs or context.obj)
    found = [told(run) for run in RunDirectory.all(root)]
    if as_json:
        for run in found:
            click.echo(json.dumps(run, ensure_ascii=False))
    elif not found:
        echo(f"no runs in {root} yet; tui-lab train spiral makes one")
    else:
        rows = [("run", "steps", "best", "test", "ended", "when"), *map(row_of, found)]
        echo("\n".join(aligned(rows, right=frozenset({1}))))


def told(run: "RunDirectory") -> dict[str, Any]:
    """What a list tells of a run; a file that holds something else than expected tells nothing."""
    summary = run.summary() or {}
    metrics = run.metrics()
    step = summary.get("step")
    if not isinstance(step, int):
        step = metrics[-1]["step"] if metrics and isinstance(metrics[-1]["step"], int) else 0
    reason = summary.get("reason")
    ended = (
        reason if isinstance(reason, str) and reason else "training" if run.is_training() else "interrupted"
    )
    return {
        "run": run.name, "path": str(run.path), "step": step, "best": numbers_in(summary.get("best")),
        "test": numbers_in(summary.get("test")), "ended": ended, "began": run.began,
    }  # fmt: skip


def numbers_in(values: Any) -> dict[str, float]:
    if not isinstance(values, dict):
        return {}
    return {n: v for n, v in values.items() if isinstance(v, int | float) and not isinstance(v, bool)}


def row_of(run: dict[str, Any]) -> tuple[str, ...]:
    return (
        run["run"],
        f"{run['step']:,}",
        first_measure(run["best"], skip="step"),
        first_measure(run["test"], skip="loss"),
        run["ended"],
        time.strftime("%Y-%m-%d %H:%M", time.localtime(run["began"])),
    )


def first_measure(values: dict[str, float], skip: str) -> str:
    from tui_lab.numbers import number

    return next((f"{name} {number(value).strip()}" for name, value in values.items() if name != skip), "–")


@runs_command.command("show")
@click.argument("run", metavar="RUN", shell_complete=complete_runs)
@runs_option()
@click.pass_context
def show_run(context: click.Context, run: str, runs: Path | None) -> None:
    """Show a run: its experiment, metrics and events. RUN may be "last"."""
    from engine.runs import RunDirectory
    from tui_lab.cli.tables import aligned
    from tui_lab.numbers import number

    found = RunDirectory.find(run, runs_root(runs or context.obj))
    echo(f"{found.path}\n")
    echo((found.path / "experiment.toml").read_text(encoding="utf-8").strip() + "\n")
    metrics = found.metrics()
    if metrics:
        names = [n for n in metrics[-1] if n not in ("event", "time", "step", "epoch")]
        shown = metrics[:: max(1, len(metrics) // 10)]
        shown = shown if shown[-1] is metrics[-1] else [*shown, metrics[-1]]
        rows = [("step", *names), *((f"{m['step']:,}", *(number(m.get(n)) for n in names)) for m in shown)]
        echo("\n".join(aligned(rows, right=frozenset(range(len(names) + 1)))) + "\n")
    for event in found.events():
        if event["event"] != "checkpoint":
            echo(event_line(event))


def event_line(event: dict[str, Any]) -> str:
    from engine.edits import edit_text

    clock = time.strftime("%H:%M:%S", time.localtime(event.get("time", 0)))
    detail = {
        "start": lambda e: f"{e['parameters']:,} parameters",
        "end": lambda e: f"{e['reason']}  {e.get('message') or ''}",
        "warning": lambda e: e["message"],
        "edit": lambda e: edit_text(e),
    }.get(event["event"], lambda e: "")
    try:
        return f"{clock}  step {event['step']:>9,}  {event['event']:10}  {detail(event)}".rstrip()
    except (KeyError, TypeError, ValueError):
        return f"{clock}  {json.dumps(event, ensure_ascii=False)}"  # written by hand, or by another version


@runs_command.command("compare")
@click.argument("names", metavar="RUN RUN…", nargs=-1, required=True, shell_complete=complete_runs)
@runs_option()
@json_option()
@click.pass_context
def compare_runs(context: click.Context, names: tuple[str, ...], runs: Path | None, as_json: bool) -> None:
    """Compare runs: the settings in which they differ, and their metrics."""
    from engine.runs import RunDirectory
    from tui_lab.cli.tables import aligned

    root = runs_root(runs or context.obj)
    found = [RunDirectory.find(name, root) for name in names]
    if len({run.path for run in found}) < 2:
        raise click.UsageError("name two runs or more")
    differing, results = fields_that_differ(found), [measured(run) for run in found]
    if as_json:
        for i, run in enumerate(found):
            fields = {path: values[i] for path, values in differing.items()}
            click.echo(json.dumps(told(run) | {"fields": fields}, ensure_ascii=False))
        return
    rows: list[tuple[str, ...]] = [("", *(run.name for run in found))]
    rows += [(path, *map(value_text, values)) for path, values in differing.items()]
    rows += [
        (name, *(result.get(name, "–") for result in results))
        for name in dict.fromkeys(name for result in results for name in result)
    ]
    echo("\n".join(aligned(rows, right=frozenset(range(1, len(found) + 1)))))


def fields_that_differ(found: "list[RunDirectory]") -> dict[str, list[Any]]:
    """Each dotted path that is not the same in all runs, with its value in each (None: it has none)."""
    flat = [flattened(run) for run in found]
    paths = dict.fromkeys(path for tree in flat for path in tree)
    values = {path: [tree.get(path) for tree in flat] for path in paths}
    return {path: each for path, each in values.items() if any(value != each[0] for value in each)}


def flattened(run: "RunDirectory") -> dict[str, Any]:
    """The fields of a run's experiment by their dotted path; what is told about it is left out."""
    from engine.component import tree_of
    from engine.edits import ABOUT

    found: dict[str, Any] = {}

    def walk(path: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                walk(f"{path}.{key}" if path else key, item)
        elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            for i, item in enumerate(value):
                walk(f"{path}.{i}", item)
        else:
            found[path] = value

    tree = tree_of(run.experiment())
    walk("", {key: value for key, value in tree.items() if key not in (*ABOUT, "try")})
    return found


def value_text(value: Any) -> str:
    return (
        "–" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    )


def measured(run: "RunDirectory") -> dict[str, str]:
    """How a run ended and what was measured, as text."""
    from tui_lab.numbers import number

    summary, line = run.summary() or {}, told(run)
    best = {f"best {n}": number(v).strip() for n, v in line["best"].items() if n != "step"}
    test = {f"test {n}": number(v).strip() for n, v in line["test"].items()}
    seconds = summary.get("seconds")
    took = {"seconds": f"{seconds:,.1f}"} if isinstance(seconds, int | float) else {}
    return {"ended": line["ended"], "steps": f"{line['step']:,}", **took, **best, **test}


@runs_command.command("rm")
@click.argument("names", metavar="RUN…", nargs=-1, required=True, shell_complete=complete_runs)
@click.option("--yes", is_flag=True, help="Do not ask.")
@runs_option()
@click.pass_context
def remove_runs(context: click.Context, names: tuple[str, ...], yes: bool, runs: Path | None) -> None:
    """Remove runs with everything in their directories, after asking."""
    import shutil
    import sys

    from engine.errors import InputError
    from engine.runs import RunDirectory

    root = runs_root(runs or context.obj)
    found = list({run.path: run for run in (RunDirectory.find(name, root) for name in names)}.values())
    for run in found:
        if run.is_training():
            raise InputError(f"{run.path}: is being trained; stop it first")
        if run.path.is_symlink():
            raise InputError(f"{run.path}: is a link; remove it yourself")
    if not yes:
        if not sys.stdin.isatty():
            raise InputError("nobody can be asked here; --yes removes them without asking")
        listed = ", ".join(run.name for run in found)
        click.confirm(f"remove {listed} from {root}?", abort=True, err=True)
    for run in found:
        try:
            shutil.rmtree(run.path)
        except OSError as error:
            raise InputError(f"{run.path}: cannot be removed: {error.strerror}") from None
        echo(f"removed {run.path}")
