"""Bars and histograms, by eighths of a cell where the glyphs allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tui_lab.charts.axes import Area, draw_x_axis, step_axis
from tui_lab.charts.canvas import BOLD, CELL, REVERSE, Canvas
from tui_lab.charts.glyphs import Glyphs
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.text import cell_width, pad
from tui_lab.charts.ticks import LARGEST
from tui_lab.numbers import number


def bars(
    labels: Sequence[str],
    values: Sequence[float],
    height: int,
    width: int,
    style: ChartStyle,
    *,
    colors: Sequence[int] | None = None,
    largest: float | None = None,
    form: Callable[[float], str] = number,
) -> Canvas:
    """One horizontal bar a row: label, bar, number. Negative values grow to the left of a common line. largest: the
    value of a full bar, by default the greatest size among values. Rows without room are left out, the last
    row then saying how many."""
    canvas = Canvas.blank(height, width)
    sizes = np.nan_to_num(np.asarray(values, dtype=np.float64).ravel(), nan=0.0, posinf=0.0, neginf=0.0)
    count = min(len(labels), len(sizes))
    shown = count if count <= height else max(height - 1, 0)
    texts = [form(float(v)) for v in list(values)[:shown]]
    name_room = min(max((cell_width(t) for t in labels[:shown]), default=0), max(width // 3, 1))
    text_room = max(map(cell_width, texts), default=0)
    room = max(width - name_room - text_room - 2, 0)
    full = largest or float(np.abs(sizes[:count]).max(initial=0)) or 1.0
    below = bool((sizes[:count] < 0).any())
    for row in range(shown):
        color = style.palette.train if colors is None else colors[row % len(colors)]
        canvas.put(row, 0, pad(labels[row], name_room, "left", style.glyphs.ellipsis), style.palette.muted)
        share = float(np.clip(sizes[row] / full, -1, 1))
        _draw_bar(canvas, row, name_room + 1, room, share, below, color, style)
        canvas.put(row, width - text_room, pad(texts[row], text_room, "right"), style.palette.text)
    if shown < count and height > 0:
        canvas.put(height - 1, 0, f"{style.glyphs.ellipsis} {count - shown} more", style.palette.muted)
    return canvas


def _draw_bar(
    canvas: Canvas, row: int, left: int, room: int, share: float, below: bool, color: int, style: ChartStyle
) -> None:
    """A bar of a share −1 to 1 of its room; with `below` from the middle of it."""
    glyphs = style.glyphs
    steps = len(glyphs.growing) - 1
    if not below:
        canvas.put(row, left, fill(share * room, glyphs.growing), color)
        return
    half = (room - 1) // 2
    if half < 1:
        return
    canvas.put(row, left + half, glyphs.vertical, style.palette.faint)
    if share >= 0:
        canvas.put(row, left + half + 1, fill(share * half, glyphs.growing), color)
        return
    whole, part = divmod(round(-share * half * steps), steps)
    canvas.put(row, left + half - whole, glyphs.growing[-1] * whole, color)
    if part and glyphs.growing[-1] == "█":
        # No font has blocks that fill from the right: what is left of the cell is drawn, and reversed.
        canvas.put(row, left + half - whole - 1, glyphs.growing[steps - part], color, attributes=REVERSE)


def fill(length: float, glyphs: str) -> str:
    """A bar of a length ≥ 0 in cells; what is not nothing shows at least the thinnest step."""
    steps = len(glyphs) - 1
    count = max(round(length * steps), int(length > 0))
    return glyphs[-1] * (count // steps) + (glyphs[count % steps] if count % steps else "")


def histogram(
    counts: np.ndarray,
    edges: np.ndarray,
    height: int,
    width: int,
    style: ChartStyle,
    *,
    color: int | None = None,
    title: str = "",
) -> Canvas:
    """Draws counts (B,) between edges (B + 1,) as columns over an axis of values. Bins that share a column are
    averaged, none of them vanishes: what is not zero shows. title: in the first
    row. Below 4 rows or 12 columns, the columns alone."""
    canvas = Canvas.blank(height, width)
    header, axis = bool(title) and height >= 4, height >= 5 and width >= 12
    area = Area(int(header), 0, max(canvas.height - header - 2 * axis, 0), canvas.width)
    if header:
        canvas.put(0, 0, title, style.palette.text, attributes=BOLD)
    counts, edges = np.asarray(counts, dtype=np.float64).ravel(), np.asarray(edges, dtype=np.float64).ravel()
    counts = np.where(np.isfinite(counts), np.clip(counts, 0, LARGEST), 0)
    if len(counts) and area.width and area.height:
        heights = _spread(counts, area.width)
        columns = rising_columns(heights / (heights.max() or 1.0), area.height, style.glyphs)
        canvas.chars[area.cells] = columns
        canvas.fg[area.cells] = style.palette.train if color is None else color
    if axis:
        ends = (
            (float(edges[0]), float(edges[-1])) if len(edges) > 1 and np.isfinite(edges).all() else (0.0, 1.0)
        )
        draw_x_axis(canvas, area, step_axis(*ends, area.width, whole=False), style)
    return canvas


def _spread(counts: np.ndarray, width: int) -> np.ndarray:
    """The mean count (width,) of the bins under each column."""
    bins = len(counts)
    if bins <= width:
        return counts[np.arange(width) * bins // width]
    starts = np.arange(width) * bins // width
    return np.add.reduceat(counts, starts) / np.diff([*starts.tolist(), bins])


def rising_columns(shares: np.ndarray, height: int, glyphs: Glyphs) -> np.ndarray:
    """Characters (height, W) of columns that rise to shares (W,) from 0 to 1 of the height."""
    steps = len(glyphs.rising) - 1
    shares = np.nan_to_num(np.clip(shares, 0, 1))
    filled = np.maximum(np.rint(shares * height * steps), shares > 0).astype(int)
    floor = np.arange(height - 1, -1, -1)[:, None] * steps
    return np.array(list(glyphs.rising), dtype=CELL)[np.clip(filled - floor, 0, steps)]
