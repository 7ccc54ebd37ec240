"""Axes: where a value stands, how an axis stays put while data grows, and how it is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tui_lab.charts.canvas import Canvas
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.text import cell_width
from tui_lab.charts.ticks import LARGEST, NARROWEST, decade_limits, decade_ticks, linear_limits, linear_ticks
from tui_lab.numbers import scientific, si, tick_labels

LABEL_WIDTH = 6
ROWS_PER_TICK = 2.5
KEEP_SHARE = 0.4  # an axis stays while its data fill this much of it


@dataclass(frozen=True)
class Axis:
    """A range low < high with labelled ticks in it; on a log axis low > 0."""

    low: float
    high: float
    ticks: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    log: bool = False
    room: int = 0

    def share(self, values: np.ndarray) -> np.ndarray:
        """How far along the axis values (…) stand, 0 at low and 1 at high; NaN where a log axis has no place."""
        values = np.asarray(values, dtype=np.float64)
        if not self.log:
            with np.errstate(over="ignore", invalid="ignore"):
                return (values - self.low) / (self.high - self.low)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log10(np.where(values > 0, values, np.nan))
        return (logs - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low))

    def value(self, share: float) -> float:
        """The value that stands at a share of the axis."""
        if not self.log:
            return self.low * (1 - share) + self.high * share
        return 10.0 ** (math.log10(self.low) * (1 - share) + math.log10(self.high) * share)


def value_axis(
    low: float,
    high: float,
    room: int,
    *,
    log: bool = False,
    previous: Axis | None = None,
    exact: bool = False,
) -> Axis:
    """An axis around data from low to high, for `room` rows. The previous axis is kept while the data stay within
    it and fill enough of it. Data that are missing (not finite, or not positive for a log axis) give an axis of
    their own; `exact` takes the limits as they are."""
    if not (math.isfinite(low) and math.isfinite(high)) or (log and high <= 0):
        low, high = (0.1, 1.0) if log else (0.0, 1.0)
    if log and low <= 0:
        low = high * 1e-3
    low, high = min(low, high), max(low, high)
    if previous is not None and not exact and previous.log == log and previous.room == room:
        a, b = np.clip(previous.share(np.array([low, high])), -1, 2)
        if a >= -1e-9 and b <= 1 + 1e-9 and b - a >= KEEP_SHARE:
            return previous
    most = max(int(room / ROWS_PER_TICK), 2)
    if log:
        ends = (low, high) if exact and low < high else decade_limits(low, high)
        ticks = decade_ticks(*ends, most)
        return Axis(*ends, ticks, decade_labels(ticks), log, room)
    for narrowest in (NARROWEST, 10 * NARROWEST):  # wider, where so narrow labels would be the same
        ends = (low, high) if exact and low < high else linear_limits(low, high, narrowest)
        ticks = linear_ticks(*ends, most)
        labels = tick_labels(ticks, LABEL_WIDTH)
        if len(set(labels)) == len(labels):
            break
    return Axis(*ends, ticks, labels, log, room)


def decade_labels(ticks: tuple[float, ...]) -> tuple[str, ...]:
    """Plain labels while all are between 0.001 and 1000, else 1e-4."""
    if all(t * 1.001 >= 1e-3 and t <= 1001 for t in ticks):
        return tuple(f"{t:.3g}" for t in ticks)
    return tuple(scientific(t, 0) for t in ticks)


def step_axis(low: float, high: float, columns: int, *, whole: bool = True) -> Axis:
    """A horizontal axis from low to high exactly for `columns` cells: of steps, which are whole and have SI labels,
    or of values."""
    low, high = (min(max(v, -LARGEST), LARGEST) if math.isfinite(v) else 0.0 for v in (low, high))
    if not high - low > max(abs(low), abs(high)) * 1e-12 + 1e-200:
        high = low + max(1.0, abs(low) * 1e-6)
    ticks = linear_ticks(low, high, max(columns // 8, 1)) if columns > 0 else ()
    if not whole:
        return Axis(low, high, ticks, tick_labels(ticks), room=columns)
    if high - low >= 1:
        ticks = tuple(t for t in ticks if t == round(t))
    labels = tuple(si(t) for t in ticks)
    if len(set(labels)) < len(labels):
        labels = tuple(f"{t:,.0f}" for t in ticks) if abs(high) < 1e9 else tick_labels(ticks, 9)
    return Axis(low, high, ticks, labels, room=columns)


def growing_window(
    start: float, last: float, previous: tuple[float, float] | None = None
) -> tuple[float, float]:
    """A window on everything since start that leaves room at its right, so that it widens rarely, by whole parts,
    and the curve in it stays where it is meanwhile."""
    if previous is not None and previous[0] == start and start < last <= previous[1]:
        return previous
    span = max(last - start, 1.0)
    step = 10.0 ** math.floor(math.log10(span)) / 10
    step *= next(factor for factor in (1, 2, 5, 10) if span <= 20 * factor * step)
    return start, start + math.ceil(span * 1.0001 / step) * step


@dataclass(frozen=True)
class Area:
    """The rectangle of cells that a plot takes inside its axes."""

    top: int
    left: int
    height: int
    width: int

    @property
    def cells(self) -> tuple[slice, slice]:
        """The rows and columns of the canvas that it takes."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    def row(self, share: float) -> int:
        """The canvas row at a share of the height, 0 at the bottom."""
        return self.top + _cell(1 - share, self.height, 4)

    def column(self, share: float) -> int:
        """The canvas column at a share of the width, 0 at the left."""
        return self.left + _cell(share, self.width, 2)

    def share(self, column: float) -> float:
        """The share of the width at a canvas column."""
        return min(max((column - self.left + 0.5) / max(self.width, 1), 0.0), 1.0)


def _cell(share: float, size: int, dots: int) -> int:
    # A share stands at the center of a dot: the ends of an axis at the centers of its first and last dots.
    at = (min(max(share, 0.0), 1.0) * (size * dots - 1) + 0.5) / dots
    return min(max(int(at), 0), max(size - 1, 0))


def plot_area(height: int, width: int, *, header: bool, x_axis: bool = True, y_axis: bool = True) -> Area:
    """The room for a plot in height × width cells once header and axes have theirs; what there is no room for is
    left out: first the header, then the x axis, then the y labels."""
    top = int(header and height >= 4)
    bottom = 2 if x_axis and height - top >= 5 else 0
    left = LABEL_WIDTH + 2 if y_axis and width >= 20 else 0
    return Area(top, left, max(height - top - bottom, 0), max(width - left - (1 if left else 0), 0))


def draw_y_axis(canvas: Canvas, area: Area, axis: Axis, style: ChartStyle) -> None:
    """The vertical rule at the left of the area, its ticks and right-aligned labels."""
    if area.left < 2:
        return
    color, column = style.palette.muted, area.left - 1
    rows = slice(area.top, area.top + area.height)
    canvas.chars[rows, column], canvas.fg[rows, column] = style.glyphs.vertical, style.palette.faint
    taken: set[int] = set()
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        row = area.row(float(axis.share(np.array(tick))))
        if row not in taken:
            taken.add(row)
            canvas.put(row, 0, label.replace("-", style.glyphs.minus).rjust(area.left - 1), color)
            canvas.put(row, column, style.glyphs.tick_left, style.palette.faint)


def draw_x_axis(canvas: Canvas, area: Area, axis: Axis, style: ChartStyle, name: str = "") -> None:
    """The rule under the area, its ticks and the labels under them, and the axis's name at the right end."""
    row = area.top + area.height
    if row + 1 >= canvas.height or not area.width:
        return
    faint, muted, glyphs = style.palette.faint, style.palette.muted, style.glyphs
    canvas.put(row, area.left, glyphs.horizontal * area.width, faint)
    if area.left:
        canvas.put(row, area.left - 1, glyphs.corner, faint)
    end = area.left + area.width
    name = name if area.width >= 36 else ""
    name_at = end - cell_width(name)
    free = max(area.left - 1, 0)
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        column = area.column(float(axis.share(np.array(tick))))
        label = label.replace("-", glyphs.minus)
        at = min(max(column - len(label) // 2, free), end - len(label))
        if at < free or (name and at + len(label) >= name_at):
            continue
        canvas.put(row, column, glyphs.tick_down, faint)
        canvas.put(row + 1, at, label, muted)
        free = at + len(label) + 2
    if name and name_at >= free:
        canvas.put(row + 1, name_at, name, muted)
