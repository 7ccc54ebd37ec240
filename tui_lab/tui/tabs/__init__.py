"""The tabs of the lab, in their order; each a file."""

from tui_lab.tui.tabs.base import Tab
from tui_lab.tui.tabs.curves import CurvesTab
from tui_lab.tui.tabs.data import DataTab
from tui_lab.tui.tabs.events import EventsTab
from tui_lab.tui.tabs.layers import LayersTab
from tui_lab.tui.tabs.network import NetworkTab
from tui_lab.tui.tabs.output import OutputTab
from tui_lab.tui.tabs.overview import OverviewTab

TABS: tuple[type[Tab], ...] = (
    OverviewTab, CurvesTab, LayersTab, OutputTab, NetworkTab, DataTab, EventsTab,
)  # fmt: skip
TITLES = tuple(tab.title for tab in TABS)

__all__ = ["TABS", "TITLES", "OutputTab", "Tab"]
