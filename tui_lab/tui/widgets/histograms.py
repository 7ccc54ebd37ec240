"""Histograms of a layer's weights, gradients or activations."""

import numpy as np

from tui_lab.charts.bars import bars, histogram
from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.tui.widgets.cells import CanvasWidget

HISTOGRAMS = "histograms"  # of a snapshot's views


class Histogram(CanvasWidget):
    """The distribution of one kind of values of the chosen layer."""

    def __init__(self, kind: str, **options) -> None:
        super().__init__(**options)
        self.kind = kind

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, style = Canvas.blank(height, width), self.snapshot, self.chart_style
        canvas.put(0, 1, self.kind.upper(), fg=style.palette.muted, attributes=BOLD)
        found = s.views.get(HISTOGRAMS, {}).get(self.kind) if s is not None else None
        if found is None or height < 4:
            return canvas
        counts, low, high = found
        edges = np.linspace(low, high, len(counts) + 1)
        canvas.paste(histogram(counts, edges, height, width - 1, style, title=self.kind.upper()), 0, 0)
        return canvas


class GradientFlow(CanvasWidget):
    """How large the gradient is at each layer, from the first to the last: does it vanish on its way back?"""

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, style = Canvas.blank(height, width), self.snapshot, self.chart_style
        canvas.put(0, 1, "GRADIENT FLOW log10", fg=style.palette.muted, attributes=BOLD)
        states = [state for state in s.layers if state.gradient_std] if s is not None else []
        if states and height > 2:
            sizes = np.log10([state.gradient_std or 1.0 for state in states])
            floor = np.floor(sizes.min()) - 1  # bars grow from a power of ten below the smallest
            drawn = bars(
                [state.name for state in states], sizes - floor, height - 1, width - 2, style,
                form=lambda value: f"{value + floor:.1f}".replace("-", "−"),
            )  # fmt: skip
            canvas.paste(drawn, 1, 1)
        return canvas
