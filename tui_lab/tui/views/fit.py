"""Predicted against true; of a single input the curve itself."""

from engine.probes.decisions import Fit, FitProbe
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.palette import ChartStyle
from tui_lab.charts.scatter import fit as fit_curve
from tui_lab.charts.scatter import predicted_against_true
from tui_lab.tui.views.base import Choices, View


class FitView(View):
    title = "PREDICTED AGAINST TRUE"
    about = "Each dot a validation row; on the diagonal it is right. For a single input the curve itself."
    keys = ("n next target",)
    kind = FitProbe
    rank = 50

    def paint(self, result: Fit, height: int, width: int, style: ChartStyle, choices: Choices) -> Canvas:
        if result.x is None or result.curve_x is None or result.curve_y is None:
            return predicted_against_true(
                result.true, result.predicted, height, width, style, title=result.target
            )
        x, y = result.curve_x, result.curve_y
        return fit_curve(result.x, result.true, x, y, height, width, style, title=result.target)
