"""The weights of the first layer as images."""

from typing import ClassVar

from engine.probes import Probe
from engine.probes.images import FiltersProbe, Maps
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.gallery import maps_of
from tui_lab.charts.palette import ChartStyle
from tui_lab.tui.views.base import Choices, View


class FiltersView(View):
    title = "FIRST FILTERS"
    about = "The weights of the first layer as images: what each of its units responds to; color is the sign."
    kind: ClassVar[type[Probe]] = FiltersProbe
    rank = 90

    def paint(self, result: Maps, height: int, width: int, style: ChartStyle, choices: Choices) -> Canvas:
        return maps_of(result.image, result.layers, height, width, style, signed=result.signed)
