"""Launch: what a run begins with, or goes on with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.component import tree_of
from engine.experiment import Experiment, experiment_from, override_value
from engine.runs import RunDirectory

LENGTHS = ("training.steps", "training.epochs")  # two ways to say one thing


@dataclass(frozen=True)
class Launch:
    """What a run begins with, or goes on with.

    `run` is the directory of a run to go on with; without it one is made under `root`, named `name`, or by `title`
    and the time. `changes` are made to a run that goes on, as (field, value), `more` are steps to add to those it
    has. `deadline`: seconds of training after which it ends. `author`: who asks.
    """

    title: str
    experiment: Experiment
    root: Path = Path("runs")
    name: str | None = None
    run: RunDirectory | None = None
    changes: tuple[tuple[str, Any], ...] = ()
    more: int = 0
    threads: int | None = None
    deadline: float | None = None
    author: str = "python"

    def changed(self, experiment: Experiment, step: int) -> Experiment:
        """The experiment with the changes that this launch asks for, `step` steps being made."""
        more = (("training.steps", step + self.more),) if self.more else ()
        return with_changes(experiment, self.changes + more)


def with_changes(experiment: Experiment, changes: tuple[tuple[str, Any], ...]) -> Experiment:
    """The experiment with values set by dotted path. Raises InputError where they do not fit."""
    tree = tree_of(experiment)
    for path, value in changes:
        if path in LENGTHS:
            tree = override_value(override_value(tree, "training.steps", 0), "training.epochs", 0.0)
        tree = override_value(tree, path, value)
    return experiment_from(tree)
