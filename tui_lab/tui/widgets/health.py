"""The health line: the worst finding and what to do about it, or that there is nothing to worry about."""

from engine.diagnostics import BAD
from tui_lab.charts.canvas import Canvas
from tui_lab.session import base
from tui_lab.tui.widgets.cells import CanvasWidget


class HealthLine(CanvasWidget):
    """One row."""

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, style = Canvas.blank(height, width), self.snapshot, self.chart_style
        if s is None:
            return canvas
        palette, glyphs = style.palette, style.glyphs
        if s.phase == base.FAILED:
            canvas.put(0, 1, f"{glyphs.wrong} {s.message}", fg=palette.fault)
        elif s.end and s.end.get("reason") == "diverged":
            canvas.put(0, 1, f"{glyphs.wrong} {s.end.get('message', '')}", fg=palette.fault)
        elif s.findings:
            finding = s.findings[0]
            color = palette.fault if finding.level == BAD else palette.warning
            more = f"  (+{len(s.findings) - 1})" if len(s.findings) > 1 else ""
            canvas.put(0, 1, f"! {finding.message}", fg=color)
            column = len(finding.message) + 4
            canvas.put(0, column, f"{glyphs.arrow} {finding.advice}{more}", fg=palette.muted)
        elif s.step:
            canvas.put(0, 1, f"{glyphs.right} nothing to worry about", fg=palette.good)
        return canvas
