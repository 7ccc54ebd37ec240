"""Which classes are taken for which."""

from engine.probes.decisions import Classes, ClassesProbe
from tui_lab.charts.canvas import Canvas
from tui_lab.charts.confusion import confusion_matrix
from tui_lab.charts.palette import ChartStyle
from tui_lab.tui.views.base import Choices, View


class ConfusionView(View):
    title = "CONFUSION"
    about = (
        "Rows are the true classes of the validation rows, columns what the network says; the three most frequent "
        "confusions are bold."
    )
    kind = ClassesProbe
    rank = 60

    def paint(self, result: Classes, height: int, width: int, style: ChartStyle, choices: Choices) -> Canvas:
        return confusion_matrix(result.counts, result.names, height, width, style)
