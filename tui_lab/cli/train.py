"""train and resume: a run without a screen."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui_lab.cli.options import (
    check_length,
    complete_presets,
    data_assignments,
    data_options,
    length_options,
    output_options,
    runs_option,
    runs_root,
    threads_option,
)  # fmt: skip
from tui_lab.cli.signals import handled

if TYPE_CHECKING:
    from engine.events import Event
    from tui_lab.cli.reporters import Quiet
    from tui_lab.session.local import LocalSession

INTERRUPTED = 130


@click.command("train")
@click.argument("target", metavar="PRESET|FILE", shell_complete=complete_presets)
@click.option(
    "--set", "assignments", metavar="KEY=VALUE", multiple=True, help="Change a field: optimizer.lr=0.01."
)
@data_options
@length_options
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Where all randomness begins.")
@threads_option()
@runs_option()
@click.option("--name", help="Name of the run; else the preset's name and the time.")
@output_options
def train_command(
    target: str, assignments: tuple[str, ...], steps: int | None, epochs: float | None, minutes: float | None,
    seed: int | None, threads: int | None, runs: Path | None, name: str | None, as_json: bool, quiet: bool,
    column: str | None, ignore: tuple[str, ...], task: str | None,
) -> int:  # fmt: skip
    """Train a preset, a TOML file, or what suits a file of data (a table, a text, pictures), without a screen."""
    check_length(steps, epochs)
    check_output(as_json, quiet)
    with ending_cleanly() as ending:
        from tui_lab.cli.loading import experiment_of
        from tui_lab.cli.reporters import reporter
        from tui_lab.session.local import LocalSession

        ending.report = reporter(as_json, quiet)
        assignments = (*data_assignments(column, ignore, task), *assignments)
        title, experiment = experiment_of(target, assignments, steps, epochs, seed)
        session = LocalSession(
            title, experiment, runs_root(runs), run_name=name, threads=threads, play=True, watched=False,
            deadline=60 * minutes if minutes else None,
        )  # fmt: skip
        return ending.follow(session)


@click.command("resume")
@click.argument("run", metavar="RUN")
@length_options
@threads_option()
@runs_option()
@output_options
def resume_command(
    run: str, steps: int | None, epochs: float | None, minutes: float | None, threads: int | None,
    runs: Path | None, as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Go on with a run where it stopped: RUN is a directory, a name, or "last"."""
    check_length(steps, epochs)
    check_output(as_json, quiet)
    with ending_cleanly() as ending:
        from msgspec.structs import replace

        from engine.errors import InputError
        from engine.run import Run
        from tui_lab.cli.reporters import reporter
        from tui_lab.session.local import LocalSession

        ending.report = reporter(as_json, quiet)
        root = runs_root(runs)
        found = Run.find(run, root)
        experiment = found.experiment()
        if steps or epochs:
            training = replace(experiment.training, steps=steps or 0, epochs=epochs or 0.0)
            experiment = replace(experiment, training=training)
        elif (found.summary() or {}).get("reason") in ("done", "early_stop"):
            raise InputError(
                f"{found.name} has ended; to train it further: tui-lab resume {found.name} --steps N"
            )
        session = LocalSession(
            found.name, experiment, root, run=found, threads=threads, play=True, watched=False,
            deadline=60 * minutes if minutes else None,
        )  # fmt: skip
        return ending.follow(session)


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
            raise KeyboardInterrupt
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
