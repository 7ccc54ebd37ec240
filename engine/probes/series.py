"""Forecasts: what the network says of a stretch of a series, and what came."""

import msgspec
import numpy as np

from engine.data import Dataset
from engine.probes.codes import is_autoencoder
from engine.probes.probe import Probe
from engine.probes.rows import looked_at
from engine.probes.subject import Subject
from engine.trainer import Trainer

STRETCH = 160  # moments
LAST = "last"  # the rule that every series is measured against: its last value stays


class Forecast(msgspec.Struct, frozen=True, eq=False):
    """A series in its own units at moments (P,): what came, what the network said, and what simple rules say; NaN
    where something says nothing."""

    name: str
    truth: np.ndarray
    said: np.ndarray
    rules: dict[str, np.ndarray]


class ForecastProbe(Probe, frozen=True):
    """A forecast; `index` 0 is the end of the series, 1 what lies a horizon before it, and so on."""

    index: int = 0

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return is_series(subject.dataset) and not is_autoencoder(subject.trainer)

    def take(self, subject: Subject) -> Forecast:
        return forecast(subject.trainer, self.index)


def is_series(dataset: Dataset) -> bool:
    """Whether rows (T, 1) are windows of a series in the order of time."""
    return LAST in dataset.baselines and len(dataset.input_shape) == 2


def forecast(trainer: Trainer, index: int = 0) -> Forecast:
    """Of one moment ahead every forecast of the last stretch; of several a window and how it goes on.

    `index` 0 is the end of the rows that are looked at, 1 what lies a horizon before it, and so on.
    """
    dataset, part = trainer.dataset, looked_at(trainer.dataset)
    back, horizon = dataset.pipeline.target_to_original, dataset.outputs
    name = dataset.pipeline.series + (" (change)" if dataset.pipeline.difference else "")
    last = len(part) - 1 - index * horizon % len(part)
    if horizon == 1:
        rows = slice(max(0, last + 1 - STRETCH), last + 1)
        said = back(trainer.evaluator.outputs(part.x[rows]))[:, 0]
        rules = {rule: back(values[rows])[:, 0] for rule, values in part.baselines.items()}
        return Forecast(name, back(part.y[rows])[:, 0], said, rules)
    row = slice(last, last + 1)
    (shift, *_), (scale, *_) = dataset.pipeline.target_scale or ([0.0], [1.0])
    before = part.x[last].reshape(-1)[-max(2 * horizon, STRETCH - horizon) :].astype(float) * scale + shift
    nothing = np.full(len(before), np.nan)
    nothing[-1] = before[-1]  # so that the curves begin where the window ends
    said = back(trainer.evaluator.outputs(part.x[row]))[0]
    rules = {rule: np.concatenate([nothing, back(values[row])[0]]) for rule, values in part.baselines.items()}
    truth = np.concatenate([before, back(part.y[row])[0]])
    return Forecast(name, truth, np.concatenate([nothing, said]), rules)
