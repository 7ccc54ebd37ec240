"""What screens and widgets may ask of the application."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from tui_lab.charts.glyphs import GLYPHS, glyphs_for
from tui_lab.charts.palette import DARK, ChartStyle
from tui_lab.session.base import Session
from tui_lab.tui.textual_private import QuietApp

FPS, SLOW_FPS = 5.0, 0.4


class LabHost(QuietApp):
    """The application as those see it that it shows: how charts are drawn, how often, and what a session is made
    with."""

    def __init__(
        self,
        *,
        root: Path,
        fps: float | None,
        low_bandwidth: bool,
        glyphs: str | None,
        threads: int | None,
        pace: float | None,
    ) -> None:
        super().__init__()
        self.root, self.threads, self.pace = root, threads, pace
        self.low_bandwidth = low_bandwidth
        self.fps = min(fps or FPS, SLOW_FPS) if low_bandwidth else (fps or FPS)
        encoding = getattr(sys.__stdout__, "encoding", None)
        self.glyphs = GLYPHS[glyphs] if glyphs else glyphs_for(os.environ, encoding)
        self.session: Session | None = None
        self.chart_style = ChartStyle(DARK, self.glyphs)

    def open(self, start: Callable[[], Session]) -> None:
        """Show the lab on a new session."""
        raise NotImplementedError
