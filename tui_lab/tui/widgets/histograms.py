"""Histograms of a layer's weights, gradients or activations."""

import numpy as np

from tui_lab.charts.bars import histogram
from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.tui.widgets.cells import CanvasWidget


class Histogram(CanvasWidget):
    """The distribution of one kind of values of the chosen layer."""

    def __init__(self, kind: str, **options) -> None:
        super().__init__(**options)
        self.kind = kind

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, look = Canvas.blank(height, width), self.snapshot, self.chart_look
        canvas.put(0, 1, self.kind.upper(), fg=look.palette.muted, attributes=BOLD)
        found = s.histograms.get(self.kind) if s is not None else None
        if found is None or height < 4:
            return canvas
        counts, low, high = found
        edges = np.linspace(low, high, len(counts) + 1)
        canvas.paste(histogram(counts, edges, height, width - 1, look, title=self.kind.upper()), 0, 0)
        return canvas
