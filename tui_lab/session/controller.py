"""Controller: what a viewer asks of a run, as calls of its training loop. It lives on the engine's thread."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from msgspec import structs

from engine.data import Dataset, prepare
from engine.errors import InputError
from engine.events import End, Event, WarningEvent
from engine.experiment import Experiment, dataset_key
from engine.launch import Launch, with_changes
from engine.loop import Status, TrainingLoop
from engine.plan import flops
from engine.trainer import Trainer
from tui_lab.session import base
from tui_lab.session.base import Command, Look, Snapshot
from tui_lab.session.describing import describe_data, snapshot_of
from tui_lab.session.pace import Pace, watchable
from tui_lab.session.raw_columns import columns_before
from tui_lab.session.record import Record
from tui_lab.session.views import Views

CHUNK_SECONDS = 0.1  # a command ends a chunk at once, so it may be long
MOST_STEPS = 10_000  # in a chunk that is watched: the values of its curves need room many times over
STEP_SECONDS, OPERATIONS_A_SECOND = 3e-6, 2e10  # what a step takes, about: to judge what can be watched

PHASES = {
    Status.IDLE: base.READY,
    Status.RUNNING: base.TRAINING,
    Status.PAUSED: base.PAUSED,
    Status.ENDED: base.ENDED,
}


class Controller:
    """Trains in chunks; between them it plays, pauses, edits, undoes, saves and begins anew.

    `events` passes on what happened; `watched` says whether anybody wants views and curves.
    """

    def __init__(
        self, launch: Launch, dataset: Dataset, *, watched: bool, events: Callable[[Event], None]
    ) -> None:
        self.watched, self.events = watched, events
        self.exit_code = 0
        self.notice = (0, "")
        self.pace = Pace()
        self._lay_out(launch, dataset)

    def _lay_out(self, launch: Launch, dataset: Dataset) -> None:
        self.launch, self.dataset = launch, dataset
        self.loop = TrainingLoop(launch, dataset)
        self.data = describe_data(dataset)
        seed, rows = launch.experiment.training.seed, dataset.train.x
        self.data["before"] = columns_before(launch.experiment.data, seed, rows.size) if self.watched else []
        self.until: int | None = None
        self.undo: list[Experiment] = []
        self.record, self.views = Record(), Views(self.trainer)
        self._warned: set[str] = set()
        self._since = 0.0  # when the last chunk ended

    @property
    def trainer(self) -> Trainer:
        return self.loop.trainer

    @property
    def training(self) -> bool:
        return self.loop.status is Status.RUNNING

    @property
    def ended(self) -> bool:
        return self.loop.status is Status.ENDED

    # -- beginning and ending -----------------------------------------------------------------------------

    def start(self, pace: float | None) -> None:
        """Allocate and initialize, or show a run as its last checkpoint left it. Nothing is written."""
        self.pace = Pace(self._watchable() if pace is None else pace)
        self.loop.open()
        if self.loop.run is not None and self.launch.run is not None:
            self.record = Record.of(self.loop.run, self.loop.step, self.trainer.progress.edits)
            self.views.look_again()
            if self.loop.pending:
                edits = "1 edit" if self.loop.pending == 1 else f"{self.loop.pending} edits"
                self.tell(f"goes on from step {self.loop.step:,}; {edits} made after it will be made again")
        self.pass_on()

    def _watchable(self) -> float:
        training = self.trainer.experiment.training
        operations = flops(self.trainer.network, training.batch_size)
        seconds = training.steps * (STEP_SECONDS + operations / OPERATIONS_A_SECOND)
        return watchable(training.steps, seconds)

    def wind_up(self) -> None:
        """Save and end the run, if one is held."""
        if self.loop.held:
            try:
                self.loop.end()
            finally:
                self.pass_on()

    # -- commands -----------------------------------------------------------------------------------------

    def carry_out(self, command: Command) -> None:
        """Do what was asked, or tell why it cannot be done."""
        try:
            match command:
                case base.Play():
                    self.go()
                case base.Pause():
                    self._pause()
                case base.Steps(count=count):
                    epoch = -(-len(self.dataset.train) // self.trainer.experiment.training.batch_size)
                    self.go(count or epoch)
                case base.Pace(steps_per_second=per_second):
                    self.pace = Pace(per_second)
                case base.Edit(path=path, value=value):
                    self._edit(path, value)
                case base.Undo():
                    self._take_back()
                case base.Save():
                    self._save()
                case base.Restart(seed=seed, experiment=experiment):
                    self._restart(seed, experiment)
        except InputError as error:
            self.tell(str(error))
        finally:
            self.pass_on()

    def go(self, count: int | None = None) -> None:
        """Train so many steps, or until something ends it. A run that diverged goes on from its last checkpoint."""
        rewinds = self.loop.reason == "diverged"
        self.loop.play()
        self.exit_code = 0
        if rewinds and self.loop.run is not None:
            self.record = Record.of(self.loop.run, self.loop.step, self.trainer.progress.edits)
            self.loop.news()  # which the record knows from the files
        self.record.end = None
        self.until = self.loop.step + count if count else None
        self._since = time.monotonic()
        self.pace.restart()

    def _pause(self) -> None:
        self.until = None
        self.loop.pause()
        self.views.look_again()

    def _save(self) -> None:
        if not self.loop.held:
            self.tell("nothing has been trained since the last checkpoint")
        elif self.loop.checkpoint():
            self.tell(f"checkpoint at step {self.loop.step:,}")
        else:
            self.tell(f"not saved: {self.loop.journal.unsaved}")

    def _edit(self, path: str, value: Any) -> None:
        before = self.trainer.experiment
        self._change(with_changes(before, ((path, value),)))
        if self.trainer.experiment != before:
            self.undo.append(before)

    def _take_back(self) -> None:
        if not self.undo:
            self.tell("there is no edit to undo")
            return
        self._change(self.undo.pop())

    def _change(self, experiment: Experiment) -> None:
        made = self.loop.edit(experiment, author=self.launch.author)
        if made:
            self.tell(", ".join(map(str, made)))
            if not self.training:
                self.views.look_again()

    def _restart(self, seed: int | None, experiment: Experiment | None) -> None:
        chosen = experiment or self.trainer.experiment
        if seed is not None:
            chosen = structs.replace(chosen, training=structs.replace(chosen.training, seed=seed))
        was_playing, dataset = self.training, self.dataset
        if dataset_key(chosen) != dataset_key(self.trainer.experiment):
            dataset = prepare(*dataset_key(chosen))
        launch = replace(self.launch, experiment=chosen, run=None, changes=(), more=0)
        Trainer(chosen, dataset).memory.check_fits()  # before anything is given up
        self.wind_up()
        self._lay_out(launch, dataset)
        for job in self.trainer.to_compile():
            job()
        self.loop.open()
        self.tell(f"restarted with seed {chosen.training.seed}")
        if was_playing:
            self.go()

    # -- training -----------------------------------------------------------------------------------------

    def chunk(self, look: Look) -> None:
        """Train for a moment, at the pace that the user chose, and remember what the curves need."""
        first, due = self.loop.step, self.pace.due
        if due == 0:
            return
        before = self.views.measuring(look) if self.watched else None
        limits = [first + 1 if before is not None else None, self.until, first + due if due else None]
        limits.append(first + MOST_STEPS if self.watched else None)
        clip = self.trainer.experiment.training.clip_norm
        try:
            chunk = self.loop.advance(min((n for n in limits if n), default=None), CHUNK_SECONDS)
        finally:
            self.pass_on()
        if before is not None and chunk.last > first:
            self.views.measure(look, before)
        self.pace.made(chunk.last - first)
        now = time.monotonic()
        if self.watched:
            self.record.trained(chunk, clip, now - self._since)
        self._since = now
        if self.until is not None and self.loop.step >= self.until:
            self._pause()

    def pass_on(self) -> None:
        """Pass on and remember what happened."""
        for event in self.loop.news():
            self.events(event)
            self.record.note(event)
            if isinstance(event, End):
                self.until = None
                self.exit_code = 1 if event.reason == "diverged" else self.exit_code
                if self.watched:
                    self.views.look_again()

    def tell(self, message: str) -> None:
        """A word for the user; the screen shows each number once."""
        self.notice = (self.notice[0] + 1, message)

    # -- what the screen sees -----------------------------------------------------------------------------

    def take_views(self, look: Look) -> None:
        """Look at the network where it is time again; what deserves attention becomes an event, each kind once."""
        if not self.views.take(look, self.record):
            return
        for finding in self.views.findings:
            kind = "".join(c for c in finding.message if not c.isdigit())
            if kind not in self._warned and self.loop.held:
                self._warned.add(kind)
                message = f"{finding.message}: {finding.advice}"
                self.loop.record(WarningEvent(step=self.loop.step, message=message))
        self.pass_on()

    def snapshot(self, version: int, look: Look) -> Snapshot:
        step, run = self.loop.step, self.loop.run
        return snapshot_of(
            self.trainer,
            self.record,
            version=version,
            phase=PHASES[self.loop.status],
            notice=self.notice,
            name=self.launch.title,
            path=str(run.path) if run else "",
            data=self.data,
            pace=self.pace.per_second,
            edits=len(self.undo),
            curves=self.record.curves(look.first, step if look.last is None else look.last),
            probes=self.views.probes,
            **self.views.taken,
        )
