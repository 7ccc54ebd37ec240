"""Decisions: the plane of two inputs, the fit of a regression, classes and mistakes."""

import msgspec
import numpy as np

from engine.builder import Block
from engine.data import Dataset
from engine.layers.dense import Dense
from engine.metrics import confusion, predicted, probabilities
from engine.probes.codes import is_autoencoder
from engine.probes.images import drawn_as, is_image
from engine.probes.probe import Probe
from engine.probes.rows import looked_at
from engine.probes.signals import is_signal
from engine.probes.subject import Subject
from engine.trainer import Trainer

MOST_POINTS = 400  # of the data
MOST_JUDGED = 2000  # rows of a confusion matrix: more cost time and look the same
MARGIN = 0.08  # beyond the data's range, as a share of it


class Plane(msgspec.Struct, frozen=True, eq=False):
    """A function of two inputs: values (rows, columns) from −1 to 1, the first row at the top."""

    values: np.ndarray
    x: np.ndarray  # (P, 2) points of the data in 0 … 1, the origin at the bottom left
    y: np.ndarray  # (P,) their classes
    test: np.ndarray  # (P,) whether a point is not of the training rows
    neurons: list[tuple[str, np.ndarray]]  # (layer, (units, rows, columns)), each from −1 to 1


class Fit(msgspec.Struct, frozen=True, eq=False):
    """A regression on the validation rows: true against predicted, and the curve for a single input."""

    true: np.ndarray
    predicted: np.ndarray
    x: np.ndarray | None  # (P,) the single input of the points
    curve_x: np.ndarray | None
    curve_y: np.ndarray | None
    target: str = ""  # which of several


class Classes(msgspec.Struct, frozen=True, eq=False):
    """Classes on the validation rows: the confusion matrix and the most confident errors."""

    names: tuple[str, ...]
    counts: np.ndarray  # (C, C), rows are true
    mistakes: list[tuple[int, int, float]]  # (true, predicted, probability)
    rows: np.ndarray | None  # the mistakes drawn: images (M, H, W) or (M, H, W, 3) in 0 … 1, signals (M, T)


class PlaneProbe(Probe, frozen=True):
    """The answer over the plane of two inputs, on a grid of so many rows and columns."""

    rows: int = 24
    columns: int = 48

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return is_plane(subject.dataset)

    def take(self, subject: Subject) -> Plane:
        return plane(subject.trainer, self.rows, self.columns)


class NeuronsProbe(PlaneProbe, frozen=True):
    """What each hidden neuron answers over the same plane."""

    rows: int = 12
    columns: int = 24

    def take(self, subject: Subject) -> Plane:
        return plane(subject.trainer, self.rows, self.columns, neurons=True)


class ClassesProbe(Probe, frozen=True):
    """The confusion matrix and the most confident errors."""

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return subject.dataset.task.predicts_class and not is_plane(subject.dataset)

    def take(self, subject: Subject) -> Classes:
        return classes(subject.trainer)


class FitProbe(Probe, frozen=True):
    """Predicted against true; `index` is which of several targets."""

    index: int = 0

    @classmethod
    def suits(cls, subject: Subject) -> bool:
        return subject.dataset.task.predicts_numbers and not is_autoencoder(subject.trainer)

    def take(self, subject: Subject) -> Fit:
        return fit(subject.trainer, self.index)


def is_plane(dataset: Dataset) -> bool:
    """Whether rows are points of a plane in two classes."""
    return dataset.input_shape == (2,) and dataset.task.predicts_class and len(dataset.classes) == 2


def plane(trainer: Trainer, rows: int, columns: int, neurons: bool = False) -> Plane:
    """The decision over the plane of two inputs."""
    dataset = trainer.dataset
    low, high = ranges(dataset.train.x)
    xs = low[0] + (np.arange(columns) + 0.5) / columns * (high[0] - low[0])
    ys = high[1] - (np.arange(rows) + 0.5) / rows * (high[1] - low[1])
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    maps = [(name, [np.empty(0)]) for name in hidden(trainer)] if neurons else []
    z = outputs_with(trainer, grid, maps)
    values = 2 * probabilities(z)[:, 1] - 1
    parts = [(dataset.train, False), (dataset.val, True)]
    x = np.concatenate([part.x[: MOST_POINTS // 2] for part, _ in parts])
    y = np.concatenate([part.y[: MOST_POINTS // 2, 0] for part, _ in parts]).astype(int)
    test = np.concatenate([np.full(min(len(part), MOST_POINTS // 2), flag) for part, flag in parts])
    drawn = [(name, spread(np.concatenate(parts)).reshape(-1, rows, columns)) for name, parts in maps]
    return Plane(values.reshape(rows, columns), (x - low) / (high - low), y, test, drawn)


def hidden(trainer: Trainer) -> list[str]:
    """The dense layers but the last: those whose neurons can be drawn."""
    blocks = trainer.evaluator.builder.blocks
    return [b.name for b in blocks if "." not in b.name and isinstance(b.layer, Dense)][:-1]


def outputs_with(trainer: Trainer, x: np.ndarray, maps: list[tuple[str, list[np.ndarray]]]) -> np.ndarray:
    """Outputs for x, collecting on the way the outputs of the layers named in `maps`."""
    evaluator = trainer.evaluator
    blocks: dict[str, Block] = {b.name: b for b in evaluator.builder.blocks}
    block_rows = evaluator.x.shape[0]
    parts = []
    for start in range(0, len(x), block_rows):
        piece = x[start : start + block_rows]
        parts.append(evaluator.outputs(piece))
        for name, collected in maps:
            values = blocks[name].output.array[: len(piece)]
            collected.append(values.reshape(len(piece), -1).copy())
    for _, collected in maps:
        del collected[0]
    return np.concatenate(parts)


def spread(values: np.ndarray) -> np.ndarray:
    """Neurons (P, units) as (units, P), each scaled to −1 … 1 around 0."""
    peak = np.maximum(np.abs(values).max(axis=0), 1e-9)
    result: np.ndarray = (values / peak).T
    return result


def ranges(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = x.min(axis=0).astype(float), x.max(axis=0).astype(float)
    margin = MARGIN * np.maximum(high - low, 1e-9)
    return low - margin, high + margin


def fit(trainer: Trainer, index: int = 0) -> Fit:
    """Predicted against true of a regression; of several targets the one of that index."""
    dataset, part = trainer.dataset, looked_at(trainer.dataset)
    rows, target = slice(0, MOST_POINTS), index % trainer.dataset.outputs
    back = dataset.pipeline.target_to_original
    true, guess = back(part.y[rows])[:, target], back(trainer.evaluator.outputs(part.x[rows]))[:, target]
    several = dataset.outputs > 1
    name = dataset.targets[target] if len(dataset.targets) == dataset.outputs else f"target {target + 1}"
    if dataset.input_shape != (1,) or dataset.vocabulary:
        return Fit(true, guess, None, None, None, name if several else "")
    low, high = ranges(dataset.train.x)
    curve_x = np.linspace(low[0], high[0], 128)
    curve = back(trainer.evaluator.outputs(curve_x[:, None]))[:, target]
    return Fit(true, guess, part.x[rows, 0].astype(float), curve_x, curve, name if several else "")


def classes(trainer: Trainer, mistakes: int = 24) -> Classes:
    """The confusion matrix on the first validation rows, and the most confident errors."""
    dataset, part = trainer.dataset, looked_at(trainer.dataset)
    x, y = part.x[:MOST_JUDGED], part.y[:MOST_JUDGED]
    z = trainer.evaluator.outputs(x)
    true, guess, p = y[:, 0].astype(int), predicted(z), probabilities(z)
    sure = p[np.arange(len(p)), guess]
    wrong = np.flatnonzero(true != guess)
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][:mistakes]
    listed = [(int(true[i]), int(guess[i]), float(sure[i])) for i in worst]
    return Classes(dataset.classes, confusion(z, y), listed, drawable(dataset, x[worst]))


def drawable(dataset: Dataset, x: np.ndarray) -> np.ndarray | None:
    """Inputs as they can be drawn: images or signals; None for columns of a table."""
    if is_image(dataset.input_shape):
        return drawn_as(dataset, x)
    return x.reshape(len(x), -1).astype(float) if is_signal(dataset) else None
