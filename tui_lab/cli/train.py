"""train and resume: a run without a screen."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui_lab.cli.completion import complete_assignment, complete_presets, complete_runs
from tui_lab.cli.options import (
    MOST_STEPS,
    check_length,
    data_assignments,
    data_options,
    length_options,
    output_options,
    runs_option,
    runs_root,
    threads_option,
)  # fmt: skip
from tui_lab.cli.signals import handled, interrupt_once

if TYPE_CHECKING:
    from engine.events import Event
    from tui_lab.cli.reporters import Quiet
    from tui_lab.session.local import LocalSession

INTERRUPTED = 130


@click.command("train")
@click.argument("target", metavar="PRESET|FILE", shell_complete=complete_presets)
@click.option(
    "--set",
    "assignments",
    metavar="KEY=VALUE",
    multiple=True,
    help="Change a field: optimizer.lr=0.01.",
    shell_complete=complete_assignment,
)
@data_options
@length_options
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Random seed.")
@threads_option()
@runs_option()
@click.option("--name", help="Name of the run; default: the preset's name and the time.")
@output_options
def train_command(
    target: str, assignments: tuple[str, ...], steps: int | None, epochs: float | None, minutes: float | None,
    seed: int | None, threads: int | None, runs: Path | None, name: str | None, as_json: bool, quiet: bool,
    column: str | None, ignore: tuple[str, ...], task: str | None,
) -> int:  # fmt: skip
    """A file of data (a table, a text, pictures) gets an experiment that suits it."""
    check_length(steps, epochs)
    check_output(as_json, quiet)
    with ending_cleanly() as ending:
        from engine.launch import Launch
        from tui_lab.cli.loading import experiment_of
        from tui_lab.cli.reporters import reporter
        from tui_lab.session.local import LocalSession

        ending.report = reporter(as_json, quiet)
        assignments = (*data_assignments(column, ignore, task), *assignments)
        title, experiment = experiment_of(target, assignments, steps, epochs, seed)
        launch = Launch(
            title, experiment, runs_root(runs), name, threads=threads, author="command line",
            deadline=60 * minutes if minutes else None,
        )  # fmt: skip
        return ending.follow(LocalSession(launch, play=True, watched=False))


@click.command("resume")
@click.argument("run", metavar="RUN", shell_complete=complete_runs)
@click.option(
    "--set",
    "assignments",
    metavar="KEY=VALUE",
    multiple=True,
    shell_complete=complete_assignment,
    help="Change a field that may change while the network learns: optimizer.lr=0.01.",
)
@click.option("--more", type=click.IntRange(1, MOST_STEPS), help="Steps to add to those made so far.")
@length_options
@click.option(
    "--patience", type=click.IntRange(0, MOST_STEPS), help="Evaluations without improvement before it stops."
)
@click.option("--data", "path", metavar="PATH", help="Where the data lies now, if it was moved.")
@threads_option()
@runs_option()
@output_options
def resume_command(
    run: str, assignments: tuple[str, ...], more: int | None, steps: int | None, epochs: float | None,
    minutes: float | None, patience: int | None, path: str | None, threads: int | None, runs: Path | None,
    as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """RUN is a directory, a name, or "last".

    --steps and --epochs count from the run's beginning, --more from where it stopped.
    """
    check_length(steps, epochs, more)
    check_output(as_json, quiet)
    with ending_cleanly() as ending:
        from engine.experiment import parse_assignment
        from engine.launch import Launch, with_changes
        from engine.runs import RunDirectory
        from tui_lab.cli.reporters import reporter
        from tui_lab.session.local import LocalSession

        ending.report = reporter(as_json, quiet)
        root = runs_root(runs)
        found = RunDirectory.find(run, root)
        experiment = found.experiment()
        if path is not None:
            experiment = with_changes(experiment, (("data.path", path),))
        lengths = (("training.steps", steps), ("training.epochs", epochs), ("training.patience", patience))
        changes = [parse_assignment(text) for text in assignments]
        changes += [(field, value) for field, value in lengths if value is not None]
        launch = Launch(
            found.name, experiment, root, run=found, threads=threads, changes=tuple(changes), more=more or 0,
            deadline=60 * minutes if minutes else None, author="command line",
        )  # fmt: skip
        return ending.follow(LocalSession(launch, play=True, watched=False))


def check_output(as_json: bool, quiet: bool) -> None:
    if as_json and quiet:
        raise click.UsageError("--json and --quiet cannot both be given")


class Ending:
    """Follows a session to its end. Signals save the run and end it; before there is one, just the process."""

    def __init__(self) -> None:
        self.session: LocalSession | None = None
        self.report: Quiet | None = None

    def handle(self, number: int, frame: object) -> None:
        if self.session is None:
            interrupt_once(number, frame)
            return
        self.session.interrupt()

    def follow(self, session: "LocalSession") -> int:
        """Tell what happens until the session ends; gives the exit code. Raises what ended it."""
        from engine.errors import TrainingError
        from engine.events import End

        assert self.report is not None
        self.session = session
        end: End | None = None
        for event in session.story():
            self.tell(event)
            if isinstance(event, End):
                end = event
        self.report.close()
        if end is not None and end.reason == "diverged":
            raise TrainingError(end.message)
        if end is None or end.reason == "interrupted":
            if session.path is not None:
                self.report.hint(f"to go on: tui-lab resume {session.path}")
            return INTERRUPTED
        return 0

    def tell(self, event: "Event | None") -> None:
        """Pass an event on; where it cannot be told, end the run and go on in silence."""
        from engine.events import Start
        from tui_lab.cli.reporters import Quiet

        assert self.session is not None
        assert self.report is not None
        try:
            if event is None:
                self.report.pulse(self.session.latest.message)
                return
            if isinstance(event, Start):
                self.report.begin(self.session.trainer)
            self.report.tell(event)
        except OSError as error:
            self.session.interrupt()
            with suppress(OSError):
                self.report.close()
            self.report = Quiet()
            complain_of(error)


def complain_of(error: OSError) -> None:
    """Say why nothing can be told any more; a reader that left knows."""
    if not isinstance(error, BrokenPipeError):
        with suppress(OSError):
            print(f"tui-lab: the output cannot be written: {error.strerror}", file=sys.stderr)


@contextmanager
def ending_cleanly() -> Iterator[Ending]:
    """While it lasts, signals save the run and end it; afterwards the terminal is as it was."""
    ending = Ending()
    with handled(ending.handle):
        try:
            yield ending
        finally:
            if ending.report is not None:
                with suppress(OSError):
                    ending.report.close()
