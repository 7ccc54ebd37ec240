"""The data in words and numbers: task, rows, classes and their balance, what preprocessing did."""

from typing import Any

import numpy as np

from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.text import shorten
from tui_lab.numbers import number
from tui_lab.session.base import Snapshot
from tui_lab.tui.widgets.cells import CanvasWidget

HELP = """\
The data: the rows of each split, the balance of classes, and what preprocessing did: each column as it stands in the
file, and the network's inputs that it became, measured on the training rows."""
NAMES = ("mean", "dev", "least", "most")
CELL = 7  # columns of a number


class DataPanel(CanvasWidget, can_focus=True):
    """What does not change while a network learns."""

    help_text = HELP

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, palette = Canvas.blank(height, width), self.snapshot, self.chart_style.palette
        if s is None or not s.data:
            return canvas
        canvas.put(0, 1, "DATA", fg=palette.muted, attributes=BOLD)
        row = 1
        for name, text in facts(s):
            canvas.put(row, 2, name, fg=palette.muted)
            canvas.put(row, 14, shorten(text, max(0, width - 15)), fg=palette.text)
            row += 1
        row += 1
        if s.data.get("balance"):
            row = self.paint_balance(canvas, row, s.data["balance"]) + 1
        self.paint_columns(canvas, row, s.data)
        return canvas

    def paint_balance(self, canvas: Canvas, row: int, balance: list[tuple[str, int]]) -> int:
        palette = self.chart_style.palette
        canvas.put(row, 2, "classes (training rows)", fg=palette.muted)
        most = max(n for _, n in balance) or 1
        for i, (name, n) in enumerate(balance[: max(0, canvas.height - row - 2)]):
            row += 1
            canvas.put(row, 2, shorten(name, 11), fg=palette.group(i))
            canvas.put(row, 14, f"{n:>6,}", fg=palette.text)
            canvas.put(row, 22, "▇" * round(min(40, canvas.width - 24) * n / most), fg=palette.group(i))
        return row + 1

    def paint_columns(self, canvas: Canvas, row: int, data: dict[str, Any]) -> None:
        """Every column before and the inputs after, as many numbers as there is room for."""
        columns, before = data.get("columns", []), data.get("before", [])
        if not columns or row >= canvas.height:
            return
        palette, arrow = self.chart_style.palette, self.chart_style.glyphs.arrow
        name = 13
        both = bool(before) and canvas.width >= name + 4 * CELL + 6
        count = 4 if canvas.width >= name + (2 if both else 1) * 4 * CELL + 6 else 2
        after = name + 3 + count * CELL + 3 if both else name + 3
        if both:
            canvas.put(row, name + 3, "in the file".rjust(count * CELL), fg=palette.muted)
        canvas.put(row, after, "as inputs".rjust(count * CELL), fg=palette.muted)
        heads = "".join(n.rjust(CELL) for n in NAMES[:count])
        for at in [name + 3, after] if both else [after]:
            canvas.put(row + 1, at, heads, fg=palette.faint)
        for y, (title, raw, stats) in enumerate(pairs(columns, before), start=row + 2):
            canvas.put(y, 2, shorten(title, name), fg=palette.text)
            if stats is not None:
                canvas.put(y, after, numbers(stats, count), fg=palette.text)
            if both and raw is not None:
                self.paint_raw(canvas, y, name + 3, count, raw)
                canvas.put(y, after - 2, arrow, fg=palette.faint)

    def paint_raw(self, canvas: Canvas, y: int, at: int, count: int, raw: dict[str, Any]) -> None:
        palette = self.chart_style.palette
        if raw["categories"]:
            canvas.put(y, at, f"{raw['categories']} categories".rjust(count * CELL), fg=palette.text)
        elif "stats" in raw:
            canvas.put(y, at, numbers(raw["stats"], count), fg=palette.text)
        if raw["missing"]:
            canvas.put(
                y, at + count * CELL + 4 + count * CELL, f"{raw['missing']:,} missing", palette.warning
            )


def facts(s: Snapshot) -> list[tuple[str, str]]:
    """What is known of the data, line by line."""
    data, source = s.data, s.experiment.data if s.experiment else None
    steps = ", ".join(step.tag() for step in getattr(source, "preprocess", []))
    told = [
        ("source", source.tag() if source is not None else ""),
        ("task", data["task"]),
        ("inputs", "×".join(map(str, data["input_shape"]))),
        ("target", ", ".join(data["targets"])),
        ("rows", "  ".join(f"{n:,} {part}" for part, n in data["sizes"].items())),
        ("preprocess", steps or "none"),
    ]
    return [(name, text) for name, text in told if text]


def pairs(
    columns: list[tuple[str, np.ndarray]], before: list[dict[str, Any]]
) -> list[tuple[str, dict[str, Any] | None, np.ndarray | None]]:
    """(name, the raw column, the input it became): a column of categories is followed by its inputs."""
    if not before:
        return [(name, None, stats) for name, stats in columns]
    inputs: dict[str, np.ndarray | None] = dict(columns)
    lines: list[tuple[str, dict[str, Any] | None, np.ndarray | None]] = []
    for raw in before:
        lines.append((raw["name"], raw, inputs.pop(raw["name"], None)))
        own = [name for name in inputs if name.startswith(f"{raw['name']}=")] if raw["categories"] else []
        lines += [(f" ={name.split('=', 1)[1]}", None, inputs.pop(name)) for name in own]
    return [*lines, *((name, None, stats) for name, stats in inputs.items())]


def numbers(stats: np.ndarray, count: int) -> str:
    """The first of mean, deviation, least and greatest; a mean that is 0 but for rounding is 0."""
    mean, deviation = stats[:2]
    values = [0.0 if abs(mean) < 1e-5 * deviation else mean, *stats[1:count]]
    return "".join(number(value).rjust(CELL) for value in values)
