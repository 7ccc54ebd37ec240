"""LocalSession: the run in this process, trained by a thread that never waits for a screen."""

import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from engine import diagnostics, probes
from engine.component import tree_of
from engine.conductor import Conductor
from engine.data import Dataset, prepare
from engine.errors import InputError, LabError
from engine.events import EditEvent, End, Event, Log, Warning
from engine.experiment import Experiment, experiment_from, override_value
from engine.run import Run
from engine.trainer import Trainer
from tui_lab.charts.history import Buckets, History
from tui_lab.session import base
from tui_lab.session.base import Command, Look, Snapshot
from tui_lab.session.describing import describe_blocks, describe_data, differences, value_at

PUBLISH_SECONDS = 0.2
CHUNK_SECONDS = 0.1  # a command ends a chunk at once, so it may be long
EVENTS_KEPT = 500
PROBE_SHARE = 0.03  # of the time, at most, goes into pictures

PER_STEP = ("train_loss", "gradient_norm", "lr", "steps_per_second")


class LocalSession:
    """Owns the engine thread, a queue of commands, and `latest`."""

    def __init__(
        self,
        name: str,
        experiment: Experiment,
        root: Path,
        *,
        run: Run | None = None,
        run_name: str | None = None,
        threads: int | None = None,
        play: bool = False,
        deadline: float | None = None,
        watched: bool = True,
    ) -> None:
        """A session on an experiment, whose run will lie under `root`; or on `run`, which it goes on with.

        `play` trains at once; `deadline` ends the run after so many seconds of training. A session that is not
        `watched` makes no pictures and ends with its run: its events are read from `story()`.
        """
        self.name, self.root, self.threads = name, root, threads
        self._run_name, self._deadline, self._watched = run_name, deadline, watched
        self.story_queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self.error: BaseException | None = None
        self._experiment, self._run = experiment, run
        self._resume = run is not None
        self.latest = Snapshot(version=1, phase=base.LOADING, name=name, experiment=experiment)
        self.exit_code = 0
        self._commands: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._look = Look()
        self._closing = threading.Event()
        self._play = play
        self._notice = (0, "")
        self.details = ""
        self._thread = threading.Thread(target=self._work, name="engine", daemon=True)
        self._thread.start()

    # -- what the screen calls ----------------------------------------------------------------------------

    def send(self, command: Command) -> None:
        self._ask(command)

    def look(self, look: Look) -> None:
        self._look = look
        self._ask(None)

    def _ask(self, command: Command | None) -> None:
        """Wake the engine: the native call returns within a step, and what is asked follows at once."""
        self._commands.put(command)
        trainer = getattr(self, "trainer", None)
        if trainer is not None:
            trainer.stop()

    def interrupt(self) -> None:
        """Save and end soon, without waiting; safe from a signal handler."""
        self._closing.set()
        self._ask(None)

    def close(self, seconds: float = 10.0) -> None:
        """Save, end and wait; after `seconds` the thread is left to itself."""
        self.interrupt()
        self._thread.join(seconds)

    def story(self) -> Iterator[Event | None]:
        """The events of an unwatched session as they happen, and None ten times a second while there are none.

        Raises what the engine's thread raised.
        """
        while True:
            try:
                event = self.story_queue.get(timeout=0.1)
            except queue.Empty:
                yield None
                continue
            if event is None:
                break
            yield event
        self._thread.join()
        if self.error is not None:
            raise self.error

    @property
    def path(self) -> Path | None:
        """The run's directory; None before it begins."""
        return self._run.path if self._run is not None else None

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    # -- the engine thread --------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            self._prepare()
            while not self._closing.is_set():
                self._drain()
                if self._closing.is_set():
                    break
                if self.playing and not self.trainer.finished:
                    self._chunk()
                elif self._begun and self.trainer.finished and self.conductor is not None:
                    self._finish()
                    if not self._watched:
                        break
                self._publish()
            self._wind_up()
        except LabError as error:
            self._fail(error, str(error), error.exit_code)
        except MemoryError as error:
            self._fail(error, "out of memory; make the model or training.batch_size smaller", 1)
        except Exception as error:
            import traceback

            self.details = traceback.format_exc()
            self._fail(error, f"a fault in tui-lab: {type(error).__name__}: {error}", 1)
        finally:
            if self._run is not None and not getattr(self, "_begun", False) and not self._resume:
                self._run.discard()  # nothing half-made stays behind
            self.story_queue.put(None)

    def _prepare(self) -> None:
        """Load, lay out, compile: everything up to the first step."""
        self._say(base.LOADING, "loading data")
        self.dataset: Dataset = prepare(
            self._experiment.data, self._experiment.training.seed, self._experiment.training.precision
        )
        self._new_trainer(self._experiment)
        if (
            self._play and self._run is None
        ):  # a name or a place that cannot be shows before the compiler starts
            self._run = Run.create(self.root, self.name, self._run_name)
        jobs = self.trainer.to_compile()
        for i, job in enumerate(jobs):
            if self._closing.is_set():
                return
            self._say(base.COMPILING, f"compiling {i + 1} of {len(jobs)}")
            job()
        self.playing = self._play
        self._phase = base.READY
        if self._play or self._resume:
            self._begin()
        else:
            self.trainer.start()
        if self._play:
            self._phase = base.TRAINING
        self._publish(force=True)

    def _new_trainer(self, experiment: Experiment) -> None:
        trainer = Trainer(experiment, self.dataset, threads=self.threads)
        trainer.memory.check_fits()
        self.trainer = trainer
        self._data = describe_data(self.dataset)
        self.conductor: Conductor | None = None
        self._begun = False
        self.playing = False
        self.until: int | None = None
        self._undo: list[Experiment] = []
        self._events: list[dict[str, Any]] = []
        self._logs: list[dict[str, Any]] = []
        self._end: dict[str, Any] | None = None
        self._seconds, self._clipped = 0.0, 0.0
        self._histories = {name: History() for name in PER_STEP}
        self._pictures: dict[str, Any] = {}
        self._sights = probes.Sights(trainer)
        self._picture_due = self._states_due = self._published = 0.0
        self._states: list[diagnostics.LayerState] = []
        self._tail = np.empty(0)
        self._warned: set[str] = set()
        self._phase = base.READY

    def _begin(self) -> None:
        """Make the run's directory (or take up the run) and begin."""
        run = self._run or Run.create(self.root, self.name, self._run_name)
        self._run, self._begun = run, True
        self.conductor = Conductor(self.trainer, run, deadline=self._deadline, resume=self._resume)
        if self._resume:
            self._logs = run.metrics()
            self._events = run.events()[-EVENTS_KEPT:]
        try:
            self._note(self.conductor.begin())
        except BaseException:
            self._begun = False
            raise
        self._histories = {name: History() for name in PER_STEP}
        self._phase = base.PAUSED

    def _drain(self) -> None:
        """Carry out what was asked; wait for something when there is nothing to do."""
        idle = not self.playing or (self.trainer.finished and self._end is not None)
        try:
            command = (
                self._commands.get(timeout=0.2 if idle else None) if idle else self._commands.get_nowait()
            )
            while True:
                if command is not None:
                    self._carry_out(command)
                else:
                    self._published = self._picture_due = 0.0  # another look: show it at once
                command = self._commands.get_nowait()
        except queue.Empty:
            pass
        self.trainer.control[0] = 0

    def _carry_out(self, command: Command) -> None:
        try:
            match command:
                case base.Play():
                    self.playing, self.until = True, None
                case base.Pause():
                    self._pause()
                case base.Steps(count=count):
                    epoch = -(-len(self.dataset.train) // self.trainer.experiment.training.batch_size)
                    self.playing, self.until = True, self.trainer.step + (count or epoch)
                case base.Edit(path=path, value=value):
                    self._edit(path, value)
                case base.Undo():
                    self._take_back()
                case base.Save():
                    if self.conductor is not None:
                        self._note(self.conductor.checkpoint())
                        self._tell(f"checkpoint at step {self.trainer.step:,}")
                case base.Restart(seed=seed, experiment=experiment):
                    self._restart(seed, experiment)
        except InputError as error:
            self._tell(str(error))
        if self.playing and not self._begun:
            self._begin()
        if self.playing and not self.trainer.finished:
            self._phase = base.TRAINING
        self._publish(force=True)

    def _look_again(self) -> None:
        """Training stands still: what the pictures show should be its last state."""
        if self._watched and not self._states and self.trainer.step:
            self._states = diagnostics.layer_states(self.trainer)
        self._picture_due = 0.0

    def _pause(self) -> None:
        self.playing, self.until = False, None
        self._look_again()
        if self._begun and not self.trainer.finished:
            self._phase = base.PAUSED

    def _edit(self, path: str, value: Any) -> None:
        before = self.trainer.experiment
        after = experiment_from(override_value(tree_of(before), path, value))
        if after == before:
            return
        self._apply(after)
        self._undo.append(before)
        self._note_edit(
            path, value_at(tree_of(before), path), value_at(tree_of(self.trainer.experiment), path)
        )

    def _take_back(self) -> None:
        if not self._undo:
            self._tell("there is no edit to undo")
            return
        now, before = self.trainer.experiment, self._undo.pop()
        self._apply(before)
        for path, old, new in differences(tree_of(now), tree_of(before)):
            self._note_edit(path, old, new)

    def _apply(self, experiment: Experiment) -> None:
        self.trainer.edit(experiment)
        if self._run is not None and self._begun:
            self._run.begin(self.trainer)

    def _note_edit(self, path: str, old: Any, new: Any) -> None:
        event = EditEvent(step=self.trainer.step, field=path, old=old, new=new)
        if self.conductor is not None:
            self._note(self.conductor.record(event))
        else:
            self._note([event])
        self._tell(f"{path}: {old} → {new}")

    def _restart(self, seed: int | None, experiment: Experiment | None) -> None:
        chosen = experiment or self.trainer.experiment
        if seed is not None:
            chosen = replace(chosen, training=replace(chosen.training, seed=seed))
        same_data = chosen.data == self.trainer.experiment.data
        same_seed = chosen.training.seed == self.trainer.experiment.training.seed
        was_playing = self.playing
        self._wind_up()
        if not (same_data and same_seed):
            self.dataset = prepare(chosen.data, chosen.training.seed, chosen.training.precision)
        self._run, self._resume = None, False
        self._new_trainer(chosen)
        for job in self.trainer.to_compile():
            job()
        self.trainer.start()
        self.playing = was_playing
        self._tell(f"restarted with seed {chosen.training.seed}")

    def _chunk(self) -> None:
        """Train for a moment, and remember what the curves need."""
        trainer, conductor = self.trainer, self.conductor
        assert conductor is not None
        first = trainer.step
        measuring = self._look.layers and time.monotonic() >= self._states_due
        before = trainer.memory.areas["parameters"].array.copy() if measuring else None
        events = conductor.advance(first + 1 if measuring else self.until, CHUNK_SECONDS)
        if measuring:
            self._states = diagnostics.layer_states(trainer, before)
            self._states_due = time.monotonic() + self._look.seconds
        self._remember(first, trainer.step - first)
        self._note(events)
        if self.until is not None and trainer.step >= self.until:
            self._pause()

    def _remember(self, first: int, done: int) -> None:
        if not done or not self._watched:
            return
        trainer = self.trainer
        speed = trainer.steps_per_second
        self._seconds += done / max(speed, 1e-9)
        clip = trainer.experiment.training.clip_norm
        norms = trainer.norms[:done]
        self._clipped = float(np.mean(norms > clip)) if clip else 0.0
        steps = np.arange(first + 1, first + done + 1)
        self._histories["train_loss"].extend(steps, trainer.losses[:done])
        self._histories["gradient_norm"].extend(steps, norms)
        thin = steps[:: max(1, done // 8)]  # what is smooth needs no more
        self._histories["lr"].extend(thin, np.concatenate([trainer.rates(s - 1, s) for s in thin.tolist()]))
        self._histories["steps_per_second"].add(steps[-1], speed)
        self._tail = trainer.losses[:done]

    def _note(self, events: list[Event]) -> None:
        for event in events:
            if not self._watched:
                self.story_queue.put(event)
            if isinstance(event, Log):
                self._logs.append(event.flat())
                continue
            line = tree_of(event)
            line.pop("experiment", None)
            self._events.append({**line, "time": time.time()})
            if isinstance(event, End):
                self._end = line
                if event.reason == "diverged":
                    self._tell(event.message)
                    self.exit_code = 1
        del self._events[:-EVENTS_KEPT]

    def _finish(self) -> None:
        assert self.conductor is not None
        self._note(self.conductor.end())
        self.conductor, self.playing, self._phase = None, False, base.ENDED
        self._look_again()
        self._publish(force=True)

    def _wind_up(self) -> None:
        """Save and end the run, if there is one."""
        if self.conductor is not None:
            self._note(self.conductor.end())
            self.conductor = None

    def _warn(self, found: list[diagnostics.Finding]) -> None:
        """Note each kind of finding once, as an event of the run at the step where it was first seen."""
        for finding in found:
            kind = "".join(c for c in finding.message if not c.isdigit())
            if kind not in self._warned and self.conductor is not None:
                self._warned.add(kind)
                message = f"{finding.message}: {finding.advice}"
                self._note(self.conductor.record(Warning(step=self.trainer.step, message=message)))

    def _tell(self, message: str) -> None:
        """A word for the person; the screen shows each number once."""
        self._notice = (self._notice[0] + 1, message)

    # -- snapshots ----------------------------------------------------------------------------------------

    def _say(self, phase: str, message: str) -> None:
        self.latest = replace(self.latest, version=self.latest.version + 1, phase=phase, message=message)

    def _fail(self, error: BaseException, message: str, code: int) -> None:
        self.error, self.exit_code = error, code
        conductor: Conductor | None = getattr(self, "conductor", None)
        if conductor is not None:
            conductor.close()
        self._say(base.FAILED, message)

    def _publish(self, force: bool = False) -> None:
        """Put a new snapshot into `latest`, five times a second at most unless something changed."""
        now = time.monotonic()
        if not self._watched:
            return
        if not force and now - self._published < PUBLISH_SECONDS:
            return
        self._take_pictures(now)
        self._published = time.monotonic()
        trainer, look = self.trainer, self._look
        last = trainer.step if look.last is None else look.last
        self.latest = Snapshot(
            version=self.latest.version + 1,
            phase=self._phase,
            notice=self._notice,
            name=self.name,
            path=str(self._run.path) if self._run else "",
            experiment=trainer.experiment,
            blocks=describe_blocks(trainer),
            parameters=trainer.outline.size,
            data=self._data,
            step=trainer.step,
            steps=trainer.experiment.training.steps,
            epoch=trainer.epoch,
            seconds=self._seconds,
            steps_per_second=trainer.steps_per_second,
            log=self._logs[-1] if self._logs else {},
            metric=self.dataset.metrics[0].name,
            best=trainer.best_so_far(),
            end=self._end,
            curves=self._curves(look.first, last),
            events=tuple(self._events[-EVENTS_KEPT:]),
            edits=len(self._undo),
            sights=self._sights.names,
            **self._pictures,
        )

    def _curves(self, first: int, last: int) -> dict[str, Buckets]:
        curves = {name: history.window(first, last) for name, history in self._histories.items()}
        logs = [log for log in self._logs if first <= log["step"] <= last]
        steps = np.array([log["step"] for log in logs], float)
        names = [
            n for n in (logs[-1] if logs else {}) if n not in ("event", "time", "step", "epoch", *PER_STEP)
        ]
        for name in names:
            values = np.array([log.get(name) if log.get(name) is not None else np.nan for log in logs], float)
            curves[name] = Buckets(steps, values, values, values)
        return curves

    def _take_pictures(self, now: float) -> None:
        """Look at the network for what the screen shows, within a fixed share of the time."""
        trainer, look = self.trainer, self._look
        names = [self._sights.names[0] if n == "first" else n for n in look.sights if self._sights.names]
        seen = self._sights.see(names, look.wish, look.seconds)  # each at a pace of its own
        if now < self._picture_due:
            self._pictures = self._pictures | {"seen": seen}
            return
        began = time.monotonic()
        pictures: dict[str, Any] = {"seen": seen, "layers": tuple(self._states)}
        if look.weights:
            trainer.evaluator.load(trainer.evaluated())
            pictures["weights"] = probes.weights(trainer)
        found = diagnostics.findings(self._states, self._logs, self._tail, self._clipped)
        pictures["findings"] = tuple(found)
        self._warn(found)
        if look.layer:
            pictures["histograms"] = probes.layer_histograms(trainer, look.layer)
        self._pictures = pictures
        spent = time.monotonic() - began
        self._picture_due = now + max(look.seconds, spent / PROBE_SHARE)
