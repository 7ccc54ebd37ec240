"""Run: a training that is over, or going on elsewhere: its numbers, its events, its model."""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from engine.experiment import Experiment
from engine.model import Model
from engine.runs import RunDirectory

NOT_MEASURED = ("event", "time")


def runs_folder(given: str | Path | None = None) -> Path:
    """The directory of runs: as given, or of the environment, or ./runs."""
    return Path(given or os.environ.get("TUI_LAB_RUNS") or "runs")


class Run:
    """A run's directory. Nothing is read before it is asked for; of a run that still trains, what is there so far."""

    def __init__(self, path: str | Path) -> None:
        self.directory = RunDirectory(Path(path))

    @classmethod
    def find(cls, reference: str | Path, runs: str | Path | None = None) -> "Run":
        """A run by its directory, its name, or "last"; "runs/last" is the last one there. Raises InputError."""
        path = Path(reference)
        root = runs_folder(runs)
        if path.name == "last" and path.parent != Path():
            path, root = Path("last"), path.parent
        return cls(RunDirectory.find(str(path), root).path)

    @property
    def path(self) -> Path:
        return self.directory.path

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def experiment(self) -> Experiment:
        """What runs, or ran last. Raises InputError where its file is damaged."""
        return self.directory.experiment()

    @property
    def history(self) -> dict[str, np.ndarray]:
        """The measurements by name, an array (E,) each, of E evaluations: "step", "epoch", "train_loss", "val_loss",
        the metrics, "lr" and "gradient_norm"; NaN where one is missing."""
        lines = self.directory.metrics()
        names = list(dict.fromkeys(name for line in lines for name in line if name not in NOT_MEASURED))
        kinds: dict[str, type] = {"step": int}
        return {
            name: np.array(
                [np.nan if line.get(name) is None else line[name] for line in lines], kinds.get(name, float)
            )
            for name in names
        }

    @property
    def events(self) -> list[dict[str, Any]]:
        """The run's story: start, edits, checkpoints, warnings, end."""
        return self.directory.events()

    @property
    def summary(self) -> dict[str, Any] | None:
        """How it ended; None while it has not."""
        return self.directory.summary()

    @property
    def test(self) -> dict[str, float] | None:
        """Loss and metrics of the best parameters on the test rows; None where there are none, or before the end."""
        return (self.summary or {}).get("test")

    @property
    def best(self) -> dict[str, Any] | None:
        """The step of the best parameters and their monitored value."""
        return (self.summary or {}).get("best")

    @cached_property
    def model(self) -> Model:
        """The best parameters, ready to predict."""
        return Model.of(self.directory)

    def __repr__(self) -> str:
        summary = self.summary or {}
        state = summary.get("reason") or ("training" if self.directory.is_training() else "interrupted")
        test = "".join(f", test {n} {v:.4g}" for n, v in list((self.test or {}).items())[:2])
        return f"Run({str(self.path)!r}, {state}, step {summary.get('step', 0):,}{test})"

    def _repr_svg_(self) -> str:
        """The loss curves, as a notebook shows them."""
        from tui_lab.api.drawing import curves

        return curves(self.history, f"{self.name}  {self.experiment.title}".strip())


def all_runs(runs: str | Path | None = None) -> list[Run]:
    """All runs in a directory, the oldest first."""
    return [Run(found.path) for found in RunDirectory.all(runs_folder(runs))]


def load(reference: "str | Path | Run", runs: str | Path | None = None) -> Model:
    """The model of a run (its directory, its name, "last", "runs/last"), or of a file that `Model.save` wrote.

    Raises InputError where there is none, or it is damaged.
    """
    if isinstance(reference, Run):
        return reference.model
    if str(reference).endswith(".safetensors"):
        return Model.of_file(Path(reference))
    return Run.find(reference, runs).model
