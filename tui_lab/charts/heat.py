"""Heat maps, two pixels a cell, and decision boundaries: at most 32 colors, or shades of ink without color."""

from __future__ import annotations

import numpy as np

from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.colors import DEFAULT, channels, contrasting, joined
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.ticks import LARGEST

WHITE, BLACK = 0xFFFFFF, 0x000000


def heat_map(
    values: np.ndarray,
    height: int,
    width: int,
    style: ChartStyle,
    *,
    signed: bool = False,
    low: float | None = None,
    high: float | None = None,
    fine: bool = True,
) -> Canvas:
    """Draws values (h, w), row 0 at the top, over height × width cells.

    signed: colors from negative through neutral at 0 to positive. low, high: the values at the ends of the map,
    by default those of the data, and for signed alike on both sides. fine: two pixels a cell; otherwise one,
    which is half the work and a third of the bytes. What is not finite stays empty."""
    values = _table(values)
    low, high = value_range(values, signed, low, high)
    fine = fine and style.halves
    pixels = resample(values, height * (2 if fine else 1), width)
    shares = (np.clip(pixels, low, high) - low) / (high - low)
    colors = style.palette.diverging if signed else style.palette.sequential
    if style.shaded:
        return paint(colors[_level(shares, len(colors))], np.isfinite(shares), style, fine=fine)
    canvas = ink(shares, style)
    if signed:
        canvas.fg[:] = np.where(shares < 0.5, style.palette.negative, style.palette.positive)
    return canvas


def value_range(
    values: np.ndarray, signed: bool, low: float | None = None, high: float | None = None
) -> tuple[float, float]:
    """The ends low < high of a map over values: as given, else their extremes, for signed alike around 0."""
    finite = values[np.isfinite(values)]
    least, greatest = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if signed:
        greatest = max(abs(least), abs(greatest))
        least = -greatest
    low, high = least if low is None else low, greatest if high is None else high
    low, high = max(low, -LARGEST), min(high, LARGEST)
    if not low < high:
        low, high = low - 0.5, low + 0.5
    return (low, high) if low < high else (low - abs(low), low + abs(low))


def decision_map(
    field: np.ndarray,
    extent: tuple[float, float, float, float],
    height: int,
    width: int,
    style: ChartStyle,
    *,
    x: np.ndarray = (),  # type: ignore[assignment]
    y: np.ndarray = (),  # type: ignore[assignment]
    classes: np.ndarray | None = None,
    held_out: np.ndarray | None = None,
    low: float | None = None,
    high: float | None = None,
    fine: bool = True,
) -> Canvas:
    """What a network of two inputs answers over a plane, with its data on it.

    field: signed scores (h, w), class 1 where positive; row 0 is the lowest y.
    extent: (x0, x1, y0, y1) of the field. x, y, classes, held_out (N,): the points, their classes, and which
    were not trained on. Height and width are in cells."""
    upright = np.asarray(field, dtype=np.float64)[::-1]
    canvas = heat_map(upright, height, width, style, signed=True, low=low, high=high, fine=fine)
    draw_points(canvas, extent, style, x, y, classes, held_out)
    return canvas


def draw_points(
    canvas: Canvas,
    extent: tuple[float, float, float, float],
    style: ChartStyle,
    x: np.ndarray,
    y: np.ndarray,
    classes: np.ndarray | None = None,
    held_out: np.ndarray | None = None,
) -> None:
    """Sets a mark for each point (N,) on a canvas that shows the extent (x0, x1, y0, y1), y upwards: its shape by
    class and by whether it was held out, its color the class's, lightened or darkened to stand out."""
    x, y = np.asarray(x, dtype=np.float64).ravel(), np.asarray(y, dtype=np.float64).ravel()
    count = min(len(x), len(y))
    groups = np.zeros(count, int) if classes is None else np.asarray(classes).ravel()[:count].astype(int)
    out = np.zeros(count, bool) if held_out is None else np.asarray(held_out).ravel()[:count].astype(bool)
    x0, x1, y0, y1 = extent
    if not count or not (x0 < x1 and y0 < y1) or not canvas.chars.size:
        return
    with np.errstate(all="ignore"):
        right, up = (x[:count] - x0) / (x1 - x0), (y[:count] - y0) / (y1 - y0)
    inside = (right >= 0) & (right <= 1) & (up >= 0) & (up <= 1)
    column = np.minimum(right[inside] * canvas.width, canvas.width - 1).astype(int)
    row = np.minimum((1 - up[inside]) * canvas.height, canvas.height - 1).astype(int)
    group, out = groups[inside], out[inside]

    glyphs, palette = style.glyphs, style.palette
    dtype = canvas.chars.dtype
    marks = np.array([list(glyphs.marks), list(glyphs.held_out)], dtype=dtype)
    colors = np.array(palette.classes, dtype=np.int32)[group % len(palette.classes)]
    ground = _mean_ground(canvas)[row, column]
    on_map = contrasting(ground, _tint(colors, WHITE), _tint(colors, BLACK))
    canvas.chars[row, column] = marks[out.astype(int), group % marks.shape[1]]
    canvas.fg[row, column] = np.where(ground < 0, colors, on_map)
    canvas.bg[row, column] = ground
    canvas.attributes[row, column] = BOLD


def _mean_ground(canvas: Canvas) -> np.ndarray:
    """The color (H, W) behind a mark that replaces a cell: the mean of the two pixels there."""
    halves = np.where(canvas.chars == " ", canvas.bg, canvas.fg)
    mean = joined((channels(halves) + channels(canvas.bg)) / 2)
    return np.where((halves < 0) | (canvas.bg < 0), DEFAULT, mean)


def _tint(colors: np.ndarray, towards: int) -> np.ndarray:
    return joined(channels(colors) * 0.35 + channels(np.array(towards)) * 0.65)


def paint(colors: np.ndarray, known: np.ndarray, style: ChartStyle, *, fine: bool) -> Canvas:
    """A canvas (H, W) of pixel colors: if fine, of (2H, W) as half blocks, else of (H, W) as grounds. Pixels that
    are not known (same shape, bool) stay empty."""
    colors = np.where(known, colors, DEFAULT).astype(np.int32)
    rows, columns = colors.shape
    if not fine:
        canvas = Canvas.blank(rows, columns)
        canvas.bg[:] = colors
        return canvas
    canvas = Canvas.blank(rows // 2, columns)
    top, bottom = colors[::2], colors[1::2]
    canvas.bg[:] = bottom
    differ = top != bottom
    canvas.chars[differ] = style.glyphs.upper_half
    canvas.fg[differ] = top[differ]
    hanging = differ & (top < 0)  # nothing above: the ground of the terminal shows there
    canvas.chars[hanging] = style.glyphs.lower_half
    canvas.fg[hanging], canvas.bg[hanging] = bottom[hanging], DEFAULT
    return canvas


def ink(shares: np.ndarray, style: ChartStyle) -> Canvas:
    """A canvas of characters whose ink grows with shares (H, W) from 0 to 1; not finite stays blank."""
    canvas = Canvas.blank(*shares.shape)
    known = np.isfinite(shares)
    canvas.chars[known] = style.glyphs.shades(shares[known])
    return canvas


def _level(shares: np.ndarray, count: int) -> np.ndarray:
    return np.minimum((np.clip(np.nan_to_num(shares), 0, 1) * count).astype(int), count - 1)


def _table(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    return values if values.ndim == 2 else np.atleast_2d(values.squeeze() if values.ndim > 2 else values)


def resample(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Values (h, w, …) brought to (rows, columns, …): means of what falls together, leaving out what is not
    finite, and repeats where there is room; NaN where nothing is."""
    values = np.asarray(values, dtype=np.float64)
    shape = (max(rows, 0), max(columns, 0), *values.shape[2:])
    if 0 in values.shape or 0 in shape:
        return np.full(shape, np.nan)
    known = np.isfinite(values)
    values = np.clip(values, -LARGEST, LARGEST)
    if known.all():
        return _fit(_fit(values, shape[0], 0), shape[1], 1)
    parts = (np.where(known, values, 0.0), known.astype(np.float64))
    total, weight = (_fit(_fit(part, shape[0], 0), shape[1], 1) for part in parts)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weight > 0, total / weight, np.nan)


def _fit(values: np.ndarray, size: int, axis: int) -> np.ndarray:
    """Means along an axis that has more than `size` items, repeats along one that has fewer."""
    have = values.shape[axis]
    if have == size:
        return values
    if have < size:
        return np.take(values, np.arange(size) * have // size, axis=axis)
    starts = np.arange(size) * have // size
    counts = np.diff([*starts.tolist(), have])
    shape = [-1 if a == axis else 1 for a in range(values.ndim)]
    return np.add.reduceat(values / counts.max(), starts, axis=axis) * (counts.max() / counts).reshape(shape)
