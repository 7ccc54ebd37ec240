"""Forecasts over time."""

import numpy as np

from engine.probes.series import Forecast
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.lines import Series, line_chart
from tui_lab.charts.palette import ChartStyle
from tui_lab.tui.widgets.sights.choice import Choice


def forecast(found: Forecast, height: int, width: int, style: ChartStyle, choice: Choice) -> Canvas:
    """What came, what the network had said, and what the rules say, in the data's own units."""
    palette, steps = style.palette, np.arange(1, len(found.truth) + 1)
    curves = [Series(name, steps, values, palette.faint) for name, values in found.rules.items()]
    curves.append(Series("truth", steps, found.truth, palette.muted))
    curves.append(Series("forecast", steps, found.said, palette.validation))
    return line_chart(curves, height, width, style, title=found.name, x_name="row").canvas
