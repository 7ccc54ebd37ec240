"""Tasks: what is learned. A task says what its targets are, which losses and metrics suit it, and its headline."""

from typing import ClassVar

import numpy as np

from engine.component import Component, members
from engine.errors import InputError, did_you_mean
from engine.metrics import METRICS, Metric


class Task(Component, tag_field="task"):
    """What the targets t (N, K) of a data set are, and how outputs z are measured against them."""

    predicts_class: ClassVar[bool] = False  # each row has one of several classes
    predicts_numbers: ClassVar[bool] = False  # each row has one or more quantities
    predicts_tokens: ClassVar[bool] = False  # positions of a row have tokens, −1 where nothing is predicted
    targets_are: ClassVar[str]  # in an error about a loss that needs others
    usual_loss: ClassVar[str]  # the loss that such an error suggests

    def metrics(self, classes: tuple[str, ...], baselines: tuple[str, ...] = ()) -> list[Metric]:
        """What is measured, the headline first: the metric that baselines are measured by."""
        raise NotImplementedError

    def positions(self, y: np.ndarray) -> int:
        """At how many positions of a row of targets (R, K) something is predicted."""
        return 1


class Classification(Task, tag="classification"):
    """One of several classes for each row."""

    predicts_class = True
    targets_are = "classes"
    usual_loss = "cross_entropy"

    def metrics(self, classes: tuple[str, ...], baselines: tuple[str, ...] = ()) -> list[Metric]:
        names = ["accuracy", "balanced_accuracy", "macro_f1", "roc_auc"]
        names += [name for name, fewest in (("top_3", 6), ("top_5", 10)) if len(classes) >= fewest]
        return [METRICS[name] for name in names]


class Regression(Task, tag="regression"):
    """One or more quantities for each row."""

    predicts_numbers = True
    targets_are = "numbers"
    usual_loss = "mse"

    def metrics(self, classes: tuple[str, ...], baselines: tuple[str, ...] = ()) -> list[Metric]:
        names = ["r2", "rmse", "mse", "mae"]
        if baselines:  # each with its own error, which R² would hide
            names.sort(key=lambda name: name != "rmse")
        return [METRICS[name] for name in names]


class NextToken(Task, tag="language"):
    """The next token of a text, at one or at every position."""

    predicts_tokens = True
    targets_are = "tokens"
    usual_loss = "cross_entropy"

    def metrics(self, classes: tuple[str, ...], baselines: tuple[str, ...] = ()) -> list[Metric]:
        return [METRICS[name] for name in ("perplexity", "bits_per_character", "token_accuracy")]

    def positions(self, y: np.ndarray) -> int:
        return y.shape[1]


class Answering(NextToken, tag="answering"):
    """The next token of a text, only where an answer stands."""

    def metrics(self, classes: tuple[str, ...], baselines: tuple[str, ...] = ()) -> list[Metric]:
        return [METRICS["exact_match"], *super().metrics(classes, baselines)]


def task_named(tag: str) -> Task:
    """The task of that name, as a saved run holds it. Raises InputError with the nearest one."""
    known = members(Task)
    if tag not in known:
        raise InputError(f"task {tag!r} is unknown; {did_you_mean(tag, known)}")
    return known[tag]()  # type: ignore[return-value]
