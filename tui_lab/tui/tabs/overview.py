"""The overview: hyperparameters, the most important curves, the best view, the layers in brief."""

from textual.app import ComposeResult
from textual.containers import Vertical

from engine.probes import Probe
from tui_lab.tui.tabs.base import Tab
from tui_lab.tui.widgets.curves import CurveChart
from tui_lab.tui.widgets.hyper import HyperForm
from tui_lab.tui.widgets.layers import LayersTable
from tui_lab.tui.widgets.texts import Readings
from tui_lab.tui.widgets.view_panel import ViewPanel


class OverviewTab(Tab):
    title = "Overview"
    shows_layers = True
    seconds = 1.0

    def compose(self) -> ComposeResult:
        yield HyperForm(id="form")
        with Vertical(classes="column"):
            yield Readings()
            yield CurveChart(("train_loss", "val_loss"), "LOSS", self.curves, id="loss-chart")
            yield CurveChart(("metric",), "METRIC", self.curves, id="metric-chart")
            yield CurveChart(("gradient_norm",), "GRADIENT NORM", self.curves, id="norm-chart")
        with Vertical(classes="column"):
            yield ViewPanel(id="overview-view")
            yield LayersTable(brief=True)

    def requests(self, sparing: bool) -> dict[str, Probe]:
        return {} if sparing else super().requests(sparing)
