"""The status line: what runs, how far it is, how quickly it moves."""

from tui_lab import numbers
from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.session import base
from tui_lab.tui.widgets.cells import CanvasWidget

SIGNS = {
    base.LOADING: "…", base.COMPILING: "…", base.READY: "○", base.TRAINING: "●",
    base.PAUSED: "▪", base.ENDED: "✓", base.FAILED: "✗",
}  # fmt: skip
REASONS = {"early_stop": "stopped early", "diverged": "diverged", "done": "done", "time": "time is up"}


class StatusLine(CanvasWidget):
    """One row: name and size on the left, state and pace on the right."""

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, style = Canvas.blank(height, width), self.snapshot, self.chart_style
        if s is None:
            return canvas
        palette = style.palette
        canvas.put(0, 1, s.name, fg=palette.text, attributes=BOLD)
        column = len(s.name) + 3
        shape = "·".join(str(n) for n in layer_sizes(s))
        for text in (shape, f"{s.parameters:,} parameters" if s.parameters else ""):
            if text and width - column - len(text) > 62:
                canvas.put(0, column, text, fg=palette.muted)
                column += len(text) + 2
        state, color = self.state()
        parts = [(state, color)]
        if s.experiment is not None and s.step + s.steps:
            total = numbers.count(s.steps)
            parts.append((f"step {numbers.count(s.step):>{len(total)}}", palette.text))
            if width >= 90:
                parts.append((f"epoch {s.epoch:8,.1f}", palette.muted))
            if s.pace and s.phase != base.ENDED:
                parts.append((f"paced {numbers.rate(s.pace):>4}/s", palette.edit))
            else:
                parts.append((f"{numbers.rate(s.steps_per_second):>4} steps/s", palette.muted))
            parts.append((f"{numbers.duration(s.seconds):>5}", palette.muted))
        right = width - 1
        for text, color in reversed(parts):
            right -= len(text)
            if right > column:
                canvas.put(0, right, text, fg=color)
            right -= 2
        return canvas

    def state(self) -> tuple[str, int]:
        s, palette = self.snapshot, self.chart_style.palette
        assert s is not None
        word, color = s.phase, palette.muted
        if s.phase in (base.LOADING, base.COMPILING):
            word = s.message or s.phase
        elif s.phase == base.TRAINING:
            color = palette.good
        elif s.phase == base.PAUSED:
            color = palette.warning
        elif s.phase == base.ENDED and s.end:
            reason = s.end["reason"]
            word = REASONS.get(reason, reason)
            if reason == "diverged":
                return f"{SIGNS[base.FAILED]} {word}", palette.fault
            color = palette.good
        elif s.phase == base.FAILED:
            color = palette.fault
        return f"{SIGNS.get(s.phase, ' ')} {word}", color


def layer_sizes(snapshot: "base.Snapshot") -> list[int]:
    """Inputs, then the units of each dense layer: "2·8·8·2"."""
    shape = snapshot.data.get("input_shape")
    if not shape:
        return []
    size = 1
    for n in shape:
        size *= n
    return [
        size,
        *(shape[0] for name, kind, shape, _ in snapshot.blocks if kind == "dense" and "." not in name),
    ]
