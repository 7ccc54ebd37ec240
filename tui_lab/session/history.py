"""The values of a long training in little memory: recent ones exactly, older ones as extremes and means."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np

FACTOR = 4  # buckets of one level that make one of the next
CAPACITY = 2048
LEVELS = 20  # the last holds 2048 · 4¹⁹ ≈ 5·10¹⁴ values


@dataclass(frozen=True, eq=False)
class Buckets:
    """Values in the order of their steps, each standing for one value or for many (N,): the middle of their steps,
    their mean, least and greatest. Not finite values are left out; a bucket of nothing else is NaN."""

    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __len__(self) -> int:
        return len(self.x)


class Ring:
    """The last CAPACITY buckets of a level, as four rows: x, mean, low, high."""

    def __init__(self) -> None:
        self.total = 0  # of all buckets ever added
        self._rows = np.empty((4, CAPACITY))

    def add(self, rows: np.ndarray) -> None:
        """Takes buckets (4, N)."""
        kept = rows[:, -CAPACITY:]
        at = np.arange(self.total + rows.shape[1] - kept.shape[1], self.total + rows.shape[1]) % CAPACITY
        self._rows[:, at] = kept
        self.total += rows.shape[1]

    def since(self, index: int) -> np.ndarray:
        """Copies (4, N) of the buckets from an index on, counted from the first ever, or of all that are kept."""
        return self._rows[:, np.arange(max(index, self.total - CAPACITY, 0), self.total) % CAPACITY]

    @property
    def complete(self) -> bool:
        """Whether it still has its first bucket."""
        return self.total <= CAPACITY


class History:
    """Steps and values of one curve, added in order.

    Level 0 keeps the last 2048 values; every four buckets of a level make one of the next, which there is once a
    level overflows. A window is given from the finest level that reaches back to its start, and the newest values
    exactly. So:
    · the least and greatest value of any window are in its buckets, whatever has been added since;
    · a window that begins A values ago has buckets of at most max(1, A / 511) values, so a chart of 200 dot columns
      has one for each of them where the window is at least two fifths of A;
    · memory is at most 64 KB a level and at most 20 levels: 0.7 MB after 10⁹ values.
    Not safe to read while another thread adds."""

    def __init__(self) -> None:
        self._levels = [Ring()]

    def __len__(self) -> int:
        """How many values were ever added."""
        return self._levels[0].total

    def add(self, step: float, value: float) -> None:
        """Takes one value."""
        self.extend(np.array([step]), np.array([value]))

    def extend(self, steps: np.ndarray, values: np.ndarray) -> None:
        """Takes values (N,) at ascending steps (N,) not below those before; the shorter length counts."""
        steps, values = (
            np.asarray(steps, dtype=np.float64).ravel(),
            np.asarray(values, dtype=np.float64).ravel(),
        )
        count = min(len(steps), len(values))
        values = np.where(np.isfinite(values[:count]), values[:count], np.nan)
        rows = np.stack([steps[:count], values, values, values])
        for level in range(LEVELS):
            if not rows.shape[1]:
                return
            ring, last = self._levels[level], level + 1 == len(self._levels)
            if last and (ring.total + rows.shape[1] <= CAPACITY or level + 1 == LEVELS):
                ring.add(rows)
                return
            done = 0 if last else self._levels[level + 1].total * FACTOR
            whole = np.concatenate([ring.since(done), rows], axis=1)
            ring.add(rows)
            if last:
                self._levels.append(Ring())
            rows = _merged(whole)

    def window(self, first: float = -np.inf, last: float = np.inf) -> Buckets:
        """Buckets that cover the steps from first to last, and one more on either side where there is one, so that
        a curve can leave the window. Empty only where nothing was added."""
        level = next(
            (i for i, ring in enumerate(self._levels) if self._reaches(ring, first)), len(self._levels) - 1
        )
        parts, done = [], 0
        for index in range(level, -1, -1):
            ring = self._levels[index]
            parts.append(ring.since(done))
            done = ring.total * FACTOR
        rows = np.concatenate(parts, axis=1)
        begin = max(int(np.searchsorted(rows[0], first, side="left")) - 1, 0)
        end = int(np.searchsorted(rows[0], last, side="right")) + 1
        return Buckets(*rows[:, begin:end])

    @staticmethod
    def _reaches(ring: Ring, first: float) -> bool:
        return ring.complete or bool(ring.since(0)[0, 0] <= first)


def _merged(rows: np.ndarray) -> np.ndarray:
    """Each four buckets of (4, N) as one; those left over are left out."""
    count = rows.shape[1] // FACTOR
    # By columns of the four, which is many times faster than reducing over an axis so short.
    (x0, *_, x1), means, lows, highs = (
        [row[k : count * FACTOR : FACTOR] for k in range(FACTOR)] for row in rows
    )
    mean = sum(means) / FACTOR
    if not np.isfinite(mean).all():
        known = np.isfinite(means)
        with np.errstate(invalid="ignore"):
            mean = np.where(known, means, 0).sum(axis=0) / known.sum(axis=0)
    return np.stack([(x0 + x1) / 2, mean, reduce(np.fmin, lows), reduce(np.fmax, highs)])
