"""The data in words and numbers, and some of its rows."""

from textual.app import ComposeResult

from tui_lab.tui.tabs.base import Tab
from tui_lab.tui.widgets.data import DataPanel
from tui_lab.tui.widgets.preview import Samples


class DataTab(Tab):
    title = "Data"

    def compose(self) -> ComposeResult:
        yield DataPanel()
        yield Samples()
