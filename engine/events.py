"""Events: the dated lines of a run's story, as they stand in metrics.jsonl and events.jsonl."""

from typing import Any

import msgspec

from engine.component import FROZEN
from engine.edits import Change


class Event(msgspec.Struct, kw_only=True, tag_field="event", **FROZEN):
    """Something that happened at a step."""

    step: int

    def flat(self) -> dict[str, Any]:
        """One level of keys, as in a line of the run's files."""
        return dict(msgspec.to_builtins(self))


class Start(Event, tag="start"):
    """The run begins, or goes on from a checkpoint; `experiment` is the whole of it as plain tables."""

    run: str
    experiment: dict[str, Any]
    parameters: int


class Log(Event, tag="log"):
    """The measurements at an evaluation; `train_loss` is the mean since the last one."""

    epoch: float
    train_loss: float
    val_loss: float | None
    metrics: dict[str, float]
    lr: float
    gradient_norm: float

    def flat(self) -> dict[str, Any]:
        """One level of keys: event, step, train_loss, val_loss, each metric, lr."""
        tree = msgspec.to_builtins(self)
        metrics = tree.pop("metrics")
        return {**tree, **metrics}


class CheckpointEvent(Event, tag="checkpoint"):
    """The state was written to `path`, relative to the run's directory."""

    path: str


class EditEvent(Event, tag="edit"):
    """Hyperparameters of the live run were changed before step `step` + 1 was made.

    Edits are numbered from 1: a resumed run makes those anew that its checkpoint does not know. `author` is who asked
    ("screen", "command line", "python", "file"), `reason` why, if it was said.
    """

    changes: list[Change]
    number: int = 0
    author: str = ""
    reason: str = ""

    def __str__(self) -> str:
        return ", ".join(map(str, self.changes))


class RewindEvent(Event, tag="rewind"):
    """The run goes on from step `step` another way: of its edits the first `edits` stand, later ones are void."""

    edits: int


class WarningEvent(Event, tag="warning"):
    """Something the user should know; training goes on."""

    message: str


class End(Event, tag="end"):
    """Training is over. `reason` is "done", "early_stop", "time", "interrupted" or "diverged".

    `best` holds the step and the value of the monitored measurement of the parameters that were kept, `test`
    their loss and metrics on the test rows. `saved` is false where the disk was full.
    """

    reason: str
    steps: int
    seconds: float
    steps_per_second: float
    best: dict[str, Any] | None = None
    test: dict[str, float] | None = None
    message: str = ""
    saved: bool = True
