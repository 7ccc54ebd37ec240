"""What every tab of the lab is: some panels, and what they need of the session."""

from typing import ClassVar

from textual.containers import Container

from engine.probes import Probe
from tui_lab.session.base import Snapshot
from tui_lab.tui.widgets.cells import CanvasWidget
from tui_lab.tui.widgets.curves import CurveOptions
from tui_lab.tui.widgets.view_panel import ViewPanel


class Tab(Container):
    """A tab; its title in lower case is its id."""

    title: ClassVar[str]
    shows_layers: ClassVar[bool] = False  # whether the state of the layers is shown
    seconds: ClassVar[float] = 0.5  # between two results of a probe

    def __init__(self, curves: CurveOptions) -> None:
        super().__init__(id=self.title.lower(), classes="tab")
        self.curves = curves

    def follow(self, snapshot: Snapshot) -> None:
        """Make room for what another snapshot has."""

    def requests(self, sparing: bool) -> dict[str, Probe]:
        """The probes that the panels need, by the names of the views; `sparing` on a slow link."""
        return {name: probe for panel in self.view_panels for name, probe in panel.request().items()}

    def arrive(self) -> None:
        """Choose what keys go to when the tab is opened."""
        self.screen.set_focus(None)

    @property
    def view_panels(self) -> list[ViewPanel]:
        return list(self.query(ViewPanel).results(ViewPanel))

    @property
    def panels(self) -> list[CanvasWidget]:
        """The panels that are on the screen."""
        return [panel for panel in self.query(CanvasWidget).results(CanvasWidget) if panel.display]
