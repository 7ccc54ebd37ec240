"""Conducts a run from its start to its end: chunks, checkpoints, the last evaluation; a generator of events."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from engine.component import tree_of
from engine.events import Checkpoint, End, Event, Start, Warning
from engine.run import Run
from engine.trainer import Trainer

CHECKPOINT_SECONDS = 60.0


@dataclass
class Conductor:
    """Trains until the experiment ends, `deadline` seconds have passed or `interrupt` was called.

    Iterating does the work: it yields every event, which is in the run's files by then, and None after each
    chunk of steps.
    """

    trainer: Trainer
    run: Run
    deadline: float | None = None  # seconds
    resume: bool = False
    interrupted: bool = False

    def interrupt(self) -> None:
        """End within a step, with a checkpoint; safe from a signal handler and from any thread."""
        self.interrupted = True
        self.trainer.stop()

    def __iter__(self) -> Iterator[Event | None]:
        with self.run.lock():
            for event in self._story():
                if event is None:
                    yield None
                    continue
                tree = self.run.record(event)
                if isinstance(event, End):
                    self.run.finish(tree)
                yield event

    def _story(self) -> Iterator[Event | None]:
        trainer, run = self.trainer, self.run
        trainer.start()
        complaints = run.restore(trainer) if self.resume else []
        run.begin(trainer)
        if not self.resume:
            run.save(trainer)
        for complaint in complaints:
            yield Warning(step=trainer.step, message=complaint)
        yield Start(
            step=trainer.step, run=str(run.path), experiment=tree_of(trainer.experiment),
            parameters=trainer.outline.size,
        )  # fmt: skip
        first, began, saved = trainer.step, time.monotonic(), time.monotonic()
        while not trainer.finished and not self.interrupted:
            log = trainer.advance(limit=self._next_checkpoint())
            yield log
            now = time.monotonic()
            if self.deadline is not None and now - began >= self.deadline and not trainer.finished:
                trainer.progress.ended = "time"
            if self._checkpoint_due(now - saved):
                yield self._checkpoint()
                saved = now
        yield from self._end(first, time.monotonic() - began)

    def _end(self, first: int, seconds: float) -> Iterator[Event]:
        trainer, run = self.trainer, self.run
        reason = trainer.progress.ended or "interrupted"
        if reason == "time":
            if trainer.step > trainer.progress.logged_step:
                yield trainer.log()
            trainer.progress.ended = ""  # a resumed run goes on
        message, test = "", None
        if reason == "diverged":
            message = self._what_went_bad()
            run.save_best(trainer)
        else:
            yield self._checkpoint()
            if reason != "interrupted":
                test = trainer.test()
        steps = trainer.step - first
        progress = trainer.progress
        best = None
        if progress.best_value is not None:
            monitor = trainer.experiment.training.monitor
            best = {"step": progress.best_step, monitor: progress.best_value}
        yield End(
            step=trainer.step, reason=reason, steps=trainer.step, seconds=round(seconds, 3),
            steps_per_second=round(steps / max(seconds, 1e-9), 1), best=best, test=test, message=message,
        )  # fmt: skip

    def _checkpoint(self) -> Checkpoint:
        path = self.run.save(self.trainer)
        return Checkpoint(step=self.trainer.step, path=str(path.relative_to(self.run.path)))

    def _next_checkpoint(self) -> int | None:
        every = self.trainer.experiment.training.checkpoint_every
        return (self.trainer.step // every + 1) * every if every else None

    def _checkpoint_due(self, seconds: float) -> bool:
        every = self.trainer.experiment.training.checkpoint_every
        if self.trainer.finished:
            return False  # the end writes one
        return self.trainer.step % every == 0 if every else seconds >= CHECKPOINT_SECONDS

    def _what_went_bad(self) -> str:
        step, last = self.trainer.step, self.run.steps()[-1]
        return (
            f"the loss or its gradient is not finite at step {step:,}; {self.trainer.what_went_bad()}; "
            f"the last good checkpoint is {last}; try a smaller optimizer.lr, or training.clip_norm=1"
        )
