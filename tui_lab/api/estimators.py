"""Estimators for scikit-learn: they train a network on arrays or frames of numbers, without files.

scikit-learn is no dependency: with it they are estimators like any other (pipelines, grid search, cross-validation),
without it they have the same methods.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.component import build
from engine.data.preparation.dataset import Dataset, Rows
from engine.data.preparation.pipeline import Pipeline
from engine.data.preparation.preprocess import Preprocess
from engine.data.preparation.split import Split, split_rows
from engine.data.readers.memory import ArrayStore
from engine.data.sources.arrays import Arrays
from engine.errors import InputError, TrainingError
from engine.experiment import Experiment
from engine.layers import Layer
from engine.layers.dense import Dense
from engine.losses import Loss
from engine.model import Model
from engine.optimizers import AdamW, Optimizer
from engine.schedules import ConstantRate, Schedule
from engine.tasks import Classification, Regression, Task
from engine.trainer import Trainer

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError:
    from tui_lab.api.without_sklearn import (
        BaseEstimator,
        ClassifierMixin,
        RegressorMixin,
        check_classification_targets,
        check_is_fitted,
        validate_data,
    )  # fmt: skip

Layers = Sequence[Layer | str]


class Network(BaseEstimator):
    """What both estimators share.

    model: layers, the last one with as many outputs as are needed; None: `hidden` dense layers with ReLU. loss: None:
    what suits. preprocess: steps, by name or as components. validation_fraction: of the rows, to choose the best
    parameters by and to stop early after `patience` evaluations; 0: the last parameters are taken. random_state: the
    seed; None is seed 1, so that a fit can be repeated.
    """

    def __init__(
        self, model: Layers | None = None, hidden: Sequence[int] = (64,), loss: Loss | str | None = None,
        optimizer: Optimizer | str | None = None, schedule: Schedule | str | None = None, lr: float = 0.005,
        epochs: float = 200, batch_size: int = 32, preprocess: Sequence[Preprocess | str] = ("standardize",),
        validation_fraction: float = 0.0, patience: int = 0, random_state: Any = None, threads: int | None = None,
    ) -> None:  # fmt: skip
        self.model = model
        self.hidden = hidden
        self.loss = loss
        self.optimizer = optimizer
        self.schedule = schedule
        self.lr = lr
        self.epochs = epochs
        self.batch_size = batch_size
        self.preprocess = preprocess
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.random_state = random_state
        self.threads = threads

    def _experiment(self, x: np.ndarray, y: np.ndarray) -> Experiment:
        hidden: list[Any] = [
            {"layer": "dense", "units": units, "activation": "relu"} for units in self.hidden
        ]
        chosen: dict[str, Any] = {  # names and tables become components when the experiment is built
            "data": Arrays(*stores(x, y), preprocess=as_components(self.preprocess)),
            "model": list(self.model) if self.model is not None else [*hidden, Dense()],
            "loss": self.loss if self.loss is not None else self._usual_loss,
            "optimizer": self.optimizer if self.optimizer is not None else AdamW(lr=self.lr),
            "schedule": self.schedule if self.schedule is not None else ConstantRate(),
            "training": {
                "batch_size": self.batch_size, "epochs": float(self.epochs), "seed": seed_of(self.random_state),
                "patience": self.patience,
            },
        }  # fmt: skip
        return Experiment(**chosen)

    _usual_loss = "mse"

    def _fit(self, x: np.ndarray, y: np.ndarray, task: Task, classes: Sequence[str], scaled: bool) -> None:
        """Train on rows x (N, F) and targets y (N, K)."""
        experiment = self._experiment(x, y)
        trainer = Trainer(
            experiment, self._dataset(experiment, x, y, task, classes, scaled), threads=self.threads
        )
        for _ in trainer:
            pass
        if trainer.progress.ended == "diverged":
            raise TrainingError(f"diverged at step {trainer.step:,}: {trainer.first_nonfinite()}")
        state = trainer.best_state() if self.validation_fraction else trainer.state()
        self.model_ = Model(state)
        self.n_iter_ = trainer.step

    def _dataset(
        self,
        experiment: Experiment,
        x: np.ndarray,
        y: np.ndarray,
        task: Task,
        classes: Sequence[str],
        scaled: bool,
    ) -> Dataset:
        dtype = np.dtype(experiment.training.precision)
        held = float(self.validation_fraction)
        if not 0 <= held < 1:
            raise ValueError(f"validation_fraction = {held}: expected a number >= 0 and < 1")
        rng = np.random.default_rng([experiment.training.seed, 3])
        split = Split(train=1 - held, val=held, test=0.0)
        every = [np.arange(len(x)), np.arange(0), np.arange(0)]
        train, val, _ = split_rows(y, tuple(classes), split, rng, "X", None) if held else every
        scale = None
        if scaled:
            mean, deviation = y[train].mean(axis=0), y[train].std(axis=0)
            scale = (mean.tolist(), np.where(deviation > 0, deviation, 1.0).tolist())
        data = experiment.data
        assert isinstance(data, Arrays)
        names = tuple(f"x{i + 1}" for i in range(x.shape[1]))
        targets = tuple(f"y{i + 1}" for i in range(y.shape[1]))
        pipeline = Pipeline.fitted(
            data.preprocess, x[train], {}, task=task, features=names, targets=targets, classes=tuple(classes),
            target_scale=scale,
        )  # fmt: skip
        inputs = pipeline.transform(x, dtype)
        goals = np.ascontiguousarray(pipeline.scale_targets(y), dtype)
        if not np.isfinite(inputs).all() or not np.isfinite(goals).all():
            raise ValueError(f"values are too large for {dtype.name}")
        empty = Rows(inputs[:0], goals[:0])
        held_rows = Rows(inputs[val], goals[val]) if held else empty
        return Dataset(task, Rows(inputs[train], goals[train]), held_rows, empty, pipeline)

    def _outputs(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, dtype=np.float64)
        return self.model_.outputs(x)


class Classifier(ClassifierMixin, Network):
    """A network that predicts classes: `Classifier(hidden=(64,), epochs=200).fit(X, y).predict(X)`.

    After `fit`: `classes_`, `model_` (a tui_lab.Model), `n_features_in_`, `n_iter_` (steps).
    """

    _usual_loss = "cross_entropy"

    def fit(self, X: Any, y: Any) -> "Classifier":
        """Train on rows X (N, F) and their classes y (N,)."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y holds one class, {self.classes_[0]!r}; a classifier needs two or more")
        names = [str(i) for i in range(len(self.classes_))]
        self._fit(X, codes[:, None].astype(float), Classification(), names, scaled=False)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probability (N, C) of each of `classes_`."""
        from engine.metrics import probabilities

        return probabilities(self._outputs(X))

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class (N,) of each row."""
        p = self.predict_proba(X)
        return np.asarray(self.classes_[p.argmax(axis=1)])


class Regressor(RegressorMixin, Network):
    """A network that predicts numbers: `Regressor(hidden=(64,), epochs=200).fit(X, y).predict(X)`.

    Targets are scaled to mean 0 and deviation 1 for training, predictions come in their units. y may have columns.
    """

    def fit(self, X: Any, y: Any) -> "Regressor":
        """Train on rows X (N, F) and their targets y (N,) or (N, K)."""
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        self._columns = y.ndim > 1
        self._fit(X, np.asarray(y, float).reshape(len(y), -1), Regression(), (), scaled=True)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Numbers (N,) or (N, K), as y had it."""
        z = self._outputs(X)
        numbers = self.model_.pipeline.target_to_original(z)
        return np.asarray(numbers if self._columns else numbers[:, 0])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = False
        return tags


def stores(*arrays: np.ndarray) -> tuple[Any, ...]:
    """Arrays as what a source holds."""
    return tuple(ArrayStore.from_plain(array) for array in arrays)


def as_components(steps: Sequence[Preprocess | str]) -> list[Preprocess]:
    built: list[Preprocess] = build(list[Preprocess], list(steps), "preprocess")
    return built


def seed_of(random_state: Any) -> int:
    """The seed of an experiment: a number as it is, 1 for None, drawn from a generator of NumPy."""
    if random_state is None:
        return 1
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31 - 1))
    raise InputError(
        f"random_state = {random_state!r}: expected a whole number, a generator of NumPy or None"
    )
