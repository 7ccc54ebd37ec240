"""TrainingLoop: the one owner of a run's life, from its first step to its last, over kills and resumes."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from engine.component import tree_of
from engine.data import Dataset
from engine.edits import Change, applied, changes, check_live
from engine.errors import InputError, StorageError
from engine.events import CheckpointEvent, EditEvent, End, Event, RewindEvent, Start, WarningEvent
from engine.experiment import Experiment, experiment_from, override_value
from engine.plan import resolve
from engine.runs import Checkpoint, RunDirectory
from engine.trainer import CHUNK_SECONDS, Chunk, Trainer

CHECKPOINT_SECONDS = 60.0
RISE = 1.2  # a learning rate that more steps lift by more is worth a word
LENGTHS = ("training.steps", "training.epochs")
MOST_UNSAVED = 10_000  # events kept in memory while the disk is full
RETRY_SECONDS = 5.0  # between two attempts to write them


class Status(Enum):
    """Where a run is in its life."""

    IDLE = "idle"  # laid out; nothing of it was trained
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"  # see TrainingLoop.reason


@dataclass(frozen=True)
class Launch:
    """What a run begins with, or goes on with.

    `run` is the directory of a run to go on with; without it one is made under `root`, named `name`, or by `title`
    and the time. `changes` are made to a run that goes on, as (field, value). `deadline`: seconds of training after
    which it ends. `author`: who asks.
    """

    title: str
    experiment: Experiment
    root: Path = Path("runs")
    name: str | None = None
    run: RunDirectory | None = None
    changes: tuple[tuple[str, Any], ...] = ()
    more: int = 0  # steps to add to those reached
    threads: int | None = None
    deadline: float | None = None
    author: str = "python"


class TrainingLoop:
    """Begins a run or takes it up, trains it in chunks, evaluates, edits, writes checkpoints and events, ends it.

    The only class that changes a run's state or files. What happened stands in `events` until somebody takes it with
    `news()`; by then it is in the run's files. `for chunk in loop` does it all.

    A full disk does not end a training: what cannot be written is kept, tried again, and told.
    """

    def __init__(self, launch: Launch, dataset: Dataset) -> None:
        """Plan the training; nothing is allocated or written. Raises InputError where its parts do not fit."""
        self.launch, self.dataset, self.run = launch, dataset, launch.run
        self.status, self.reason = Status.IDLE, ""
        self.held = False  # the run's lock: from `begin` to `end`
        self.events: list[Event] = []
        self.unsaved = ""  # why the last attempt to write failed
        self._lock = ExitStack()
        self._interrupted = False
        self._first, self._seconds, self._saved = 0, 0.0, time.monotonic()
        self._stale = False  # whether experiment.toml is behind
        self._lines: list[tuple[Event, float]] = []  # that could not be written yet
        self._retry = 0.0  # when to try again
        self._edits: list[
            EditEvent
        ] = []  # to be made at their steps: an interrupted run had come beyond them
        self._changes: list[EditEvent] = []  # made while the run was not held, to be recorded when it is
        self._checkpoint: Checkpoint | None = None
        self._complaints: list[str] = []
        experiment = launch.experiment
        if self.run is not None:
            self._checkpoint, self._complaints = self.run.newest()
            if self._checkpoint is not None:
                experiment = replace(self._checkpoint.experiment, data=experiment.data)
            else:
                experiment = self._wanted(experiment, 0)
        self.trainer = Trainer(experiment, dataset, threads=launch.threads)
        self.trainer.memory.check_fits()

    # -- where it is --------------------------------------------------------------------------------------

    @property
    def experiment(self) -> Experiment:
        return self.trainer.experiment

    @property
    def step(self) -> int:
        return self.trainer.step

    def news(self) -> list[Event]:
        """What happened since the last call."""
        events, self.events = self.events, []
        return events

    # -- beginning ----------------------------------------------------------------------------------------

    def open(self) -> None:
        """Allocate and initialize, or take up the newest checkpoint. Nothing is written, nothing is held.

        Raises InputError where the memory does not suffice, the data has changed, or a change cannot be made.
        """
        trainer = self.trainer
        trainer.start()
        if self.run is None:
            return
        for complaint in self._complaints:
            self._tell(WarningEvent(step=0, message=complaint))
        if self._checkpoint is not None:
            self._load(self._checkpoint)
            self._take_changes(self.run)
        ended = trainer.finished and not self._edits
        self.status = Status.ENDED if ended else Status.PAUSED
        self.reason = trainer.progress.ended if ended else ""

    def _load(self, checkpoint: Checkpoint) -> None:
        try:
            self.trainer.load(checkpoint)
        except InputError as error:
            assert self.run is not None
            raise InputError(f"{self.run.path}: {error}") from None

    def _take_changes(self, run: RunDirectory) -> None:
        """Line up the edits that the checkpoint does not know, then what experiment.toml and the launch change.

        A run that diverged is not led there again: it goes on from its checkpoint with all changes at once.
        """
        trainer, launch = self.trainer, self.launch
        known = trainer.progress.edits
        edits = [e for e in run.edits() if e.number > known]
        known_states = [trainer.experiment]  # the file may be one edit behind the story
        for edit in edits:
            known_states.append(applied(known_states[-1], edit.changes))
        diverged = (run.summary() or {}).get("reason") == "diverged"
        step = trainer.step if diverged or not edits else max(trainer.step, edits[-1].step)
        if diverged:
            self._line_up(known_states[-1], step, "")
        else:
            self._edits = edits
        written = replace(run.experiment(), data=launch.experiment.data)
        if all(changes(each, written) for each in known_states):  # somebody changed the file by hand
            self._line_up(written, step, "file")
        self._line_up(self._wanted(self._goal(), step), step, launch.author)
        self._check_goal(run)

    def _wanted(self, experiment: Experiment, step: int) -> Experiment:
        """The experiment with the launch's changes."""
        more = (("training.steps", step + self.launch.more),) if self.launch.more else ()
        return with_changes(experiment, self.launch.changes + more)

    def _check_goal(self, run: RunDirectory) -> None:
        """Raise InputError where the changes leave no step to train."""
        goal, reached = resolve(self._goal(), self.dataset).training.steps, self.trainer.step
        if not self.launch.changes or goal > reached:
            return
        if any(path in LENGTHS for path, _ in self.launch.changes):
            raise InputError(
                f"{run.name} has {reached:,} steps already; --steps and --epochs count from the beginning: "
                f"give more than {reached:,} steps, or --more N"
            )
        raise InputError(f"{run.name} has ended at step {reached:,}; add --steps N above it, or --more N")

    def _goal(self) -> Experiment:
        """The experiment after all that is lined up."""
        experiment = self.trainer.experiment
        for edit in self._edits:
            experiment = applied(experiment, edit.changes)
        return experiment

    def _line_up(self, wanted: Experiment, step: int, author: str) -> None:
        """Add an edit that leads to the wanted experiment, where it differs from what is lined up."""
        goal = self._goal()
        check_live(resolve(goal, self.dataset), resolve(wanted, self.dataset))
        made = changes(goal, wanted)
        if made:
            self._edits.append(EditEvent(step=step, changes=made, author=author))

    def begin(self) -> None:
        """Lock the run, made now where it is new; write down what runs, drop what a resumed run measures anew.

        Raises InputError where the directory cannot be made or another process trains the run, StorageError on a full
        disk.
        """
        trainer = self.trainer
        self.create()
        run = self.run
        assert run is not None
        self._lock.enter_context(run.lock())
        try:
            if run.steps():
                self._catch_up(run)
                run.truncate_after(trainer.step)
                run.forget_summary()
            else:
                run.write_experiment(trainer.experiment)
                run.save(trainer.state(), trainer.best_state())
        except BaseException:
            self._lock.close()
            raise
        self.held, self._interrupted = True, False
        self._first, self._seconds, self._saved = trainer.step, 0.0, time.monotonic()
        self.status, self.reason = Status.RUNNING, ""
        tree = tree_of(trainer.experiment)
        self._record(
            Start(step=trainer.step, run=str(run.path), experiment=tree, parameters=trainer.network.size)
        )
        known = trainer.progress.edits
        if not any(e.number for e in self._edits) and any(e.number > known for e in run.edits()):
            self._record(RewindEvent(step=trainer.step, edits=known))
            self._stale = True
            self._write_experiment()
        for edit in self._changes:
            self._record_edit(edit)
        self._changes = []
        self._make_due_edits()
        if trainer.finished:
            self.end()

    def create(self) -> None:
        """Make the run's directory, unless there is one. Raises InputError where it cannot be."""
        if self.run is None:
            launch = self.launch
            self.run = RunDirectory.create(launch.root, launch.title, self.trainer.experiment, launch.name)

    def _catch_up(self, run: RunDirectory) -> None:
        """Another process may have trained the run since it was opened."""
        newest = run.steps()[-1] if run.steps() else None
        if newest is not None and newest.stem != f"step-{self.trainer.step:09d}" and not self._complaints:
            raise InputError(
                f"{run.path}: was trained on by another process since it was opened; open it again"
            )

    # -- training -----------------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Chunk]:
        """Train to the end; yields each chunk of steps."""
        with self._lock:
            if not self.trainer.memory.allocated:
                self.open()
            self.play()
            while self.status is Status.RUNNING:
                yield self.advance()

    def advance(self, limit: int | None = None, seconds: float = CHUNK_SECONDS) -> Chunk:
        """Train for about `seconds`, not beyond step `limit`; evaluate, save, edit and end where it is due."""
        trainer = self.trainer
        began = time.monotonic()
        due = self._edits[0].step if self._edits else None
        chunk = trainer.advance(
            seconds, min(filter(None, (limit, due, self._next_checkpoint())), default=None)
        )
        if chunk.log is not None:
            self._record(chunk.log)
        self._seconds += time.monotonic() - began
        if trainer.progress.ended != "diverged":
            self._make_due_edits()
        if trainer.finished or self._interrupted:
            self.end()
        elif self.launch.deadline is not None and self._seconds >= self.launch.deadline:
            self.end("time")
        elif self._checkpoint_due():
            self.checkpoint()
        return chunk

    def pause(self) -> None:
        """Stand still; the run stays held."""
        if self.status is Status.RUNNING:
            self.status = Status.PAUSED

    def play(self) -> None:
        """Train on: from a pause, or from the last checkpoint of a run that was opened or has ended.

        Raises InputError where nothing is left to train, and what `begin` raises.
        """
        if self.held:
            self.status = Status.RUNNING
            return
        if self.reason == "diverged":
            self._return_to_checkpoint()
        elif self.trainer.finished and not self._edits and self._has_summary():
            assert self.run is not None
            raise InputError(
                f"{self.run.name} has come to its end; give it more steps (tui-lab resume {self.run.name} --more N, "
                "or training.steps in the lab), or restart it"
            )
        self.begin()

    def _return_to_checkpoint(self) -> None:
        """After a divergence: the state of the last good checkpoint, with the experiment as it is now."""
        assert self.run is not None
        wanted = self.trainer.experiment
        checkpoint, self._complaints = self.run.newest()
        assert checkpoint is not None
        self.trainer.edit(checkpoint.experiment)
        self._load(checkpoint)
        self._edits, self._changes = [], []
        self._line_up(wanted, self.trainer.step, self.launch.author)

    def _has_summary(self) -> bool:
        """Whether the end that the trainer has come to is written down; a kill may have come between."""
        summary = (self.run.summary() if self.run is not None else None) or {}
        return summary.get("reason") == self.trainer.progress.ended and summary.get("step") == self.step

    def interrupt(self) -> None:
        """End within a step, with a checkpoint; safe from a signal handler and from any thread."""
        self._interrupted = True
        self.trainer.stop()

    # -- edits --------------------------------------------------------------------------------------------

    def edit(self, experiment: Experiment, author: str = "", reason: str = "") -> list[Change]:
        """Change hyperparameters now; gives what differs. Raises InputError, and changes nothing, for what cannot
        change while the network learns.

        Edits of an interrupted run that were still to be made anew are not: the run takes another way from here.
        """
        if not self.trainer.memory.allocated:
            return self.trainer.edit(experiment)
        rate = self._rate()
        made = self.trainer.edit(experiment)
        if not made:
            return []
        edit = EditEvent(step=self.trainer.step, changes=made, author=author, reason=reason)
        if not self.held:
            self._edit_at_rest(edit)
            return made
        if self._edits:
            message = f"{len(self._edits)} later edits of the interrupted run are not made again"
            self._edits = []
            self._record(WarningEvent(step=self.trainer.step, message=message))
        self._record_edit(edit)
        self._tell_rise(rate, made)
        self._measure_if_over()
        if self.trainer.finished:
            self.end()
        return made

    def _edit_at_rest(self, edit: EditEvent) -> None:
        """Before anything is trained an edit is part of what begins; that of a run at rest is recorded later."""
        self._edits = []
        if self.run is None:
            self._tell(edit)
        else:
            self._changes.append(edit)
        if self.status is Status.ENDED and not self.trainer.finished:
            self.status, self.reason = Status.PAUSED, ""

    def _make_due_edits(self) -> None:
        """Make the edits whose step has come: those of an interrupted run, which its files know, and new ones."""
        while self._edits and self._edits[0].step <= self.trainer.step:
            edit = self._edits.pop(0)
            rate = self._rate()
            made = self.trainer.edit(applied(self.trainer.experiment, edit.changes))
            if edit.number:
                self.trainer.progress.edits = edit.number
                self._tell(edit)
            elif made:
                self._record_edit(replace(edit, changes=made))
                self._tell_rise(rate, made)
            self._measure_if_over()

    def _record_edit(self, edit: EditEvent) -> None:
        self.trainer.progress.edits += 1
        self._record(replace(edit, number=self.trainer.progress.edits))
        self._stale = True
        self._write_experiment()

    def _write_experiment(self) -> None:
        """Write down what runs now, where the file says something else."""
        assert self.run is not None
        if self._stale:
            try:
                self.run.write_experiment(self.trainer.experiment)
                self._stale = False
            except StorageError as error:
                self._cannot_save(error)

    def _measure_if_over(self) -> None:
        """Measure a run that an edit ended between two evaluations as it stands."""
        trainer = self.trainer
        if trainer.progress.ended == "done" and trainer.step > trainer.progress.logged_step:
            self._record(trainer.evaluate())

    def _rate(self) -> float:
        step = self.trainer.step
        return float(self.trainer.rates(max(0, step - 1), max(1, step))[0])

    def _tell_rise(self, before: float, made: list[Change]) -> None:
        """More steps stretch a schedule: say so where that lifts the learning rate."""
        trainer = self.trainer
        if trainer.finished or not any(change.field == "training.steps" for change in made):
            return
        now = float(trainer.rates(trainer.step, trainer.step + 1)[0])
        if now > RISE * before:
            e = trainer.experiment
            message = (
                f"the learning rate goes up from {before:.2g} to {now:.2g}: "
                f"the {e.schedule.tag()} schedule now ends at step {e.training.steps:,}"
            )
            self._record(WarningEvent(step=trainer.step, message=message))

    # -- saving -------------------------------------------------------------------------------------------

    def checkpoint(self) -> bool:
        """Write a checkpoint now; False, with a warning, where the disk is full."""
        assert self.run is not None
        self._saved = time.monotonic()
        self._write_experiment()
        try:
            path = self.run.save(self.trainer.state(), self.trainer.best_state())
        except StorageError as error:
            self._cannot_save(error)
            return False
        self._retry = 0.0  # there is room again
        self._record(CheckpointEvent(step=self.trainer.step, path=str(path.relative_to(self.run.path))))
        return not self._lines

    def _next_checkpoint(self) -> int | None:
        every = self.trainer.experiment.training.checkpoint_every
        return (self.trainer.step // every + 1) * every if every else None

    def _checkpoint_due(self) -> bool:
        every = self.trainer.experiment.training.checkpoint_every
        if every:
            return self.trainer.step % every == 0
        return time.monotonic() - self._saved >= CHECKPOINT_SECONDS

    def record(self, event: Event) -> None:
        """Write an event of somebody else (a warning of the diagnostics) into the story of a run that is held."""
        if self.held:
            self._record(event)

    def _record(self, event: Event) -> None:
        """Write an event to the run's files, with what could not be written before it."""
        assert self.run is not None
        self.events.append(event)
        self._lines.append((event, time.time()))
        if time.monotonic() >= self._retry:
            self._write_lines()

    def _write_lines(self) -> None:
        assert self.run is not None
        try:
            self.run.record(self._lines)
        except StorageError as error:
            del self._lines[:-MOST_UNSAVED]
            self._retry = time.monotonic() + RETRY_SECONDS
            self._cannot_save(error)
        else:
            self._retry, self.unsaved = 0.0, ""

    def _tell(self, event: Event) -> None:
        """Pass on an event that the files know, or need not know."""
        self.events.append(event)

    def _cannot_save(self, error: StorageError) -> None:
        """Say once that the disk is full; training goes on in memory."""
        if not self.unsaved:
            message = f"{error}; training goes on in memory and is saved when there is room"
            self._tell(WarningEvent(step=self.trainer.step, message=message))
        self.unsaved = str(error)

    # -- ending -------------------------------------------------------------------------------------------

    def end(self, reason: str = "interrupted") -> None:
        """Save, measure the best parameters on the test rows, write the summary, let go of the run.

        Raises StorageError, naming the file and what to do, where the disk is full and nothing more can be saved.
        """
        trainer, run = self.trainer, self.run
        assert run is not None
        reason = trainer.progress.ended or reason
        message, test, saved = "", None, True
        if reason == "diverged":
            message = self._first_nonfinite(run)
            try:
                trainer.best_state().write(run.best)
            except StorageError as error:
                self._cannot_save(error)
        else:
            saved = self.checkpoint()
            test = trainer.test_scores() if reason != "interrupted" else None
        speed = (trainer.step - self._first) / max(self._seconds, 1e-9)
        end = End(
            step=trainer.step, reason=reason, steps=trainer.step, seconds=round(self._seconds, 3),
            steps_per_second=round(speed, 1), best=trainer.best_so_far(), test=test, message=message,
            saved=saved and not self.unsaved,
        )  # fmt: skip
        self._record(end)
        try:
            run.finish(end.flat())
        except StorageError as error:
            self._cannot_save(error)
        self.status, self.reason = Status.ENDED, reason
        self.close()
        if not end.saved or self._lines:
            raise StorageError(
                f"{self.unsaved}; what was trained since the last checkpoint is lost. "
                f"Free some space, then: tui-lab resume {run.path}"
            )

    def _first_nonfinite(self, run: RunDirectory) -> str:
        return (
            f"the loss or its gradient is not finite at step {self.trainer.step:,}; "
            f"{self.trainer.first_nonfinite()}; the last good checkpoint is {run.steps()[-1]}; "
            "try a smaller optimizer.lr, or training.clip_norm=1"
        )

    def close(self) -> None:
        """Let go of the run's lock."""
        self.held = False
        self._lock.close()

    def drop(self) -> None:
        """Let go of everything after a failure; a run that never began leaves nothing behind."""
        self.close()
        if self.run is not None and self.launch.run is None:
            self.run.discard()


def with_changes(experiment: Experiment, made: tuple[tuple[str, Any], ...]) -> Experiment:
    """The experiment with values set by dotted path. Raises InputError where they do not fit."""
    tree = tree_of(experiment)
    for path, value in made:
        if path in LENGTHS:  # two ways to say one thing
            tree = override_value(override_value(tree, "training.steps", 0), "training.epochs", 0.0)
        tree = override_value(tree, path, value)
    return experiment_from(tree)
