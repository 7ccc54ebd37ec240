"""LocalSession: the run in this process, trained by a thread that never waits for a screen."""

import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from engine.data import prepare
from engine.errors import LabError
from engine.events import Event
from engine.experiment import dataset_key
from engine.launch import Launch
from engine.machine.cache import complaints as cache_complaints
from engine.trainer import Trainer
from tui_lab import faults
from tui_lab.session import base
from tui_lab.session.base import Command, Look, Snapshot
from tui_lab.session.controller import Controller
from tui_lab.session.memory_trim import MemoryTrim

PUBLISH_SECONDS, RESTING_SECONDS = 0.2, 1.0
IDLE_SECONDS = 0.2


class LocalSession:
    """Owns the engine thread, a queue of commands, and `latest`."""

    def __init__(
        self, launch: Launch, *, play: bool = False, pace: float | None = 0.0, watched: bool = True
    ) -> None:
        """A session on what `launch` describes.

        `play` trains at once; `pace` is a number of steps a second, 0 full speed, None one at which the run can be
        watched. A session that is not `watched` computes no views and ends with its run: its events are read from
        `story()`.
        """
        self.story_queue: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self.error: BaseException | None = None
        self.launch = launch
        self.latest = Snapshot(version=1, phase=base.LOADING, name=launch.title, experiment=launch.experiment)
        self._play, self._pace, self._watched = play, pace, watched
        self._controller: Controller | None = None
        self._commands: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self._look = Look()
        self._closing = False  # a plain flag: a lock could be held by what a signal interrupts
        self._exit_code = 0
        self._published = 0.0
        self._memory_trim = MemoryTrim()
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
        if self._controller is not None:
            self._controller.trainer.stop()

    def interrupt(self) -> None:
        """Save and end soon, without waiting; safe from a signal handler."""
        self._closing = True
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

    def _tell_story(self, event: Event) -> None:
        if not self._watched:
            self.story_queue.put(event)

    @property
    def controller(self) -> Controller:
        """The training, once the data are loaded."""
        assert self._controller is not None
        return self._controller

    @property
    def trainer(self) -> Trainer:
        return self.controller.trainer

    @property
    def path(self) -> Path | None:
        """The run's directory; None before it begins."""
        run = self._controller.loop.run if self._controller is not None else self.launch.run
        return run.path if run is not None else None

    @property
    def exit_code(self) -> int:
        """0, or why the session failed: 1 the training, 2 the input."""
        return self._exit_code or (self._controller.exit_code if self._controller is not None else 0)

    # -- the engine thread --------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            self._prepare()
            if self._watched:
                self._memory_trim.settle()
            while not self._closing:
                self._drain()
                if self._closing:
                    break
                if self.controller.training:
                    self.controller.chunk(self._look)
                    if self.controller.ended:
                        self._publish(force=True)
                if self.controller.ended and not self._watched:
                    break
                self._publish()
                self._memory_trim.give_back()
            self.controller.wind_up()
        except LabError as error:
            self._fail(error, str(error), error.exit_code)
        except MemoryError as error:
            self._fail(error, faults.OUT_OF_MEMORY, 1)
        except Exception as error:
            self.error = error  # even where the fault cannot be described
            self._fail(error, faults.describe(error), 1)
        finally:
            if self._controller is not None:
                self._controller.loop.drop()
            self.story_queue.put(None)

    def _prepare(self) -> None:
        """Load, lay out, compile: everything up to the first step."""
        self._say(base.LOADING, "loading data")
        dataset = prepare(*dataset_key(self.launch.experiment))
        self._controller = controller = Controller(
            self.launch, dataset, watched=self._watched, events=self._tell_story
        )
        if self._play:
            controller.loop.create()  # a name or a place that cannot be shows before the compiler starts
        controller.start(self._pace)
        jobs = controller.trainer.to_compile()
        for i, job in enumerate(jobs):
            if self._closing:
                return
            self._say(base.COMPILING, f"compiling {i + 1} of {len(jobs)}")
            job()
        for complaint in cache_complaints:
            controller.tell(complaint)
        if self._play:
            try:
                controller.go()
            finally:
                controller.pass_on()
        self._publish(force=True)

    def _drain(self) -> None:
        """Carry out what was asked; wait for something when there is nothing to do."""
        rest = self.controller.pace.rest if self.controller.training else IDLE_SECONDS
        try:
            command = self._commands.get(timeout=rest) if rest else self._commands.get_nowait()
            while True:
                if command is not None:
                    self.controller.carry_out(command)
                    self._publish(force=True)
                else:
                    self._published = 0.0  # another look: show it at once
                    self.controller.views.look_again()
                command = self._commands.get_nowait()
        except queue.Empty:
            pass

    # -- snapshots ----------------------------------------------------------------------------------------

    def _say(self, phase: str, message: str) -> None:
        self.latest = replace(self.latest, version=self.latest.version + 1, phase=phase, message=message)

    def _fail(self, error: BaseException, message: str, code: int) -> None:
        self.error, self._exit_code = error, code
        self._say(base.FAILED, message)

    def _publish(self, force: bool = False) -> None:
        """Put a new snapshot into `latest`: at once where something changed, else five times a second while training
        and once while not."""
        seconds = PUBLISH_SECONDS if self.controller.training else RESTING_SECONDS
        if not self._watched or not (force or time.monotonic() - self._published >= seconds):
            return
        self.controller.take_views(self._look)
        self._published = time.monotonic()
        self.latest = self.controller.snapshot(self.latest.version + 1, self._look)
