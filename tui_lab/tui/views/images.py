"""Images, and what the network says of each."""

from typing import ClassVar

from engine.probes import Probe
from engine.probes.images import ImagesProbe, Named
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.gallery import gallery
from tui_lab.charts.images import Caption
from tui_lab.charts.palette import ChartStyle
from tui_lab.tui.views.base import EXAMPLE, Choices, View


class ImagesView(View):
    title = "WHAT IT SAYS"
    about = "Validation images, and what the network takes them for."
    keys = (EXAMPLE,)
    kind: ClassVar[type[Probe]] = ImagesProbe
    rank = 80

    def paint(self, result: Named, height: int, width: int, style: ChartStyle, choices: Choices) -> Canvas:
        captions = [
            Caption(said if said == true else f"{said}, is {true}", said == true)
            for said, true in zip(result.said, result.true, strict=True)
        ]
        return gallery(result.rows, captions, height, width, style)
