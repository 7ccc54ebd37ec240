"""The layers: what flows through them, and the distributions of the chosen one."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from engine.probes import Probe
from engine.probes.layers import HistogramsProbe
from tui_lab.session.base import Snapshot
from tui_lab.tui.tabs.base import Tab
from tui_lab.tui.widgets.histograms import HISTOGRAMS, GradientFlow, Histogram
from tui_lab.tui.widgets.layers import LayersTable


class LayersTab(Tab):
    title = "Layers"
    shows_layers = True

    def compose(self) -> ComposeResult:
        yield LayersTable(id="layers-table")
        with Horizontal(id="histograms"):
            for name in ("weights", "gradients", "activations"):
                yield Histogram(name)
            yield GradientFlow()

    def on_mount(self) -> None:
        self.chosen = ""

    def follow(self, snapshot: Snapshot) -> None:
        if not self.chosen:
            self.chosen = next((name for name, *_, parameters in snapshot.blocks if parameters), "")

    def requests(self, sparing: bool) -> dict[str, Probe]:
        return {HISTOGRAMS: HistogramsProbe(self.chosen)} if self.chosen else {}

    def arrive(self) -> None:
        self.query_one(LayersTable).focus()

    @on(LayersTable.Chosen)
    def layer_chosen(self, event: LayersTable.Chosen) -> None:
        self.chosen = event.name  # and on to the screen, which asks for its histograms
