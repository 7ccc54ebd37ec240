"""Small networks as a graph: neurons in columns, lines colored by sign and strength of their weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.heat import heat_map
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.text import cell_width, pad, shorten

MAP_ROWS = (5, 4, 3, 2)  # heights a neuron's map may have; it is twice as wide
NARROWEST = 6  # columns of lines between two layers
FADES = 8
WEAKEST = 0.04  # of the strongest weight; what is weaker is not drawn
LONGEST_LABEL = 10


@dataclass(frozen=True)
class Layout:
    """Where neurons stand: for each layer the left column, for each of its neurons the top row; all of one size."""

    columns: list[int]
    rows: list[list[int]]
    neuron_rows: int
    neuron_columns: int


def network_graph(
    weights: Sequence[np.ndarray],
    height: int,
    width: int,
    style: ChartStyle,
    *,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
    titles: Sequence[str] = (),
    maps: Sequence[np.ndarray | None] | None = None,
) -> Canvas:
    """Draws a network of dense layers with weights [(I, O), …] as L + 1 columns of neurons.

    inputs, outputs: names beside the first and last column. titles: one over each column. maps: one array (n, h, w)
    a column or None, row 0 at the top; drawn in the neurons where there is room.
    Raises ValueError, saying what it needs, where the network has no room: a table then shows it better."""
    weights = [
        np.nan_to_num(np.atleast_2d(np.asarray(w, dtype=np.float64)), posinf=0.0, neginf=0.0) for w in weights
    ]
    sizes = [weights[0].shape[0], *(w.shape[1] for w in weights)] if weights else []
    if not sizes or any(a.shape[1] != b.shape[0] for a, b in pairwise(weights)):
        raise ValueError("a network graph needs the weights of dense layers that follow on one another")
    before = min(max(map(cell_width, inputs), default=0), LONGEST_LABEL)
    after = min(max(map(cell_width, outputs), default=0), LONGEST_LABEL)
    top = int(bool(titles))
    layout = lay_out(sizes, height - top, width, top, before, after, maps is not None and style.shaded)
    canvas = Canvas.blank(height, width)
    for index, matrix in enumerate(weights):
        _draw_lines(canvas, layout, index, matrix, style)
    for layer, size in enumerate(sizes):
        for neuron in range(size):
            row, column = layout.rows[layer][neuron], layout.columns[layer]
            _draw_neuron(canvas, layout, row, column, _item(maps, layer, neuron), style)
        if layer < len(titles):
            _draw_title(canvas, titles[layer], layout, layer, style)
    _draw_names(canvas, inputs, layout, 0, before, style)
    _draw_names(canvas, outputs, layout, len(sizes) - 1, after, style)
    return canvas


def lay_out(
    sizes: Sequence[int],
    height: int,
    width: int,
    top: int = 0,
    before: int = 0,
    after: int = 0,
    mapped: bool = False,
) -> Layout:
    """Spreads layers of so many neurons over height × width cells, under `top` rows, with `before` and `after`
    columns for names; maps as large as fit. Raises ValueError where not even single cells fit."""
    margin = (before + 1 if before else 0, after + 1 if after else 0)
    room, largest = width - sum(margin), max(sizes)
    choices = [(r, 2 * r, 1) for r in MAP_ROWS] + [(r, 2 * r, 0) for r in MAP_ROWS[:3]] if mapped else []
    for rows, columns, gap in [*choices, (1, 3, 0)]:
        lines = (room - columns * len(sizes)) // max(len(sizes) - 1, 1)
        if largest * (rows + gap) - gap <= height and lines >= NARROWEST:
            break
    else:
        need = 3 * len(sizes) + NARROWEST * (len(sizes) - 1) + sum(margin)
        raise ValueError(f"the network needs {need} × {largest + top} cells and has {width} × {height + top}")
    step = (room - columns) / max(len(sizes) - 1, 1)
    lefts = [margin[0] + round(step * i) for i in range(len(sizes))]
    tops = [[top + row for row in _spread(n, rows, height)] for n in sizes]
    return Layout(lefts, tops, rows, columns)


def _spread(count: int, rows: int, height: int) -> list[int]:
    """The top rows of `count` neurons, evenly spaced and centerd."""
    pitch = min(height // max(count, 1), 2 * rows + 1)
    start = (height - pitch * count + pitch - rows) // 2
    return [start + pitch * i for i in range(count)]


def _draw_lines(canvas: Canvas, layout: Layout, index: int, weights: np.ndarray, style: ChartStyle) -> None:
    """The lines of weights (I, O) from one column of neurons to the next; where lines share a cell, the strongest
    has it."""
    glyphs, palette = style.glyphs, style.palette
    left, right = layout.columns[index] + layout.neuron_columns, layout.columns[index + 1]
    columns = (right - left) * glyphs.dots_x
    strength = np.abs(weights) / (np.abs(weights).max(initial=0) or 1.0)
    order = np.argsort(strength, axis=None)
    order = order[strength.ravel()[order] >= WEAKEST]
    source, target = np.unravel_index(order, weights.shape)
    center = layout.neuron_rows * glyphs.dots_y / 2 - 0.5
    start, end = (np.array(layout.rows[i]) * glyphs.dots_y + center for i in (index, index + 1))
    along = np.arange(columns) / max(columns - 1, 1)
    eased = along * along * (3 - 2 * along)  # leaves and arrives level
    row = np.rint(start[source, None] + (end[target] - start[source])[:, None] * eased).astype(int)
    column = np.broadcast_to(np.arange(columns), row.shape)

    owner = np.full((canvas.height, right - left), -1)
    line = np.broadcast_to(np.arange(len(order))[:, None], row.shape)
    # A later assignment replaces an earlier one: strongest last.
    owner[row // glyphs.dots_y, column // glyphs.dots_x] = line
    own = owner[row // glyphs.dots_y, column // glyphs.dots_x] == line
    negative = weights[source, target] < 0
    if style.colorless:
        own &= ~negative[:, None] | (column % 4 < 2)
    lit = np.zeros((canvas.height * glyphs.dots_y, columns), dtype=bool)
    lit[row[own], column[own]] = True
    area = (slice(None), slice(left, right))
    drawn = glyphs.draw(lit)
    inked = drawn != " "
    canvas.chars[area][inked] = drawn[inked]
    level = np.clip((strength[source, target] * FADES).astype(int), 1, FADES - 1)
    tables = np.stack([palette.fades(palette.positive, FADES), palette.fades(palette.negative, FADES)])
    colors = tables[negative.astype(int), level]
    if len(order):
        canvas.fg[area][inked] = colors[owner[inked]]


def _item(groups: Sequence[np.ndarray | None] | None, layer: int, neuron: int) -> np.ndarray | None:
    group = groups[layer] if groups is not None and layer < len(groups) else None
    return None if group is None or neuron >= len(group) else group[neuron]


def _draw_neuron(
    canvas: Canvas,
    layout: Layout,
    row: int,
    column: int,
    shown: np.ndarray | None,
    style: ChartStyle,
) -> None:
    if shown is not None and layout.neuron_rows > 1:
        canvas.paste(
            heat_map(shown, layout.neuron_rows, layout.neuron_columns, style, signed=True), row, column
        )
        return
    middle = row + layout.neuron_rows // 2
    canvas.put(
        middle, column + layout.neuron_columns // 2, style.glyphs.neuron, style.palette.text, attributes=BOLD
    )


def _draw_title(canvas: Canvas, title: str, layout: Layout, layer: int, style: ChartStyle) -> None:
    room = layout.columns[1] - layout.columns[0] - 1 if len(layout.columns) > 1 else canvas.width
    text = shorten(title, room, style.glyphs.ellipsis)
    at = layout.columns[layer] + (layout.neuron_columns - cell_width(text)) // 2
    canvas.put(0, min(max(at, 0), canvas.width - cell_width(text)), text, style.palette.muted)


def _draw_names(
    canvas: Canvas, names: Sequence[str], layout: Layout, layer: int, room: int, style: ChartStyle
) -> None:
    first = layer == 0
    column = 0 if first else layout.columns[layer] + layout.neuron_columns + 1
    for name, row in zip(names, layout.rows[layer], strict=False):
        text = pad(name, room, "right" if first else "left", style.glyphs.ellipsis)
        canvas.put(row + layout.neuron_rows // 2, column, text, style.palette.text)
