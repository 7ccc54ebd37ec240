"""TrainingLoop: the one owner of a run's life, from its first step to its last, over kills and resumes."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from enum import Enum

from msgspec.structs import replace

from engine.component import tree_of
from engine.data import Dataset
from engine.edits import Change, applied, changes
from engine.errors import InputError, StorageError
from engine.events import CheckpointEvent, EditEvent, End, Event, RewindEvent, Start, WarningEvent
from engine.experiment import Experiment
from engine.journal import Journal
from engine.launch import Launch
from engine.pending import pending_edits
from engine.runs import Checkpoint, RunDirectory
from engine.trainer import CHUNK_SECONDS, Chunk, Trainer

CHECKPOINT_SECONDS = 60.0
RISE = 1.2  # a learning rate that more steps lift by more is worth a word


class Status(Enum):
    """Where a run is in its life."""

    IDLE = "idle"  # laid out; nothing of it was trained
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"  # see TrainingLoop.reason


class TrainingLoop:
    """Begins a run or takes it up, trains it in chunks, evaluates, edits, writes checkpoints and events, ends it.

    The only class that changes a run's state or files. `open` reads, `play` takes the run's lock and writes,
    `advance` trains a chunk; `for chunk in loop` does it all. What happened is asked for with `news()`; by then it is
    in the run's files.
    """

    def __init__(self, launch: Launch, dataset: Dataset) -> None:
        """Plan the training; nothing is allocated or written. Raises InputError where its parts do not fit."""
        self.launch, self.dataset, self.run = launch, dataset, launch.run
        self.status, self.reason = Status.IDLE, ""
        self.held = False  # the run's lock: from `play` to `end`
        self.journal = Journal()
        self._lock = ExitStack()
        self._interrupted = False
        self._first, self._seconds, self._saved = 0, 0.0, time.monotonic()
        self._edits: list[EditEvent] = []  # to be made at their steps
        self._rest: list[EditEvent] = []  # made while the run was not held, to be recorded when it is
        self._checkpoint: Checkpoint | None = None
        self._complaints: list[str] = []
        experiment = launch.experiment
        if self.run is not None:
            self._checkpoint, self._complaints = self.run.newest()
            if self._checkpoint is not None:
                experiment = replace(self._checkpoint.experiment, data=experiment.data)
            else:
                experiment = launch.changed(experiment, 0)
        self.trainer = Trainer(experiment, dataset, threads=launch.threads)
        self.trainer.memory.check_fits()

    @property
    def experiment(self) -> Experiment:
        return self.trainer.experiment

    @property
    def step(self) -> int:
        return self.trainer.step

    @property
    def pending(self) -> int:
        """How many edits are still to be made at their steps."""
        return len(self._edits)

    def news(self) -> list[Event]:
        """What happened since the last call."""
        return self.journal.news()

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
            self.journal.tell(WarningEvent(step=0, message=complaint))
        if self._checkpoint is not None:
            self._load(self._checkpoint)
            self._edits = pending_edits(self.run, self._checkpoint, self.launch, self.dataset)
        ended = trainer.finished and not self._edits
        self.status = Status.ENDED if ended else Status.PAUSED
        self.reason = trainer.progress.ended if ended else ""

    def _load(self, checkpoint: Checkpoint) -> None:
        try:
            self.trainer.load(checkpoint)
        except InputError as error:
            assert self.run is not None
            raise InputError(f"{self.run.path}: {error}") from None

    def create(self) -> None:
        """Make the run's directory, unless there is one. Raises InputError where it cannot be."""
        if self.run is None:
            launch = self.launch
            self.run = RunDirectory.create(launch.root, launch.title, self.trainer.experiment, launch.name)

    def play(self) -> None:
        """Train on: from a pause, or from the last checkpoint of a run that was opened or has ended.

        Raises InputError where nothing is left to train, the directory cannot be made, or another process trains the
        run; StorageError on a full disk.
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
        self._take_hold()
        self._record_edits_at_rest()
        self._make_due_edits()
        if self.trainer.finished:
            self.end()

    def _take_hold(self) -> None:
        """Lock the run, made now where it is new; write down what runs, drop what a resumed run measures anew."""
        trainer = self.trainer
        self.create()
        run = self.run
        assert run is not None
        self._lock.enter_context(run.lock())
        try:
            if run.steps():
                self._check_newest(run)
                run.truncate_after(trainer.step)
                run.forget_summary()
            else:
                run.write_experiment(trainer.experiment)
                run.save(trainer.state(), trainer.best_state())
        except BaseException:
            self._lock.close()
            raise
        self.journal.run = run
        self.held, self._interrupted = True, False
        self.status, self.reason = Status.RUNNING, ""
        self._first, self._seconds, self._saved = trainer.step, 0.0, time.monotonic()
        self.journal.record(
            Start(
                step=trainer.step, run=str(run.path), experiment=tree_of(trainer.experiment),
                parameters=trainer.network.size,
            )
        )  # fmt: skip

    def _check_newest(self, run: RunDirectory) -> None:
        """Another process may have trained the run since it was opened."""
        if run.steps()[-1].stem != f"step-{self.trainer.step:09d}" and not self._complaints:
            raise InputError(
                f"{run.path}: was trained on by another process since it was opened; open it again"
            )

    def _return_to_checkpoint(self) -> None:
        """After a divergence: the state of the last good checkpoint, with the experiment as it is now."""
        assert self.run is not None
        wanted = self.trainer.experiment
        checkpoint, self._complaints = self.run.newest()
        assert checkpoint is not None
        self.trainer.edit(checkpoint.experiment)
        self._load(checkpoint)
        made = changes(self.trainer.experiment, wanted)
        edit = EditEvent(step=self.trainer.step, changes=made, author=self.launch.author)
        self._edits, self._rest = [edit] if made else [], []

    def _has_summary(self) -> bool:
        """Whether the end that the trainer has come to is written down; a kill may have come between."""
        summary = (self.run.summary() if self.run is not None else None) or {}
        return summary.get("reason") == self.trainer.progress.ended and summary.get("step") == self.step

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
        limits = (limit, due, self._next_checkpoint())
        chunk = trainer.advance(seconds, min(filter(None, limits), default=None))
        if chunk.log is not None:
            self.journal.record(chunk.log)
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

    def interrupt(self) -> None:
        """End within a step, with a checkpoint; safe from a signal handler and from any thread."""
        self._interrupted = True
        self.trainer.stop()

    def record(self, event: Event) -> None:
        """Write an event of somebody else (a warning of the diagnostics) into the story of a run that is held."""
        if self.held:
            self.journal.record(event)

    # -- edits --------------------------------------------------------------------------------------------

    def edit(self, experiment: Experiment, author: str = "", reason: str = "") -> list[Change]:
        """Change hyperparameters now; gives what differs. Raises InputError, and changes nothing, for what cannot
        change while the network learns.

        Edits of an interrupted run that were still to be made again are not: the run takes another way from here.
        """
        trainer = self.trainer
        if not trainer.memory.allocated:
            return trainer.edit(experiment)
        rate = self._rate()
        made = trainer.edit(experiment)
        if not made:
            return []
        edit = EditEvent(step=trainer.step, changes=made, author=author, reason=reason)
        lost, self._edits = self._edits, []
        if not self.held:
            self._edit_at_rest(edit)
            return made
        if lost:
            message = f"{len(lost)} later edits of the interrupted run are not made again"
            self.journal.record(WarningEvent(step=trainer.step, message=message))
        self._record_edit(edit, rate)
        if trainer.finished:
            self.end()
        return made

    def _edit_at_rest(self, edit: EditEvent) -> None:
        """Before anything is trained an edit is part of what begins; that of a run at rest is recorded later."""
        if self.run is None:
            self.journal.tell(edit)
        else:
            self._rest.append(edit)
        if self.status is Status.ENDED and not self.trainer.finished:
            self.status, self.reason = Status.PAUSED, ""

    def _record_edits_at_rest(self) -> None:
        """Write down where the run goes another way than its files say, and the edits made since it was opened."""
        assert self.run is not None
        step, known = self.trainer.step, self.trainer.progress.edits
        again = any(edit.number for edit in self._edits)
        if not again and any(edit.number > known for edit in self.run.edits()):
            self.journal.record(RewindEvent(step=step, edits=known))
            self.journal.write_experiment(self.trainer.experiment, step)
        for edit in self._rest:
            self._record_edit(edit, self._rate())
        self._rest = []

    def _make_due_edits(self) -> None:
        """Make the edits whose step has come: those of an interrupted run, which its files know, and new ones."""
        trainer = self.trainer
        while self._edits and self._edits[0].step <= trainer.step:
            edit, rate = self._edits.pop(0), self._rate()
            made = trainer.edit(applied(trainer.experiment, edit.changes))
            if edit.number:
                trainer.progress.edits = edit.number
                self.journal.tell(edit)
                self._measure_if_over()
            elif made:
                self._record_edit(replace(edit, changes=made), rate)

    def _record_edit(self, edit: EditEvent, rate: float) -> None:
        """Number and write down an edit that was made; `rate` was the learning rate before it."""
        trainer = self.trainer
        trainer.progress.edits += 1
        self.journal.record(replace(edit, number=trainer.progress.edits))
        self.journal.write_experiment(trainer.experiment, trainer.step)
        if any(change.field == "training.steps" for change in edit.changes):
            self._tell_rise(rate)
        self._measure_if_over()

    def _measure_if_over(self) -> None:
        """Measure a run that an edit ended between two evaluations as it stands."""
        trainer = self.trainer
        if trainer.progress.ended == "done" and trainer.step > trainer.progress.logged_step:
            self.journal.record(trainer.evaluate())

    def _rate(self) -> float:
        """The learning rate of the last step."""
        step = self.trainer.step
        return float(self.trainer.rates(max(0, step - 1), max(1, step))[0])

    def _tell_rise(self, before: float) -> None:
        """More steps stretch a schedule: say so where that lifts the learning rate."""
        trainer, e = self.trainer, self.trainer.experiment
        now = float(trainer.rates(trainer.step, trainer.step + 1)[0])
        if now > RISE * before and not trainer.finished:
            message = (
                f"the learning rate goes up from {before:.2g} to {now:.2g}: "
                f"the {e.schedule.tag()} schedule now ends at step {e.training.steps:,}"
            )
            self.journal.record(WarningEvent(step=trainer.step, message=message))

    # -- saving and ending --------------------------------------------------------------------------------

    def checkpoint(self) -> bool:
        """Write a checkpoint now; False, with a warning, where the disk is full."""
        self._saved = time.monotonic()
        path = self.journal.save(self.trainer.state(), self.trainer.best_state())
        if path:
            self.journal.record(CheckpointEvent(step=self.trainer.step, path=path))
        return bool(path) and self.journal.complete

    def _next_checkpoint(self) -> int | None:
        every = self.trainer.experiment.training.checkpoint_every
        return (self.trainer.step // every + 1) * every if every else None

    def _checkpoint_due(self) -> bool:
        every = self.trainer.experiment.training.checkpoint_every
        if every:
            return self.trainer.step % every == 0
        return time.monotonic() - self._saved >= CHECKPOINT_SECONDS

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
            self.journal.save_best(trainer.best_state())
        else:
            saved = self.checkpoint()
            test = trainer.test_scores() if reason != "interrupted" else None
        speed = (trainer.step - self._first) / max(self._seconds, 1e-9)
        end = End(
            step=trainer.step, reason=reason, steps=trainer.step, seconds=round(self._seconds, 3),
            steps_per_second=round(speed, 1), best=trainer.best_so_far(), test=test, message=message,
            saved=saved and self.journal.complete,
        )  # fmt: skip
        self.journal.finish(end)
        self.status, self.reason = Status.ENDED, reason
        self.close()
        if not (saved and self.journal.complete):
            raise StorageError(
                f"{self.journal.unsaved}; what was trained since the last checkpoint is lost. "
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
