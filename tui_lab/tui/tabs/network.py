"""The network itself."""

from textual.app import ComposeResult

from engine.probes import Probe
from engine.probes.layers import WeightsProbe
from tui_lab.tui.tabs.base import Tab
from tui_lab.tui.widgets.network import WEIGHTS, NetworkView


class NetworkTab(Tab):
    title = "Network"

    def compose(self) -> ComposeResult:
        yield NetworkView()

    def requests(self, sparing: bool) -> dict[str, Probe]:
        return {WEIGHTS: WeightsProbe()}
