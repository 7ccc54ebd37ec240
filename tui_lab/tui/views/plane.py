"""The plane of two inputs, colored by what the network answers."""

from engine.probes.decisions import Plane, PlaneProbe
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.heat import decision_map
from tui_lab.charts.palette import ChartStyle
from tui_lab.tui.views.base import Choices, View

SHADES = 7  # of a class: finer ones cost bytes at every repaint and are not seen


class PlaneView(View):
    title = "WHAT IT SEES"
    about = (
        "The plane of the two inputs, colored by the class it would answer and how sure it is; • are training "
        "points, ▪ validation points."
    )
    kind = PlaneProbe
    rank = 10

    def paint(self, result: Plane, height: int, width: int, style: ChartStyle, choices: Choices) -> Canvas:
        x, y = result.x.T
        shades = (result.values * SHADES).round() / SHADES
        return decision_map(
            shades[::-1], (0, 1, 0, 1), height, width, style,
            x=x, y=y, classes=result.y, held_out=result.test, low=-1, high=1,
        )  # fmt: skip
