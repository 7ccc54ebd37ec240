"""Conducts a run from its start to its end: chunks, checkpoints, the last evaluation; a generator of events."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

from engine.component import tree_of
from engine.events import Checkpoint, End, Event, Start, Warning
from engine.run import Run
from engine.trainer import CHUNK_SECONDS, Trainer

CHECKPOINT_SECONDS = 60.0


class Conductor:
    """Takes a trainer through a run: `begin`, `advance` until it is over, `end`; or iterate, which does all three.

    Each gives the events that happened, which are in the run's files by then. The run is locked from `begin` to
    `end` (or `close`).
    """

    def __init__(
        self, trainer: Trainer, run: Run, *, deadline: float | None = None, resume: bool = False
    ) -> None:
        """`deadline`: seconds of training after which the run ends; `resume`: go on from its last checkpoint."""
        self.trainer, self.run = trainer, run
        self.deadline, self.resume = deadline, resume
        self.interrupted = False
        self._held = ExitStack()
        self._first, self._seconds, self._saved = 0, 0.0, time.monotonic()

    def interrupt(self) -> None:
        """End within a step, with a checkpoint; safe from a signal handler and from any thread."""
        self.interrupted = True
        self.trainer.stop()

    @property
    def over(self) -> bool:
        return self.trainer.finished or self.interrupted

    def __iter__(self) -> Iterator[Event | None]:
        """All events from begin to end, and None after each chunk of steps."""
        with self._held:
            yield from self.begin()
            while not self.over:
                yield from self.advance()
                yield None
            yield from self.end()

    def begin(self) -> list[Event]:
        """Lock the run, write down what runs, take up its last checkpoint or write the first one."""
        trainer, run = self.trainer, self.run
        self._held.enter_context(run.lock())
        trainer.start()
        complaints = run.restore(trainer) if self.resume else []
        run.begin(trainer)
        if not self.resume:
            run.save(trainer)
        self._first, self._saved = trainer.step, time.monotonic()
        events: list[Event] = [Warning(step=trainer.step, message=complaint) for complaint in complaints]
        tree = tree_of(trainer.experiment)
        return self.record(
            *events,
            Start(step=trainer.step, run=str(run.path), experiment=tree, parameters=trainer.network.size),
        )

    def advance(self, limit: int | None = None, seconds: float = CHUNK_SECONDS) -> list[Event]:
        """Train for about `seconds`, not beyond step `limit`; evaluate and save where it is due."""
        trainer = self.trainer
        began = time.monotonic()
        log = trainer.advance(seconds, min(filter(None, (limit, self._next_checkpoint())), default=None))
        events = self.record(log) if log is not None else []
        self._seconds += time.monotonic() - began
        if self.deadline is not None and self._seconds >= self.deadline and not trainer.finished:
            trainer.progress.ended = "time"
        if self._checkpoint_due():
            events += self.checkpoint()
        return events

    def checkpoint(self) -> list[Event]:
        """Write a checkpoint now."""
        path = self.run.save(self.trainer)
        self._saved = time.monotonic()
        return self.record(Checkpoint(step=self.trainer.step, path=str(path.relative_to(self.run.path))))

    def end(self) -> list[Event]:
        """Save, measure the best parameters on the test rows, write the summary, let go of the run."""
        trainer, events = self.trainer, []
        reason, message, test = trainer.progress.ended or "interrupted", "", None
        if reason == "time":
            if trainer.step > trainer.progress.logged_step:
                events += self.record(trainer.log())
            trainer.progress.ended = ""  # a resumed run goes on
        if reason == "diverged":
            message = self.first_nonfinite_message()
            self.run.save_best(trainer)
        else:
            events += self.checkpoint()
            test = trainer.test() if reason != "interrupted" else None
        speed = (trainer.step - self._first) / max(self._seconds, 1e-9)
        end = End(
            step=trainer.step, reason=reason, steps=trainer.step, seconds=round(self._seconds, 3),
            steps_per_second=round(speed, 1), best=trainer.best_so_far(), test=test, message=message,
        )  # fmt: skip
        events += self.record(end)
        self.close()
        return events

    def close(self) -> None:
        """Let go of the run's lock."""
        self._held.close()

    def record(self, *events: Event) -> list[Event]:
        """Write events to the run's files."""
        for event in events:
            tree = self.run.record(event)
            if isinstance(event, End):
                self.run.finish(tree)
        return list(events)

    def _next_checkpoint(self) -> int | None:
        every = self.trainer.experiment.training.checkpoint_every
        return (self.trainer.step // every + 1) * every if every else None

    def _checkpoint_due(self) -> bool:
        every = self.trainer.experiment.training.checkpoint_every
        if self.trainer.finished:
            return False  # the end writes one
        if every:
            return self.trainer.step % every == 0
        return time.monotonic() - self._saved >= CHECKPOINT_SECONDS

    def first_nonfinite_message(self) -> str:
        step, last = self.trainer.step, self.run.steps()[-1]
        return (
            f"the loss or its gradient is not finite at step {step:,}; {self.trainer.first_nonfinite()}; "
            f"the last good checkpoint is {last}; try a smaller optimizer.lr, or training.clip_norm=1"
        )
