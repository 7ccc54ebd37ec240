"""Views of a training: what somebody looks at, computed at a pace that leaves the time to the training."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine import diagnostics
from engine.probes import Probe, Subject, suited
from engine.trainer import Trainer
from tui_lab.session.base import Look
from tui_lab.session.record import Record
from tui_lab.session.writing import WRITING_SECONDS, TextProbe, Writer

SHARE = 0.03  # of the time, at most, goes into what is looked at
LONGEST = 30.0  # seconds between two results of a probe, however long it takes


@dataclass
class Taken:
    """What a probe gave, at which step, and when it may be taken again."""

    result: Any
    probe: Probe
    step: int
    due: float


class Views:
    """What is seen of one training: the results of probes, the state of its layers, and what deserves attention."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.subject = Subject(trainer)
        self.probes: tuple[Probe, ...] = suited(self.subject)
        self.taken: dict[str, Any] = {}  # fields of a snapshot
        self._results: dict[str, Taken] = {}
        self._writer: Writer | None = None
        self._states: list[diagnostics.LayerState] = []
        self._due = self._states_due = 0.0

    # -- probes ---------------------------------------------------------------------------------------------

    def results(self, requests: Mapping[str, Probe], seconds: float = 0.0) -> dict[str, Any]:
        """The results of probes, by the names of the requests.

        A probe is taken anew when something was learned or asked for since and `seconds` have passed, or longer for
        one that takes long; until then its last result stands. Equal probes are taken once.
        """
        now, step = time.monotonic(), self.trainer.step
        fresh: dict[Probe, Any] = {}
        for name, probe in requests.items():
            taken = self._results.get(name)
            grows = isinstance(probe, TextProbe)
            if taken is not None and taken.probe == probe:
                stale = taken.step != step or grows
                if not stale or now < taken.due:
                    continue
            began = time.monotonic()
            if probe not in fresh:
                if not fresh:
                    self.subject.refresh()
                fresh[probe] = self._take(probe)
            # The first time something may have been compiled: that says nothing about the next.
            spent = time.monotonic() - began if taken is not None else 0.0
            least = min(seconds, WRITING_SECONDS) if grows else seconds
            pause = max(least, min(spent * len(requests) / SHARE, LONGEST))
            self._results[name] = Taken(fresh[probe], probe, step, time.monotonic() + pause)
        for name in self._results.keys() - requests.keys():
            del self._results[name]
        return {name: self._results[name].result for name in requests}

    def _take(self, probe: Probe) -> Any:
        if not isinstance(probe, TextProbe):
            return probe.take(self.subject)
        if self._writer is None:
            self._writer = Writer(self.subject)
        return self._writer.go_on(probe)

    # -- layers and findings --------------------------------------------------------------------------------

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
        """Training stands still: the next results must show its last state. Of a run that was only opened there are
        no gradients or activations to look at."""
        if not self._states and self.trainer.chunk is not None:
            self._states = diagnostics.layer_states(self.trainer)
        self._due = 0.0
        for taken in self._results.values():
            taken.step = -1  # an edit changes what is seen without a step

    def take(self, look: Look, record: Record) -> bool:
        """Take what is looked at, if it is time again; says whether the findings are new: probes have a pace of their
        own."""
        results = self.results(look.views, look.seconds)
        self.taken = self.taken | {"views": results}
        began = time.monotonic()
        if began < self._due:
            return False
        found = diagnostics.findings(self._states, list(record.logs), record.losses, record.clipped)
        self.taken = self.taken | {"layers": tuple(self._states), "findings": tuple(found)}
        now = time.monotonic()
        self._due = now + max(look.seconds, (now - began) / SHARE)
        return True
