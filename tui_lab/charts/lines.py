"""Line charts of many series over steps: no spike lost, an axis that holds still, told apart without color."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tui_lab.charts.axes import Area, Axis, draw_x_axis, draw_y_axis, plot_area, step_axis, value_axis
from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.colors import DEFAULT
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.polyline import Columns, column_edges, cut, dots, limits, points, spans
from tui_lab.charts.text import cell_width, shorten
from tui_lab.numbers import count, number

# Which dot columns of a cycle a series lights where color cannot tell it apart.
DASHES = ("1", "111100", "10", "11110010", "110", "1000")
# A curve over a cell fuller than 1/DENSE takes it for itself, the fill showing as its ground, and a band that
# fills its cells is all ground: where one series is noisy, the others stay lines.
DENSE = 1.7
INK = np.array([mask.bit_count() for mask in range(256)])
STEEP = 2  # dots a span must be tall to be drawn whole, dashed or not: dashes must not swallow spikes


@dataclass(frozen=True, eq=False)
class Series:
    """A curve: steps x (N,) and values y (N,), any real type; not finite is a gap. Where a point stands for many,
    low and high (N,) are their extremes. `legend` False keeps it out of the legend, as for the raw values
    behind a smoothed curve."""

    name: str
    x: np.ndarray
    y: np.ndarray
    color: int
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    legend: bool = True


@dataclass(frozen=True)
class Event:
    """Something that happened at a step: a thin line with a label at the axis."""

    x: float
    label: str
    color: int


@dataclass(frozen=True, eq=False)
class LineChart:
    """A drawn chart, and what is needed to draw the next alike (the axes) or to answer a mouse (the area)."""

    canvas: Canvas
    x_axis: Axis
    y_axis: Axis
    area: Area

    def step_at(self, column: int) -> float:
        """The step at a canvas column, for a cursor set by mouse."""
        return self.x_axis.value(self.area.share(column))


def line_chart(
    series: Sequence[Series],
    height: int,
    width: int,
    style: ChartStyle,
    *,
    title: str = "",
    window: tuple[float, float] | None = None,
    log: bool = False,
    limits_y: tuple[float, float] | None = None,
    previous: Axis | None = None,
    events: Sequence[Event] = (),
    cursor: float | None = None,
    x_name: str = "step",
    legend: bool = True,
    waiting: str = "no values yet",
) -> LineChart:
    """Draws series in height × width cells, later ones over earlier ones; at any size, and complete from 20 × 7.

    window: the steps (first, last) to show, by default all. log: a logarithmic value axis; what is not positive
    leaves a gap. limits_y: the values to show, by default all in the window. previous: the value axis of the
    last drawing, kept while it serves. cursor: a step whose values the legend then shows.
    Guarantee: a peak or trough of a series within the axes lights its own dot, however many points share its
    column; only in a cell that it mostly fills may a later series' line stand instead, on its color as ground."""
    canvas = Canvas.blank(height, width)
    glyphs = style.glyphs
    area = plot_area(canvas.height, canvas.width, header=bool(title) or legend)
    ready = [points(s.x, s.y, s.low, s.high) for s in series]
    if window is None:
        ends = [x for p in ready if len(p.x) for x in (p.x[0], p.x[-1])]
        window = (min(ends), max(ends)) if ends else (0.0, 1.0)
    x_axis = step_axis(*window, area.width)
    edges = column_edges(x_axis.low, x_axis.high, area.width * glyphs.dots_x)
    columns = [cut(p, edges, positive=log) for p in ready]
    y_axis = _value_axis(columns, area.height, log, limits_y, previous)

    draw_y_axis(canvas, area, y_axis, style)
    draw_x_axis(canvas, area, x_axis, style, x_name)
    seen = _draw_curves(canvas, area, columns, y_axis, [s.color for s in series], style)
    _draw_events(canvas, area, x_axis, events, style)
    if cursor is not None:
        _draw_cursor(canvas, area, x_axis, cursor, style)
    if area.top:
        readings = [_reading(p.x, p.y, cursor) for p in ready]
        at = None if cursor is None else f"at {count(cursor)}"
        _draw_header(canvas, title, at, list(zip(series, readings, strict=True)) if legend else [], style)
    if not seen and area.height and area.width > len(waiting):
        middle = area.left + (area.width - cell_width(waiting)) // 2
        canvas.put(area.top + area.height // 2, middle, waiting, style.palette.muted)
    return LineChart(canvas, x_axis, y_axis, area)


def _value_axis(
    columns: Sequence[Columns],
    room: int,
    log: bool,
    limits_y: tuple[float, float] | None,
    previous: Axis | None,
) -> Axis:
    if limits_y is not None:
        return value_axis(*limits_y, room, log=log, exact=True)
    ends = np.array([limits(part) for part in columns]).reshape(-1, 2)
    low = float(np.fmin.reduce(ends[:, 0], initial=np.nan))
    high = float(np.fmax.reduce(ends[:, 1], initial=np.nan))
    return value_axis(low, high, room, log=log, previous=previous)


def _draw_curves(
    canvas: Canvas,
    area: Area,
    columns: Sequence[Columns],
    axis: Axis,
    colors: Sequence[int],
    style: ChartStyle,
) -> bool:
    """Draws the curves into the area; whether any of them is to be seen."""
    glyphs, rows = style.glyphs, area.height * style.glyphs.dots_y
    dots_a_cell = glyphs.dots_x * glyphs.dots_y
    masks = np.zeros((area.height, area.width), dtype=np.uint8)
    owner = np.full(masks.shape, -1)
    filled = np.zeros(masks.shape, dtype=bool)
    grounds = np.full(masks.shape, DEFAULT, dtype=np.int32)
    for index, part in enumerate(columns):
        first, last = spans(part, axis, rows)
        if style.colorless and not glyphs.lines:
            gap = ~dash(index, len(first)) & (last - first < STEEP)
            last[gap], first[gap] = -1, rows
        mine = glyphs.masks(dots(first, last, rows))
        drawn, faded = mine > 0, style.palette.faded(colors[index])
        band = _band(INK[mine] == dots_a_cell) & (dots_a_cell == 8)
        over = drawn & (INK[masks] * DENSE > dots_a_cell)
        grounds[over & ~filled] = _faded(colors, owner, style)[over & ~filled]
        grounds[band] = faded
        masks = np.where(over, mine, masks | mine)
        filled = np.where(drawn, band, filled)
        owner[drawn] = index
    _paint_curves(canvas, area, masks, owner, colors, style)
    if style.shaded:
        plot = area.cells
        canvas.chars[plot][filled] = " "
        canvas.bg[plot] = np.where(grounds < 0, canvas.bg[plot], grounds)
    return bool((masks > 0).any())


def _band(full: np.ndarray) -> np.ndarray:
    """Of the cells (H, W) that a curve fills whole, those beside another: a band, not a steep line."""
    beside = np.zeros_like(full)
    beside[:, 1:] |= full[:, :-1]
    beside[:, :-1] |= full[:, 1:]
    return full & beside


def _faded(colors: Sequence[int], owner: np.ndarray, style: ChartStyle) -> np.ndarray:
    return np.array([*(style.palette.faded(c) for c in colors), DEFAULT], dtype=np.int32)[owner]


def _paint_curves(
    canvas: Canvas, area: Area, masks: np.ndarray, owner: np.ndarray, colors: Sequence[int], style: ChartStyle
) -> None:
    """Characters for masks (H, W), in the colors of the series (H, W) that own the cells; −1 is none."""
    lit, plot = masks > 0, area.cells
    if style.colorless and style.glyphs.lines:
        marks = np.array(list(style.glyphs.lines), dtype=canvas.chars.dtype)
        canvas.chars[plot][lit] = marks[owner[lit] % len(marks)]
    else:
        canvas.chars[plot] = style.glyphs.table[masks]
    canvas.fg[plot][lit] = np.array([*colors, DEFAULT], dtype=np.int32)[owner[lit]]


def dash(index: int, columns: int) -> np.ndarray:
    """Which of the dot columns (columns,) bool the series of an index lights where colors are missing."""
    pattern = np.array(list(DASHES[index % len(DASHES)])) == "1"
    return np.resize(pattern, columns)


def _draw_events(canvas: Canvas, area: Area, axis: Axis, events: Sequence[Event], style: ChartStyle) -> None:
    """Dashed lines behind the curves; labels on the axis's rule, the newest first while there is room."""
    base = area.top + area.height
    labelled = base < canvas.height and area.width >= 24
    taken = np.zeros(canvas.width + 1, dtype=bool)
    for event in sorted(events, key=lambda e: e.x, reverse=True):
        share = float(axis.share(np.array(event.x)))
        if not 0 <= share <= 1 or not area.width:
            continue
        column = area.column(share)
        _draw_vertical(canvas, area, column, style.glyphs.dashed, event.color)
        if not labelled:
            continue
        canvas.put(base, column, style.glyphs.dashed, event.color)
        label = shorten(event.label, max(area.width // 3, 8), style.glyphs.ellipsis)
        width = cell_width(label)
        for at in (column + 1, column - width):
            inside = area.left <= at and at + width <= area.left + area.width
            if inside and not taken[at - 1 : at + width + 1].any():
                canvas.put(base, at, label, event.color)
                taken[at : at + width] = True
                break
        taken[column] = True


def _draw_cursor(canvas: Canvas, area: Area, axis: Axis, cursor: float, style: ChartStyle) -> None:
    share = float(axis.share(np.array(cursor)))
    if 0 <= share <= 1 and area.width:
        _draw_vertical(canvas, area, area.column(share), style.glyphs.vertical, style.palette.cursor)


def _draw_vertical(canvas: Canvas, area: Area, column: int, glyph: str, color: int) -> None:
    rows = slice(area.top, area.top + area.height)
    free = canvas.chars[rows, column] == " "
    canvas.chars[rows, column][free] = glyph
    canvas.fg[rows, column][free] = color


def _reading(x: np.ndarray, y: np.ndarray, cursor: float | None) -> float:
    """The last finite value at or before the cursor, or of all."""
    stop = len(x) if cursor is None else int(np.searchsorted(x, cursor, side="right"))
    recent = y[max(stop - 1000, 0) : stop]
    found = np.flatnonzero(np.isfinite(recent))
    return float(recent[found[-1]]) if len(found) else float("nan")


def _draw_header(
    canvas: Canvas, title: str, at: str | None, entries: Sequence[tuple[Series, float]], style: ChartStyle
) -> None:
    """The title at the left, the legend with values at the right; names, then samples give way to room."""
    free = canvas.width - (cell_width(title) + 2 if title else 0)
    shown = [(index, s, value) for index, (s, value) in enumerate(entries) if s.legend]
    forms = [
        [(sample(index, style), f" {s.name} {number(value)}") for index, s, value in shown],
        [(sample(index, style)[:1], f" {s.name} {number(value)}") for index, s, value in shown],
        [(sample(index, style)[:1], f" {s.name}") for index, s, _ in shown],
        [("", s.name) for _, s, _ in shown],
        [],
    ]
    widths = [sum(cell_width(a + b) + 2 for a, b in form) - 2 for form in forms]
    if at is not None:
        widths = [w + len(at) + 2 for w in widths]
    form, used = next(((f, w) for f, w in zip(forms, widths, strict=True) if w <= free), ([], 0))
    canvas.put(0, 0, shorten(title, canvas.width, style.glyphs.ellipsis), style.palette.text, attributes=BOLD)
    column = canvas.width - used
    if at is not None and used:
        canvas.put(0, column, at, style.palette.cursor)
        column += len(at) + 2
    for (mark, text), (_, s, _) in zip(form, shown, strict=False):
        canvas.put(0, column, mark, s.color)
        canvas.put(0, column + cell_width(mark), text, style.palette.text if mark else s.color)
        column += cell_width(mark + text) + 2


def sample(index: int, style: ChartStyle) -> str:
    """A short piece of a series' line for a legend, three cells wide at most."""
    glyphs = style.glyphs
    if style.colorless and glyphs.lines:
        return glyphs.lines[index % len(glyphs.lines)]
    if not style.colorless:
        return glyphs.horizontal * 2
    lit = np.zeros((glyphs.dots_y, 3 * glyphs.dots_x), dtype=bool)
    lit[glyphs.dots_y // 2] = dash(index, lit.shape[1])
    return "".join(glyphs.draw(lit)[0].tolist())
