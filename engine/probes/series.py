"""Pictures of forecasts: what the network says of the last stretch of a series, and what came."""

import msgspec
import numpy as np

from engine.data import Dataset
from engine.probes.rows import looked_at
from engine.trainer import Trainer

STRETCH = 160  # rows


class Forecast(msgspec.Struct, frozen=True, eq=False):
    """A series in its own units: what came (P,), what the network had said, and what simple rules say."""

    name: str
    truth: np.ndarray
    said: np.ndarray
    rules: dict[str, np.ndarray]


def is_series(dataset: Dataset) -> bool:
    """Whether rows are windows of a series in the order of time: the rule to beat is its last value."""
    return "naive" in getattr(dataset, "baselines", ())


def forecast(trainer: Trainer, index: int = 0) -> Forecast:
    """The last stretch of the validation rows, of the target of that index."""
    dataset, part = trainer.dataset, looked_at(trainer.dataset)
    rows = slice(max(0, len(part) - STRETCH), len(part))
    back, target = dataset.pipeline.target_to_original, index % dataset.outputs

    def column(values: np.ndarray) -> np.ndarray:
        return back(values)[:, target].astype(float)

    said = column(trainer.evaluator.outputs(part.x[rows]))
    rules = {name: column(values[rows]) for name, values in getattr(part, "baselines", {}).items()}
    return Forecast(dataset.targets[target % len(dataset.targets)], column(part.y[rows]), said, rules)
