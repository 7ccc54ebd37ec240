"""Events: the dated lines of a run's story, as they stand in metrics.jsonl and events.jsonl."""

from typing import Any

import msgspec

from engine.component import FROZEN


class Event(msgspec.Struct, kw_only=True, tag_field="event", **FROZEN):
    """Something that happened at a step."""

    step: int


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


class Checkpoint(Event, tag="checkpoint"):
    """The state was written to `path`, relative to the run's directory."""

    path: str


class EditEvent(Event, tag="edit"):
    """A hyperparameter of the live run was changed; `field` is its dotted path."""

    field: str
    old: Any
    new: Any


class Warning(Event, tag="warning"):
    """Something a person should know; training goes on."""

    message: str


class End(Event, tag="end"):
    """Training is over. `reason` is "done", "early_stop", "time", "interrupted" or "diverged".

    `best` holds the step and the value of the monitored measurement of the parameters that were kept, `test`
    their loss and metrics on the test rows.
    """

    reason: str
    steps: int
    seconds: float
    steps_per_second: float
    best: dict[str, Any] | None = None
    test: dict[str, float] | None = None
    message: str = ""
