"""Trainer: a training to iterate over, for programs with a loop of their own. Nothing is written."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from engine import trainer as engine_trainer
from engine.data import Dataset, prepare
from engine.errors import TrainingError, did_you_mean
from engine.experiment import Experiment, dataset_key
from engine.model import Model, read_only
from engine.trainer import Chunk
from tui_lab.api.changes import Target, changed, named_experiment


class Trainer:
    """A training of an experiment, a preset or a file, with changes as for `train`.

    `for chunk in trainer` trains to the end; each chunk holds `first` and `last` step, `losses`, `norms` and `rates`
    of its steps, and `log`, the measurements, where it ended in an evaluation. The bits are those of `train`.
    """

    def __init__(self, target: Target, *, threads: int | None = None, **changes: Any) -> None:
        _, experiment = named_experiment(target, changes)
        self._trainer = engine_trainer.Trainer(experiment, prepare(*dataset_key(experiment)), threads=threads)

    def __iter__(self) -> Iterator[Chunk]:
        """Train chunk by chunk to the end. Raises TrainingError where the loss is no longer finite."""
        yield from self._trainer
        if self._trainer.progress.ended == "diverged":
            raise TrainingError(f"diverged at step {self.step:,}: {self._trainer.first_nonfinite()}")

    def advance(self, steps: int) -> Chunk:
        """Train at most so many steps, less where an evaluation or the end comes first."""
        if not self._trainer.memory.allocated:
            self._trainer.start()
        return self._trainer.advance(seconds=1e9, limit=self.step + steps)

    @property
    def experiment(self) -> Experiment:
        """What runs, with everything chosen that was left open."""
        return self._trainer.experiment

    @property
    def dataset(self) -> Dataset:
        return self._trainer.dataset

    @property
    def step(self) -> int:
        return self._trainer.step if self._trainer.memory.allocated else 0

    @property
    def finished(self) -> bool:
        return self._trainer.finished

    @property
    def parameters(self) -> Mapping[str, np.ndarray]:
        """The parameters by name, as read-only views that change while it trains."""
        if not self._trainer.memory.allocated:
            self._trainer.start()
        return {name: read_only(array) for name, array in self._trainer.evaluated().items()}

    def __getitem__(self, name: str) -> np.ndarray:
        known = self.parameters
        if name not in known:
            raise KeyError(f"{name!r}; {did_you_mean(name, known)}")
        return known[name]

    def edit(self, **changes: Any) -> None:
        """Change hyperparameters and go on. Raises InputError for what cannot change while a network learns."""
        self._trainer.edit(changed(self.experiment, changes))

    def test(self) -> dict[str, float] | None:
        """Loss and metrics of the best parameters on the test rows; None without such rows."""
        return self._trainer.test_scores()

    @property
    def model(self) -> Model:
        """A model of the best parameters so far, or of the present ones before the first evaluation."""
        return Model(self._trainer.best_state())
