"""What each hidden neuron answers over the plane of two inputs."""

from engine.probes import Probe
from engine.probes.decisions import NeuronsProbe, Plane
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.maps import map_rows
from tui_lab.charts.palette import ChartStyle
from tui_lab.tui.views.base import Choices, View


class NeuronsView(View):
    title = "HIDDEN NEURONS"
    about = "What each hidden neuron answers over the same plane."
    kind = NeuronsProbe
    rank = 20

    def request(self, choices: Choices, rows: int, columns: int) -> Probe:
        return super().request(choices, rows // 2, columns // 2)

    def paint(self, result: Plane, height: int, width: int, style: ChartStyle, choices: Choices) -> Canvas:
        return map_rows(result.neurons, height, width, style, signed=True, low=-1.0)
