"""Curves as dots: of all points that fall on a column of dots their extremes, joined without gaps.

A curve through points is cut at the edges between dot columns. Each column shows the whole stretch of the curve
that crosses it, so however many points share a column, their least and greatest light their dots.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tui_lab.charts.axes import Axis
from tui_lab.charts.ticks import LARGEST

FAR = 4.0  # shares of an axis beyond this are as good as infinite, and safe to make integers of


@dataclass(frozen=True, eq=False)
class Points:
    """Points (N,) float64 in the order of x, finite in x. low ≤ y ≤ high are the extremes that a point stands for,
    the same array as y where it stands for itself. What is not finite in y is NaN."""

    x: np.ndarray
    y: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, eq=False)
class Columns:
    """A curve cut into D columns: the extremes (D,) of the points in each, NaN where there are none, and the two
    points (2, D + 1) on either side of each edge between columns, NaN where the curve does not cross it."""

    low: np.ndarray
    high: np.ndarray
    edges: np.ndarray
    beside_x: np.ndarray
    beside_y: np.ndarray


def points(
    x: np.ndarray, y: np.ndarray, low: np.ndarray | None = None, high: np.ndarray | None = None
) -> Points:
    """Points ready to be cut into columns, from arrays (N,) in any order; the longest common length counts."""
    x, y = np.asarray(x, dtype=np.float64).ravel(), np.asarray(y, dtype=np.float64).ravel()
    own = low is None and high is None
    low = y if low is None else np.asarray(low, dtype=np.float64).ravel()
    high = y if high is None else np.asarray(high, dtype=np.float64).ravel()
    count = min(len(x), len(y), len(low), len(high))
    arrays = [x[:count], y[:count]] if own else [x[:count], y[:count], low[:count], high[:count]]
    if not np.isfinite(arrays[0]).all():
        kept = np.isfinite(arrays[0])
        arrays = [a[kept] for a in arrays]
    if (arrays[0][1:] < arrays[0][:-1]).any():
        order = np.argsort(arrays[0], kind="stable")
        arrays = [a[order] for a in arrays]
    if len(arrays[0]) and max(-arrays[0][0], arrays[0][-1]) > LARGEST:
        arrays[0] = np.clip(arrays[0], -LARGEST, LARGEST)
    arrays[1:] = [a if np.isfinite(a).all() else np.where(np.isfinite(a), a, np.nan) for a in arrays[1:]]
    return Points(arrays[0], arrays[1], *(arrays[2:] or (arrays[1], arrays[1])))


def cut(found: Points, edges: np.ndarray, *, positive: bool = False) -> Columns:
    """Cuts a curve at edges (D + 1,) ascending; `positive` leaves out what a log axis cannot show."""
    at = np.searchsorted(found.x, edges)
    first, last = max(int(at[0]) - 1, 0), int(at[-1]) + 1
    x, y, low, high = (a[first:last] for a in (found.x, found.y, found.low, found.high))
    at = at - first
    if positive:
        own = low is y
        y, low, high = (_positive(a) for a in (y, low, high))
        low = high = y if own else low
    columns = len(edges) - 1
    low_of, high_of = np.full(columns, np.nan), np.full(columns, np.nan)
    filled = np.flatnonzero(at[1:] > at[:-1])
    if len(filled):
        starts, stop = at[filled], int(at[-1])
        # fmin leaves out NaN but is slower.
        with np.errstate(over="ignore"):
            whole = np.isfinite(low[:stop].sum()) and np.isfinite(high[:stop].sum())
        least, greatest = (np.minimum, np.maximum) if whole else (np.fmin, np.fmax)
        low_of[filled] = least.reduceat(low[:stop], starts)
        high_of[filled] = greatest.reduceat(high[:stop], starts)
    beside = np.full((2, 2, columns + 1), np.nan)
    crossed = (at > 0) & (at < len(x))
    after = at[crossed]
    beside[:, 0, crossed] = x[after - 1], y[after - 1]
    beside[:, 1, crossed] = x[after], y[after]
    return Columns(low_of, high_of, edges, beside[0], beside[1])


def _positive(values: np.ndarray) -> np.ndarray:
    return values if len(values) and values.min() > 0 else np.where(values > 0, values, np.nan)


def limits(columns: Columns) -> tuple[float, float]:
    """The extremes of what the columns show, its joining lines included; NaN, NaN where nothing is."""
    shown = np.concatenate([columns.low, columns.high, _between(columns)])
    return float(np.fmin.reduce(shown)), float(np.fmax.reduce(shown))


def _between(columns: Columns) -> np.ndarray:
    """Where the curve crosses each edge (D + 1,), in the values of its points; NaN where it does not."""
    (x0, x1), (y0, y1) = columns.beside_x, columns.beside_y
    with np.errstate(all="ignore"):
        return y0 + (y1 - y0) * ((columns.edges - x0) / (x1 - x0))


def spans(columns: Columns, axis: Axis, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """The first and last dot row (D,) int that the curve lights in each column, rows counted from the top; first
    is beyond last where it lights none. Stretches outside the axis are cut off."""

    def row(values: np.ndarray) -> np.ndarray:
        return (1 - np.clip(axis.share(values), -FAR, 1 + FAR)) * (rows - 1) + 0.5

    before, after = row(columns.beside_y)
    x0, x1 = columns.beside_x
    with np.errstate(all="ignore"):
        crossing = before + (after - before) * ((columns.edges - x0) / (x1 - x0))
    top, bottom = np.fmin(crossing[:-1], crossing[1:]), np.fmax(crossing[:-1], crossing[1:])
    # A dot is lit where the curve passes its center: lines stay one dot thin and neighbors still touch.
    first, last = np.ceil(top - 0.5), np.ceil(bottom - 0.5) - 1
    between = last < first
    first[between] = last[between] = np.floor((top[between] + bottom[between]) / 2)
    # A point beyond both crossings is an extreme of the curve, and its dot is lit whatever its center.
    peak, trough = row(columns.high), row(columns.low)
    first = np.fmin(first, np.where(~(peak >= top), np.floor(peak), np.nan))
    last = np.fmax(last, np.where(~(trough <= bottom), np.floor(trough), np.nan))
    first, last = np.fmin(first, last), np.fmax(first, last)
    empty = np.isnan(first) | np.isnan(last)
    first = np.where(empty, rows, np.maximum(first, 0)).astype(np.int64)
    return first, np.where(empty, -1, np.minimum(last, rows - 1)).astype(np.int64)


def dots(first: np.ndarray, last: np.ndarray, rows: int) -> np.ndarray:
    """The dots (rows, D) bool of spans (D,)."""
    row = np.arange(rows, dtype=np.int64)[:, None]
    return (row >= first) & (row <= last)


def column_edges(low: float, high: float, columns: int) -> np.ndarray:
    """Edges (columns + 1,) between dot columns where low and high stand at the centers of the first and last."""
    width = (high - low) / max(columns - 1, 1)
    return low + (np.arange(columns + 1) - 0.5) * width


def curve_dots(
    x: np.ndarray, y: np.ndarray, x_axis: Axis, y_axis: Axis, rows: int, columns: int
) -> np.ndarray:
    """The dots (rows, columns) bool of one curve through points (N,)."""
    edges = column_edges(x_axis.low, x_axis.high, columns)
    first, last = spans(cut(points(x, y), edges, positive=y_axis.log), y_axis, rows)
    return dots(first, last, rows)
