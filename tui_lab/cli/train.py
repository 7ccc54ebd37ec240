"""train and resume: a run without a screen."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui_lab.cli.options import (
    check_length,
    complete_presets,
    length_options,
    output_options,
    runs_option,
    runs_root,
    threads_option,
)  # fmt: skip

if TYPE_CHECKING:
    from engine.conductor import Conductor
    from engine.events import Event
    from tui_lab.cli.reporters import Quiet

INTERRUPTED = 130
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@click.command("train")
@click.argument("target", metavar="PRESET|FILE.toml", shell_complete=complete_presets)
@click.option(
    "--set", "assignments", metavar="KEY=VALUE", multiple=True, help="Change a field: optimizer.lr=0.01."
)
@length_options
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), help="Where all randomness begins.")
@threads_option()
@runs_option()
@click.option("--name", help="Name of the run; else the preset's name and the time.")
@output_options
def train_command(
    target: str, assignments: tuple[str, ...], steps: int | None, epochs: float | None, minutes: float | None,
    seed: int | None, threads: int | None, runs: Path | None, name: str | None, as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Train a preset or a TOML file, without a screen."""
    check_length(steps, epochs)
    check_output(as_json, quiet)
    with ending_cleanly() as ending:
        from engine.conductor import Conductor
        from engine.run import Run
        from engine.trainer import Trainer
        from tui_lab.cli import loading
        from tui_lab.cli.reporters import reporter

        report = reporter(as_json, quiet)
        title, experiment = loading.experiment_of(target, assignments, steps, epochs, seed)
        report.say("loading data")
        trainer = Trainer(experiment, loading.dataset_of(experiment), threads=threads)
        trainer.memory.check_fits()
        run = Run.create(runs_root(runs), title, name)
        conductor = Conductor(trainer, run, deadline=60 * minutes if minutes else None)
        return ending.conduct(conductor, report)


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

        from engine.conductor import Conductor
        from engine.errors import InputError
        from engine.run import Run
        from engine.trainer import Trainer
        from tui_lab.cli import loading
        from tui_lab.cli.reporters import reporter

        report = reporter(as_json, quiet)
        found = Run.find(run, runs_root(runs))
        experiment = found.experiment()
        if steps or epochs:
            training = replace(experiment.training, steps=steps or 0, epochs=epochs or 0.0)
            experiment = replace(experiment, training=training)
        elif (found.summary() or {}).get("reason") in ("done", "early_stop"):
            raise InputError(
                f"{found.name} has ended; to train it further: tui-lab resume {found.name} --steps N"
            )
        report.say("loading data")
        trainer = Trainer(experiment, loading.dataset_of(experiment), threads=threads)
        deadline = 60 * minutes if minutes else None
        return ending.conduct(Conductor(trainer, found, deadline=deadline, resume=True), report)


def check_output(as_json: bool, quiet: bool) -> None:
    if as_json and quiet:
        raise click.UsageError("--json and --quiet cannot both be given")


class Ending:
    """Turns signals into a saved checkpoint; before there is a run, they just end the process."""

    def __init__(self) -> None:
        self.conductor: Conductor | None = None

    def handle(self, number: int, frame: object) -> None:
        if self.conductor is None:
            raise KeyboardInterrupt
        self.conductor.interrupt()

    def conduct(self, conductor: "Conductor", report: "Quiet") -> int:
        """Train to the end, telling what happens; gives the exit code."""
        from engine.errors import TrainingError
        from engine.events import End
        from tui_lab.cli.loading import compile_all

        compile_all(conductor.trainer, report.say)
        self.conductor = conductor
        end: End | None = None
        try:
            for event in conductor:
                report = self.tell(event, report)
                if isinstance(event, End):
                    end = event
        finally:
            report.close()
        assert end is not None
        if end.reason == "diverged":
            raise TrainingError(end.message)
        if end.reason == "interrupted":
            report.hint(f"to go on: tui-lab resume {conductor.run.path}")
            return INTERRUPTED
        return 0

    def tell(self, event: "Event | None", report: "Quiet") -> "Quiet":
        """Pass an event on; where nobody reads any more, end the run and go on in silence."""
        from engine.events import Start
        from tui_lab.cli.reporters import Quiet

        assert self.conductor is not None
        try:
            if event is None:
                report.pulse()
                return report
            if isinstance(event, Start):
                report.begin(self.conductor.trainer)
            report.tell(event)
        except OSError:
            self.conductor.interrupt()
            return Quiet()
        return report


@contextmanager
def ending_cleanly() -> Iterator[Ending]:
    """While it lasts, Ctrl-C, SIGTERM and SIGHUP save the run and end it."""
    ending = Ending()
    before = {number: signal.signal(number, ending.handle) for number in SIGNALS}
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
