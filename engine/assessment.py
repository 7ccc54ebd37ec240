"""What an evaluation tells beyond the metrics: intervals, calibration, classes, groups, thresholds, residuals.

All of it is NumPy over outputs z and targets t of some rows; scikit-learn is the oracle in the tests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import InputError
from engine.metrics import Metric, probabilities

LEVEL = 0.95
REPLICAS, FEWEST = (
    1000,
    200,
)  # resamplings of a bootstrap: of many rows fewer, their intervals are narrow anyway
RESAMPLED = 1_000_000  # rows that are drawn in all
MOST_NUMBERS = 2e9  # outputs that are drawn in all: beyond, an interval would be waited for too long
BINS = 10


def bootstrap(
    metrics: Sequence[Metric], z: np.ndarray, t: np.ndarray, seed: int, level: float = LEVEL
) -> dict[str, tuple[float, float]]:
    """Percentile intervals of metrics over rows drawn with replacement (Efron 1979), by name.

    z (N, …), t (N, K). A metric that is undefined for some samples (one class among few rows) is judged by the
    others; one that is undefined for most of them is left out. Of very many outputs (long texts) there are none.
    """
    rows = len(z)
    replicas = int(min(REPLICAS, max(FEWEST, RESAMPLED // max(1, rows))))
    if replicas * z.size > MOST_NUMBERS:
        return {}
    rng = np.random.default_rng([seed, rows])
    values: dict[str, list[float]] = {metric.name: [] for metric in metrics}
    for _ in range(replicas):
        drawn = rng.integers(0, rows, rows)
        sample, targets = z[drawn], t[drawn]
        for metric in metrics:
            value = metric.measure(sample, targets)
            if value is not None:
                values[metric.name].append(float(value))
    tail = (1 - level) / 2
    return {
        name: (float(np.quantile(found, tail)), float(np.quantile(found, 1 - tail)))
        for name, found in values.items()
        if len(found) > replicas / 2
    }


# -- classes ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClassScore:
    """How well one class is found among `support` rows of it. None: it never came, or was never predicted."""

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


def class_scores(counts: np.ndarray, classes: Sequence[str]) -> list[ClassScore]:
    """Precision, recall and F1 of each class from a confusion matrix (C, C), rows the true classes."""
    scores = []
    for i, name in enumerate(classes):
        hits, named, there = int(counts[i, i]), int(counts[:, i].sum()), int(counts[i].sum())
        scores.append(
            ClassScore(name, ratio(hits, named), ratio(hits, there), ratio(2 * hits, named + there), there)
        )
    return scores


def ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def averages(scores: Sequence[ClassScore]) -> dict[str, dict[str, float]]:
    """The classes' precision, recall and F1, each class counting alike ("macro") or by its rows ("weighted").

    As in scikit-learn a value that is undefined counts as 0; classes that neither came nor were predicted do not.
    """
    there = [s for s in scores if s.support or s.precision is not None]
    weights = np.array([s.support for s in there], float)
    result = {}
    for kind, weight in (("macro", np.ones(len(there))), ("weighted", weights)):
        names = ("precision", "recall", "f1")
        columns = {name: np.array([getattr(s, name) or 0.0 for s in there]) for name in names}
        result[kind] = {name: float(np.average(column, weights=weight)) for name, column in columns.items()}
    return result


# -- calibration ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reliability:
    """The rows whose confidence lies in (low, high]: how sure the network was, and how often it was right."""

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration:
    """Whether a probability can be taken at its word.

    `ece` is the expected calibration error (Naeini et al. 2015): the mean over rows of |confidence − accuracy| of
    their bin; `mce` the largest of a bin; `brier` the mean squared error of the probabilities (Brier 1950).
    """

    ece: float
    mce: float
    brier: float
    bins: list[Reliability]


def calibration(z: np.ndarray, t: np.ndarray, bins: int = BINS) -> Calibration:
    """Calibration of the class that scores z (N, C) name, in bins of equal width, against classes t (N, 1)."""
    p, target = probabilities(z), t[:, 0].astype(int)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == target
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.digitize(confidence, edges, right=True) - 1, 0, bins - 1)
    rows = [
        Reliability(
            float(edges[i]), float(edges[i + 1]), int(inside.sum()),
            float(confidence[inside].mean()), float(right[inside].mean()),
        )
        for i in range(bins)
        if (inside := place == i).any()
    ]  # fmt: skip
    gaps = np.array([abs(row.confidence - row.accuracy) for row in rows])
    shares = np.array([row.rows for row in rows]) / len(z)
    brier = float(np.mean(((p - np.eye(p.shape[1])[target]) ** 2).sum(axis=1)))
    return Calibration(float(gaps @ shares), float(gaps.max()), brier, rows)


# -- two classes: precision over recall, and a threshold for a cost ----------------------------------------------


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision and recall (K,) where every row with at least that probability (K,) is called positive, the
    threshold rising; `average` is their mean precision over recall."""

    precision: np.ndarray
    recall: np.ndarray
    thresholds: np.ndarray
    average: float


def precision_recall(p: np.ndarray, positive: np.ndarray) -> PrecisionRecall | None:
    """The curve of probabilities p (N,) of rows of which some are positive (N,); None without such rows."""
    if not positive.any():
        return None
    order = np.argsort(-p, kind="stable")
    p, hit = p[order], positive[order].astype(float)
    last = np.flatnonzero(np.append(np.diff(p) != 0, True))  # tied rows are called together
    hits, called = np.cumsum(hit)[last], last + 1.0
    precision, recall = hits / called, hits / hits[-1]
    average = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    return PrecisionRecall(precision[::-1], recall[::-1], p[last][::-1], average)


@dataclass(frozen=True)
class Threshold:
    """From which probability on a row is called positive, what that costs a row, and what 0.5 would cost."""

    threshold: float
    cost: float
    cost_at_half: float


def best_threshold(p: np.ndarray, positive: np.ndarray, false_alarm: float, miss: float) -> Threshold:
    """The threshold on probabilities p (N,) with the least cost on these rows (N,); of equal ones the middle."""
    order = np.argsort(-p, kind="stable")
    p_sorted, hit = p[order], positive[order]
    misses = np.concatenate([[hit.sum()], hit.sum() - np.cumsum(hit)])
    alarms = np.concatenate([[0], np.cumsum(~hit)])
    costs = (false_alarm * alarms + miss * misses) / max(1, len(p))
    allowed = np.concatenate([[True], np.diff(p_sorted) != 0, [True]]) if len(p) else np.array([True])
    costs = np.where(allowed, costs, np.inf)  # no threshold parts rows of the same probability
    best = int(costs.argmin())
    above = p_sorted[best - 1] if best else 1.0
    below = p_sorted[best] if best < len(p_sorted) else 0.0
    threshold = float((above + below) / 2)
    half = expected_cost(p, positive, 0.5, false_alarm, miss)
    return Threshold(threshold, float(costs[best]), half)


def expected_cost(
    p: np.ndarray, positive: np.ndarray, threshold: float, false_alarm: float, miss: float
) -> float:
    """What a row costs on average when rows from a probability on are called positive."""
    called = p >= threshold
    return float(
        (false_alarm * (called & ~positive).sum() + miss * (~called & positive).sum()) / max(1, len(p))
    )


# -- groups -------------------------------------------------------------------------------------------------------


def group_metrics(
    metrics: Sequence[Metric], z: np.ndarray, t: np.ndarray, groups: Sequence[str]
) -> dict[str, dict[str, float | int]]:
    """The metrics of the rows of each group, by group in the order of their size, with "rows"."""
    labels = np.array(groups, dtype=object)
    names, counts = np.unique(labels.astype(str), return_counts=True)
    result: dict[str, dict[str, float | int]] = {}
    for i in np.argsort(-counts, kind="stable"):
        rows = np.flatnonzero(labels.astype(str) == names[i])
        values = {m.name: m.measure(z[rows], t[rows]) for m in metrics}
        known = {name: float(value) for name, value in values.items() if value is not None}
        result[str(names[i])] = {"rows": len(rows), **known}
    return result


# -- numbers --------------------------------------------------------------------------------------------------------

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Residuals:
    """What is left of one target: prediction − truth, in the target's units.

    `largest` are row numbers, the worst first. `trend` is the correlation of residual and prediction: far from 0
    where large values are pulled to the mean or overshot.
    """

    target: str
    mean: float
    std: float
    quantiles: Mapping[float, float]
    trend: float | None
    largest: list[int]


def residuals(z: np.ndarray, t: np.ndarray, targets: Sequence[str], most: int = 5) -> list[Residuals]:
    """The residuals of each target: outputs z (N, K) and targets t (N, K) in their own units."""
    found = []
    for k, name in enumerate(targets):
        rest = z[:, k].astype(np.float64) - t[:, k]
        spread = float(rest.std()) * float(z[:, k].std())
        trend = float(np.corrcoef(rest, z[:, k])[0, 1]) if spread > 0 else None
        found.append(
            Residuals(
                name, float(rest.mean()), float(rest.std()),
                {q: float(np.quantile(rest, q)) for q in QUANTILES}, trend,
                np.argsort(-np.abs(rest), kind="stable")[:most].tolist(),
            )
        )  # fmt: skip
    return found


def positive_class(classes: Sequence[str], name: str | None) -> int:
    """The class that counts as positive among two: the named one, or the second. Raises InputError."""
    if name is None:
        return 1
    if name not in classes:
        from engine.errors import did_you_mean

        raise InputError(f"--positive {name!r}: no such class; {did_you_mean(name, classes)}")
    return list(classes).index(name)
