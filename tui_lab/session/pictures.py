"""Pictures: what a network looks like now, made only as far as somebody looks, within a share of the time."""

import time
from typing import Any

import numpy as np

from engine import diagnostics, probes
from engine.trainer import Trainer
from tui_lab.session.base import Look
from tui_lab.session.record import Record

SHARE = 0.03  # of the time, at most, goes into pictures


class Pictures:
    """The sights, layers and findings of one training, as of the last time they were taken."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.taken: dict[str, Any] = {}  # fields of a snapshot
        self._sights = probes.Sights(trainer)
        self._states: list[diagnostics.LayerState] = []
        self._due = self._states_due = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        return self._sights.names

    @property
    def findings(self) -> list[diagnostics.Finding]:
        return list(self.taken.get("findings", ()))

    def measuring(self, look: Look) -> np.ndarray | None:
        """The flat parameters before a step whose change is to be measured; None where no one looks yet."""
        if not look.layers or time.monotonic() < self._states_due:
            return None
        return self.trainer.memory.areas["parameters"].array.copy()

    def measure(self, look: Look, before: np.ndarray) -> None:
        """What flows through the layers, after the one step that was made since `before`."""
        self._states = diagnostics.layer_states(self.trainer, before)
        self._states_due = time.monotonic() + look.seconds

    def look_again(self) -> None:
        """Training stands still: the next pictures must show its last state. Of a run that was only opened there are
        no gradients or activations to look at."""
        if not self._states and self.trainer.chunk is not None:
            self._states = diagnostics.layer_states(self.trainer)
        self._due = 0.0

    def take(self, look: Look, record: Record) -> bool:
        """Take what is looked at, if it is time again; says whether more than the sights was, which have a pace of
        their own."""
        names = [self.names[0] if name == "first" else name for name in look.sights if self.names]
        seen = self._sights.see(names, look.wish, look.seconds)
        began = time.monotonic()
        if began < self._due:
            self.taken = self.taken | {"seen": seen}
            return False
        trainer = self.trainer
        taken: dict[str, Any] = {"seen": seen, "layers": tuple(self._states)}
        if look.weights:
            trainer.evaluator.load(trainer.evaluated())
            taken["weights"] = probes.weights(trainer)
        found = diagnostics.findings(self._states, list(record.logs), record.losses, record.clipped)
        taken["findings"] = tuple(found)
        if look.layer:
            taken["histograms"] = probes.layer_histograms(trainer, look.layer)
        self.taken = taken
        now = time.monotonic()
        self._due = now + max(look.seconds, (now - began) / SHARE)
        return True
