"""The application: the terminal's style, the screens, and an end that always saves."""

import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from textual.app import SystemCommand
from textual.driver import Driver
from textual.screen import Screen
from textual.theme import Theme

from tui_lab.charts.palette import DARK, LIGHT, ChartStyle, Palette, depth_for
from tui_lab.session.base import Session
from tui_lab.tui.actions import APP, bindings, every_action
from tui_lab.tui.host import LabHost


def theme_of(name: str, palette: Palette) -> Theme:
    """Textual's widgets in the colors of the charts."""
    return Theme(
        name=name,
        dark=palette.dark,
        primary=f"#{palette.train:06x}",
        secondary=f"#{palette.validation:06x}",
        accent=f"#{palette.edit:06x}",
        foreground=f"#{palette.text:06x}",
        background=f"#{palette.ground:06x}",
        surface=f"#{palette.ground:06x}",
        panel=f"#{palette.ground:06x}",
        success=f"#{palette.good:06x}",
        warning=f"#{palette.warning:06x}",
        error=f"#{palette.fault:06x}",
        variables={
            "footer-key-foreground": f"#{palette.text:06x}",
            "footer-description-foreground": f"#{palette.muted:06x}",
        },
    )


class LabApp(LabHost):
    """The lab: a list of presets, and a screen on a run."""

    TITLE = "tui-lab"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-normal"), (150, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (16, "-low"), (30, "-high")]
    BINDINGS = bindings(APP)

    def __init__(
        self,
        start: Callable[[], Session] | None = None,
        *,
        root: Path = Path("runs"),
        fps: float | None = None,
        low_bandwidth: bool = False,
        glyphs: str | None = None,
        threads: int | None = None,
        pace: float | None = None,
    ) -> None:
        """`start` makes the session to open at once; without it the list of presets is shown.

        `threads` and `pace` are for what is opened from there.
        """
        super().__init__(
            root=root, fps=fps, low_bandwidth=low_bandwidth, glyphs=glyphs, threads=threads, pace=pace
        )
        self.start = start

    def get_driver_class(self) -> type[Driver]:
        """The terminal's own driver, which says of styles only what changes."""
        from tui_lab.tui.ansi_diff import thinned

        return thinned(super().get_driver_class())

    def on_mount(self) -> None:
        self.register_theme(theme_of("lab-dark", DARK))
        self.register_theme(theme_of("lab-light", LIGHT))
        self.theme = "lab-dark"
        self.chart_style = ChartStyle(
            DARK, self.glyphs, depth_for(dict(os.environ), self.console.color_system)
        )
        from tui_lab.tui.screens.presets import PresetsScreen

        self.push_screen(PresetsScreen())
        if self.start is not None:
            self.open(self.start)

    def open(self, start: Callable[[], Session]) -> None:
        """Show the lab on a new session."""
        from tui_lab.tui.screens.lab import LabScreen

        self.session = start()
        self.push_screen(LabScreen(self.session))

    def get_system_commands(self, screen: Screen) -> Iterable[SystemCommand]:
        """Every key of the screen, of the focused panel and of the app is a command of the palette, too."""
        hidden = {action.call for action in every_action() if not action.palette}
        said: set[str] = set()
        for node, binding, enabled, about in screen.active_bindings.values():
            if not enabled or not binding.description or binding.action in hidden or binding.action in said:
                continue
            said.add(binding.action)
            key = binding.key_display or binding.key
            run = partial(self.run_action, binding.action, node)
            yield SystemCommand(binding.description, f"{key}   {about}" if about else key, run)

    def action_toggle_theme(self) -> None:
        dark = self.theme != "lab-dark"
        self.theme = "lab-dark" if dark else "lab-light"
        self.chart_style = ChartStyle(DARK if dark else LIGHT, self.glyphs, self.chart_style.depth)
        self.screen.refresh(layout=True)

    def action_help(self) -> None:
        from tui_lab.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.screen, self.focused))

    def action_pause_instead(self) -> None:
        """Ctrl-Z would freeze the training with the screen."""
        from tui_lab.session.base import Pause

        if self.session is not None:
            self.session.send(Pause())
            self.notify("training is paused; q quits and saves", title="ctrl+z")
