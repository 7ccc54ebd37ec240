"""Points on axes: classes in two dimensions, a fitted curve, predicted against true."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tui_lab.charts.axes import Area, Axis, draw_x_axis, draw_y_axis, plot_area, step_axis, value_axis
from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.heat import draw_points
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.polyline import curve_dots
from tui_lab.charts.text import cell_width, shorten

CROWDED = 1 / 4  # points a cell beyond which each is a dot instead of a mark
MARGIN = 0.04  # of the range, between the outermost points and the frame

Extent = tuple[float, float, float, float]


def scatter(
    x: np.ndarray,
    y: np.ndarray,
    height: int,
    width: int,
    style: ChartStyle,
    *,
    classes: np.ndarray | None = None,
    held_out: np.ndarray | None = None,
    names: Sequence[str] = (),
    extent: Extent | None = None,
    title: str = "",
    x_name: str = "",
) -> Canvas:
    """Points (N,) with the mark and color of their class; where they crowd, dots in the color of the class that
    is most frequent in a cell. names: a legend of classes. extent: (x0, x1, y0, y1), by default the data's."""
    x, y, classes, held_out = _finite(x, y, classes, held_out)
    canvas, area = _canvas(height, width, title, bool(names))
    x_axis, y_axis = _axes(x, y, area, extent)
    _draw_axes(canvas, area, x_axis, y_axis, style, x_name)
    if len(x) <= CROWDED * area.height * area.width:
        plot = Canvas.blank(area.height, area.width)
        inner = (x_axis.low, x_axis.high, y_axis.low, y_axis.high)
        draw_points(plot, inner, style, x, y, classes, held_out)
        canvas.paste(plot, area.top, area.left)
    else:
        _draw_crowd(canvas, area, x_axis, y_axis, x, y, classes, style.palette.classes, style)
    _draw_header(canvas, area, title, names, style)
    return canvas


def fit(
    x: np.ndarray,
    y: np.ndarray,
    curve_x: np.ndarray,
    curve_y: np.ndarray,
    height: int,
    width: int,
    style: ChartStyle,
    *,
    held_out: np.ndarray | None = None,
    title: str = "",
    x_name: str = "",
    previous: Axis | None = None,
) -> Canvas:
    """A regression of one input: data (N,) as dots, in the colors of training and, where held out, of
    validation, and what the network answers (M,) as a curve over them. previous: a value axis to keep."""
    x, y, _, held_out = _finite(x, y, None, held_out)
    canvas, area = _canvas(height, width, title, False)
    x_axis, y_axis = _axes(x, y, area, None, previous)
    _draw_axes(canvas, area, x_axis, y_axis, style, x_name)
    palette, glyphs = style.palette, style.glyphs
    colors = (palette.train, palette.validation)
    _draw_crowd(canvas, area, x_axis, y_axis, x, y, held_out.astype(int), colors, style)
    rows, columns = area.height * glyphs.dots_y, area.width * glyphs.dots_x
    drawn = glyphs.draw(curve_dots(curve_x, curve_y, x_axis, y_axis, rows, columns))
    _overlay(canvas, area, drawn, palette.text)
    _draw_header(canvas, area, title, (), style)
    return canvas


def predicted_against_true(
    true: np.ndarray,
    predicted: np.ndarray,
    height: int,
    width: int,
    style: ChartStyle,
    *,
    held_out: np.ndarray | None = None,
    title: str = "",
) -> Canvas:
    """Predictions (N,) upwards over true values (N,) to the right, both on one scale, and the diagonal on which
    perfect predictions lie. Held-out points have the validation color and are drawn over the others."""
    true, predicted, _, held_out = _finite(true, predicted, None, held_out)
    canvas, area = _canvas(height, width, title, False)
    both = np.concatenate([true, predicted])
    ends = _padded(both)
    x_axis, y_axis = _axes(true, predicted, area, (*ends, *ends))
    _draw_axes(canvas, area, x_axis, y_axis, style, "true")
    rows, columns = area.height * style.glyphs.dots_y, area.width * style.glyphs.dots_x
    diagonal = np.array(ends)
    drawn = style.glyphs.draw(curve_dots(diagonal, diagonal, x_axis, y_axis, rows, columns))
    _overlay(canvas, area, drawn, style.palette.faint)
    colors = (style.palette.train, style.palette.validation)
    _draw_crowd(canvas, area, x_axis, y_axis, true, predicted, held_out.astype(int), colors, style)
    _draw_header(canvas, area, title, (), style)
    return canvas


def _finite(
    x: np.ndarray, y: np.ndarray, classes: np.ndarray | None, held_out: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The points whose two coordinates are finite, as float64, with class 0 and not held out by default."""
    x, y = np.asarray(x, dtype=np.float64).ravel(), np.asarray(y, dtype=np.float64).ravel()
    count = min(len(x), len(y))
    groups = np.zeros(count, int) if classes is None else np.asarray(classes).ravel()[:count].astype(int)
    out = np.zeros(count, bool) if held_out is None else np.asarray(held_out).ravel()[:count].astype(bool)
    kept = np.isfinite(x[:count]) & np.isfinite(y[:count])
    return x[:count][kept], y[:count][kept], groups[kept], out[kept]


def _canvas(height: int, width: int, title: str, legend: bool) -> tuple[Canvas, Area]:
    canvas = Canvas.blank(height, width)
    return canvas, plot_area(canvas.height, canvas.width, header=bool(title) or legend)


def _padded(values: np.ndarray) -> tuple[float, float]:
    if not len(values):
        return 0.0, 1.0
    low, high = np.clip([values.min(), values.max()], -1e300, 1e300)
    margin = (high - low) * MARGIN or max(abs(high) * 0.1, 1e-6)
    return float(low - margin), float(high + margin)


def _axes(
    x: np.ndarray, y: np.ndarray, area: Area, extent: Extent | None, previous: Axis | None = None
) -> tuple[Axis, Axis]:
    x0, x1, y0, y1 = extent or (*_padded(x), *_padded(y))
    x_axis = step_axis(x0, x1, area.width, whole=False)
    return x_axis, value_axis(y0, y1, area.height, previous=previous, exact=previous is None)


def _draw_axes(
    canvas: Canvas, area: Area, x_axis: Axis, y_axis: Axis, style: ChartStyle, x_name: str
) -> None:
    draw_y_axis(canvas, area, y_axis, style)
    draw_x_axis(canvas, area, x_axis, style, x_name)


def _draw_crowd(
    canvas: Canvas,
    area: Area,
    x_axis: Axis,
    y_axis: Axis,
    x: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray,
    colors: Sequence[int],
    style: ChartStyle,
) -> None:
    """Each point as a dot, each cell in the color of its most frequent group."""
    glyphs, cells = style.glyphs, area.height * area.width
    right, up = x_axis.share(x), y_axis.share(y)
    inside = (right >= 0) & (right <= 1) & (up >= 0) & (up <= 1)
    if not inside.any() or not cells:
        return
    rows, columns = area.height * glyphs.dots_y, area.width * glyphs.dots_x
    row = ((1 - up[inside]) * (rows - 1) + 0.5).astype(int)
    column = (right[inside] * (columns - 1) + 0.5).astype(int)
    lit = np.zeros((rows, columns), dtype=bool)
    lit[row, column] = True
    cell = row // glyphs.dots_y * area.width + column // glyphs.dots_x
    group = groups[inside] % len(colors)
    votes = np.bincount(cell * len(colors) + group, minlength=cells * len(colors))
    winner = votes.reshape(area.height, area.width, len(colors)).argmax(axis=2)
    _overlay(canvas, area, glyphs.draw(lit), np.array(colors, dtype=np.int32)[winner])


def _overlay(canvas: Canvas, area: Area, chars: np.ndarray, colors: np.ndarray | int) -> None:
    """Characters (H, W) of the area's size over what is there, where they are not blank."""
    plot = area.cells
    inked = chars != " "
    canvas.chars[plot][inked] = chars[inked]
    canvas.fg[plot][inked] = np.broadcast_to(colors, chars.shape)[inked]


def _draw_header(canvas: Canvas, area: Area, title: str, names: Sequence[str], style: ChartStyle) -> None:
    if not area.top:
        return
    canvas.put(0, 0, shorten(title, canvas.width, style.glyphs.ellipsis), style.palette.text, attributes=BOLD)
    draw_class_legend(canvas, 0, cell_width(title) + 2 if title else 0, names, style)


def draw_class_legend(canvas: Canvas, row: int, left: int, names: Sequence[str], style: ChartStyle) -> None:
    """Marks and names of classes at the right end of a row, not reaching left of a column; what has no room is
    left out and an ellipsis stands for it."""
    shown: list[str] = list(names)
    room = canvas.width - left
    while shown and sum(cell_width(n) + 4 for n in shown) - 2 + (3 if len(shown) < len(names) else 0) > room:
        shown.pop()
    cut = len(shown) < len(names)
    column = canvas.width - (sum(cell_width(n) + 4 for n in shown) - 2 + 3 * cut) if shown else canvas.width
    for index, name in enumerate(shown):
        canvas.put(row, column, style.glyphs.mark(index), style.palette.group(index), attributes=BOLD)
        canvas.put(row, column + 2, name, style.palette.text)
        column += cell_width(name) + 4
    if cut and shown:
        canvas.put(row, canvas.width - 1, style.glyphs.ellipsis, style.palette.muted)
