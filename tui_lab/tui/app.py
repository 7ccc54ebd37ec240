"""The application: the terminal's style, the screens, and an end that always saves."""

import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.driver import Driver
from textual.screen import Screen
from textual.theme import Theme

from tui_lab.charts.glyphs import GLYPHS, glyphs_for
from tui_lab.charts.palette import DARK, LIGHT, ChartStyle, Palette, depth_for
from tui_lab.session.base import Session

FPS, SLOW_FPS = 5.0, 0.4


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


class LabApp(App[int]):
    """The lab: a list of presets, and a screen on a run."""

    TITLE = "tui-lab"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-normal"), (150, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (16, "-low"), (30, "-high")]
    BINDINGS = [
        Binding("t", "toggle_theme", "theme", show=False),
        Binding("question_mark", "help", "help", key_display="?"),
        Binding("ctrl+z", "pause_instead", show=False, priority=True),
    ]

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
        super().__init__()
        self.start, self.root, self.threads, self.pace = start, root, threads, pace
        self.low_bandwidth = low_bandwidth
        self.fps = min(fps or FPS, SLOW_FPS) if low_bandwidth else (fps or FPS)
        encoding = getattr(sys.__stdout__, "encoding", None)
        self.glyphs = GLYPHS[glyphs] if glyphs else glyphs_for(os.environ, encoding)
        self.session: Session | None = None
        self.failure: Exception | None = None
        self.chart_style = ChartStyle(DARK, self.glyphs)

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

    def _handle_exception(self, error: Exception) -> None:
        """Leave without printing over the terminal; whoever ran the app tells what happened."""
        self.failure = error
        self._return_code = 1
        self.exit(1)

    def get_system_commands(self, screen: Screen) -> Iterable[SystemCommand]:
        """Every key of the screen is a command of the palette, too."""
        yield from super().get_system_commands(screen)
        for binding in getattr(screen, "BINDINGS", ()):
            if binding.description:
                run = partial(screen.run_action, binding.action)
                yield SystemCommand(binding.description.capitalize(), f"key {binding.key}", run)

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
