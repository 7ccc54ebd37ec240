"""Record: what a screen may know of a run's past: its events, measurements and curves, in bounded memory."""

import time
from collections import deque
from typing import Any

import numpy as np

from engine.component import tree_of
from engine.events import End, Event, Log
from engine.runs import RunDirectory
from engine.trainer import Chunk
from tui_lab.session.history import Buckets, History

EVENTS_KEPT = 500
LOGS_KEPT = 250  # of measurements as such, to judge their course; their curves reach back to the first
SMOOTH_SECONDS = 1.0  # over which steps a second are counted
PER_STEP = ("train_loss", "gradient_norm", "lr", "steps_per_second")
NOT_CURVES = ("event", "time", "step", "epoch", *PER_STEP)
RATES = 8  # a chunk: what is smooth needs no more


class Record:
    """Grows with a run, never beyond a few megabytes."""

    def __init__(self) -> None:
        self.events: deque[dict[str, Any]] = deque(maxlen=EVENTS_KEPT)
        self.logs: deque[dict[str, Any]] = deque(maxlen=LOGS_KEPT)
        self.end: dict[str, Any] | None = None
        self.seconds = 0.0  # of training, as a person waits for it
        self.steps_per_second = 0.0
        self.losses = np.empty(0)  # of the last chunk's steps
        self.clipped = 0.0  # the share of its steps whose gradient was clipped
        self._histories = {name: History() for name in PER_STEP}
        self._marks: deque[tuple[float, int]] = deque()  # (seconds of training, step)

    @classmethod
    def of(cls, run: RunDirectory, step: int, edits: int) -> "Record":
        """What the files of a run tell of its first `step` steps and `edits` edits: later ones are made anew."""
        record = cls()
        known = (e for e in run.events() if e["step"] <= step and e.get("number", 0) <= edits)
        record.events.extend(known)
        for log in run.metrics():
            if log["step"] > step:
                continue
            record._measured(log)
            for name in ("train_loss", "gradient_norm", "lr"):
                if log.get(name) is not None:
                    record._histories[name].add(log["step"], log[name])
        turn = next((e for e in reversed(record.events) if e["event"] in ("start", "end")), None)
        if turn is not None and turn["event"] == "end":
            record.end = turn
            record.seconds, record.steps_per_second = turn["seconds"], turn["steps_per_second"]
        return record

    def note(self, event: Event) -> None:
        """Remember an event."""
        if isinstance(event, Log):
            self._measured(event.flat())
            return
        line = tree_of(event)
        line.pop("experiment", None)
        self.events.append({**line, "time": time.time()})
        if isinstance(event, End):
            self.end = line

    def _measured(self, log: dict[str, Any]) -> None:
        self.logs.append(log)
        for name, value in log.items():
            if name not in NOT_CURVES and value is not None:
                self._histories.setdefault(name, History()).add(log["step"], value)

    def trained(self, chunk: Chunk, clip_norm: float, seconds: float) -> None:
        """Remember the steps of a chunk, made in so many seconds; `clip_norm` bounds their gradients, 0 does not."""
        if chunk.last == chunk.first:
            return
        self._count(chunk.first, chunk.last, seconds)
        self.losses = chunk.losses
        self.clipped = float(np.mean(chunk.norms > clip_norm)) if clip_norm else 0.0
        steps = np.arange(chunk.first + 1, chunk.last + 1)
        self._histories["train_loss"].extend(steps, chunk.losses)
        self._histories["gradient_norm"].extend(steps, chunk.norms)
        every = max(1, len(steps) // RATES)
        self._histories["lr"].extend(steps[::every], chunk.rates[::every])
        if (
            self._marks[-1][0] - self._marks[0][0] > SMOOTH_SECONDS / 50
        ):  # before, it tells of the first call alone
            self._histories["steps_per_second"].add(steps[-1], self.steps_per_second)

    def _count(self, first: int, last: int, seconds: float) -> None:
        if not self._marks:
            self._marks.append((self.seconds, first))
        self.seconds += seconds
        self._marks.append((self.seconds, last))
        while len(self._marks) > 2 and self._marks[1][0] < self.seconds - SMOOTH_SECONDS:
            self._marks.popleft()
        (then, before), (now, after) = self._marks[0], self._marks[-1]
        self.steps_per_second = (after - before) / max(now - then, 1e-9)

    def curves(self, first: int, last: int) -> dict[str, Buckets]:
        """Every curve, where it has values, from step to step."""
        return {name: history.window(first, last) for name, history in self._histories.items()}
