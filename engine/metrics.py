"""Metrics: how good outputs are, in NumPy; scikit-learn is their oracle in the tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.errors import InputError, did_you_mean


@dataclass(frozen=True)
class Metric:
    """A measurement of outputs z (N, C) against targets t (N, K); `function` gives None where it is undefined."""

    name: str
    higher_is_better: bool
    function: Callable[[np.ndarray, np.ndarray], float | None]


def predicted(z: np.ndarray) -> np.ndarray:
    """The class (N,) that scores (N, C) name; a single score names class 1 where it is above 0."""
    return (z[:, 0] > 0).astype(int) if z.shape[1] == 1 else z.argmax(axis=1)


def probabilities(z: np.ndarray) -> np.ndarray:
    """Class probabilities (N, C) of scores: softmax, or the logistic function of a single score."""
    z = z.astype(np.float64)
    if z.shape[1] == 1:
        z = np.concatenate([np.zeros_like(z), z], axis=1)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


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


def accuracy(z: np.ndarray, t: np.ndarray) -> float:
    """The share of rows whose predicted class is the true one."""
    return float(np.mean(predicted(z) == t[:, 0]))


def top(k: int) -> Callable[[np.ndarray, np.ndarray], float]:
    """The share of rows whose class is among the k highest scores; tied scores share the places left.

    So a network that says the same of every class gets k / C, and not 1.
    """

    def top_k(z: np.ndarray, t: np.ndarray) -> float:
        if z.shape[1] == 1:
            return 1.0
        own = np.take_along_axis(z, t[:, :1].astype(int), axis=1)
        higher, tied = (z > own).sum(axis=1), (z == own).sum(axis=1)
        return float(np.mean(np.clip((k - higher) / tied, 0, 1)))

    top_k.__doc__ = (
        f"The share of rows whose class is among the {k} highest scores; tied scores share the places left."
    )
    return top_k


def balanced_accuracy(z: np.ndarray, t: np.ndarray) -> float:
    """The mean of the classes' recalls, over the classes that occur."""
    matrix = confusion(z, t)
    rows = matrix.sum(axis=1)
    return float(np.mean(np.diag(matrix)[rows > 0] / rows[rows > 0]))


def macro_f1(z: np.ndarray, t: np.ndarray) -> float:
    """The mean of the classes' F1 scores, over the classes that occur or are predicted."""
    matrix = confusion(z, t)
    both = matrix.sum(axis=0) + matrix.sum(axis=1)
    return float(np.mean(2 * np.diag(matrix)[both > 0] / both[both > 0]))


def roc_auc(z: np.ndarray, t: np.ndarray) -> float | None:
    """The area under the ROC curve; for several classes the mean of each against the rest, by probability."""
    p, target = probabilities(z), t[:, 0].astype(int)
    if p.shape[1] == 2:
        score = z[:, 0] if z.shape[1] == 1 else z[:, 1].astype(float) - z[:, 0]
        return area(score, target == 1)
    areas = [area(p[:, c], target == c) for c in range(p.shape[1])]
    return None if None in areas else float(np.mean([a for a in areas if a is not None]))


def area(score: np.ndarray, positive: np.ndarray) -> float | None:
    """The share of (positive, negative) pairs in the right order, ties counting half; None without such pairs."""
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if not positives or not negatives:
        return None
    _, index, counts = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[index]  # of tied scores, their mean rank
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def mse(z: np.ndarray, t: np.ndarray) -> float:
    """The mean squared error over rows and targets."""
    return float(np.mean((z.astype(np.float64) - t) ** 2))


def rmse(z: np.ndarray, t: np.ndarray) -> float:
    """The root of the mean squared error over rows and targets, in the target's own units."""
    return float(np.sqrt(mse(z, t)))


def mae(z: np.ndarray, t: np.ndarray) -> float:
    """The mean absolute error over rows and targets, in the target's own units."""
    return float(np.mean(np.abs(z.astype(np.float64) - t)))


def r2(z: np.ndarray, t: np.ndarray) -> float | None:
    """1 − squared error / variance, the mean over targets; None for a constant target."""
    t = t.astype(np.float64)
    residual, total = ((z - t) ** 2).sum(axis=0), ((t - t.mean(axis=0)) ** 2).sum(axis=0)
    return float(np.mean(1 - residual / total)) if (total > 0).all() else None


def nats(z: np.ndarray, t: np.ndarray) -> float:
    """The mean of −log p of the tokens that came, in nats a token."""
    log_p, target = scored_positions(z, t)
    return -float(np.mean(log_p[np.arange(len(target)), target]))


def perplexity(z: np.ndarray, t: np.ndarray) -> float:
    """e^nats: as unsure as among so many equally likely tokens."""
    return float(np.exp(nats(z, t)))


def bits(z: np.ndarray, t: np.ndarray) -> float:
    """nats/ln 2: what a token costs a perfect compressor."""
    return nats(z, t) / float(np.log(2))


def token_accuracy(z: np.ndarray, t: np.ndarray) -> float:
    """How often the likeliest token is the one that came."""
    z, target = z.reshape(-1, z.shape[-1]), t.reshape(-1)
    counts = target >= 0
    return float(np.mean(z[counts].argmax(axis=1) == target[counts]))


def exact_match(z: np.ndarray, t: np.ndarray) -> float:
    """The share of rows (N, T, V) whose whole answer is right: each of its tokens is the likeliest where the ones
    before it are right, so greedy generation gives exactly this answer."""
    right = (z.argmax(axis=-1).reshape(t.shape) == t) | (t < 0)
    return float(np.mean(right.all(axis=1)))


METRICS = {
    m.name: m
    for m in (
        Metric("accuracy", True, accuracy),
        Metric("balanced_accuracy", True, balanced_accuracy),
        Metric("macro_f1", True, macro_f1),
        Metric("roc_auc", True, roc_auc),
        Metric("top_3", True, top(3)),
        Metric("top_5", True, top(5)),
        Metric("perplexity", False, perplexity),
        Metric("bits_per_character", False, bits),
        Metric("token_accuracy", True, token_accuracy),
        Metric("exact_match", True, exact_match),
        Metric("r2", True, r2),
        Metric("rmse", False, rmse),
        Metric("mse", False, mse),
        Metric("mae", False, mae),
    )
}


def metric(name: str) -> Metric:
    """The metric of that name. Raises InputError with the nearest one."""
    if name not in METRICS:
        raise InputError(f"metric {name!r} is unknown; {did_you_mean(name, METRICS)}")
    return METRICS[name]


def measured(
    metrics: list[Metric], z: np.ndarray, t: np.ndarray, baselines: Mapping[str, np.ndarray]
) -> dict[str, float]:
    """The metrics of outputs z against targets t, those that are defined; after the headline metric that of each
    baseline, as "rmse_global_mean"."""
    headline, *others = metrics
    values = {headline.name: headline.function(z, t)}
    values |= {f"{headline.name}_{name}": headline.function(guess, t) for name, guess in baselines.items()}
    values |= {m.name: m.function(z, t) for m in others}
    return {name: float(value) for name, value in values.items() if value is not None}
