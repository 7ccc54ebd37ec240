"""Every curve."""

from textual.app import ComposeResult

from tui_lab.session.base import Snapshot
from tui_lab.tui.tabs.base import Tab
from tui_lab.tui.widgets.curve_grid import CurveGrid


class CurvesTab(Tab):
    title = "Curves"

    def compose(self) -> ComposeResult:
        yield CurveGrid(self.curves)

    def follow(self, snapshot: Snapshot) -> None:
        self.query_one(CurveGrid).follow(snapshot)
