"""Metrics: how good outputs are, in NumPy; scikit-learn is their oracle in the tests.

Each is a component: `metrics = ["accuracy", { metric = "top_k", k = 3 }]` in [training] chooses them, the headline
first.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

import numpy as np

from engine.component import Component, Tree, members, tree_of
from engine.errors import InputError, did_you_mean
from engine.hyper import hyper


class Metric(Component, tag_field="metric"):
    """A measurement of outputs z (N, …) against targets t (N, K)."""

    higher_is_better: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """What it is called where it is shown and monitored: its tag, with its options where it has some."""
        return self.tag()

    @classmethod
    def named(cls, name: str) -> "Metric | None":
        """The metric of this class with that name; None where the name is none of its own."""
        return cls() if name == cls.tag() else None

    @classmethod
    def shorthand(cls, text: str) -> Tree | None:
        found = found_by_name(text)
        return None if found is None else dict(tree_of(found))

    def measure(self, z: np.ndarray, t: np.ndarray) -> float | None:
        """The value; None where it is undefined."""
        raise NotImplementedError


def predicted(z: np.ndarray) -> np.ndarray:
    """The class (N,) that scores (N, C) name; a single score names class 1 where it is above 0."""
    return (z[:, 0] > 0).astype(int) if z.shape[1] == 1 else z.argmax(axis=1)


def probabilities(z: np.ndarray) -> np.ndarray:
    """Class probabilities (N, C) of scores: softmax, or the logistic function of a single score."""
    z = z.astype(np.float64)
    if z.shape[1] == 1:
        z = np.concatenate([np.zeros_like(z), z], axis=1)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    result: np.ndarray = e / e.sum(axis=1, keepdims=True)
    return result


def scored_positions(z: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log softmax (P, C) in float64 and targets (P,) of what counts: z (N, …, C), t (N, K) with −1 for the rest."""
    z, target = z.reshape(-1, z.shape[-1]), t.reshape(-1).astype(int)
    if target.size and target.min() < 0:
        z, target = z[target >= 0], target[target >= 0]
    log_p = z.astype(np.float64) - z.max(axis=1, keepdims=True)
    log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))
    return log_p, target


def confusion(z: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Counts (C, C): rows are the true classes, columns the predicted ones."""
    classes = max(2, z.shape[1])
    pairs = t[:, 0].astype(int) * classes + predicted(z)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


# -- of classes ---------------------------------------------------------------------------------------------


class ClassMetric(Metric):
    """Of class scores z (N, C), or one score (N, 1) for two classes, and numbers of classes t (N, 1)."""


class Accuracy(ClassMetric, tag="accuracy"):
    """The fraction of rows whose highest score is the right class."""

    def measure(self, z: np.ndarray, t: np.ndarray) -> float | None:
        return float(np.mean(predicted(z) == t[:, 0]))


class BalancedAccuracy(ClassMetric, tag="balanced_accuracy"):
    """The mean of the classes' recalls, over the classes that occur."""

    def measure(self, z: np.ndarray, t: np.ndarray) -> float | None:
        matrix = confusion(z, t)
        rows = matrix.sum(axis=1)
        return float(np.mean(np.diag(matrix)[rows > 0] / rows[rows > 0]))


class FBeta(ClassMetric, tag="f_beta"):
    """The mean of the classes' F scores, over the classes that occur or are predicted: (1 + β²)·precision·recall/
    (β²·precision + recall) (van Rijsbergen 1979). Its name is macro_f1, macro_f2 …"""

    beta: Annotated[float, hyper("weight of recall relative to precision", gt=0, le=100)] = 1.0

    @property
    def name(self) -> str:
        return f"macro_f{self.beta:g}"

    @classmethod
    def named(cls, name: str) -> Metric | None:
        match = re.fullmatch(r"macro_f(\d+(?:\.\d+)?)", name)
        return cls(beta=float(match[1])) if match and 0 < float(match[1]) <= 100 else super().named(name)

    def measure(self, z: np.ndarray, t: np.ndarray) -> float | None:
        matrix = confusion(z, t)
        right, said, true = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
        either, square = said + true > 0, self.beta**2
        scores = (1 + square) * right[either] / (square * true[either] + said[either])
        return float(np.mean(scores))


class RocAuc(ClassMetric, tag="roc_auc"):
    """The area under the ROC curve; for several classes the mean of each against the rest, by probability. Undefined
    where a class has no rows, or all."""

    def measure(self, z: np.ndarray, t: np.ndarray) -> float | None:
        p, target = probabilities(z), t[:, 0].astype(int)
        if p.shape[1] == 2:
            score = z[:, 0] if z.shape[1] == 1 else z[:, 1].astype(float) - z[:, 0]
            return area(score, target == 1)
        areas = [area(p[:, c], target == c) for c in range(p.shape[1])]
        return None if None in areas else float(np.mean([a for a in areas if a is not None]))


class TopK(ClassMetric, tag="top_k"):
    """How often the right class is among the k highest scores; tied scores share the places left, so that a network
    that says the same of every class gets k/C and not 1. Its name is top_3, top_5 …"""

    k: Annotated[int, hyper("number of highest scores that count", ge=1, le=100_000)] = 5

    @property
    def name(self) -> str:
        return f"top_{self.k}"

    @classmethod
    def named(cls, name: str) -> Metric | None:
        match = re.fullmatch(r"top_([1-9]\d{0,4})", name)
        return cls(k=int(match[1])) if match else super().named(name)

    def measure(self, z: np.ndarray, t: np.ndarray) -> float | None:
        if z.shape[1] == 1:
            z = np.concatenate([np.zeros_like(z), z], axis=1)
        own = np.take_along_axis(z, t[:, :1].astype(int), axis=1)
        higher, tied = (z > own).sum(axis=1), (z == own).sum(axis=1)
        return float(np.mean(np.clip((self.k - higher) / tied, 0, 1)))


def area(score: np.ndarray, positive: np.ndarray) -> float | None:
    """The fraction of (positive, negative) pairs in the right order, ties counting half; None without such pairs."""
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return None
    _, index, counts = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[index]  # of tied scores, their mean rank
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


# -- of numbers ---------------------------------------------------------------------------------------------


class NumberMetric(Metric):
    """Of numbers z (N, K) and t (N, K) in the target's own units."""


class R2(NumberMetric, tag="r2"):
    """1 − squared error/variance, the mean over the targets that vary; undefined where none does."""

    def measure(self, z: np.ndarray, t: np.ndarray) -> float | None:
        t = t.astype(np.float64)
        residual, total = ((z - t) ** 2).sum(axis=0), ((t - t.mean(axis=0)) ** 2).sum(axis=0)
        rounding = len(t) * (8 * np.finfo(np.float64).eps * np.abs(t).max(axis=0)) ** 2
        varies = total > rounding
        return float(np.mean(1 - residual[varies] / total[varies])) if varies.any() else None


class Rmse(NumberMetric, tag="rmse"):
    """The root of the mean of squared errors over rows and targets."""

    higher_is_better = False

    def measure(self, z: np.ndarray, t: np.ndarray) -> float | None:
        return float(np.sqrt(np.mean((z.astype(np.float64) - t) ** 2)))


class Mse(NumberMetric, tag="mse"):
    """The mean of squared errors over rows and targets."""

    higher_is_better = False

    def measure(self, z: np.ndarray, t: np.ndarray) -> float | None:
        return float(np.mean((z.astype(np.float64) - t) ** 2))


class Mae(NumberMetric, tag="mae"):
    """The mean of errors without their sign over rows and targets."""

    higher_is_better = False

    def measure(self, z: np.ndarray, t: np.ndarray) -> float | None:
        return float(np.mean(np.abs(z.astype(np.float64) - t)))


# -- of tokens ----------------------------------------------------------------------------------------------


class TokenMetric(Metric):
    """Of scores z (N, T, V) or (N, V) and tokens t (N, T), −1 where nothing is predicted; undefined where that is
    everywhere."""


def nats(z: np.ndarray, t: np.ndarray) -> float | None:
    """The mean of −log p of the tokens that came, in nats a token."""
    log_p, target = scored_positions(z, t)
    return -float(np.mean(log_p[np.arange(len(target)), target])) if len(target) else None


class Perplexity(TokenMetric, tag="perplexity"):
    """e^nats: the effective number of equally likely tokens."""

    higher_is_better = False

    def measure(self, z: np.ndarray, t: np.ndarray) -> float | None:
        mean = nats(z, t)
        with np.errstate(over="ignore"):
            return None if mean is None else float(np.exp(mean))


class BitsPerToken(TokenMetric, tag="bits_per_token"):
    """nats/ln 2: the cost of a token for a perfect compressor. It is named after what a token is: bits_per_character,
    bits_per_byte."""

    unit: Annotated[str, hyper("what a token is; token: from the data")] = "token"

    higher_is_better = False

    @property
    def name(self) -> str:
        return f"bits_per_{self.unit}"

    @classmethod
    def named(cls, name: str) -> Metric | None:
        match = re.fullmatch("bits_per_(token|character|byte)", name)
        return cls(unit=match[1]) if match else None

    def measure(self, z: np.ndarray, t: np.ndarray) -> float | None:
        mean = nats(z, t)
        return None if mean is None else mean / float(np.log(2))


class TokenAccuracy(TokenMetric, tag="token_accuracy"):
    """The fraction of positions whose most likely token is the right one."""

    def measure(self, z: np.ndarray, t: np.ndarray) -> float | None:
        z, target = z.reshape(-1, z.shape[-1]), t.reshape(-1)
        counts = target >= 0
        return float(np.mean(z[counts].argmax(axis=1) == target[counts])) if counts.any() else None


class ExactMatch(TokenMetric, tag="exact_match"):
    """How often the whole answer is right: each of its tokens is the likeliest where the ones before it are right, so
    greedy generation gives exactly this answer."""

    def measure(self, z: np.ndarray, t: np.ndarray) -> float | None:
        right = (z.argmax(axis=-1).reshape(t.shape) == t) | (t < 0)
        return float(np.mean(right.all(axis=1)))


# -- all together -------------------------------------------------------------------------------------------


def metric(name: str) -> Metric:
    """The metric of that name, as `Metric.name` has it. Raises InputError with the nearest one."""
    found = found_by_name(name)
    if found is None:
        names = [cls().name for cls in members(Metric).values()]
        raise InputError(f"metric {name!r} is unknown; {did_you_mean(name, names)}")
    return found


def found_by_name(name: str) -> Metric | None:
    named = (cls.named(name) for cls in members(Metric).values())
    return next((metric for metric in named if metric is not None), None)


def measured(
    metrics: Sequence[Metric], z: np.ndarray, t: np.ndarray, baselines: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """The metrics of outputs z against targets t, those that are defined; after the headline metric that of each
    baseline, as "rmse_global_mean"."""
    headline, *others = metrics
    values = {headline.name: headline.measure(z, t)}
    values |= {f"{headline.name}_{name}": headline.measure(guess, t) for name, guess in baselines.items()}
    values |= {m.name: m.measure(z, t) for m in others}
    return {name: float(value) for name, value in values.items() if value is not None and np.isfinite(value)}
