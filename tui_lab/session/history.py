"""Histories: a number a step for hours, in fixed memory, without ever losing a spike."""

from dataclasses import dataclass

import numpy as np

BUCKETS = 8192  # the whole run is kept at least half as finely as this
RECENT = 65_536  # steps kept one by one


@dataclass(frozen=True)
class Curve:
    """Points of a curve: x (P,), and the least, greatest and mean value (P,) around each."""

    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray) -> "Curve":
        """A curve through single points."""
        return cls(x, y, y, y)

    def __len__(self) -> int:
        return len(self.x)


class History:
    """Values of consecutive steps: the recent ones singly, all of them in buckets with their extremes.

    When the buckets are full, neighbours merge and each covers twice the steps. A window of the recent steps is
    given exactly; any other to the width of a bucket, with every extreme in it.
    """

    def __init__(self, first: int = 0) -> None:
        self.first = self.last = first  # steps first … last − 1 are known
        self.width = 1  # steps a bucket
        self.low, self.high = np.empty(BUCKETS), np.empty(BUCKETS)
        self.total, self.count = np.zeros(BUCKETS), np.zeros(BUCKETS, np.int64)
        self.recent = np.empty(RECENT)

    def append(self, values: np.ndarray) -> None:
        """Add the values of the next steps."""
        if not len(values):
            return
        steps = np.arange(self.last, self.last + len(values))
        tail = values[-RECENT:]
        self.recent[steps[-len(tail) :] % RECENT] = tail
        self.last += len(values)
        while self._bucket(self.last - 1) >= BUCKETS:
            self._merge()
        self._add(self._bucket(steps), values)

    def _bucket(self, step: np.ndarray | int) -> np.ndarray | int:
        return (step - self.first) // self.width

    def _add(self, buckets: np.ndarray | int, values: np.ndarray) -> None:
        indices, starts = np.unique(buckets, return_index=True)
        low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        total, count = np.add.reduceat(values, starts), np.diff([*starts, len(values)])
        begun = self.count[indices] > 0
        self.low[indices] = np.where(begun, np.fmin(self.low[indices], low), low)
        self.high[indices] = np.where(begun, np.fmax(self.high[indices], high), high)
        self.total[indices] += total
        self.count[indices] += count

    def _merge(self) -> None:
        pairs = (BUCKETS // 2, 2)
        known = self.count.reshape(pairs) > 0
        for array, pick, empty in ((self.low, np.min, np.inf), (self.high, np.max, -np.inf)):
            array[: BUCKETS // 2] = pick(np.where(known, array.reshape(pairs), empty), axis=1)
        for sums in (self.total, self.count):
            sums[: BUCKETS // 2] = sums.reshape(pairs).sum(axis=1)
            sums[BUCKETS // 2 :] = 0
        self.width *= 2

    def window(self, first: int, last: int, points: int) -> Curve:
        """The steps first … last − 1 as at most about `points` points, extremes kept."""
        first, last = max(first, self.first), min(last, self.last)
        if last <= first:
            empty = np.empty(0)
            return Curve(empty, empty, empty, empty)
        if first >= self.last - RECENT:
            steps = np.arange(first, last)
            values = self.recent[steps % RECENT]
            return thinned(steps.astype(float), values, values, values, np.ones(len(steps)), points)
        a, b = int(self._bucket(first)), int(self._bucket(last - 1)) + 1
        x = self.first + (np.arange(a, b) + 0.5) * self.width
        count = self.count[a:b]
        return thinned(x, self.low[a:b], self.high[a:b], self.total[a:b], count, points)


def thinned(
    x: np.ndarray, low: np.ndarray, high: np.ndarray, total: np.ndarray, count: np.ndarray, points: int
) -> Curve:
    """Group neighbours so that about `points` remain; `total` and `count` give the means."""
    group = max(1, -(-len(x) // max(1, points)))
    starts = np.arange(0, len(x), group)
    counts = np.add.reduceat(count, starts)
    return Curve(
        x[np.minimum(starts + group // 2, len(x) - 1)],
        np.minimum.reduceat(low, starts),
        np.maximum.reduceat(high, starts),
        np.add.reduceat(total, starts) / np.maximum(counts, 1),
    )
