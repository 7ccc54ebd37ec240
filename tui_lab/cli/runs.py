"""runs: list and show past trainings."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tui_lab.cli.options import runs_option, runs_root

if TYPE_CHECKING:
    from engine.runs import RunDirectory


@click.group("runs", invoke_without_command=True)
@runs_option()
@click.pass_context
def runs_command(context: click.Context, runs: Path | None) -> None:
    """List and show past trainings."""
    context.obj = runs
    if context.invoked_subcommand is None:
        context.invoke(list_runs)


@runs_command.command("list")
@runs_option()
@click.pass_context
def list_runs(context: click.Context, runs: Path | None = None) -> None:
    """List the runs, the oldest first."""
    from engine.runs import RunDirectory
    from tui_lab.cli.tables import aligned

    root = runs_root(runs or context.obj)
    found = RunDirectory.all(root)
    if not found:
        click.echo(f"no runs in {root} yet; tui-lab train spiral makes one")
        return
    rows = [("run", "steps", "best", "test", "ended", "when"), *(row_of(run) for run in found)]
    click.echo("\n".join(aligned(rows, right=frozenset({1}))))


def row_of(run: "RunDirectory") -> tuple[str, ...]:
    summary = run.summary() or {}
    metrics = run.metrics()
    step = summary.get("step") or (metrics[-1]["step"] if metrics else 0)
    ended = summary.get("reason") or ("training" if run.is_training() else "interrupted")
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.began))
    return (
        run.name,
        f"{step:,}",
        first_number(summary.get("best"), skip="step"),
        first_number(summary.get("test"), skip="loss"),
        ended,
        when,
    )


def first_number(values: Any, skip: str) -> str:
    from tui_lab.numbers import number

    for name, value in values.items() if isinstance(values, dict) else ():
        if name != skip:
            return f"{name} {number(value).strip()}"
    return "–"


@runs_command.command("show")
@click.argument("run", metavar="RUN")
@runs_option()
@click.pass_context
def show_run(context: click.Context, run: str, runs: Path | None) -> None:
    """Tell a run's story: what ran, what was measured, what happened. RUN may be "last"."""
    from engine.runs import RunDirectory
    from tui_lab.cli.tables import aligned
    from tui_lab.numbers import number

    found = RunDirectory.find(run, runs_root(runs or context.obj))
    click.echo(f"{found.path}\n")
    click.echo((found.path / "experiment.toml").read_text(encoding="utf-8").strip() + "\n")
    metrics = found.metrics()
    if metrics:
        names = [n for n in metrics[-1] if n not in ("event", "time", "step", "epoch")]
        shown = metrics[:: max(1, len(metrics) // 10)]
        shown = shown if shown[-1] is metrics[-1] else [*shown, metrics[-1]]
        rows = [("step", *names), *((f"{m['step']:,}", *(number(m.get(n)) for n in names)) for m in shown)]
        click.echo("\n".join(aligned(rows, right=frozenset(range(len(names) + 1)))) + "\n")
    for event in found.events():
        if event["event"] != "checkpoint":
            click.echo(event_line(event))


def event_line(event: dict[str, Any]) -> str:
    from engine.edits import edit_text

    clock = time.strftime("%H:%M:%S", time.localtime(event.get("time", 0)))
    detail = {
        "start": lambda e: f"{e['parameters']:,} parameters",
        "end": lambda e: f"{e['reason']}  {e.get('message') or ''}",
        "warning": lambda e: e["message"],
        "edit": lambda e: edit_text(e),
    }.get(event["event"], lambda e: "")
    return f"{clock}  step {event['step']:>9,}  {event['event']:10}  {detail(event)}".rstrip()
