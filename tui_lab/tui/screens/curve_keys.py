"""What keys do to the curves: scale, smoothing, window, cursor."""

from typing import ClassVar

from textual import on
from textual.screen import Screen

from tui_lab.session.base import Session
from tui_lab.tui.actions import CURVES, bindings
from tui_lab.tui.widgets.curves import CurveChart, CurveOptions

SMOOTHINGS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99)


class CurveKeys(Screen):
    """Keys change how all charts of the screen look at the curves."""

    BINDINGS: ClassVar = bindings(CURVES)
    session: Session
    curves: CurveOptions

    def refresh_tab(self) -> None:
        """Show at once what a key changed."""
        raise NotImplementedError

    @on(CurveChart.StepChosen)
    def step_chosen(self, event: CurveChart.StepChosen) -> None:
        """A click on a curve puts the cursor there."""
        self.curves.cursor = event.step
        self.refresh_tab()

    def action_log_scale(self) -> None:
        """All charts on a log scale, or each as it suits it."""
        self.curves.log = None if self.curves.log else True
        self.refresh_tab()

    def action_smooth(self, by: float) -> None:
        at = SMOOTHINGS.index(self.curves.smoothing) + (1 if by > 0 else -1)
        self.curves.smoothing = SMOOTHINGS[min(max(at, 0), len(SMOOTHINGS) - 1)]
        self.notify(
            f"smoothing {self.curves.smoothing:g}" if self.curves.smoothing else "no smoothing", timeout=2
        )
        self.refresh_tab()

    def action_zoom(self, factor: float) -> None:
        options, step = self.curves, max(1, self.session.latest.step)
        span = int((options.span or step) * factor)
        if span >= step:
            options.span = options.end = None
        else:
            options.span = max(20, span)
        self.refresh_tab()

    def action_scroll_history(self, by: float) -> None:
        options, step = self.curves, self.session.latest.step
        if options.span is None:
            return
        end = (options.end if options.end is not None else step) + int(by * options.span)
        options.end = None if end >= step else max(options.span, end)
        self.refresh_tab()

    def action_cursor(self) -> None:
        options = self.curves
        options.cursor = None if options.cursor is not None else (options.end or self.session.latest.step)
        self.refresh_tab()

    def action_move_cursor(self, by: int) -> None:
        options = self.curves
        if options.cursor is None:
            return
        span = options.span or max(1, self.session.latest.step)
        options.cursor = min(max(0, options.cursor + by * max(1, span // 60)), self.session.latest.step)
        self.refresh_tab()
