"""Panels of words: the run's events, its data, its blocks, its measurements."""

import time

from engine.edits import edit_text
from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.numbers import number
from tui_lab.session.base import Snapshot
from tui_lab.session.blocks import BlockRow, grouped, size_of
from tui_lab.tui.widgets.cells import CanvasWidget


class Readings(CanvasWidget):
    """The last measurements in one row, for narrow terminals."""

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, palette = Canvas.blank(height, width), self.snapshot, self.chart_style.palette
        if s is None or not s.log:
            return canvas
        parts = [
            ("train", s.log.get("train_loss"), palette.train),
            ("val", s.log.get("val_loss"), palette.validation),
            (s.metric, s.log.get(s.metric), palette.validation),
            ("lr", s.log.get("lr"), palette.text),
            ("|g|", s.log.get("gradient_norm"), palette.text),
        ]
        column = 1
        for name, value, color in parts:
            if column + len(name) + 8 > width:
                break
            canvas.put(0, column, name, fg=palette.muted)
            canvas.put(0, column + len(name) + 1, number(value), fg=color, attributes=BOLD)
            column += len(name) + 9
        return canvas


class EventsList(CanvasWidget, can_focus=True):
    """The run's story, the newest at the bottom."""

    help_text = "The run's story: edits, checkpoints, warnings and its end, each with its step. ↑ ↓ scroll"

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, palette = Canvas.blank(height, width), self.snapshot, self.chart_style.palette
        if s is None:
            return canvas
        canvas.put(0, 1, "EVENTS", fg=palette.muted, attributes=BOLD)
        if s.path:
            canvas.put(0, 10, s.path[-(width - 12) :], fg=palette.muted)
        colors = {
            "edit": palette.edit,
            "warning": palette.warning,
            "end": palette.good,
            "start": palette.good,
        }
        for y, event in enumerate(s.events[-(height - 1) :] if height > 1 else (), start=1):
            clock = time.strftime("%H:%M:%S", time.localtime(event.get("time", 0)))
            canvas.put(y, 1, clock, fg=palette.muted)
            canvas.put(y, 11, f"{event['step']:>11,}", fg=palette.text)
            canvas.put(y, 24, event["event"], fg=colors.get(event["event"], palette.muted))
            canvas.put(y, 36, event_text(event)[: max(0, width - 37)], fg=palette.text)
        if not s.events and height > 1:
            canvas.put(1, 1, "nothing has happened yet; press space to train", fg=palette.muted)
        return canvas


def event_text(event: dict) -> str:
    match event["event"]:
        case "edit":
            return edit_text(event)
        case "checkpoint":
            return event["path"]
        case "end":
            test = event.get("test") or {}
            values = "  ".join(f"{k} {number(v).strip()}" for k, v in list(test.items())[:3])
            return f"{event['reason']}  {values}  {event.get('message', '')}".strip()
        case "start":
            return f"{event['parameters']:,} parameters"
    return str(event.get("message", ""))


def paint_blocks(canvas: Canvas, s: Snapshot, palette) -> None:
    """Blocks with their shapes, their parameters, and their share of all; repeated ones once."""
    canvas.put(0, 1, "NETWORK", fg=palette.muted, attributes=BOLD)
    canvas.put(0, 10, f"{s.parameters:,} parameters", fg=palette.text)
    rows = [BlockRow(0, "input", "", s.data.get("input_shape", ()), 0), *grouped(s.blocks)]
    room = max(1, canvas.height - 2)
    while len(rows) > room and any(row.depth for row in rows):  # the innermost give way first
        deepest = max(row.depth for row in rows)
        rows = [row for row in rows if row.depth < deepest]
    names = ["  " * row.depth + (f"{row.times} × {row.name}" if row.times > 1 else row.name) for row in rows]
    left = min(max(map(len, names), default=0), 32) + 4
    canvas.put(1, left, f"{'shape':>12} {'parameters':>12}", fg=palette.muted)
    bars = max(0, canvas.width - left - 36)
    for y, (row, name) in enumerate(zip(rows[:room], names, strict=False), start=2):
        outer = row.depth == 0
        canvas.put(y, 2, name, fg=palette.text if outer else palette.muted)
        canvas.put(y, left, size_of(row.shape).rjust(12), fg=palette.muted)
        if not row.parameters:
            continue
        share = row.parameters / max(1, s.parameters)
        canvas.put(y, left + 13, f"{row.parameters:>12,}", fg=palette.text if outer else palette.muted)
        canvas.put(y, left + 27, f"{share:>6.1%}", fg=palette.muted)
        canvas.put(y, left + 35, "▇" * round(bars * share), fg=palette.train if outer else palette.faint)
