"""Where an axis puts its ticks: round steps of 1, 2 or 5, or decades."""

from __future__ import annotations

import math

LARGEST = 1e300
SMALLEST = 1e-300
NARROWEST = 5e-3  # of an axis's magnitude: any narrower and its labels cannot tell its ticks apart


def nice_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5 × 10ᵏ that cuts a span > 0 into at most `most` ≥ 1 pieces."""
    rough = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= rough * (1 - 1e-9)), 10 * power)


def linear_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Multiples of a round step within [low, high], low < high: at most `most` + 1 of them."""
    step = nice_step(high - low, most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(i * step for i in range(first, last + 1))


def linear_limits(low: float, high: float, narrowest: float = NARROWEST) -> tuple[float, float]:
    """The smallest round range around the data: wider where it is flat, from 0 where it nearly starts there.
    `narrowest` is a share of the data's magnitude."""
    low, high = (min(max(v, -LARGEST), LARGEST) for v in (low, high))
    if 0 <= low < 0.25 * (high - low):
        low = 0.0
    narrowest = max(narrowest * max(abs(low), abs(high)), 1e-12)
    if high - low < narrowest:
        middle = low + (high - low) / 2
        low, high = middle - narrowest / 2, middle + narrowest / 2
    step = nice_step(high - low, 8)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def decade_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    """Powers of ten within [low, high], 0 < low < high, every second or further where they would crowd; within
    two decades also their twofold and fivefold."""
    first, last = math.log10(low), math.log10(high)
    if last - first < 2:
        factors = (1, 2, 5) if (last - first) * 3 <= max(most, 2) * 1.5 else (1, 3)
        decades = range(math.floor(first), math.ceil(last) + 1)
        ticks = [f * 10.0**d for d in decades for f in factors]
        found = tuple(t for t in ticks if low * (1 - 1e-9) <= t <= high * (1 + 1e-9))
        if 2 <= len(found) <= max(most, 2) + 1:
            return found
    every = next(
        k for k in (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000) if (last - first) / k <= max(most, 1)
    )
    start = math.ceil(first / every - 1e-9)
    return tuple(10.0 ** (every * i) for i in range(start, math.floor(last / every + 1e-9) + 1))


def decade_limits(low: float, high: float) -> tuple[float, float]:
    """The smallest range of 1, 2, 5 × 10ᵏ around positive data, at least half a decade."""
    low, high = (min(max(v, SMALLEST), LARGEST) for v in (low, high))
    if high < low * 3:
        low, high = low / 1.75, high * 1.75
    return _round_factor(low, down=True), _round_factor(high, down=False)


def _round_factor(value: float, *, down: bool) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    factors = [f * power for f in (1, 2, 5, 10)]
    if down:
        return max((f for f in factors if f <= value * (1 + 1e-9)), default=power)
    return min((f for f in factors if f >= value * (1 - 1e-9)), default=10 * power)
