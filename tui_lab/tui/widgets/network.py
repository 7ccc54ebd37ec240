"""The network as a graph of neurons and weights, or as a table of blocks where it is too large."""

import numpy as np

from engine.probes.decisions import Plane
from tui_lab.charts.canvas import BOLD, Canvas
from tui_lab.charts.network import network_graph
from tui_lab.charts.palette import ChartStyle
from tui_lab.session.base import Snapshot
from tui_lab.tui.widgets.cells import CanvasWidget
from tui_lab.tui.widgets.texts import paint_blocks

HELP = """\
Each column is a layer, each mark a neuron, each line a weight: its color is the sign, its strength the size. Where
the data lie in a plane, each neuron shows what it answers over it. Large networks are shown as a table of blocks."""
WEIGHTS, NEURONS = "weights", "neurons"  # of a snapshot's views


class NetworkView(CanvasWidget, can_focus=True):
    """Neurons and weights, live."""

    help_text = HELP

    def paint(self, height: int, width: int) -> Canvas:
        canvas, s, style = Canvas.blank(height, width), self.snapshot, self.chart_style
        if s is None:
            return canvas
        chart = graph_of(s, height - 1, width, style) if s.views.get(WEIGHTS) else None
        if chart is None:
            paint_blocks(canvas, s, style.palette)
            return canvas
        canvas.put(0, 1, "NETWORK", fg=style.palette.muted, attributes=BOLD)
        canvas.paste(chart, 1, 0)
        return canvas


def graph_of(s: Snapshot, height: int, width: int, style: ChartStyle) -> Canvas | None:
    """The graph of a small network of dense layers; None where there is no room for it."""
    weights = s.views[WEIGHTS]
    inputs = [name for name, *_ in s.data.get("columns", [])]
    outputs = list(s.data.get("classes", ())) or list(s.data.get("targets", ()))
    try:
        return network_graph(
            [values for _, values in weights], height, width, style, inputs=inputs, outputs=outputs,
            titles=["inputs", *(name for name, _ in weights)], maps=maps_of(s.views.get(NEURONS)),
        )  # fmt: skip
    except ValueError:
        return None


def maps_of(plane: Plane | None) -> list[np.ndarray | None] | None:
    """What each neuron answers over the plane, by column: the inputs themselves, the hidden layers, and the last
    neurons' answer."""
    if plane is None or not plane.neurons:
        return None
    rows, columns = plane.values.shape
    across = np.broadcast_to(np.linspace(-1, 1, columns), (rows, columns))
    up = np.broadcast_to(np.linspace(1, -1, rows)[:, None], (rows, columns))
    hidden = [values for _, values in plane.neurons]
    return [np.stack([across, up]), *hidden, np.stack([-plane.values, plane.values])]
