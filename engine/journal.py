"""Journal: what a run writes about itself, on a disk that may be full for a while."""

import time

from engine.errors import StorageError
from engine.events import Event, WarningEvent
from engine.experiment import Experiment
from engine.runs import Checkpoint, RunDirectory

MOST_UNSAVED = 10_000  # events kept in memory while the disk is full
RETRY_SECONDS = 5.0  # between two attempts to write them


class Journal:
    """Writes events, the experiment and checkpoints of one run, and keeps the news for viewers.

    A full disk does not end a training: what cannot be written is kept, tried again, and told once.
    """

    def __init__(self) -> None:
        self.run: RunDirectory | None = None
        self.unsaved = ""  # why the last attempt to write failed
        self._news: list[Event] = []
        self._lines: list[tuple[Event, float]] = []  # that could not be written yet
        self._retry = 0.0  # when to try again
        self._experiment: Experiment | None = None  # that the file does not say yet

    @property
    def complete(self) -> bool:
        """Whether everything is written."""
        return not (self._lines or self.unsaved)

    def news(self) -> list[Event]:
        """What happened since the last call."""
        news, self._news = self._news, []
        return news

    def tell(self, event: Event) -> None:
        """Pass on an event that the files know already, or need not know."""
        self._news.append(event)

    def record(self, event: Event) -> None:
        """Pass on an event and write it to the run's files, with what could not be written before it."""
        self.tell(event)
        self._lines.append((event, time.time()))
        if time.monotonic() < self._retry:
            return
        assert self.run is not None
        try:
            self.run.record(self._lines)
        except StorageError as error:
            del self._lines[:-MOST_UNSAVED]
            self._retry = time.monotonic() + RETRY_SECONDS
            self._cannot_save(error, event.step)
        else:
            self._retry, self.unsaved = 0.0, ""

    def write_experiment(self, experiment: Experiment, step: int) -> None:
        """Write down what runs now."""
        self._experiment = experiment
        self._catch_up(step)

    def _catch_up(self, step: int) -> None:
        assert self.run is not None
        if self._experiment is not None:
            try:
                self.run.write_experiment(self._experiment)
                self._experiment = None
            except StorageError as error:
                self._cannot_save(error, step)

    def save(self, state: Checkpoint, best: Checkpoint) -> str:
        """Write a checkpoint; gives its path relative to the run's directory, or "" where the disk is full."""
        assert self.run is not None
        self._catch_up(state.step)
        try:
            path = self.run.save(state, best)
        except StorageError as error:
            self._cannot_save(error, state.step)
            return ""
        self._retry = 0.0  # there is room again
        return str(path.relative_to(self.run.path))

    def save_best(self, best: Checkpoint) -> None:
        """Write the best parameters alone."""
        assert self.run is not None
        try:
            best.write(self.run.best)
        except StorageError as error:
            self._cannot_save(error, best.step)

    def finish(self, end: Event) -> None:
        """Record the end and write the summary."""
        assert self.run is not None
        self._retry = 0.0
        self.record(end)
        try:
            self.run.finish(end.flat())
        except StorageError as error:
            self._cannot_save(error, end.step)

    def _cannot_save(self, error: StorageError, step: int) -> None:
        if not self.unsaved:
            message = f"{error}; training goes on in memory and is saved when there is room"
            self.tell(WarningEvent(step=step, message=message))
        self.unsaved = str(error)
