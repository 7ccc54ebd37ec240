"""Reporters: how a training is told, as JSON, as plain lines, as a live display, or not at all."""

import shlex
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from engine.data.preparation.notes import gathered
from engine.events import CheckpointEvent, EditEvent, End, Event, Log, Start, WarningEvent
from engine.trainer import Trainer
from tui_lab import numbers
from tui_lab.cli.options import runs_root
from tui_lab.cli.printing import printable

LINE_SECONDS = 2.0
NARROWEST_BAR = 12  # columns
FIRST_WORD = 0.3  # seconds; what takes less needs no words


class Quiet:
    """Tells nothing; the others say more."""

    def begin(self, trainer: Trainer) -> None:
        """Training is about to start."""

    def pulse(self, message: str) -> None:
        """A moment has passed; `message` says what is being waited for before training."""

    def tell(self, event: Event) -> None:
        """An event happened."""

    def hint(self, message: str) -> None:
        """What a person may want to do next."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class Json(Quiet):
    """One JSON object a line on standard output; what people should read goes to standard error."""

    def tell(self, event: Event) -> None:
        sys.stdout.write(msgspec.json.encode(event.flat()).decode() + "\n")
        sys.stdout.flush()
        if isinstance(event, WarningEvent):
            self.hint(event.message)

    def hint(self, message: str) -> None:
        print(printable(f"tui-lab: {message}"), file=sys.stderr)


class Pace:
    """How quickly a run moves, evaluation and everything else included."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer, self.first, self.began = trainer, trainer.step, time.monotonic()

    @property
    def steps_per_second(self) -> float:
        return (self.trainer.step - self.first) / max(time.monotonic() - self.began, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """None before the first step."""
        speed = self.steps_per_second
        return (self.trainer.experiment.training.steps - self.trainer.step) / speed if speed else None


class Plain(Quiet):
    """Lines of text, aligned, at a steady pace: the first, the last, and one every two seconds."""

    def __init__(self, out: IO[str] | None = None) -> None:
        self.out = out or sys.stdout
        self.told = time.monotonic() - LINE_SECONDS + FIRST_WORD
        self.pending: Log | None = None
        self.begun, self.first = False, True

    def line(self, text: str) -> None:
        self.out.write(printable(text) + "\n")
        self.out.flush()

    def begin(self, trainer: Trainer) -> None:
        self.trainer, self.pace, self.begun = trainer, Pace(trainer), True
        self.metric = headline(trainer)

    def pulse(self, message: str) -> None:
        if not self.begun and message and time.monotonic() - self.told >= LINE_SECONDS:
            self.line(message)
            self.told = time.monotonic()

    def tell(self, event: Event) -> None:
        match event:
            case Start():
                self.run = event.run
                self.line(f"{event.run}: {numbers.count(event.parameters)} parameters")
                if not event.step:  # a resumed run has told them
                    for note in gathered(self.trainer.dataset.notes):
                        self.line(f"note: {note}")
            case Log():
                self.pending = event
                if self.first or time.monotonic() - self.told >= LINE_SECONDS:
                    self.flush()
            case WarningEvent():
                self.line(f"warning: {event.message}")
            case EditEvent():
                self.line(f"step {numbers.count(event.step)}: {event}")
            case CheckpointEvent() if self.trainer.finished:
                self.flush()
            case End():
                self.flush()
                for text in summary(event, self.run):
                    self.line(text)

    def hint(self, message: str) -> None:
        with suppress(OSError):  # the terminal may be gone
            self.line(message)

    def flush(self) -> None:
        if self.pending is not None:
            self.line(self.describe(self.pending))
            self.told, self.pending, self.first = time.monotonic(), None, False

    def describe(self, log: Log) -> str:
        total = numbers.count(self.trainer.experiment.training.steps)
        parts = [
            f"step {numbers.count(log.step):>{len(total)}} of {total}",
            f"epoch {log.epoch:8.1f}",
            f"train {numbers.number(log.train_loss)}",
            f"val {numbers.number(log.val_loss)}",
        ]
        if self.metric in log.metrics:
            parts.append(f"{self.metric} {numbers.number(log.metrics[self.metric])}")
        parts.append(f"{numbers.rate(self.pace.steps_per_second):>5} steps/s")
        left = self.pace.seconds_left
        if left is not None and log.step < self.trainer.experiment.training.steps:
            parts.append(f"{numbers.duration(left)} left")
        return "  ".join(parts)


class Live(Plain):
    """A display that moves, on a terminal: a bar, loss, metric, speed and time left; then the summary."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self.console = Console(stderr=True)
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None, complete_style="cyan", finished_style="cyan"),
            TextColumn("{task.fields[detail]}"),
            console=self.console,
            transient=True,
            refresh_per_second=8,
            expand=True,
        )
        self.task = self.progress.add_task("", total=None, detail="")
        self.log: Log | None = None
        self.began = time.monotonic()

    def begin(self, trainer: Trainer) -> None:
        super().begin(trainer)
        total = trainer.experiment.training.steps
        self.progress.update(self.task, description="training", total=total, completed=trainer.step)
        self.progress.start()

    def pulse(self, message: str) -> None:
        if self.begun:
            self.progress.update(
                self.task, completed=self.trainer.step, description=self.position(), detail=self.measures()
            )
        elif time.monotonic() - self.began > FIRST_WORD:
            self.progress.start()
            self.progress.update(self.task, description=message)

    def position(self) -> str:
        total = numbers.count(self.trainer.experiment.training.steps)
        return f"step {numbers.count(self.trainer.step):>{len(total)}}"

    def measures(self) -> str:
        """Losses, metric, speed and time left; where the terminal is narrow, what matters least goes first."""
        parts = {}
        if self.log is not None:
            parts["train"] = f"train {numbers.number(self.log.train_loss)}"
            parts["val"] = f"val {numbers.number(self.log.val_loss)}"
            if self.metric in self.log.metrics:
                parts["metric"] = f"{self.metric} {numbers.number(self.log.metrics[self.metric])}"
        parts["speed"] = f"{numbers.rate(self.pace.steps_per_second):>4} steps/s"
        left = self.pace.seconds_left
        if left is not None:
            parts["left"] = f"{numbers.duration(left)} left"
        room = self.console.width - len(self.position()) - NARROWEST_BAR
        for name in ("train", "speed", "val", "left"):
            if len("  ".join(parts.values())) > room:
                parts.pop(name, None)
        return "  ".join(parts.values())

    def tell(self, event: Event) -> None:
        match event:
            case Start():
                self.run = event.run
            case Log():
                self.log = event
                self.pulse("")  # a quick run logs so often that no moment is free of events
            case WarningEvent():
                self.console.print("[yellow]warning:[/]", end=" ")
                self.console.print(printable(event.message), markup=False, highlight=False)
            case EditEvent():
                self.console.print(
                    printable(f"step {numbers.count(event.step)}: {event}"), markup=False, highlight=False
                )
            case End():
                self.progress.update(self.task, visible=False)
                self.progress.stop()
                for text in summary(event, self.run, self.console.width):
                    self.line(text)

    def close(self) -> None:
        self.progress.stop()


def headline(trainer: Trainer) -> str:
    """The metric that is shown where there is room for one."""
    return trainer.dataset.measured_by(trainer.experiment.training.metrics)[0].name


ENDINGS = {
    "done": "done",
    "early_stop": "stopped early, it no longer improved",
    "time": "time is up",
    "interrupted": "interrupted, everything is saved",
    "diverged": "diverged",
}


def summary(end: End, run: str, width: int = 0) -> list[str]:
    """What a person wants to know at the end, in lines of at most `width` where one is given."""
    seconds = f"{end.seconds:.1f} s" if end.seconds < 60 else numbers.duration(end.seconds)
    speed = f"{numbers.rate(end.steps_per_second)} steps/s"
    ending = ENDINGS[end.reason] if end.saved else f"{end.reason}, not everything is saved"
    lines = [f"{ending}: step {numbers.count(end.step)}, {seconds}, {speed}"]
    if end.test:
        lines += labelled("test", measurements(end.test), width)
    if end.best:
        step = f"step {numbers.count(end.best['step'])}"
        lines += labelled("best", [step, *measurements({k: v for k, v in end.best.items() if k != "step"})])
    if not end.saved:
        return lines
    if end.reason in ("done", "early_stop"):
        lines += labelled("next", [f"tui-lab eval {reference(run)}", f"tui-lab open {reference(run)}"], width)
    elif end.reason == "time":
        lines += labelled("next", [f"tui-lab resume {reference(run)}"])
    return lines


def labelled(label: str, parts: list[str], width: int = 0) -> list[str]:
    """A label and its parts, on as many lines as the width asks for."""
    lines = [f"{label:6} {parts[0]}"]
    for part in parts[1:]:
        if width and len(lines[-1]) + 2 + len(part) > width:
            lines.append(f"{'':6} {part}")
        else:
            lines[-1] += f"  {part}"
    return lines


def measurements(values: dict[str, Any]) -> list[str]:
    return [f"{name} {numbers.number(value).strip()}" for name, value in values.items()]


def reference(run: str) -> str:
    """What names the run on a command line: its name where it lies in the usual place, else its path."""
    path = Path(run)
    return shlex.quote(path.name if path.parent == runs_root(None) else run)


def reporter(as_json: bool, quiet: bool) -> Quiet:
    """The reporter that suits the options and the terminal."""
    if as_json:
        return Json()
    if quiet:
        return Quiet()
    import os

    on_terminal = sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return Live() if on_terminal else Plain()
