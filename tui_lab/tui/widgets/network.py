"""The network as a graph of neurons and weights, or as a table of blocks where it is too large."""

from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.network import network_graph
from tui_lab.tui.widgets.cells import CanvasWidget
from tui_lab.tui.widgets.texts import paint_blocks

HELP = """\
Each column is a layer, each mark a neuron, each line a weight: its color is the sign, its strength the size. Large
networks are shown as a table of blocks."""


WEIGHTS = "weights"  # of a snapshot's views


class NetworkView(CanvasWidget, can_focus=True):
    """Neurons and weights, live."""

    help_text = HELP

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, style = Canvas.blank(height, width), self.snapshot, self.chart_style
        if s is None:
            return canvas
        weights = s.views.get(WEIGHTS)
        if weights:
            names = [name for name, *_ in s.data.get("columns", [])]
            outputs = list(s.data.get("classes", ())) or list(s.data.get("targets", ()))
            try:
                chart = network_graph(
                    [w for _, w in weights], height - 1, width, style, inputs=names, outputs=outputs
                )
            except ValueError:
                paint_blocks(canvas, s, style.palette)
                return canvas
            canvas.put(0, 1, "NETWORK", fg=style.palette.muted, attributes=BOLD)
            canvas.paste(chart, 1, 0)
            return canvas
        paint_blocks(canvas, s, style.palette)
        return canvas
