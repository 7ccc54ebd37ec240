"""Tasks: what is learned. A task says what its targets are, which losses and metrics suit it, and its headline."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from engine.component import Component, members
from engine.errors import InputError, did_you_mean
from engine.metrics import (
    R2,
    Accuracy,
    BalancedAccuracy,
    BitsPerToken,
    ClassMetric,
    ExactMatch,
    FBeta,
    Mae,
    Metric,
    Mse,
    NumberMetric,
    Perplexity,
    Rmse,
    RocAuc,
    TokenAccuracy,
    TokenMetric,
    TopK,
)


class Task(Component, tag_field="task"):
    """What the targets t (N, K) of a data set are, and how outputs z are measured against them."""

    predicts_class: ClassVar[bool] = False  # each row has one of several classes
    predicts_numbers: ClassVar[bool] = False  # each row has one or more quantities
    predicts_tokens: ClassVar[bool] = False  # positions of a row have tokens, −1 where nothing is predicted
    targets_are: ClassVar[str]  # in an error about a loss that needs others
    usual_loss: ClassVar[str]  # the loss that such an error suggests
    measured_by: ClassVar[type[Metric]]  # the kind of metrics that suits it

    def metrics(self, classes: tuple[str, ...], baselines: tuple[str, ...] = ()) -> list[Metric]:
        """What is measured unless the experiment says otherwise, the headline first: the metric that baselines are
        measured by."""
        raise NotImplementedError

    def check(self, metrics: Sequence[Metric]) -> None:
        """Raise InputError where a metric measures something else."""
        for i, metric in enumerate(metrics):
            if not isinstance(metric, self.measured_by):
                known = [tag for tag, cls in members(Metric).items() if issubclass(cls, self.measured_by)]
                raise InputError(
                    f"training.metrics.{i} = {metric.tag()!r}: does not suit a {self.tag()} task; "
                    f"those that do: {', '.join(known)}"
                )

    def positions(self, y: np.ndarray) -> int:
        """At how many positions of a row of targets (R, K) something is predicted."""
        return 1


class Classification(Task, tag="classification"):
    """One of several classes for each row."""

    predicts_class = True
    targets_are = "classes"
    usual_loss = "cross_entropy"
    measured_by = ClassMetric

    def metrics(self, classes: tuple[str, ...], baselines: tuple[str, ...] = ()) -> list[Metric]:
        metrics: list[Metric] = [Accuracy(), BalancedAccuracy(), FBeta(), RocAuc()]
        return metrics + [TopK(k=k) for k in (3, 5) if len(classes) >= 2 * k]  # of fewer it says little


class Regression(Task, tag="regression"):
    """One or more quantities for each row."""

    predicts_numbers = True
    targets_are = "numbers"
    usual_loss = "mse"
    measured_by = NumberMetric

    def metrics(self, classes: tuple[str, ...], baselines: tuple[str, ...] = ()) -> list[Metric]:
        errors: list[Metric] = [Mse(), Mae()]
        if baselines:  # each with its own error, which R² would hide
            return [Rmse(), R2(), *errors]
        return [R2(), Rmse(), *errors]


class NextToken(Task, tag="language"):
    """The next token of a text, at one or at every position."""

    predicts_tokens = True
    targets_are = "tokens"
    usual_loss = "cross_entropy"
    measured_by = TokenMetric

    def metrics(self, classes: tuple[str, ...], baselines: tuple[str, ...] = ()) -> list[Metric]:
        return [Perplexity(), BitsPerToken(), TokenAccuracy()]

    def positions(self, y: np.ndarray) -> int:
        result: int = y.shape[1]
        return result


class Answering(NextToken, tag="answering"):
    """The next token of a text, only where an answer stands."""

    def metrics(self, classes: tuple[str, ...], baselines: tuple[str, ...] = ()) -> list[Metric]:
        return [ExactMatch(), *super().metrics(classes, baselines)]


def task_named(tag: str) -> Task:
    """The task of that name, as a saved run holds it. Raises InputError with the nearest one."""
    known = members(Task)
    if tag not in known:
        raise InputError(f"task {tag!r} is unknown; {did_you_mean(tag, known)}")
    return known[tag]()
