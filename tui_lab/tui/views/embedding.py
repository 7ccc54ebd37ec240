"""The vectors of tokens, users or items as points of a plane."""

from dataclasses import replace
from typing import ClassVar

import numpy as np

from engine.probes import Probe
from engine.probes.codes import Codes, EmbeddingProbe
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.scatter import draw_class_legend, scatter
from tui_lab.charts.text import cell_width, shorten
from tui_lab.numbers import percent
from tui_lab.tui.views.base import Choices, View


class EmbeddingView(View):
    title = "EMBEDDING"
    about = "The vectors of a table in the plane of largest variance (PCA): what the network treats alike lies close."
    kind: ClassVar[type[Probe]] = EmbeddingProbe
    rank = 130

    def paint(self, result: Codes, height: int, width: int, style: ChartStyle, choices: Choices) -> Canvas:
        """Points with their names, or in the colors of their classes."""
        palette, canvas = style.palette, Canvas.blank(height, width)
        note = result.title
        if result.share < 0.9995:
            note += f", {percent(result.share).strip()} of the variance"
        canvas.put(0, 0, shorten(note, width), fg=palette.muted)
        if result.names:
            canvas.paste(names_in_plane(result.points, result.names, height - 1, width, style), 1, 0)
            return canvas
        if result.labels and all(cell_width(label) == 1 for label in result.labels):
            marks = "".join(result.labels)  # a class is its own mark: digits, letters
            own = replace(style.glyphs, marks=marks, held_out=marks)
            style = replace(style, glyphs=own)
        elif result.labels:
            draw_class_legend(canvas, 0, cell_width(note) + 2, result.labels, style)
        x, y = result.points.T
        canvas.paste(scatter(x, y, height - 1, width, style, classes=result.classes), 1, 0)
        return canvas


def names_in_plane(
    points: np.ndarray, names: list[str], height: int, width: int, style: ChartStyle
) -> Canvas:
    """Names at their points; where two would stand on each other, the later one moves to the nearest free place."""
    canvas = Canvas.blank(height, width)
    if height < 1 or width < 4:
        return canvas
    low, high = points.min(axis=0), points.max(axis=0)
    shares = (points - low) / np.maximum(high - low, 1e-9)
    for (x, y), name in zip(shares.tolist(), names, strict=True):
        size = cell_width(name)
        row, column = round((1 - y) * (height - 1)), round(x * max(0, width - size))
        place = free_place(canvas, row, column, size)
        if place is not None:
            canvas.put(*place, name, fg=color_of(name, style))
    return canvas


def free_place(canvas: Canvas, row: int, column: int, size: int) -> tuple[int, int] | None:
    """The free place nearest to (row, column) for a name with a blank on either side; None where it is too full."""
    near = [(dy, dx) for dy in (0, 1, -1, 2, -2) for dx in (0, 1, -1, 2, -2, 3, -3, 4, -4)]
    for dy, dx in sorted(near, key=lambda d: 4 * d[0] ** 2 + d[1] ** 2):
        y, x = row + dy, column + dx
        if not 0 <= y < canvas.height or x < 0 or x + size > canvas.width:
            continue
        if (canvas.chars[y, max(0, x - 1) : x + size + 1] == " ").all():
            return y, x
    return None


def color_of(name: str, style: ChartStyle) -> int:
    """Letters of each case, digits and signs by colors of their own: the kinds a network finds first."""
    kinds = (str.islower, str.isupper, str.isdigit)
    group = next((i for i, kind in enumerate(kinds) if len(name) == 1 and kind(name)), len(kinds))
    return style.palette.group(group)
