"""The data before it is learned from: points, images, signals, series, lines of text, tables."""

import numpy as np

from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.gallery import gallery
from tui_lab.charts.heat import draw_points
from tui_lab.charts.images import Caption
from tui_lab.charts.lines import Series, line_chart
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.text import cell_width, shorten, wrapped
from tui_lab.numbers import number
from tui_lab.session.base import Snapshot
from tui_lab.tui.widgets.cells import CanvasWidget


class Samples(CanvasWidget):
    """Some of the training rows, drawn where they can be."""

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, style = Canvas.blank(height, width), self.snapshot, self.chart_style
        if s is None:
            return canvas
        canvas.put(0, 1, "SAMPLES", fg=style.palette.muted, attributes=BOLD)
        body = data_picture(s, height - 1, width - 2, style)
        if body is not None:
            canvas.paste(body, 1, 1)
        return canvas


class Preview(CanvasWidget):
    """The data of a preset, before anything is trained."""

    def paint(self, height: int, width: int) -> Canvas:
        if self.snapshot is None:
            return Canvas.blank(height, width)
        return data_picture(self.snapshot, height, width, self.chart_style) or Canvas.blank(height, width)


DRAWN = ("text", "lines", "pairs", "points", "samples", "series", "table")


def drawn(s: Snapshot) -> bool:
    """Whether the data can be drawn."""
    return any(kind in s.data for kind in DRAWN)


def data_picture(s: Snapshot, height: int, width: int, style: ChartStyle) -> Canvas | None:
    """The rows of training as what they are; None before the data are there."""
    data = s.data
    if "text" in data:
        return lines_of_text(data["text"].split("\n"), height, width, style)
    if "lines" in data:
        return columns_of_text(data["lines"], height, width, style)
    if "pairs" in data:
        return pairs(data["pairs"], height, width, style)
    if "points" in data:
        return points(data, height, width, style)
    if "samples" in data:
        captions = [Caption(name) for name in data["sample_names"]]
        return gallery(data["samples"], captions, height, width, style)
    if "series" in data:
        name, values = data["series"]
        steps = np.arange(1, len(values) + 1)
        series = Series(name, steps, values, style.palette.train)
        return line_chart([series], height, width, style, title=name, x_name="row", legend=False).canvas
    if "table" in data:
        names, rows = data["table"]
        return table(names, rows, height, width, style)
    return None


def lines_of_text(lines: list[str], height: int, width: int, style: ChartStyle) -> Canvas:
    """Running text, its own line ends kept but not its blank lines."""
    canvas = Canvas.blank(height, width)
    shown = [piece for line in lines if line.strip() for piece in wrapped(line, width)]
    for y, line in enumerate(shown[:height]):
        canvas.put(y, 0, line, fg=style.palette.text)
    return canvas


def columns_of_text(lines: list[str], height: int, width: int, style: ChartStyle) -> Canvas:
    """Short lines in columns; long ones below each other."""
    canvas = Canvas.blank(height, width)
    if not lines or height < 1:
        return canvas
    wide = min(max(map(cell_width, lines)), width) + 3
    for i, line in enumerate(lines[: max(1, (width + 3) // wide) * height]):
        canvas.put(i % height, i // height * wide, shorten(line, wide - 3), fg=style.palette.text)
    return canvas


def pairs(found: list[tuple[str, str]], height: int, width: int, style: ChartStyle) -> Canvas:
    """Prompts and their answers in columns."""
    canvas = Canvas.blank(height, width)
    if not found or height < 1:
        return canvas
    left, right = (max(cell_width(pair[i]) for pair in found) for i in (0, 1))
    wide = left + right + 5
    for i, (prompt, answer) in enumerate(found[: max(1, (width + 4) // wide) * height]):
        y, x = i % height, i // height * wide
        canvas.put(y, x, prompt.rjust(left), fg=style.palette.muted)
        canvas.put(y, x + left + 1, answer, fg=style.palette.text)
    return canvas


def points(data: dict, height: int, width: int, style: ChartStyle) -> Canvas:
    """Points of the plane in the colors of their classes."""
    found, classes = data["points"]
    low, high = found.min(axis=0), found.max(axis=0)
    canvas = Canvas.blank(height, width)
    x, y = found.T
    draw_points(canvas, (low[0], high[0], low[1], high[1]), style, x, y, classes)
    return canvas


def formatted(values: list[float | str]) -> list[str]:
    """A column's values as texts: whole numbers as such."""
    whole = all(isinstance(v, str) or (v == v and v == round(v) and abs(v) < 1e9) for v in values)
    return [v if isinstance(v, str) else f"{v:.0f}" if whole else number(v).strip() for v in values]


def table(
    names: list[str], rows: list[list[float | str]], height: int, width: int, style: ChartStyle
) -> Canvas:
    """The first rows of a table, as many columns as there is room for; the last column is the target."""
    canvas, palette = Canvas.blank(height, width), style.palette
    rows = rows[: max(0, height - 1)]
    columns = [formatted([row[i] for row in rows]) for i in range(len(names))]
    texts = list(map(list, zip(*columns, strict=True)))
    sizes = [
        min(max([cell_width(name), *(cell_width(row[i]) for row in texts)]), 14)
        for i, name in enumerate(names)
    ]
    shown = len(names) - 1
    while (
        shown > 1
        and sum(sizes[:shown]) + 2 * shown + (3 if shown < len(names) - 1 else 0) + sizes[-1] > width
    ):
        shown -= 1
    x = 0
    for i in [*range(shown), len(names) - 1]:
        if i > shown:
            canvas.put(0, x, style.glyphs.ellipsis, fg=palette.muted)
            x += 3
        last = i == len(names) - 1
        canvas.put(0, x, shorten(names[i], sizes[i]).rjust(sizes[i]), fg=palette.muted)
        for y, row in enumerate(texts, start=1):
            text = shorten(row[i], sizes[i]).rjust(sizes[i])
            canvas.put(y, x, text, fg=palette.validation if last else palette.text)
        x += sizes[i] + 2
    return canvas
