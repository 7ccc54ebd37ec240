"""Two of the run's views beside each other."""

from textual.app import ComposeResult

from tui_lab.tui.tabs.base import Tab
from tui_lab.tui.widgets.view_panel import ViewPanel


class OutputTab(Tab):
    title = "Output"

    def compose(self) -> ComposeResult:
        yield ViewPanel(hints=True, id="output-first")
        yield ViewPanel(first=1, metric=False, hints=True, id="output-second")

    def arrive(self) -> None:
        self.view_panels[0].focus()

    @property
    def focused(self) -> ViewPanel:
        """The panel that keys go to."""
        return next((panel for panel in self.view_panels if panel.has_focus), self.view_panels[0])

    def turn(self, panel: ViewPanel) -> None:
        """Show the next view in a panel."""
        panel.turn(next(other for other in self.view_panels if other is not panel))
