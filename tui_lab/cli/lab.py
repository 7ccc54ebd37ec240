"""open, and the bare command: the lab's screens."""

import os
import sys
from pathlib import Path

import click

from tui_lab.cli.completion import complete_anything
from tui_lab.cli.options import (
    data_assignments,
    data_options,
    runs_option,
    runs_root,
    threads_option,
)

CANNOT_DRAW = {"", "dumb", "unknown"}


def screen_options(function):
    """How the lab draws."""
    for option in (
        click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal."),
        click.option(
            "--glyphs", type=click.Choice(["braille", "block", "ascii"]), help="Characters for charts."
        ),
        click.option("--low-bandwidth", is_flag=True, help="For slow links: fewer repaints, fewer views."),
        click.option(
            "--pace",
            type=click.FloatRange(0),
            metavar="STEPS",
            help="Steps per second; 0 is full speed. By default, short runs start in slow motion.",
        ),
        click.option("--fps", type=click.FloatRange(0.2, 30), help="Repaints per second; default 5."),
    ):
        function = option(function)
    return function


@click.command("open")
@click.argument("target", metavar="PRESET|FILE|RUN", required=False, shell_complete=complete_anything)
@data_options
@screen_options
@threads_option()
@runs_option()
def open_command(
    target: str | None, fps: float | None, pace: float | None, low_bandwidth: bool, glyphs: str | None,
    no_mouse: bool, threads: int | None, runs: Path | None, column: str | None, ignore: tuple[str, ...],
    task: str | None,
) -> int:  # fmt: skip
    """A file is a TOML file, or one of data. Without a target the lab opens on the list of presets."""
    return open_lab(
        target,
        runs_root(runs),
        threads,
        fps,
        low_bandwidth,
        glyphs,
        no_mouse,
        pace,
        data_assignments(column, ignore, task),
    )  # fmt: skip


def open_lab(
    target: str | None, root: Path, threads: int | None = None, fps: float | None = None,
    low_bandwidth: bool = False, glyphs: str | None = None, no_mouse: bool = False, pace: float | None = None,
    assignments: tuple[str, ...] = (),
) -> int:  # fmt: skip
    """Run the lab until the person leaves; gives the exit code. Raises InputError where there is no terminal."""
    check_terminal(target)
    start = None
    if target is not None:
        from tui_lab.tui.opening import kind_of, opener

        start = opener(
            kind_of(target, root), target, root, threads=threads, pace=pace, assignments=assignments
        )
    from tui_lab.tui.app import LabApp
    from tui_lab.tui.hangup import guarded

    for name in ("COLUMNS", "LINES"):  # where a shell exports them they would hide that the window changes
        os.environ.pop(name, None)
    app = LabApp(
        start, root=root, fps=fps, low_bandwidth=low_bandwidth, glyphs=glyphs, threads=threads, pace=pace
    )
    return guarded(app, mouse=not no_mouse)


def check_terminal(target: str | None) -> None:
    """Raise InputError, naming the way without a screen, where nothing can be drawn."""
    from engine.errors import InputError

    without = f"tui-lab train {target}" if target else "tui-lab train PRESET"
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError(f"the lab needs a terminal; without one: {without}")
    if os.environ.get("TERM", "") in CANNOT_DRAW:
        raise InputError(
            f"TERM={os.environ.get('TERM', '')} cannot show the lab; without a screen: {without}"
        )
