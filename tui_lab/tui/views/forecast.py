"""A forecast over time, beside what came and simple rules."""

import numpy as np

from engine.probes.series import Forecast, ForecastProbe
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.lines import Series, line_chart
from tui_lab.charts.palette import ChartStyle
from tui_lab.tui.views.base import Choices, View


class ForecastView(View):
    title = "FORECAST"
    about = "The last validation rows: what came, the forecast of the network, and the baselines to beat."
    keys = ("n further back",)
    kind = ForecastProbe
    rank = 40

    def paint(self, result: Forecast, height: int, width: int, style: ChartStyle, choices: Choices) -> Canvas:
        palette, steps = style.palette, np.arange(1, len(result.truth) + 1)
        curves = [Series(name, steps, values, palette.faint) for name, values in result.rules.items()]
        curves.append(Series("truth", steps, result.truth, palette.muted))
        curves.append(Series("forecast", steps, result.said, palette.validation))
        return line_chart(curves, height, width, style, title=result.name, x_name="row").canvas
