"""Controller: a training and what a person may do to it. It lives on the engine's thread."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from engine.component import tree_of
from engine.conductor import Conductor
from engine.data import Dataset, prepare
from engine.errors import InputError
from engine.events import EditEvent, End, Event, Warning
from engine.experiment import Experiment, dataset_key, experiment_from, override_value
from engine.plan import flops
from engine.run import Run
from engine.trainer import Trainer
from tui_lab.session import base
from tui_lab.session.base import Command, Look, Snapshot
from tui_lab.session.describing import describe_data, differences, snapshot_of, value_at
from tui_lab.session.pace import Pace, watchable
from tui_lab.session.raw_columns import columns_before
from tui_lab.session.record import Record
from tui_lab.session.views import Views

CHUNK_SECONDS = 0.1  # a command ends a chunk at once, so it may be long
MOST_STEPS = 10_000  # in a chunk that is watched: the values of its curves need room many times over
STEP_SECONDS, OPERATIONS_A_SECOND = 3e-6, 2e10  # what a step takes, about: to judge what can be watched


class Controller:
    """Trains in chunks; between them it plays, pauses, edits, undoes, saves and begins anew.

    `events` passes on what happened; `watched` says whether anybody wants pictures and curves.
    """

    def __init__(
        self,
        name: str,
        experiment: Experiment,
        dataset: Dataset,
        root: Path,
        *,
        run: Run | None,
        run_name: str | None,
        threads: int | None,
        deadline: float | None,
        watched: bool,
        events: Callable[[Event], None],
    ) -> None:
        self.name, self.root, self.threads, self.watched = name, root, threads, watched
        self.dataset, self.run, self.events = dataset, run, events
        self.resume = run is not None
        self.exit_code = 0
        self.notice = (0, "")
        self.pace = Pace()
        self._run_name, self._deadline = run_name, deadline
        self._new_trainer(experiment)

    def _new_trainer(self, experiment: Experiment) -> None:
        trainer = Trainer(experiment, self.dataset, threads=self.threads)
        trainer.memory.check_fits()
        self.trainer = trainer
        seed, rows = experiment.training.seed, self.dataset.train.x
        self.data = describe_data(self.dataset)
        self.data["before"] = columns_before(experiment.data, seed, rows.size) if self.watched else []
        self.conductor: Conductor | None = None
        self.begun = self.playing = False
        self.until: int | None = None
        self.undo: list[Experiment] = []
        self.record, self.pictures = Record(), Views(trainer)
        self.phase = base.READY
        self._warned: set[str] = set()
        self._since = 0.0  # when the last chunk ended

    @property
    def training(self) -> bool:
        return self.playing and self.conductor is not None and not self.trainer.finished

    @property
    def over(self) -> bool:
        """Whether the training has ended by itself and its end is not told yet."""
        return self.conductor is not None and self.trainer.finished

    # -- beginning and ending -----------------------------------------------------------------------------

    def create_run(self) -> None:
        """Make the run's directory, unless there is one. Raises InputError where it cannot be."""
        self.run = self.run or Run.create(self.root, self.name, self._run_name)

    def start(self, pace: float | None) -> None:
        """Allocate and initialize; show a run that is opened as its last checkpoint left it. Nothing is written."""
        self.pace = Pace(self._watchable() if pace is None else pace)
        self.trainer.start()
        if self.run is not None and self.resume:
            for complaint in self.run.restore(self.trainer):
                self.tell(complaint)
            self.record = Record.of(self.run)
            self.phase = base.ENDED if self.trainer.finished else base.PAUSED
            self.pictures.look_again()

    def _watchable(self) -> float:
        training = self.trainer.experiment.training
        operations = flops(self.trainer.network, training.batch_size)
        seconds = training.steps * (STEP_SECONDS + operations / OPERATIONS_A_SECOND)
        return watchable(training.steps, seconds)

    def _begin(self) -> None:
        self.create_run()
        assert self.run is not None
        self.begun, self.exit_code = True, 0
        self.conductor = Conductor(self.trainer, self.run, deadline=self._deadline, resume=self.resume)
        try:
            events = self.conductor.begin()
        except BaseException:
            self.begun, self.conductor = False, None
            raise
        if self.resume:
            self.record = Record.of(self.run)
        self._note(events, known=self.resume)

    def finish(self) -> None:
        """The training has ended by itself: save, test, and stand still."""
        self.wind_up()
        self.resume, self.playing, self.phase = True, False, base.ENDED
        if self.watched:
            self.pictures.look_again()

    def wind_up(self) -> None:
        """Save and end the run, if there is one."""
        if self.conductor is not None:
            self._note(self.conductor.end())
            self.conductor = None

    def drop(self) -> None:
        """Let go of everything after a failure; nothing half-made stays behind."""
        if self.conductor is not None:
            self.conductor.close()
        if self.run is not None and not self.begun and not self.resume:
            self.run.discard()

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

    def go(self, count: int | None = None) -> None:
        """Train so many steps, or until something ends it. A run that diverged goes on from its last checkpoint."""
        if self.conductor is None:
            if self.trainer.finished and self.trainer.progress.ended != "diverged":
                self.tell("this run has come to its end; raise training.steps to train on, or restart it")
                return
            self._begin()
        self.playing, self.phase = True, base.TRAINING
        self.until = self.trainer.step + count if count else None
        self._since = time.monotonic()
        self.pace.restart()

    def _pause(self) -> None:
        self.playing, self.until = False, None
        self.pictures.look_again()
        if self.conductor is not None and not self.trainer.finished:
            self.phase = base.PAUSED

    def _save(self) -> None:
        if self.conductor is None:
            self.tell("nothing has been trained since the last checkpoint")
            return
        self._note(self.conductor.checkpoint())
        self.tell(f"checkpoint at step {self.trainer.step:,}")

    def _edit(self, path: str, value: Any) -> None:
        before = self.trainer.experiment
        after = experiment_from(override_value(tree_of(before), path, value))
        if after == before:
            return
        self._apply(after)
        self.undo.append(before)
        now = self.trainer.experiment
        self._note_edit(path, value_at(tree_of(before), path), value_at(tree_of(now), path))

    def _take_back(self) -> None:
        if not self.undo:
            self.tell("there is no edit to undo")
            return
        now, before = self.trainer.experiment, self.undo.pop()
        self._apply(before)
        for path, old, new in differences(tree_of(now), tree_of(before)):
            self._note_edit(path, old, new)

    def _apply(self, experiment: Experiment) -> None:
        self.trainer.edit(experiment)
        if self.run is not None and self.conductor is not None:
            self.run.begin(self.trainer)

    def _note_edit(self, path: str, old: Any, new: Any) -> None:
        event = EditEvent(step=self.trainer.step, field=path, old=old, new=new)
        self._note(self.conductor.record(event) if self.conductor is not None else [event])
        self.tell(f"{path}: {old} → {new}")

    def _restart(self, seed: int | None, experiment: Experiment | None) -> None:
        chosen = experiment or self.trainer.experiment
        if seed is not None:
            chosen = replace(chosen, training=replace(chosen.training, seed=seed))
        now = self.trainer.experiment
        was_playing, dataset = self.training, self.dataset
        if dataset_key(chosen) != dataset_key(now):
            dataset = prepare(*dataset_key(chosen))
        Trainer(chosen, dataset).memory.check_fits()  # before anything is given up
        self.wind_up()
        self.dataset, self.run, self.resume = dataset, None, False
        self._new_trainer(chosen)
        for job in self.trainer.to_compile():
            job()
        self.trainer.start()
        self.tell(f"restarted with seed {chosen.training.seed}")
        if was_playing:
            self.go()

    # -- training -----------------------------------------------------------------------------------------

    def chunk(self, look: Look) -> None:
        """Train for a moment, at the pace that a person chose, and remember what the curves need."""
        trainer, conductor, due = self.trainer, self.conductor, self.pace.due
        assert conductor is not None
        if due == 0:
            return
        first = trainer.step
        before = self.pictures.measuring(look) if self.watched else None
        limits = [first + 1 if before is not None else None, self.until, first + due if due else None]
        limits.append(first + MOST_STEPS if self.watched else None)
        events = conductor.advance(min((n for n in limits if n), default=None), CHUNK_SECONDS)
        if before is not None:
            self.pictures.measure(look, before)
        self.pace.made(trainer.step - first)
        now = time.monotonic()
        if self.watched:
            self.record.trained(trainer, first, now - self._since)
        self._since = now
        self._note(events)
        if self.until is not None and trainer.step >= self.until:
            self._pause()

    def _note(self, events: list[Event], known: bool = False) -> None:
        """Pass events on, and remember them where the record does not know them already."""
        for event in events:
            self.events(event)
            if not known:
                self.record.note(event)
            if isinstance(event, End) and event.reason == "diverged":
                self.exit_code = 1

    def tell(self, message: str) -> None:
        """A word for the person; the screen shows each number once."""
        self.notice = (self.notice[0] + 1, message)

    # -- what the screen sees -----------------------------------------------------------------------------

    def take_pictures(self, look: Look) -> None:
        """Look at the network where it is time again; what deserves attention becomes an event, each kind once."""
        if not self.pictures.take(look, self.record):
            return
        for finding in self.pictures.findings:
            kind = "".join(c for c in finding.message if not c.isdigit())
            if kind not in self._warned and self.conductor is not None:
                self._warned.add(kind)
                message = f"{finding.message}: {finding.advice}"
                self._note(self.conductor.record(Warning(step=self.trainer.step, message=message)))

    def snapshot(self, version: int, look: Look) -> Snapshot:
        step = self.trainer.step
        return snapshot_of(
            self.trainer,
            self.record,
            version=version,
            phase=self.phase,
            notice=self.notice,
            name=self.name,
            path=str(self.run.path) if self.run else "",
            data=self.data,
            pace=self.pace.per_second,
            edits=len(self.undo),
            curves=self.record.curves(look.first, step if look.last is None else look.last),
            probes=self.pictures.probes,
            **self.pictures.taken,
        )
