"""The network itself."""

from textual.app import ComposeResult

from engine.probes import Probe
from engine.probes.decisions import NeuronsProbe
from engine.probes.layers import WeightsProbe
from tui_lab.session.base import Snapshot
from tui_lab.tui.tabs.base import Tab
from tui_lab.tui.widgets.network import NEURONS, WEIGHTS, NetworkView

FINENESS = 12, 24  # rows and columns of what a neuron answers: it is drawn in a few cells


class NetworkTab(Tab):
    title = "Network"

    def compose(self) -> ComposeResult:
        yield NetworkView()

    def on_mount(self) -> None:
        self.known: tuple[Probe, ...] = ()

    def follow(self, snapshot: Snapshot) -> None:
        self.known = snapshot.probes

    def requests(self, sparing: bool) -> dict[str, Probe]:
        found: dict[str, Probe] = {WEIGHTS: WeightsProbe()}
        if any(isinstance(probe, NeuronsProbe) for probe in self.known) and not sparing:
            found[NEURONS] = NeuronsProbe(*FINENESS)
        return found
