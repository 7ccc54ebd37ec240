"""Reporters: how a training is told, as JSON, as plain lines, as a live display, or not at all."""

import sys
import time
from contextlib import suppress
from typing import IO, Any

import msgspec

from engine.events import Checkpoint, End, Event, Log, Start, Warning
from engine.metrics import metrics_for
from engine.trainer import Trainer
from tui_lab import numbers

LINE_SECONDS = 2.0
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
        tree = event.flat() if isinstance(event, Log) else msgspec.to_builtins(event)
        sys.stdout.write(msgspec.json.encode(tree).decode() + "\n")
        sys.stdout.flush()
        if isinstance(event, Warning):
            self.hint(event.message)

    def hint(self, message: str) -> None:
        print(f"tui-lab: {message}", file=sys.stderr)


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
        self.out.write(text + "\n")
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
                self.line(f"{event.run}: {numbers.count(event.parameters)} parameters")
            case Log():
                self.pending = event
                if self.first or time.monotonic() - self.told >= LINE_SECONDS:
                    self.flush()
            case Warning():
                self.line(f"warning: {event.message}")
            case Checkpoint() if self.trainer.finished:
                self.flush()
            case End():
                self.flush()
                for text in summary(event, self.trainer):
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
            f"train {numbers.measure(log.train_loss)}",
            f"val {numbers.measure(log.val_loss)}",
        ]
        if self.metric in log.metrics:
            parts.append(f"{self.metric} {numbers.measure(log.metrics[self.metric])}")
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
        parts = []
        if self.log is not None:
            parts.append(f"train [bold]{numbers.measure(self.log.train_loss)}[/]")
            parts.append(f"val [bold]{numbers.measure(self.log.val_loss)}[/]")
            if self.metric in self.log.metrics:
                value = numbers.measure(self.log.metrics[self.metric])
                parts.append(f"{self.metric} [bold]{value}[/]")
        left = self.pace.seconds_left
        parts.append(f"{numbers.rate(self.pace.steps_per_second):>4} steps/s")
        parts.append(f"{numbers.duration(left)} left" if left is not None else "")
        room = self.console.width - 24
        while (
            len(parts) > 2 and sum(len(p.replace("[bold]", "").replace("[/]", "")) + 2 for p in parts) > room
        ):
            parts.pop(0)
        return "  ".join(parts)

    def tell(self, event: Event) -> None:
        match event:
            case Log():
                self.log = event
            case Warning():
                self.console.print(f"[yellow]warning:[/] {event.message}")
            case End():
                self.progress.update(self.task, visible=False)
                self.progress.stop()
                for text in summary(event, self.trainer):
                    self.line(text)

    def close(self) -> None:
        self.progress.stop()


def headline(trainer: Trainer) -> str:
    """The metric that is shown where there is room for one."""
    return metrics_for(trainer.dataset.task, trainer.dataset.classes)[0].name


def summary(end: End, trainer: Trainer) -> list[str]:
    """What a person wants to know at the end."""
    speed = f"{numbers.rate(end.steps_per_second)} steps/s"
    words = {
        "done": "done",
        "early_stop": "stopped early: no improvement",
        "time": "time is up",
        "interrupted": "interrupted, everything is saved",
        "diverged": "diverged",
    }
    lines = [f"{words[end.reason]}: step {numbers.count(end.step)}, {numbers.duration(end.seconds)}, {speed}"]
    if end.test:
        lines.append("test   " + measurements(end.test))
    if end.best:
        monitor, value = list(end.best.items())[1]
        lines.append(
            f"best   step {numbers.count(end.best['step'])}, {monitor} {numbers.measure(value).strip()}"
        )
    return lines


def measurements(values: dict[str, Any]) -> str:
    return "  ".join(f"{name} {numbers.measure(value).strip()}" for name, value in values.items())


def reporter(as_json: bool, quiet: bool) -> Quiet:
    """The reporter that suits the options and the terminal."""
    if as_json:
        return Json()
    if quiet:
        return Quiet()
    import os

    on_terminal = sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return Live() if on_terminal else Plain()
