"""What keys do to the curves: scale, smoothing, window, cursor."""

from typing import ClassVar

from textual import on
from textual.binding import Binding
from textual.screen import Screen

from tui_lab.session.base import Session
from tui_lab.tui.widgets.curves import CurveChart, View

SMOOTHINGS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99)


class CurveKeys(Screen):
    """Keys change how all charts of the screen look at the curves."""

    BINDINGS: ClassVar = [
        Binding("l", "log_scale", "log", show=False),
        Binding("plus,equals_sign", "smooth(0.1)", "smoother", show=False),
        Binding("minus", "smooth(-0.1)", "rougher", show=False),
        Binding("left_square_bracket", "zoom(0.5)", "zoom in", show=False),
        Binding("right_square_bracket", "zoom(2.0)", "zoom out", show=False),
        Binding("comma", "scroll_history(-0.25)", "back", show=False),
        Binding("full_stop", "scroll_history(0.25)", "forward", show=False),
        Binding("x", "cursor", "cursor", show=False),
        Binding("left", "move_cursor(-1)", show=False),
        Binding("right", "move_cursor(1)", show=False),
    ]
    session: Session
    look_at: View

    def refresh_view(self) -> None:
        """Show at once what a key changed."""
        raise NotImplementedError

    @on(CurveChart.StepChosen)
    def step_chosen(self, event: CurveChart.StepChosen) -> None:
        """A click on a curve puts the cursor there."""
        self.look_at.cursor = event.step
        self.refresh_view()

    def action_log_scale(self) -> None:
        """All charts on a log scale, or each as it suits it."""
        self.look_at.log = None if self.look_at.log else True
        self.refresh_view()

    def action_smooth(self, by: float) -> None:
        at = SMOOTHINGS.index(self.look_at.smoothing) + (1 if by > 0 else -1)
        self.look_at.smoothing = SMOOTHINGS[min(max(at, 0), len(SMOOTHINGS) - 1)]
        self.notify(
            f"smoothing {self.look_at.smoothing:g}" if self.look_at.smoothing else "no smoothing", timeout=2
        )
        self.refresh_view()

    def action_zoom(self, factor: float) -> None:
        view, step = self.look_at, max(1, self.session.latest.step)
        span = int((view.span or step) * factor)
        if span >= step:
            view.span = view.end = None
        else:
            view.span = max(20, span)
        self.refresh_view()

    def action_scroll_history(self, by: float) -> None:
        view, step = self.look_at, self.session.latest.step
        if view.span is None:
            return
        end = (view.end if view.end is not None else step) + int(by * view.span)
        view.end = None if end >= step else max(view.span, end)
        self.refresh_view()

    def action_cursor(self) -> None:
        view = self.look_at
        view.cursor = None if view.cursor is not None else (view.end or self.session.latest.step)
        self.refresh_view()

    def action_move_cursor(self, by: int) -> None:
        view = self.look_at
        if view.cursor is None:
            return
        span = view.span or max(1, self.session.latest.step)
        view.cursor = min(max(0, view.cursor + by * max(1, span // 60)), self.session.latest.step)
        self.refresh_view()
