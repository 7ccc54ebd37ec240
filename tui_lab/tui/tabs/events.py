"""What has happened."""

from textual.app import ComposeResult

from tui_lab.tui.tabs.base import Tab
from tui_lab.tui.widgets.texts import EventsList


class EventsTab(Tab):
    title = "Events"

    def compose(self) -> ComposeResult:
        yield EventsList()
